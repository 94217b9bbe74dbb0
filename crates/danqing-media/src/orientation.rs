//! The eight EXIF orientations.

use danqing_capability::{CancelToken, Cancelled};

use crate::{Channels, Picture, Samples};

/// How stored rows have to be turned to be upright (EXIF 2.32, tag 0x0112).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Orientation {
    Upright,
    MirroredSideways,
    UpsideDown,
    MirroredUpsideDown,
    Transposed,
    TurnClockwise,
    Transversed,
    TurnCounterclockwise,
}

impl Orientation {
    /// From the tag's value; values the standard does not know mean nothing.
    pub(crate) fn from_tag(value: u32) -> Option<Self> {
        Some(match value {
            1 => Self::Upright,
            2 => Self::MirroredSideways,
            3 => Self::UpsideDown,
            4 => Self::MirroredUpsideDown,
            5 => Self::Transposed,
            6 => Self::TurnClockwise,
            7 => Self::Transversed,
            8 => Self::TurnCounterclockwise,
            _ => return None,
        })
    }

    /// Whether width and height change places.
    fn swaps_sides(self) -> bool {
        matches!(self, Self::Transposed | Self::TurnClockwise | Self::Transversed | Self::TurnCounterclockwise)
    }

    /// Where the upright pixel (`x`, `y`) is stored, in a stored picture of `width` × `height`.
    #[inline]
    fn source(self, x: usize, y: usize, width: usize, height: usize) -> (usize, usize) {
        match self {
            Self::Upright => (x, y),
            Self::MirroredSideways => (width - 1 - x, y),
            Self::UpsideDown => (width - 1 - x, height - 1 - y),
            Self::MirroredUpsideDown => (x, height - 1 - y),
            Self::Transposed => (y, x),
            Self::TurnClockwise => (y, height - 1 - x),
            Self::Transversed => (width - 1 - y, height - 1 - x),
            Self::TurnCounterclockwise => (width - 1 - y, x),
        }
    }

    /// The picture turned upright. Costs a second copy of the samples while it runs, unless it is upright already.
    pub(crate) fn applied(self, picture: Picture, cancel: &CancelToken) -> Result<Picture, Cancelled> {
        if self == Self::Upright {
            return Ok(picture);
        }
        let (width, height) = picture.size();
        let (new_width, new_height) = if self.swaps_sides() { (height, width) } else { (width, height) };
        let samples = match &picture.samples {
            Samples::U8(samples) => Samples::U8(self.turned(samples, picture.channels, (width, height), cancel)?),
            Samples::U16(samples) => Samples::U16(self.turned(samples, picture.channels, (width, height), cancel)?),
        };
        Ok(Picture { width: new_width, height: new_height, samples, ..picture })
    }

    fn turned<T: Copy>(
        self,
        samples: &[T],
        channels: Channels,
        size: (usize, usize),
        cancel: &CancelToken,
    ) -> Result<Vec<T>, Cancelled> {
        match channels {
            Channels::Gray => self.turned_pixels::<T, 1>(samples, size, cancel),
            Channels::GrayAlpha => self.turned_pixels::<T, 2>(samples, size, cancel),
            Channels::Rgb => self.turned_pixels::<T, 3>(samples, size, cancel),
            Channels::Rgba => self.turned_pixels::<T, 4>(samples, size, cancel),
        }
    }

    fn turned_pixels<T: Copy, const N: usize>(
        self,
        samples: &[T],
        (width, height): (usize, usize),
        cancel: &CancelToken,
    ) -> Result<Vec<T>, Cancelled> {
        let (new_width, new_height) = if self.swaps_sides() { (height, width) } else { (width, height) };
        let mut made = Vec::with_capacity(samples.len());
        for y in 0..new_height {
            cancel.check()?;
            for x in 0..new_width {
                let (from_x, from_y) = self.source(x, y, width, height);
                let at = (from_y * width + from_x) * N;
                made.extend_from_slice(&samples[at..at + N]);
            }
        }
        Ok(made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stored rows for each value of the tag whose upright picture is `1 2 / 3 4 / 5 6` (rows and columns as the table
    /// of EXIF 2.32, 4.6.4.A, "0th row is visual top, 0th column visual left side" and so on).
    #[test]
    fn each_orientation_gives_the_upright_picture() {
        let stored: [(u32, usize, [u8; 6]); 8] = [
            (1, 2, [1, 2, 3, 4, 5, 6]),
            (2, 2, [2, 1, 4, 3, 6, 5]),
            (3, 2, [6, 5, 4, 3, 2, 1]),
            (4, 2, [5, 6, 3, 4, 1, 2]),
            (5, 3, [1, 3, 5, 2, 4, 6]),
            (6, 3, [2, 4, 6, 1, 3, 5]),
            (7, 3, [6, 4, 2, 5, 3, 1]),
            (8, 3, [5, 3, 1, 6, 4, 2]),
        ];
        for (tag, width, samples) in stored {
            let picture = Picture::new(width, 6 / width, Channels::Gray, Samples::U8(samples.to_vec())).expect("six");
            let orientation = Orientation::from_tag(tag).expect("known");
            let upright = orientation.applied(picture, &CancelToken::default()).expect("not cancelled");
            assert_eq!((upright.size(), &upright.samples), ((2, 3), &Samples::U8(vec![1, 2, 3, 4, 5, 6])), "tag {tag}");
        }
        assert_eq!(Orientation::from_tag(0), None);
        assert_eq!(Orientation::from_tag(9), None);
    }
}
