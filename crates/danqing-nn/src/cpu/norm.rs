//! Kernels of the normalisations: sums over blocks of pixels and along rows, and the affine pass.

use super::dispatch::{Kernel, dispatch};
use super::finish::{Change, activate, load, map_into};
use super::lanes::Lanes;
use super::math;
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

/// Vectors of channels that are summed at once, so that additions do not wait for one another.
const TOGETHER: usize = 4;

impl Kernel for ChannelSums<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(mut self) {
        // SAFETY: the dispatcher has checked the instructions of `L`.
        unsafe { if self.is_squared { self.add::<L, true>() } else { self.add::<L, false>() } }
    }
}

impl ChannelSums<'_> {
    #[inline(always)]
    unsafe fn add<L: Lanes, const SQUARED: bool>(&mut self) {
        for run in self.pixels.chunks(RUN * self.channels) {
            let mut first = 0;
            while first < self.channels {
                // SAFETY: passed on from the caller.
                first += unsafe {
                    if self.channels - first >= TOGETHER * L::WIDTH {
                        self.add_run::<L, TOGETHER, SQUARED>(run, first)
                    } else {
                        self.add_run::<L, 1, SQUARED>(run, first)
                    }
                };
            }
        }
    }

    /// Adds the terms of a run of pixels to V vectors of channels; gives how many channels those are.
    #[inline(always)]
    unsafe fn add_run<L: Lanes, const V: usize, const SQUARED: bool>(&mut self, run: &[f32], first: usize) -> usize {
        let mut lanes = [[0.0_f32; 16]; V];
        // SAFETY: the caller has the instructions of `L` and as many whole vectors, or one and perhaps a short one, for which
        // `load` ends with the pixel; 16 lanes are room for every width.
        unsafe {
            let read = |row: &[f32], index: usize| match V {
                1 => load::<L>(row, first),
                _ => L::load(row.as_ptr().add(first + index * L::WIDTH)),
            };
            let (mut sums, mut center) = ([L::splat(0.0); V], [L::splat(0.0); V]);
            for index in 0..V {
                center[index] = read(self.center, index);
            }
            for pixel in run.chunks_exact(self.channels) {
                for index in 0..V {
                    let difference = read(pixel, index).minus(center[index]);
                    let sum = sums[index];
                    sums[index] = if SQUARED { difference.times_plus(difference, sum) } else { sum.plus(difference) };
                }
            }
            for index in 0..V {
                sums[index].store(lanes[index].as_mut_ptr());
            }
        }
        for (lanes, sums) in lanes.iter().zip(self.sums[first..].chunks_mut(L::WIDTH)) {
            sums.iter_mut().zip(lanes).for_each(|(sum, &lane)| *sum += f64::from(lane));
        }
        V * L::WIDTH
    }
}

/// Factor and offset of each channel.
#[derive(Clone, Copy)]
pub(crate) struct Lines<'a> {
    pub(crate) factor: &'a [f32],
    pub(crate) offset: &'a [f32],
}

/// `activation(x · factor + offset)` of whole pixels.
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
        let channels = self.lines.factor.len();
        for (from, to) in self.from.chunks_exact(channels).zip(self.to.chunks_exact_mut(channels)) {
            // SAFETY: the dispatcher has checked the instructions of `L`; rows have a value per channel.
            unsafe {
                if let Some(Activation::Silu) = self.activation {
                    map_into::<L>(from, to, &LineSilu(self.lines));
                } else {
                    map_into::<L>(from, to, &self.lines);
                    self.activation.into_iter().for_each(|activation| activate::<L>(activation, to, 0));
                }
            }
        }
    }
}

impl Change for Lines<'_> {
    #[inline(always)]
    unsafe fn at<L: Lanes>(&self, x: L, at: usize) -> L {
        // SAFETY: passed on from the caller.
        unsafe { x.times_plus(load::<L>(self.factor, at), load::<L>(self.offset, at)) }
    }
}

/// SiLU of the line.
struct LineSilu<'a>(Lines<'a>);

impl Change for LineSilu<'_> {
    #[inline(always)]
    unsafe fn at<L: Lanes>(&self, x: L, at: usize) -> L {
        // SAFETY: passed on from the caller.
        unsafe { math::silu(self.0.at(x, at)) }
    }
}

/// How a row is normalised by its own values.
#[derive(Clone, Copy)]
pub(crate) struct RowNorm<'a> {
    pub(crate) weight: &'a [f32],
    pub(crate) bias: Option<&'a [f32]>,
    pub(crate) epsilon: f32,
    /// Whether the mean is taken away first: layer norm; otherwise RMS norm.
    pub(crate) is_centered: bool,
}

/// Normalises each row of as many values as there are weights.
pub(crate) fn normalise_rows(tier: Tier, norm: RowNorm<'_>, from: &[f32], to: &mut [f32]) {
    dispatch(tier, Rows { norm, from, to });
}

struct Rows<'a> {
    norm: RowNorm<'a>,
    from: &'a [f32],
    to: &'a mut [f32],
}

/// Rows that are summed at once: as [`TOGETHER`].
const ROWS: usize = 4;

impl Kernel for Rows<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let length = ROWS * self.norm.weight.len();
        for (from, to) in self.from.chunks(length).zip(self.to.chunks_mut(length)) {
            // SAFETY: the dispatcher has checked the instructions of `L`.
            unsafe {
                if from.len() == length {
                    self.norm.rows::<L, ROWS>(from, to);
                } else {
                    let channels = self.norm.weight.len();
                    let rows = from.chunks_exact(channels).zip(to.chunks_exact_mut(channels));
                    rows.for_each(|(from, to)| self.norm.rows::<L, 1>(from, to));
                }
            }
        }
    }
}

impl RowNorm<'_> {
    /// R rows, each as it would be alone.
    #[inline(always)]
    unsafe fn rows<L: Lanes, const R: usize>(&self, from: &[f32], to: &mut [f32]) {
        let channels = self.weight.len();
        let count = channels as f64;
        // SAFETY: the caller has the instructions of `L`; changes are made for rows of `channels` values.
        unsafe {
            let mut mean = [0.0; R];
            if self.is_centered {
                mean = row_sums::<L, R, false>(from, channels, mean).map(|sum| (sum / count) as f32);
            }
            let squares = row_sums::<L, R, true>(from, channels, mean);
            let rows = from.chunks_exact(channels).zip(to.chunks_exact_mut(channels));
            for (index, (from, to)) in rows.enumerate() {
                let factor = (1.0 / (squares[index] / count + f64::from(self.epsilon)).sqrt()) as f32;
                let row = Row { mean: mean[index], factor, weight: self.weight };
                match self.bias {
                    Some(bias) => map_into::<L>(from, to, &RowBias(row, bias)),
                    None => map_into::<L>(from, to, &row),
                }
            }
        }
    }
}

/// `(x − mean) · factor · weight`.
struct Row<'a> {
    mean: f32,
    factor: f32,
    weight: &'a [f32],
}

impl Row<'_> {
    #[inline(always)]
    unsafe fn unit<L: Lanes>(&self, x: L) -> L {
        // SAFETY: passed on from the caller.
        unsafe { x.minus(L::splat(self.mean)).times(L::splat(self.factor)) }
    }
}

impl Change for Row<'_> {
    #[inline(always)]
    unsafe fn at<L: Lanes>(&self, x: L, at: usize) -> L {
        // SAFETY: passed on from the caller.
        unsafe { self.unit(x).times(load::<L>(self.weight, at)) }
    }
}

/// The same plus a bias.
struct RowBias<'a>(Row<'a>, &'a [f32]);

impl Change for RowBias<'_> {
    #[inline(always)]
    unsafe fn at<L: Lanes>(&self, x: L, at: usize) -> L {
        // SAFETY: passed on from the caller.
        unsafe { self.0.unit(x).times_plus(load::<L>(self.0.weight, at), load::<L>(self.1, at)) }
    }
}

/// `Σ (x − center)`, squared or not, of R rows: a vector of partial sums each, joined in a fixed order.
#[inline(always)]
unsafe fn row_sums<L: Lanes, const R: usize, const SQUARED: bool>(
    rows: &[f32],
    channels: usize,
    center: [f32; R],
) -> [f64; R] {
    let whole = channels / L::WIDTH * L::WIDTH;
    assert!(rows.len() == R * channels);
    // SAFETY: the caller has the instructions of `L`; vectors end within their row.
    unsafe {
        let mut sums = [L::splat(0.0); R];
        for at in (0..whole).step_by(L::WIDTH) {
            for row in 0..R {
                let difference = L::load(rows.as_ptr().add(row * channels + at)).minus(L::splat(center[row]));
                sums[row] =
                    if SQUARED { difference.times_plus(difference, sums[row]) } else { sums[row].plus(difference) };
            }
        }
        let mut totals = [0.0; R];
        for row in 0..R {
            let rest = &rows[row * channels + whole..(row + 1) * channels];
            totals[row] = rest.iter().fold(f64::from(sums[row].sum()), |sum, &value| {
                let difference = f64::from(value) - f64::from(center[row]);
                sum + if SQUARED { difference * difference } else { difference }
            });
        }
        totals
    }
}

/// `value · gelu(gate)` of rows that hold `channels` values, then as many gates.
pub(crate) fn geglu_rows(tier: Tier, from: &[f32], channels: usize, to: &mut [f32]) {
    dispatch(tier, Gate { from, channels, to });
}

struct Gate<'a> {
    from: &'a [f32],
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
            // SAFETY: the dispatcher has checked the instructions of `L`; there is a value for each gate.
            unsafe { map_into::<L>(gates, to, &Times(values)) };
        }
    }
}

/// A value to each, times GELU.
struct Times<'a>(&'a [f32]);

impl Change for Times<'_> {
    #[inline(always)]
    unsafe fn at<L: Lanes>(&self, x: L, at: usize) -> L {
        // SAFETY: passed on from the caller.
        unsafe { load::<L>(self.0, at).times(math::gelu(x)) }
    }
}
