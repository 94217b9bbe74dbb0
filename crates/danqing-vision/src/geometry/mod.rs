//! Turns and mirrors that move samples without changing them, and rotation by any angle.

mod rotate;
#[cfg(test)]
mod tests;

use danqing_capability::{CancelToken, Cancelled};
use danqing_media::{Raster, Space};
use serde::{Deserialize, Serialize};

pub use self::rotate::{inner_size, outer_size, rotated};

/// Which samples go where; exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// 90° clockwise (`np.rot90(a, -1)`).
    Quarter,
    /// 180°.
    Half,
    /// 270° clockwise, 90° counter-clockwise (`np.rot90(a)`).
    ThreeQuarters,
    /// Left becomes right (`np.fliplr`).
    MirrorHorizontal,
    /// Top becomes bottom (`np.flipud`).
    MirrorVertical,
}

impl Turn {
    /// Size after the turn.
    #[must_use]
    pub fn size(self, (width, height): (usize, usize)) -> (usize, usize) {
        match self {
            Self::Quarter | Self::ThreeQuarters => (height, width),
            Self::Half | Self::MirrorHorizontal | Self::MirrorVertical => (width, height),
        }
    }

    /// Where the sample of destination (`x`, `y`) comes from.
    fn source(self, (x, y): (usize, usize), (width, height): (usize, usize)) -> (usize, usize) {
        match self {
            Self::Quarter => (y, height - 1 - x),
            Self::Half => (width - 1 - x, height - 1 - y),
            Self::ThreeQuarters => (width - 1 - y, x),
            Self::MirrorHorizontal => (width - 1 - x, y),
            Self::MirrorVertical => (x, height - 1 - y),
        }
    }
}

/// Interleaved samples of a `size` picture turned; every sample keeps its bits.
///
/// # Errors
/// [`Cancelled`].
pub fn turned_samples<T: Copy>(
    samples: &[T],
    size: (usize, usize),
    channels: usize,
    turn: Turn,
    cancel: &CancelToken,
) -> Result<Vec<T>, Cancelled> {
    let (width, height) = turn.size(size);
    let mut made = Vec::with_capacity(samples.len());
    for y in 0..height {
        cancel.check()?;
        for x in 0..width {
            let (from_x, from_y) = turn.source((x, y), size);
            let at = (from_y * size.0 + from_x) * channels;
            made.extend_from_slice(&samples[at..at + channels]);
        }
    }
    Ok(made)
}

/// A raster turned; every sample keeps its bits.
///
/// # Errors
/// [`Cancelled`].
pub fn turned<S: Space>(from: &Raster<S>, turn: Turn, cancel: &CancelToken) -> Result<Raster<S>, Cancelled> {
    let (width, height) = turn.size(from.size());
    let mut made = Raster::filled(width, height, S::Sample::default());
    for y in 0..height {
        cancel.check()?;
        for (x, pixel) in made.row_mut(y).chunks_exact_mut(S::CHANNELS).enumerate() {
            let (from_x, from_y) = turn.source((x, y), from.size());
            pixel.copy_from_slice(from.pixel(from_x, from_y));
        }
    }
    Ok(made)
}
