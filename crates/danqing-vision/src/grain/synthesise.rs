//! Making grain: white noise of a seed, filtered to the spectrum of each tone, mixed by the tone of each pixel.

use danqing_capability::{CancelToken, Cancelled};
use danqing_media::{Raster, SrgbF32};

use super::spectrum::{RADIUS, TAPS};
use super::{COMPONENTS, Grain, components, rgb_of};
use crate::bands;

/// Adds `amount` times the grain to `picture`. The noise depends on seed and position alone.
///
/// # Errors
/// [`Cancelled`].
pub fn add(
    picture: &mut Raster<SrgbF32>,
    grain: &Grain,
    amount: f32,
    seed: u64,
    cancel: &CancelToken,
) -> Result<(), Cancelled> {
    let filters: Vec<[Vec<f32>; COMPONENTS]> =
        grain.tones.iter().map(|tone| std::array::from_fn(|n| tone.spectra[n].filter())).collect();
    let width = picture.width();
    let scratch = || Scratch::new(width, filters.len());
    bands::for_each_row(picture.samples_mut(), width * 3, cancel, scratch, |scratch, y, row| {
        scratch.filter(&filters, y, seed);
        for (x, pixel) in row.chunks_exact_mut(3).enumerate() {
            let (low, high, part) = grain.between(components(pixel)[0]);
            let value = |n: usize| {
                let (a, b) = (scratch.made[low][n][x], scratch.made[high][n][x]);
                (a + (b - a) * part) * amount
            };
            let added = rgb_of([value(0), value(1), value(2)]);
            pixel.iter_mut().zip(added).for_each(|(sample, added)| *sample += added);
        }
    })
}

/// One row's noise, and the rows of white noise around it.
struct Scratch {
    width: usize,
    /// Row of the picture that `white` was made for, if any.
    row: Option<usize>,
    /// `[component][row]`, the rows around the picture's row, in a ring.
    white: [Vec<Vec<f32>>; COMPONENTS],
    /// `[tone][component]`.
    made: Vec<[Vec<f32>; COMPONENTS]>,
}

impl Scratch {
    fn new(width: usize, tones: usize) -> Self {
        let rows = || vec![vec![0.0; width + 2 * RADIUS]; TAPS];
        Self {
            width,
            row: None,
            white: std::array::from_fn(|_| rows()),
            made: (0..tones).map(|_| std::array::from_fn(|_| vec![0.0; width])).collect(),
        }
    }

    fn filter(&mut self, filters: &[[Vec<f32>; COMPONENTS]], y: usize, seed: u64) {
        let known = self.row.filter(|&row| row + 1 == y);
        let first = if known.is_some() { TAPS - 1 } else { 0 };
        for line in first..TAPS {
            for (component, rows) in self.white.iter_mut().enumerate() {
                whiten(&mut rows[(y + line) % TAPS], y + line, seed.wrapping_add(component as u64));
            }
        }
        self.row = Some(y);
        for (made, filters) in self.made.iter_mut().zip(filters) {
            for ((made, filter), rows) in made.iter_mut().zip(filters).zip(&self.white) {
                made.fill(0.0);
                for (n, tap) in filter.iter().enumerate() {
                    let row = &rows[(y + n / TAPS) % TAPS][n % TAPS..][..self.width];
                    made.iter_mut().zip(row).for_each(|(sum, value)| *sum += tap * value);
                }
            }
        }
    }
}

/// Noise of mean 0 and variance 1: the sum of four even distributions.
fn whiten(row: &mut [f32], y: usize, seed: u64) {
    let start = mixed(seed ^ (y as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    for (x, value) in row.iter_mut().enumerate() {
        let bits = mixed(start.wrapping_add((x as u64).wrapping_mul(0xd1b5_4a32_d192_ed03)));
        let sum: u64 = [0, 16, 32, 48].map(|shift| bits >> shift & 0xffff).iter().sum();
        // The variance of one part is 1/12 of its range squared.
        *value = (sum as f32 / 65_536.0 - 2.0) * 3.0_f32.sqrt();
    }
}

/// The finaliser of splitmix64 (S. Vigna).
fn mixed(bits: u64) -> u64 {
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
