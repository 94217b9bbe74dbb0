//! Median filter, equal to `cv2.medianBlur(src, 2 radius + 1)` with its replicated border; 8 bit exact.
//!
//! `f32` samples are ranked as 16-bit values of `0.0..=1.0` (error 2⁻¹⁷, values outside are clamped).
//! Source: T. Huang, "A fast two-dimensional median filtering algorithm", 1979 (moving histogram, here in two levels).

use danqing_capability::{CancelToken, Cancelled};
use danqing_media::{Raster, Space};

use super::Border;
use crate::bands;

/// A sample that has a rank among 65536.
pub trait Ranked: Copy + Default + Send + Sync {
    /// Rank of the value.
    fn rank(self) -> u16;
    /// Value of the rank.
    fn of_rank(rank: u16) -> Self;
}

impl Ranked for u8 {
    fn rank(self) -> u16 {
        u16::from(self) << 8
    }

    fn of_rank(rank: u16) -> Self {
        (rank >> 8) as u8
    }
}

impl Ranked for f32 {
    fn rank(self) -> u16 {
        (self.clamp(0.0, 1.0) * 65535.0 + 0.5) as u16
    }

    fn of_rank(rank: u16) -> Self {
        f32::from(rank) / 65535.0
    }
}

/// Middle value of the `2 radius + 1` by `2 radius + 1` samples around each sample, each channel apart.
///
/// # Errors
/// [`Cancelled`].
pub fn median<S: Space<Sample: Ranked>>(
    from: &Raster<S>,
    radius: usize,
    cancel: &CancelToken,
) -> Result<Raster<S>, Cancelled> {
    if radius == 0 || from.bounds().is_empty() {
        return Ok(from.clone());
    }
    let (width, height) = from.size();
    let (stride, reach) = (width * S::CHANNELS, radius as isize);
    let mut made = Raster::filled(width, height, S::Sample::default());
    bands::for_each_row(made.samples_mut(), stride, cancel, Histogram::new, |histogram, y, row| {
        let rows: Vec<&[S::Sample]> =
            (-reach..=reach).map(|dy| from.row(Border::Replicate.index(y as isize + dy, height))).collect();
        for channel in 0..S::CHANNELS {
            let column = |x: isize| {
                let at = Border::Replicate.index(x, width) * S::CHANNELS + channel;
                rows.iter().map(move |row| row[at].rank())
            };
            median_row(histogram, column, radius, row.iter_mut().skip(channel).step_by(S::CHANNELS));
        }
    })?;
    Ok(made)
}

/// One channel of one row: the histogram moves from column to column and is empty again afterwards.
fn median_row<'a, T: Ranked + 'a, I: Iterator<Item = u16>>(
    histogram: &mut Histogram,
    column: impl Fn(isize) -> I,
    radius: usize,
    row: impl ExactSizeIterator<Item = &'a mut T>,
) {
    let (reach, width) = (radius as isize, row.len() as isize);
    let middle = ((2 * radius + 1).pow(2) / 2) as u32;
    (-reach..reach).flat_map(&column).for_each(|rank| histogram.add(rank));
    for (x, to) in (0..width).zip(row) {
        column(x + reach).for_each(|rank| histogram.add(rank));
        *to = T::of_rank(histogram.at(middle));
        column(x - reach).for_each(|rank| histogram.remove(rank));
    }
    (width - reach..width + reach).flat_map(&column).for_each(|rank| histogram.remove(rank));
}

/// Counts of ranks, and of their upper bytes.
struct Histogram {
    coarse: Vec<u32>,
    fine: Vec<u32>,
}

impl Histogram {
    fn new() -> Self {
        Self { coarse: vec![0; 1 << 8], fine: vec![0; 1 << 16] }
    }

    fn add(&mut self, rank: u16) {
        self.coarse[usize::from(rank >> 8)] += 1;
        self.fine[usize::from(rank)] += 1;
    }

    fn remove(&mut self, rank: u16) {
        self.coarse[usize::from(rank >> 8)] -= 1;
        self.fine[usize::from(rank)] -= 1;
    }

    /// The rank with exactly `below` or fewer values before it in order.
    fn at(&self, below: u32) -> u16 {
        let mut left = below;
        let mut skip = |counts: &[u32]| {
            counts.iter().position(|&count| {
                let inside = left < count;
                left -= if inside { 0 } else { count };
                inside
            })
        };
        let byte = skip(&self.coarse).unwrap_or(0);
        let low = skip(&self.fine[byte << 8..(byte + 1) << 8]).unwrap_or(0);
        (byte << 8 | low) as u16
    }
}
