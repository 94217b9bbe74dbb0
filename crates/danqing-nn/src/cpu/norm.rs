//! Kernels of the normalisations: sums over blocks of pixels and along rows, and the affine pass.

use super::dispatch::{Kernel, dispatch};
use super::finish::{activate, load};
use super::lanes::Lanes;
use crate::{Activation, Tier};

/// Pixels whose values are added in `f32` before they go into `f64`.
const RUN: usize = 32;

/// Count, mean and sum of squared deviations of one group of channels.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct GroupMoments {
    pub(crate) count: f64,
    pub(crate) mean: f64,
    pub(crate) squares: f64,
}

impl GroupMoments {
    /// Of both parts together (T. F. Chan, G. H. Golub, R. J. LeVeque, 1983, eq. 2.1).
    pub(crate) fn join(self, other: Self) -> Self {
        let count = self.count + other.count;
        let (distance, share) = (other.mean - self.mean, other.count / count);
        let squares = self.squares + other.squares + distance * distance * self.count * share;
        Self { count, mean: self.mean + distance * share, squares }
    }
}

/// Moments of each group of channels over whole pixels: two passes, the second over values that are still cached.
pub(crate) fn group_moments(tier: Tier, pixels: &[f32], channels: usize, moments: &mut [GroupMoments]) {
    let mut sums = vec![0.0; channels];
    let mut center = vec![0.0; channels];
    let per_group = channels / moments.len();
    let count = (pixels.len() / channels * per_group) as f64;
    dispatch(tier, ChannelSums { pixels, channels, center: &center, is_squared: false, sums: &mut sums });
    for ((moments, sums), center) in moments.iter_mut().zip(sums.chunks(per_group)).zip(center.chunks_mut(per_group)) {
        *moments = GroupMoments { count, mean: sums.iter().sum::<f64>() / count, squares: 0.0 };
        center.fill(moments.mean as f32);
    }
    sums.fill(0.0);
    dispatch(tier, ChannelSums { pixels, channels, center: &center, is_squared: true, sums: &mut sums });
    for (moments, sums) in moments.iter_mut().zip(sums.chunks(per_group)) {
        // The center is the rounded mean: what that adds is taken away again.
        let shift = moments.mean - f64::from(moments.mean as f32);
        moments.squares = (sums.iter().sum::<f64>() - count * shift * shift).max(0.0);
    }
}

/// Adds `Σ (x − center)` or `Σ (x − center)²` over the pixels to each channel's sum.
struct ChannelSums<'a> {
    pixels: &'a [f32],
    channels: usize,
    center: &'a [f32],
    is_squared: bool,
    sums: &'a mut [f64],
}

impl Kernel for ChannelSums<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { pixels, channels, center, is_squared, sums } = self;
        for run in pixels.chunks(RUN * channels) {
            for (first, sums) in (0..channels).step_by(L::WIDTH).zip(sums.chunks_mut(L::WIDTH)) {
                let mut lanes = [0.0_f32; 16];
                // SAFETY: the dispatcher has checked the instructions of `L`; `sums.len()` channels of each pixel and of
                // `center` are valid from `first` on, and 16 lanes are room for every width.
                unsafe {
                    let center = load::<L>(center, first);
                    let mut sum = L::splat(0.0);
                    for pixel in run.chunks_exact(channels) {
                        let difference = load::<L>(pixel, first).minus(center);
                        sum = if is_squared { difference.times_plus(difference, sum) } else { sum.plus(difference) };
                    }
                    sum.store(lanes.as_mut_ptr());
                }
                sums.iter_mut().zip(lanes).for_each(|(sum, lane)| *sum += f64::from(lane));
            }
        }
    }
}

/// Mean, factor and offset of each channel.
#[derive(Clone, Copy)]
pub(crate) struct Lines<'a> {
    pub(crate) mean: &'a [f32],
    pub(crate) factor: &'a [f32],
    pub(crate) offset: &'a [f32],
}

/// `activation((x − mean) · factor + offset)` of whole pixels.
pub(crate) fn normalise(tier: Tier, from: &[f32], lines: Lines<'_>, activation: Option<&Activation>, to: &mut [f32]) {
    dispatch(tier, Normalise { from, lines, activation, to });
}

struct Normalise<'a> {
    from: &'a [f32],
    lines: Lines<'a>,
    activation: Option<&'a Activation>,
    to: &'a mut [f32],
}

impl Kernel for Normalise<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Lines { mean, factor, offset } = self.lines;
        for (from, to) in self.from.chunks_exact(mean.len()).zip(self.to.chunks_exact_mut(mean.len())) {
            for (index, (slot, &value)) in to.iter_mut().zip(from).enumerate() {
                *slot = (value - mean[index]) * factor[index] + offset[index];
            }
            if let Some(activation) = self.activation {
                // SAFETY: the dispatcher has checked the instructions of `L`.
                unsafe { activate::<L>(activation, to, 0) };
            }
        }
    }
}

/// How a row is normalised by its own values.
#[derive(Clone, Copy)]
pub(crate) struct RowNorm<'a> {
    pub(crate) weight: Option<&'a [f32]>,
    pub(crate) bias: Option<&'a [f32]>,
    pub(crate) epsilon: f32,
    /// Whether the mean is taken away first: layer norm; otherwise RMS norm.
    pub(crate) is_centered: bool,
}

/// Normalises each row of `channels` values.
pub(crate) fn normalise_rows(tier: Tier, norm: RowNorm<'_>, from: &[f32], channels: usize, to: &mut [f32]) {
    dispatch(tier, Rows { norm, from, channels, to });
}

struct Rows<'a> {
    norm: RowNorm<'a>,
    from: &'a [f32],
    channels: usize,
    to: &'a mut [f32],
}

impl Kernel for Rows<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let RowNorm { weight, bias, epsilon, is_centered } = self.norm;
        let count = self.channels as f64;
        for (from, to) in self.from.chunks_exact(self.channels).zip(self.to.chunks_exact_mut(self.channels)) {
            // SAFETY: the dispatcher has checked the instructions of `L`.
            let (mean, variance) = unsafe {
                let mean = if is_centered { (row_sum::<L>(from, 0.0, false) / count) as f32 } else { 0.0 };
                (mean, row_sum::<L>(from, mean, true) / count)
            };
            let factor = (1.0 / (variance + f64::from(epsilon)).sqrt()) as f32;
            to.iter_mut().zip(from).for_each(|(slot, &value)| *slot = (value - mean) * factor);
            if let Some(weight) = weight {
                to.iter_mut().zip(weight).for_each(|(slot, &weight)| *slot *= weight);
            }
            if let Some(bias) = bias {
                to.iter_mut().zip(bias).for_each(|(slot, &bias)| *slot += bias);
            }
        }
    }
}

/// `Σ (x − center)`, squared or not, of a row: four vectors of partial sums, joined in a fixed order.
#[inline(always)]
unsafe fn row_sum<L: Lanes>(row: &[f32], center: f32, is_squared: bool) -> f64 {
    // SAFETY: the caller has the instructions of `L`; vectors end within the row, the last one is read in part.
    unsafe {
        let middle = L::splat(center);
        let mut sums = [L::splat(0.0); 4];
        let whole = row.len() / L::WIDTH;
        for index in 0..whole {
            let difference = L::load(row.as_ptr().add(index * L::WIDTH)).minus(middle);
            let sum = sums[index % 4];
            sums[index % 4] = if is_squared { difference.times_plus(difference, sum) } else { sum.plus(difference) };
        }
        let sum = sums[0].plus(sums[1]).plus(sums[2].plus(sums[3])).sum();
        row[whole * L::WIDTH..].iter().fold(f64::from(sum), |sum, &value| {
            let difference = f64::from(value) - f64::from(center);
            sum + if is_squared { difference * difference } else { difference }
        })
    }
}

/// `value · activation(gate)` of rows that hold values, then gates.
pub(crate) fn gate_rows(tier: Tier, activation: &Activation, from: &[f32], channels: usize, to: &mut [f32]) {
    dispatch(tier, Gate { activation, from, channels, to });
}

struct Gate<'a> {
    activation: &'a Activation,
    from: &'a [f32],
    /// Of the result.
    channels: usize,
    to: &'a mut [f32],
}

impl Kernel for Gate<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let channels = self.channels;
        for (from, to) in self.from.chunks_exact(2 * channels).zip(self.to.chunks_exact_mut(channels)) {
            let (values, gates) = from.split_at(channels);
            to.copy_from_slice(gates);
            // SAFETY: the dispatcher has checked the instructions of `L`.
            unsafe { activate::<L>(self.activation, to, 0) };
            to.iter_mut().zip(values).for_each(|(slot, &value)| *slot *= value);
        }
    }
}
