//! Direct convolution with few output channels (to RGB, to a mask): vectors run along the input channels.
//!
//! A tile of four pixels and up to four output channels keeps one vector of partial sums each; lanes are added at the
//! end, halves first. The order depends on the tier's width, not on tiles or threads.

use super::buffer::Buffer;
use super::dispatch::{Kernel, dispatch};
use super::finish::Finish;
use super::gather::{Block, Gather};
use super::lanes::Lanes;
use super::strided::Strided;
use crate::geometry::Axis;
use crate::{Engine, Error, FeatureMap, Shape, Tier};

/// Output pixels of a task.
const PIXELS: usize = 96;
/// Most output channels of this path.
const MOST_OUT: usize = 4;
/// Fewest input channels of this path.
const FEWEST_IN: usize = 16;

/// Packed weights: `[tap, out channel, in channel]` per phase, input channels padded with zeros to whole vectors.
#[derive(Debug)]
pub(crate) struct FewOutputs {
    in_channels: usize,
    out_channels: usize,
    tier: Tier,
    phases: Vec<Buffer>,
    bias: Vec<f32>,
    zeros: Vec<f32>,
}

impl FewOutputs {
    /// Whether this path is for such a layer.
    pub(crate) fn fits(in_channels: usize, out_channels: usize, groups: usize) -> bool {
        groups == 1 && out_channels <= MOST_OUT && in_channels >= FEWEST_IN
    }

    /// Packs the phases of `weights`.
    pub(crate) fn pack(
        engine: &Engine,
        (in_channels, out_channels): (usize, usize),
        weights: &Strided<'_>,
        bias: Option<&[f32]>,
    ) -> Result<Self, Error> {
        let mut phases = Vec::with_capacity(weights.phases());
        for phase in 0..weights.phases() {
            let mut packed = engine.buffer(weights.taps(phase) * out_channels * in_channels)?;
            for (index, slot) in packed.iter_mut().enumerate() {
                let (row, input) = (index / in_channels, index % in_channels);
                *slot = weights.at(phase, row / out_channels, [0, row % out_channels, input]);
            }
            phases.push(packed);
        }
        let bias = bias.map_or_else(|| vec![0.0; out_channels], <[f32]>::to_vec);
        let zeros = vec![0.0; in_channels];
        Ok(Self { in_channels, out_channels, tier: engine.tier(), phases, bias, zeros })
    }

    /// Convolves; `axes` gives the rows and columns of each phase, in the order of packing.
    pub(crate) fn forward(
        &self,
        engine: &Engine,
        x: &FeatureMap,
        out_shape: Shape,
        axes: &[(&Axis, &Axis)],
        finish: Finish<'_>,
    ) -> Result<FeatureMap, Error> {
        if engine.tier() != self.tier {
            return Err(Error::OtherTier { what: "convolution", packed: self.tier, engine: engine.tier() });
        }
        let mut out = engine.buffer(out_shape.elements()?)?;
        let output = Output(out.as_mut_ptr());
        for (&axes, weights) in axes.iter().zip(&self.phases) {
            let gather = Gather::new(x, out_shape, axes, &self.zeros)?;
            self.check(&gather, out_shape, weights)?;
            engine.run(gather.pixels().div_ceil(PIXELS), &|index| {
                let first = index * PIXELS;
                let mut rooms = Vec::new();
                let block = gather.floats(engine, false, (first, PIXELS.min(gather.pixels() - first)), &mut rooms)?;
                dispatch(self.tier, Task { layer: self, weights, block, output, finish });
                Ok(())
            })?;
        }
        Ok(FeatureMap::from_buffer(out_shape, out))
    }

    fn check(&self, gather: &Gather<'_>, out_shape: Shape, weights: &Buffer) -> Result<(), Error> {
        let fits = gather.channels() == self.in_channels && out_shape.channels == self.out_channels;
        if fits && gather.taps() * self.out_channels * self.in_channels == weights.len() {
            return Ok(());
        }
        Err(Error::Channels { what: "convolution", actual: gather.channels(), expected: self.in_channels })
    }
}

/// The output map, of which each task writes its own pixels.
#[derive(Clone, Copy)]
struct Output(*mut f32);

// SAFETY: tasks write disjoint pixels.
unsafe impl Sync for Output {}

struct Task<'a> {
    layer: &'a FewOutputs,
    weights: &'a [f32],
    block: Block,
    output: Output,
    finish: Finish<'a>,
}

impl Kernel for Task<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        // SAFETY: the dispatcher has checked the instructions of `L`.
        unsafe {
            match self.layer.out_channels {
                1 => self.all::<L, 1>(),
                2 => self.all::<L, 2>(),
                3 => self.all::<L, 3>(),
                _ => self.all::<L, 4>(),
            }
        }
    }
}

impl Task<'_> {
    /// All pixels, N output channels.
    #[inline(always)]
    unsafe fn all<L: Lanes, const N: usize>(&self) {
        assert!(self.layer.out_channels == N);
        let count = self.block.pixels.len();
        let mut first = 0;
        while first < count {
            // The last tile starts earlier rather than being short: it computes some pixels twice, to the same values.
            let rows = if count < 4 { 1 } else { 4 };
            let start = first.min(count - rows);
            // SAFETY: pixels `start..start + rows` exist; the caller has the instructions of `L`.
            unsafe {
                if rows == 4 {
                    self.tile::<L, 4, N>(start);
                } else {
                    self.tile::<L, 1, N>(start);
                }
                first = start + rows;
            }
        }
        for &pixel in &self.block.pixels {
            // SAFETY: the pixel lies in the output by `Gather::new`; no other task writes it.
            unsafe {
                let row = std::slice::from_raw_parts_mut(self.output.0.add(pixel * N), N);
                self.finish.apply::<L>(row, pixel, 0);
            }
        }
    }

    /// M pixels times N output channels.
    #[inline(always)]
    unsafe fn tile<L: Lanes, const M: usize, const N: usize>(&self, first: usize) {
        let (channels, pixels) = (self.layer.in_channels, self.block.pixels.len());
        let whole = channels / L::WIDTH * L::WIDTH;
        // SAFETY: sources have `channels` values behind them, weights `[taps, N, channels]`.
        unsafe {
            let mut sums = [[L::splat(0.0); N]; M];
            for tap in 0..self.block.sources.len() / pixels {
                let weights = self.weights.as_ptr().add(tap * N * channels);
                let sources = self.block.sources.as_ptr().add(tap * pixels + first);
                let mut channel = 0;
                while channel < whole {
                    step::<L, M, N>(&mut sums, sources, weights, channels, channel, L::WIDTH);
                    channel += L::WIDTH;
                }
                if whole < channels {
                    step::<L, M, N>(&mut sums, sources, weights, channels, whole, channels - whole);
                }
            }
            for m in 0..M {
                let to = self.output.0.add(self.block.pixels[first + m] * N);
                for n in 0..N {
                    *to.add(n) = sums[m][n].sum() + self.layer.bias[n];
                }
            }
        }
    }
}

/// Adds the products of `count` input channels from `channel` on.
#[inline(always)]
unsafe fn step<L: Lanes, const M: usize, const N: usize>(
    sums: &mut [[L; N]; M],
    sources: *const *const f32,
    weights: *const f32,
    channels: usize,
    channel: usize,
    count: usize,
) {
    // SAFETY: passed on from the caller; short vectors are read in part.
    unsafe {
        let mut w = [L::splat(0.0); N];
        for n in 0..N {
            w[n] = load(weights.add(n * channels + channel), count);
        }
        for m in 0..M {
            let x = load::<L>((*sources.add(m)).add(channel), count);
            for n in 0..N {
                sums[m][n] = x.times_plus(w[n], sums[m][n]);
            }
        }
    }
}

#[inline(always)]
unsafe fn load<L: Lanes>(from: *const f32, count: usize) -> L {
    // SAFETY: passed on from the caller.
    unsafe { if count == L::WIDTH { L::load(from) } else { L::load_first(from, count) } }
}
