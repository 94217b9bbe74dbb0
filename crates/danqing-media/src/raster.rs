//! Pixels whose colour space and range are in the type.

use crate::Space;

/// Rows of interleaved samples: sample `c` of pixel (`x`, `y`) is `samples[(y * width + x) * CHANNELS + c]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Raster<S: Space> {
    width: usize,
    height: usize,
    samples: Vec<S::Sample>,
}

/// The number of samples does not fit the size.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{space} raster of {width}x{height} needs {expected} samples, got {actual}")]
pub struct ShapeError {
    /// Space of the raster.
    pub space: &'static str,
    /// Pixels per row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Samples such a raster has.
    pub expected: usize,
    /// Samples given.
    pub actual: usize,
}

/// A rectangle of whole pixels; may lie partly outside a raster, see [`Rect::clipped`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Rect {
    /// Left edge.
    pub x: usize,
    /// Top edge.
    pub y: usize,
    /// Pixels per row.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

impl Rect {
    /// From left, top, width and height.
    #[must_use]
    pub fn new(x: usize, y: usize, width: usize, height: usize) -> Self {
        Self { x, y, width, height }
    }

    /// First column to the right of it.
    #[must_use]
    pub fn right(&self) -> usize {
        self.x + self.width
    }

    /// First row below it.
    #[must_use]
    pub fn bottom(&self) -> usize {
        self.y + self.height
    }

    /// Whether it holds no pixel.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.width == 0 || self.height == 0
    }

    /// The part inside a raster of `width` × `height`.
    #[must_use]
    pub fn clipped(&self, width: usize, height: usize) -> Self {
        let (x, y) = (self.x.min(width), self.y.min(height));
        Self { x, y, width: self.right().min(width) - x, height: self.bottom().min(height) - y }
    }

    /// Grown by `margin` on every side, clipped to `width` × `height`.
    #[must_use]
    pub fn grown(&self, margin: usize, width: usize, height: usize) -> Self {
        let (x, y) = (self.x.saturating_sub(margin), self.y.saturating_sub(margin));
        Self { x, y, width: self.right() + margin - x, height: self.bottom() + margin - y }.clipped(width, height)
    }
}

impl<S: Space> Raster<S> {
    /// Wraps samples in row order.
    ///
    /// # Errors
    /// [`ShapeError`] if their number is not `width * height * CHANNELS`.
    pub fn new(width: usize, height: usize, samples: Vec<S::Sample>) -> Result<Self, ShapeError> {
        let expected = width.saturating_mul(height).saturating_mul(S::CHANNELS);
        if samples.len() == expected {
            Ok(Self { width, height, samples })
        } else {
            Err(ShapeError { space: S::NAME, width, height, expected, actual: samples.len() })
        }
    }

    /// Every sample the same.
    #[must_use]
    pub fn filled(width: usize, height: usize, sample: S::Sample) -> Self {
        Self { width, height, samples: vec![sample; width * height * S::CHANNELS] }
    }

    /// From a function of (`x`, `y`) that gives the sample of a one-channel raster, or pushes all channels.
    #[must_use]
    pub fn from_fn(width: usize, height: usize, mut pixel: impl FnMut(usize, usize, &mut [S::Sample])) -> Self {
        let mut made = Self::filled(width, height, S::Sample::default());
        for (i, samples) in made.samples.chunks_exact_mut(S::CHANNELS).enumerate() {
            pixel(i % width, i / width, samples);
        }
        made
    }

    /// Pixels per row.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    #[must_use]
    pub fn height(&self) -> usize {
        self.height
    }

    /// Width and height.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    /// The whole raster as a rectangle.
    #[must_use]
    pub fn bounds(&self) -> Rect {
        Rect::new(0, 0, self.width, self.height)
    }

    /// All samples in row order.
    #[must_use]
    pub fn samples(&self) -> &[S::Sample] {
        &self.samples
    }

    /// All samples in row order.
    #[must_use]
    pub fn samples_mut(&mut self) -> &mut [S::Sample] {
        &mut self.samples
    }

    /// Gives the samples away.
    #[must_use]
    pub fn into_samples(self) -> Vec<S::Sample> {
        self.samples
    }

    /// Samples of one row.
    #[must_use]
    pub fn row(&self, y: usize) -> &[S::Sample] {
        let stride = self.width * S::CHANNELS;
        &self.samples[y * stride..(y + 1) * stride]
    }

    /// Samples of one row.
    #[must_use]
    pub fn row_mut(&mut self, y: usize) -> &mut [S::Sample] {
        let stride = self.width * S::CHANNELS;
        &mut self.samples[y * stride..(y + 1) * stride]
    }

    /// Samples of one pixel.
    #[must_use]
    pub fn pixel(&self, x: usize, y: usize) -> &[S::Sample] {
        let at = (y * self.width + x) * S::CHANNELS;
        &self.samples[at..at + S::CHANNELS]
    }

    /// Samples of one pixel.
    #[must_use]
    pub fn pixel_mut(&mut self, x: usize, y: usize) -> &mut [S::Sample] {
        let at = (y * self.width + x) * S::CHANNELS;
        &mut self.samples[at..at + S::CHANNELS]
    }

    /// Copy of the part of `rect` that lies inside.
    #[must_use]
    pub fn crop(&self, rect: Rect) -> Self {
        let r = rect.clipped(self.width, self.height);
        let mut samples = Vec::with_capacity(r.width * r.height * S::CHANNELS);
        for y in r.y..r.bottom() {
            samples.extend_from_slice(&self.row(y)[r.x * S::CHANNELS..r.right() * S::CHANNELS]);
        }
        Self { width: r.width, height: r.height, samples }
    }

    /// Copies `patch` in with its top left corner at (`x`, `y`); what falls outside is left out.
    pub fn paste(&mut self, patch: &Self, x: usize, y: usize) {
        let r = Rect::new(x, y, patch.width, patch.height).clipped(self.width, self.height);
        for row in 0..r.height {
            let from = &patch.row(row)[..r.width * S::CHANNELS];
            self.row_mut(r.y + row)[r.x * S::CHANNELS..r.right() * S::CHANNELS].copy_from_slice(from);
        }
    }

    /// The same samples under another meaning: no values change.
    #[must_use]
    pub fn reinterpreted<T: Space<Sample = S::Sample>>(self) -> Raster<T> {
        const { assert!(S::CHANNELS == T::CHANNELS) };
        Raster { width: self.width, height: self.height, samples: self.samples }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Gray8;

    fn numbered(width: usize, height: usize) -> Raster<Gray8> {
        Raster::from_fn(width, height, |x, y, s| s[0] = (y * width + x) as u8)
    }

    #[test]
    fn wrong_number_of_samples_is_refused_with_both_numbers() {
        let error = Raster::<crate::Srgb8>::new(2, 2, vec![0; 11]).expect_err("11 of 12");
        assert_eq!(error.to_string(), "Srgb8 raster of 2x2 needs 12 samples, got 11");
    }

    #[test]
    fn crop_and_paste_are_inverse_and_clip() {
        let mut image = numbered(5, 4);
        let part = image.crop(Rect::new(3, 1, 9, 2));
        assert_eq!((part.size(), part.samples()), ((2, 2), &[8, 9, 13, 14][..]));
        let before = image.clone();
        image.paste(&part, 3, 1);
        assert_eq!(image, before);
        image.paste(&numbered(3, 3), 4, 3);
        assert_eq!(image.pixel(4, 3), &[0]);
    }

    #[test]
    fn growing_stays_inside() {
        assert_eq!(Rect::new(1, 2, 3, 3).grown(2, 10, 6), Rect::new(0, 0, 6, 6));
    }
}
