//! Direct convolution with dense channels, grouped or not: the micro-kernel under `Conv2d`, `ConvTranspose2d` and
//! `Linear`.
//!
//! The reduction (taps × input channels) is cut into chunks whose weights for one block of output channels fit the
//! first-level cache; a task holds a block of output pixels for all chunks, so that its sums stay in the second-level
//! cache and the weights stream past once per task. The order of each output's additions is the order of the
//! reduction, whatever the tiles.

use super::buffer::Buffer;
use super::dispatch::{Kernel, dispatch};
use super::finish::Finish;
use super::gather::{Block, Gather};
use super::lanes::Lanes;
use super::tile;
use crate::geometry::Axis;
use crate::{Engine, Error, FeatureMap, Shape, Tier};

/// Output pixels of a task: a multiple of every tier's `ROWS`.
const PIXELS: usize = 96;
/// Longest part of the reduction whose weights stay in the first-level cache.
const CHUNK: usize = 320;
/// Most output channels of a task; bounds its sums to the second-level cache.
const CHANNELS: usize = 512;
/// Fewest tasks that an operator is cut into, if it has that many output channel blocks.
const TASKS: usize = 16;

/// Channels of a convolution; channel counts are those of all groups together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KernelShape {
    pub(crate) out_channels: usize,
    pub(crate) in_channels: usize,
    pub(crate) groups: usize,
}

impl KernelShape {
    pub(crate) fn out_per_group(&self) -> usize {
        self.out_channels / self.groups
    }

    pub(crate) fn in_per_group(&self) -> usize {
        self.in_channels / self.groups
    }
}

/// Part of the reduction: consecutive input channels of one tap.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    pub(super) tap: usize,
    pub(super) first: usize,
    pub(super) length: usize,
}

/// Packed weights of a dense convolution with any number of phases.
#[derive(Debug)]
pub(crate) struct Dense {
    shape: KernelShape,
    tier: Tier,
    /// Channels of a panel: two vectors.
    width: usize,
    phases: Vec<Phase>,
    /// One padded row per group.
    bias: Vec<f32>,
    zeros: Vec<f32>,
}

/// Weights of one phase: `[group, chunk, block of out channels, reduction, width]`.
#[derive(Debug)]
struct Phase {
    chunks: Vec<Vec<Segment>>,
    weights: Buffer,
    group_stride: usize,
}

impl Dense {
    /// Packs one phase per list of taps; `value(phase, tap, out channel, in channel within the group)` reads the checkpoint.
    pub(crate) fn pack(
        engine: &Engine,
        shape: KernelShape,
        taps_of_phases: &[usize],
        bias: Option<&[f32]>,
        value: &dyn Fn(usize, usize, usize, usize) -> f32,
    ) -> Result<Self, Error> {
        let tier = engine.tier();
        let width = dispatch(tier, PanelWidth);
        let blocks = shape.out_per_group().div_ceil(width);
        let mut phases = Vec::with_capacity(taps_of_phases.len());
        for (index, &taps) in taps_of_phases.iter().enumerate() {
            let chunks = chunks(taps, shape.in_per_group());
            phases.push(Phase::pack(engine, shape, width, chunks, taps, &|tap, o, i| value(index, tap, o, i))?);
        }
        let mut padded = vec![0.0; shape.groups * blocks * width];
        for (group, row) in padded.chunks_mut(blocks * width).enumerate() {
            if let Some(bias) = bias {
                let count = shape.out_per_group();
                row[..count].copy_from_slice(&bias[group * count..][..count]);
            }
        }
        Ok(Self { shape, tier, width, phases, bias: padded, zeros: vec![0.0; shape.in_channels] })
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
        let input = x.values();
        let gathers: Vec<Gather<'_>> = axes
            .iter()
            .map(|(y, x_axis)| Gather { input, input_shape: x.shape(), out_shape, y, x: x_axis, zeros: &self.zeros })
            .collect();
        self.check(engine, &gathers)?;
        let mut out = engine.buffer(out_shape.elements()?)?;
        let jobs = self.jobs(&gathers);
        let output = Output { first: out.as_mut_ptr(), channels: out_shape.channels };
        engine.run(jobs.len(), &|index| {
            let job = &jobs[index];
            let scratch = engine.buffer(job.count * job.blocks * self.width)?;
            dispatch(self.tier, Task { dense: self, engine, gather: &gathers[job.phase], job, scratch, output, finish })
        })?;
        Ok(FeatureMap::from_buffer(out_shape, out))
    }

    fn check(&self, engine: &Engine, gathers: &[Gather<'_>]) -> Result<(), Error> {
        if engine.tier() != self.tier {
            return Err(Error::OtherTier { what: "convolution", packed: self.tier, engine: engine.tier() });
        }
        for (gather, phase) in gathers.iter().zip(&self.phases) {
            gather.check()?;
            let taps = gather.y.taps.len() * gather.x.taps.len();
            let packed = phase.chunks.iter().flatten().map(|s| s.length).sum::<usize>();
            if packed != taps * self.shape.in_per_group() || gather.input_shape.channels != self.shape.in_channels {
                let actual = gather.input_shape.channels;
                return Err(Error::Channels { what: "convolution", actual, expected: self.shape.in_channels });
            }
        }
        Ok(())
    }

    /// Cuts the output into tasks: phases, groups, pixel blocks and, if these are few, channel ranges.
    fn jobs(&self, gathers: &[Gather<'_>]) -> Vec<Job> {
        let blocks = self.shape.out_per_group().div_ceil(self.width);
        let pixel_blocks: usize = gathers.iter().map(|g| g.pixels().div_ceil(PIXELS)).sum::<usize>().max(1);
        let parts = TASKS.div_ceil(pixel_blocks * self.shape.groups).max(blocks.div_ceil(CHANNELS / self.width));
        let per_part = blocks.div_ceil(parts.min(blocks)).max(1);
        let mut jobs = Vec::new();
        for (phase, gather) in gathers.iter().enumerate() {
            for group in 0..self.shape.groups {
                for first in (0..gather.pixels()).step_by(PIXELS) {
                    let count = PIXELS.min(gather.pixels() - first);
                    jobs.extend((0..blocks).step_by(per_part).map(|first_block| {
                        let blocks = per_part.min(blocks - first_block);
                        Job { phase, group, first, count, first_block, blocks }
                    }));
                }
            }
        }
        jobs
    }
}

impl Phase {
    fn pack(
        engine: &Engine,
        shape: KernelShape,
        width: usize,
        chunks: Vec<Vec<Segment>>,
        taps: usize,
        value: &dyn Fn(usize, usize, usize) -> f32,
    ) -> Result<Self, Error> {
        let (count, blocks) = (shape.out_per_group(), shape.out_per_group().div_ceil(width));
        let group_stride = blocks * width * taps * shape.in_per_group();
        let mut weights = engine.buffer(group_stride * shape.groups)?;
        let mut next = 0;
        for group in 0..shape.groups {
            for chunk in &chunks {
                for block in 0..blocks {
                    for (tap, input) in chunk.iter().flat_map(|s| (s.first..s.first + s.length).map(|i| (s.tap, i))) {
                        for (lane, slot) in weights[next..next + width].iter_mut().enumerate() {
                            let out = block * width + lane;
                            *slot = if out < count { value(tap, group * count + out, input) } else { 0.0 };
                        }
                        next += width;
                    }
                }
            }
        }
        Ok(Self { chunks, weights, group_stride })
    }
}

/// Cuts the reduction into chunks of at most [`CHUNK`], taps of many channels into equal parts.
fn chunks(taps: usize, channels: usize) -> Vec<Vec<Segment>> {
    let part = channels.div_ceil(channels.div_ceil(CHUNK));
    let mut chunks: Vec<Vec<Segment>> = vec![Vec::new()];
    let mut filled = 0;
    for tap in 0..taps {
        for first in (0..channels).step_by(part) {
            let length = part.min(channels - first);
            if filled + length > CHUNK {
                chunks.push(Vec::new());
                filled = 0;
            }
            filled += length;
            if let Some(chunk) = chunks.last_mut() {
                chunk.push(Segment { tap, first, length });
            }
        }
    }
    chunks
}

/// A task's part of the output.
#[derive(Debug)]
struct Job {
    phase: usize,
    group: usize,
    /// Pixels of the phase.
    first: usize,
    count: usize,
    /// Panels of output channels of the group.
    first_block: usize,
    blocks: usize,
}

/// Channels of a panel on a tier.
struct PanelWidth;

impl Kernel for PanelWidth {
    type Output = usize;

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) -> usize {
        2 * L::WIDTH
    }
}

/// The output map, of which each task writes its own pixels and channels.
#[derive(Clone, Copy)]
struct Output {
    first: *mut f32,
    channels: usize,
}

// SAFETY: tasks write disjoint pixels or channels, see `Dense::jobs`.
unsafe impl Sync for Output {}

struct Task<'a> {
    dense: &'a Dense,
    engine: &'a Engine,
    gather: &'a Gather<'a>,
    job: &'a Job,
    /// Sums: `[block of channels, pixel, width]`.
    scratch: Buffer,
    output: Output,
    finish: Finish<'a>,
}

impl Kernel for Task<'_> {
    type Output = Result<(), Error>;

    #[inline(always)]
    unsafe fn run<L: Lanes>(mut self) -> Result<(), Error> {
        let block = self.gather.block(self.job.first, self.job.count);
        let chunks = &self.dense.phases[self.job.phase].chunks;
        let mut weights = self.job.group * self.dense.phases[self.job.phase].group_stride;
        for (index, chunk) in chunks.iter().enumerate() {
            self.engine.cancel_token().check()?;
            // SAFETY: the dispatcher has checked the instructions of `L`; `weights` is this chunk's offset.
            weights = unsafe { self.chunk::<L>(&block, chunk, weights, index == 0) };
        }
        // SAFETY: as above; all sums are complete.
        unsafe { self.write::<L>(&block) };
        Ok(())
    }
}

impl Task<'_> {
    /// Adds one chunk to all sums of the task; gives the next chunk's offset.
    #[inline(always)]
    unsafe fn chunk<L: Lanes>(&mut self, block: &Block, chunk: &[Segment], weights: usize, is_first: bool) -> usize {
        let (dense, job) = (self.dense, self.job);
        let width = 2 * L::WIDTH;
        let panel = chunk.iter().map(|s| s.length).sum::<usize>() * width;
        let blocks = dense.shape.out_per_group().div_ceil(width);
        let group_channel = job.group * dense.shape.in_per_group();
        for index in 0..job.blocks {
            let at = job.first_block + index;
            let panel_weights = &dense.phases[job.phase].weights[weights + at * panel..][..panel];
            let bias = &dense.bias[(job.group * blocks + at) * width..][..width];
            let sums = &mut self.scratch[index * job.count * width..][..job.count * width];
            let work = tile::Panel {
                segments: chunk,
                sources: &block.sources,
                pixels: job.count,
                channel: group_channel,
                weights: panel_weights,
                start: is_first.then_some(bias),
            };
            // SAFETY: lengths as cut above; every source has the input's channels behind it (`Gather::check`).
            unsafe { work.run::<L>(sums) };
        }
        weights + blocks * panel
    }

    /// Finishes the sums and writes them to the output.
    #[inline(always)]
    unsafe fn write<L: Lanes>(&mut self, block: &Block) {
        let (job, width) = (self.job, 2 * L::WIDTH);
        let per_group = self.dense.shape.out_per_group();
        for index in 0..job.blocks {
            let in_group = (job.first_block + index) * width;
            let count = width.min(per_group - in_group);
            let channel = job.group * per_group + in_group;
            for (row, &pixel) in block.pixels.iter().enumerate() {
                let sums = &mut self.scratch[(index * job.count + row) * width..][..count];
                // SAFETY: the caller has the instructions of `L`; pixel and channels lie in the output by
                // `Gather::check`, and no other task writes them.
                unsafe {
                    self.finish.apply::<L>(sums, pixel, channel);
                    let to = self.output.first.add(pixel * self.output.channels + channel);
                    std::ptr::copy_nonoverlapping(sums.as_ptr(), to, count);
                }
            }
        }
    }
}
