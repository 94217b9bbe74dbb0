//! A picture on a canvas of another size.

use crate::{Channels, Picture, Raster, Samples, ScalarF32};

impl Picture {
    /// A black picture of the size of `alpha`, or of `size` and opaque, with everything else of this picture: depth,
    /// channels, profile, metadata. Where there is no alpha channel, `alpha` gives the size alone.
    #[must_use]
    pub fn blank(&self, (width, height): (usize, usize), alpha: Option<&Raster<ScalarF32>>) -> Self {
        let (width, height) = alpha.map_or((width, height), Raster::size);
        let count = width * height;
        let samples = match &self.samples {
            Samples::U8(_) => Samples::U8(black(count, self.channels, alpha, |a| (a * 255.0).round() as u8)),
            Samples::U16(_) => Samples::U16(black(count, self.channels, alpha, |a| (a * 65_535.0).round() as u16)),
        };
        self.with_pixels(width, height, samples)
    }

    /// The picture on a canvas of `width` × `height` with its top left corner at (`x`, `y`), which may be negative: what
    /// falls outside is left out, its samples keep their bits. The rest is black, and opaque where there is alpha.
    #[must_use]
    pub fn on_canvas(&self, width: usize, height: usize, x: isize, y: isize) -> Self {
        let place = Place { from: self.size(), to: (width, height), x, y };
        let samples = match &self.samples {
            Samples::U8(samples) => Samples::U8(place.filled(samples, self.channels, u8::MAX)),
            Samples::U16(samples) => Samples::U16(place.filled(samples, self.channels, u16::MAX)),
        };
        self.with_pixels(width, height, samples)
    }
}

/// Black samples with that alpha, or opaque ones.
fn black<T: Copy + Default>(
    count: usize,
    channels: Channels,
    alpha: Option<&Raster<ScalarF32>>,
    stored: impl Fn(f32) -> T,
) -> Vec<T> {
    let step = channels.count();
    let mut samples = vec![T::default(); count * step];
    if channels.has_alpha() {
        for (at, last) in samples.iter_mut().skip(step - 1).step_by(step).enumerate() {
            *last = stored(alpha.map_or(1.0, |alpha| alpha.samples()[at].clamp(0.0, 1.0)));
        }
    }
    samples
}

struct Place {
    from: (usize, usize),
    to: (usize, usize),
    x: isize,
    y: isize,
}

impl Place {
    fn filled<T: Copy + Default>(&self, samples: &[T], channels: Channels, opaque: T) -> Vec<T> {
        let (count, (width, height)) = (channels.count(), self.to);
        let mut made = vec![T::default(); width * height * count];
        if channels.has_alpha() {
            made.iter_mut().skip(count - 1).step_by(count).for_each(|alpha| *alpha = opaque);
        }
        let (from_x, to_x, columns) = overlap(self.from.0, width, self.x);
        let (from_y, to_y, rows) = overlap(self.from.1, height, self.y);
        for row in 0..rows {
            let from = ((from_y + row) * self.from.0 + from_x) * count;
            let to = ((to_y + row) * width + to_x) * count;
            made[to..to + columns * count].copy_from_slice(&samples[from..from + columns * count]);
        }
        made
    }
}

/// Along one side: first place in the picture, first place on the canvas, length of what both share.
fn overlap(picture: usize, canvas: usize, at: isize) -> (usize, usize, usize) {
    let skipped = if at < 0 { at.unsigned_abs().min(picture) } else { 0 };
    let start = usize::try_from(at).unwrap_or(0).min(canvas);
    (skipped, start, (picture - skipped).min(canvas - start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered() -> Picture {
        Picture::new(3, 2, Channels::GrayAlpha, Samples::U8((1..=12).collect())).expect("six pixels")
    }

    #[test]
    fn the_rest_is_black_and_opaque() {
        let large = numbered().on_canvas(4, 3, 1, 1);
        let Samples::U8(samples) = &large.samples else { panic!("8 bit") };
        assert_eq!(samples[..8], [0, 255, 0, 255, 0, 255, 0, 255]);
        assert_eq!(samples[8..16], [0, 255, 1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn negative_places_crop_and_far_places_leave_nothing() {
        let part = numbered().on_canvas(1, 1, -1, -1);
        assert_eq!(part.samples, Samples::U8(vec![9, 10]));
        for (x, y) in [(9, 0), (-9, 0), (0, isize::MAX), (0, isize::MIN)] {
            assert_eq!(numbered().on_canvas(1, 1, x, y).samples, Samples::U8(vec![0, 255]));
        }
    }

    #[test]
    fn there_and_back_is_the_same() {
        assert_eq!(numbered().on_canvas(9, 7, 4, 2).on_canvas(3, 2, -4, -2), numbered());
    }
}
