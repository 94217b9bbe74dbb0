//! Depthwise convolution: one filter per channel, vectors over channels.

use super::buffer::Buffer;
use super::dispatch::{Kernel, dispatch};
use super::finish::Finish;
use super::gather::{Block, Gather};
use super::lanes::Lanes;
use super::strided::Strided;
use crate::geometry::Axis;
use crate::{Engine, Error, FeatureMap, Shape, Tier};

/// Output pixels of a task.
const PIXELS: usize = 64;
/// Pixels of a register tile.
const ROWS: usize = 4;

/// Packed weights of a depthwise convolution: as many outputs as inputs, each from its own input channel.
#[derive(Debug)]
pub(crate) struct Depthwise {
    channels: usize,
    tier: Tier,
    /// `[tap, channel]` per phase.
    phases: Vec<Buffer>,
    bias: Vec<f32>,
    zeros: Vec<f32>,
}

impl Depthwise {
    /// Packs the phases of `weights`, whose groups have one channel each.
    pub(crate) fn pack(
        engine: &Engine,
        channels: usize,
        weights: &Strided<'_>,
        bias: Option<&[f32]>,
    ) -> Result<Self, Error> {
        let mut phases = Vec::with_capacity(weights.phases());
        for phase in 0..weights.phases() {
            let mut packed = engine.buffer(weights.taps(phase) * channels)?;
            for (index, slot) in packed.iter_mut().enumerate() {
                *slot = weights.at(phase, index / channels, [index % channels, 0, 0]);
            }
            phases.push(packed);
        }
        let bias = bias.map_or_else(|| vec![0.0; channels], <[f32]>::to_vec);
        Ok(Self { channels, tier: engine.tier(), phases, bias, zeros: vec![0.0; channels] })
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
            return Err(Error::OtherTier { what: "depthwise convolution", packed: self.tier, engine: engine.tier() });
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
                dispatch(self.tier, Task { depthwise: self, weights, block, output, finish });
                Ok(())
            })?;
        }
        Ok(FeatureMap::from_buffer(out_shape, out))
    }

    fn check(&self, gather: &Gather<'_>, out_shape: Shape, weights: &Buffer) -> Result<(), Error> {
        let channels = gather.channels();
        let fits = channels == self.channels && out_shape.channels == channels;
        if fits && gather.taps() * channels == weights.len() {
            return Ok(());
        }
        Err(Error::Channels { what: "depthwise convolution", actual: channels, expected: self.channels })
    }
}

/// The output map, of which each task writes its own pixels.
#[derive(Clone, Copy)]
struct Output(*mut f32);

// SAFETY: tasks write disjoint pixels.
unsafe impl Sync for Output {}

struct Task<'a> {
    depthwise: &'a Depthwise,
    weights: &'a [f32],
    block: Block,
    output: Output,
    finish: Finish<'a>,
}

impl Kernel for Task<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let count = self.block.pixels.len();
        let mut first = 0;
        while first < count {
            // SAFETY: the dispatcher has checked the instructions of `L`; the pixels exist.
            unsafe {
                if count - first >= ROWS {
                    self.pixels::<L, ROWS>(first);
                    first += ROWS;
                } else {
                    self.pixels::<L, 1>(first);
                    first += 1;
                }
            }
        }
    }
}

impl Task<'_> {
    /// All channels of M pixels.
    #[inline(always)]
    unsafe fn pixels<L: Lanes, const M: usize>(&self, first: usize) {
        let channels = self.depthwise.channels;
        let mut channel = 0;
        // SAFETY: vectors stay within the channels; pixels lie in the output by `Gather::new`.
        unsafe {
            while channel < channels {
                let left = channels - channel;
                if left >= 2 * L::WIDTH {
                    self.tile::<L, M, 2>(first, channel, 2 * L::WIDTH);
                } else if left >= L::WIDTH {
                    self.tile::<L, M, 1>(first, channel, L::WIDTH);
                } else {
                    self.tile::<L, M, 1>(first, channel, left);
                }
                channel += if left >= 2 * L::WIDTH { 2 * L::WIDTH } else { L::WIDTH };
            }
            for &pixel in &self.block.pixels[first..first + M] {
                let row = std::slice::from_raw_parts_mut(self.output.0.add(pixel * channels), channels);
                self.finish.apply::<L>(row, pixel, 0);
            }
        }
    }

    /// M pixels times N vectors of channels, of which `count` channels exist.
    #[inline(always)]
    unsafe fn tile<L: Lanes, const M: usize, const N: usize>(&self, first: usize, channel: usize, count: usize) {
        let (channels, pixels) = (self.depthwise.channels, self.block.pixels.len());
        let taps = self.weights.len() / channels;
        let is_short = count < L::WIDTH;
        // SAFETY: `count` channels are valid behind every pointer formed; short vectors are read and written in part.
        unsafe {
            let mut sums = [[L::splat(0.0); N]; M];
            let mut weights = [L::splat(0.0); N];
            for n in 0..N {
                let bias = load::<L>(self.depthwise.bias.as_ptr().add(channel + n * L::WIDTH), count, is_short);
                for m in 0..M {
                    sums[m][n] = bias;
                }
            }
            for tap in 0..taps {
                for n in 0..N {
                    let from = self.weights.as_ptr().add(tap * channels + channel + n * L::WIDTH);
                    weights[n] = load::<L>(from, count, is_short);
                }
                for m in 0..M {
                    let from = self.block.sources.get_unchecked(tap * pixels + first + m).add(channel);
                    for n in 0..N {
                        let x = load::<L>(from.add(n * L::WIDTH), count, is_short);
                        sums[m][n] = x.times_plus(weights[n], sums[m][n]);
                    }
                }
            }
            for m in 0..M {
                let to = self.output.0.add(self.block.pixels.get_unchecked(first + m) * channels + channel);
                for n in 0..N {
                    let to = to.add(n * L::WIDTH);
                    if is_short { sums[m][n].store_first(to, count) } else { sums[m][n].store(to) }
                }
            }
        }
    }
}

#[inline(always)]
unsafe fn load<L: Lanes>(from: *const f32, count: usize, is_short: bool) -> L {
    // SAFETY: passed on from the caller.
    unsafe { if is_short { L::load_first(from, count) } else { L::load(from) } }
}
