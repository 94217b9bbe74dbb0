//! Giving a picture transparency.

use crate::working::Stored;
use crate::{Channels, Error, Picture, Raster, Samples, ScalarF32};

impl Picture {
    /// The picture with `alpha` (`0.0..=1.0`, clamped) as transparency, times its own where it has some; colour samples,
    /// profile, depth and metadata stay as they are.
    ///
    /// # Errors
    /// [`Error::SizeMismatch`] if `alpha` has another size.
    pub fn with_alpha(&self, alpha: &Raster<ScalarF32>) -> Result<Self, Error> {
        if alpha.size() != self.size() {
            return Err(Error::SizeMismatch { what: "alpha", actual: alpha.size(), expected: self.size() });
        }
        let samples = match &self.samples {
            Samples::U8(samples) => Samples::U8(joined(samples, self.channels, alpha.samples())),
            Samples::U16(samples) => Samples::U16(joined(samples, self.channels, alpha.samples())),
        };
        let mut made = self.with_pixels(self.width, self.height, samples);
        made.channels = self.channels.with_alpha(true);
        Ok(made)
    }

    /// The picture without its transparency: colour samples as they are stored.
    #[must_use]
    pub fn opaque(&self) -> Self {
        if !self.channels.has_alpha() {
            return self.clone();
        }
        let (count, colors) = (self.channels.count(), self.channels.colors());
        let samples = match &self.samples {
            Samples::U8(samples) => {
                Samples::U8(samples.chunks_exact(count).flat_map(|p| &p[..colors]).copied().collect())
            }
            Samples::U16(samples) => {
                Samples::U16(samples.chunks_exact(count).flat_map(|p| &p[..colors]).copied().collect())
            }
        };
        let mut made = self.with_pixels(self.width, self.height, samples);
        made.channels = self.channels.with_alpha(false);
        made
    }
}

fn joined<T: Stored>(samples: &[T], channels: Channels, alpha: &[f32]) -> Vec<T> {
    let (count, colors) = (channels.count(), channels.colors());
    let mut made = Vec::with_capacity(alpha.len() * (colors + 1));
    for (pixel, &alpha) in samples.chunks_exact(count).zip(alpha) {
        made.extend_from_slice(&pixel[..colors]);
        let own = if count > colors { pixel[colors].into() } else { T::MAX };
        made.push(T::nearest(alpha.clamp(0.0, 1.0) * own as f32));
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alpha(values: [f32; 2]) -> Raster<ScalarF32> {
        Raster::new(2, 1, values.to_vec()).expect("two pixels")
    }

    #[test]
    fn alpha_is_added_and_multiplied_and_colours_keep_their_bits() {
        let grey = Picture::new(2, 1, Channels::Gray, Samples::U16(vec![7, 65_535])).expect("two pixels");
        let made = grey.with_alpha(&alpha([0.5, 2.0])).expect("same size");
        assert_eq!(
            (made.channels, &made.samples),
            (Channels::GrayAlpha, &Samples::U16(vec![7, 32_768, 65_535, 65_535]))
        );
        let again = made.with_alpha(&alpha([0.5, 0.0])).expect("same size");
        assert_eq!(again.samples, Samples::U16(vec![7, 16_384, 65_535, 0]));
        assert_eq!(again.opaque(), grey);
    }

    #[test]
    fn alpha_of_another_size_is_refused() {
        let grey = Picture::new(1, 1, Channels::Gray, Samples::U8(vec![7])).expect("one pixel");
        let error = grey.with_alpha(&alpha([1.0, 1.0])).expect_err("two of one");
        assert_eq!(error.to_string(), "alpha is 2x1, expected 1x1");
    }
}
