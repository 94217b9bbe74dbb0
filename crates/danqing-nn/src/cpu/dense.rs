//! Direct convolution with dense channels, grouped or not: the kernel under `Conv2d`, `ConvTranspose2d` and `Linear`.
//!
//! The reduction (taps × input channels) is cut into chunks whose weights for one block of output channels fit the
//! first-level cache; a task holds a block of output pixels for all chunks, so that its sums stay in the second-level
//! cache and the weights stream past once per task. The order of each output's additions is the order of the
//! reduction, whatever the tiles.

use super::buffer::Buffer;
use super::dispatch::{Kernel, PanelWidth, dispatch};
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
/// Up to this many channels, the inputs of a row of pixels are copied side by side instead of pointed at.
const FEW_CHANNELS: usize = 8;

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

    /// Whether pixels are read through strips, see [`FEW_CHANNELS`].
    fn has_strips(&self, taps: usize) -> bool {
        self.groups == 1 && self.in_channels <= FEW_CHANNELS && taps > 1 && taps * self.in_channels <= CHUNK
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
    taps: usize,
    chunks: Vec<Vec<Segment>>,
    weights: Buffer,
    group_stride: usize,
}

/// Reads a checkpoint's weight by phase, tap, out channel, and in channel within the group.
pub(crate) type Read<'a> = &'a dyn Fn(usize, usize, usize, usize) -> f32;

impl Dense {
    /// Packs one phase per number of taps.
    pub(crate) fn pack(
        engine: &Engine,
        shape: KernelShape,
        taps_of_phases: &[usize],
        bias: Option<&[f32]>,
        read: Read<'_>,
    ) -> Result<Self, Error> {
        let tier = engine.tier();
        let width = dispatch(tier, PanelWidth);
        let mut phases = Vec::with_capacity(taps_of_phases.len());
        for (index, &taps) in taps_of_phases.iter().enumerate() {
            phases.push(Phase::pack(engine, shape, width, taps, &|tap, o, i| read(index, tap, o, i))?);
        }
        let (count, padded) = (shape.out_per_group(), shape.out_per_group().next_multiple_of(width));
        let mut rows = vec![0.0; shape.groups * padded];
        if let Some(bias) = bias {
            rows.chunks_mut(padded).zip(bias.chunks(count)).for_each(|(row, bias)| row[..count].copy_from_slice(bias));
        }
        Ok(Self { shape, tier, width, phases, bias: rows, zeros: vec![0.0; shape.in_channels] })
    }

    /// Whether the input may lie in several maps: neither grouped nor copied into strips.
    pub(crate) fn takes_parts(&self) -> bool {
        self.shape.groups == 1 && self.phases.iter().all(|phase| !self.shape.has_strips(phase.taps))
    }

    /// Convolves the channels of all `maps`, one after another; `axes` gives the rows and columns of each phase, in the
    /// order of packing. More than one map only if [`Self::takes_parts`].
    pub(crate) fn forward(
        &self,
        engine: &Engine,
        maps: &[&FeatureMap],
        out_shape: Shape,
        axes: &[(&Axis, &Axis)],
        finish: Finish<'_>,
    ) -> Result<FeatureMap, Error> {
        let gathers = self.gathers(engine, maps, out_shape, axes)?;
        let channels: Vec<usize> = maps.iter().map(|map| map.shape().channels).collect();
        let chunks: Vec<_> = self.phases.iter().map(|phase| parted(&phase.chunks, &channels, phase.taps)).collect();
        let mut out = engine.buffer(out_shape.elements()?)?;
        let jobs = self.jobs(&gathers);
        let strip_chunks: Vec<_> = gathers
            .iter()
            .filter_map(|parts| Some(strip_chunks(parts.first()?.window(), parts.first()?.channels())))
            .collect();
        let output = Output { first: out.as_mut_ptr(), channels: out_shape.channels };
        engine.run(jobs.len(), &|index| {
            let job = &jobs[index];
            let scratch = engine.buffer(job.count * job.blocks * self.width)?;
            let (parts, taps) = (&gathers[job.phase], self.phases[job.phase].taps);
            // `strips` lives as long as the block that points into it.
            let mut strips;
            let (block, chunks) = match &parts[..] {
                [gather] if self.shape.has_strips(taps) => {
                    strips = engine.buffer(job.count * taps * self.shape.in_channels)?;
                    (gather.strips(job.first, job.count, &mut strips), &strip_chunks[job.phase])
                }
                parts => (Gather::block_of(parts, job.first, job.count), &chunks[job.phase]),
            };
            dispatch(self.tier, Task { dense: self, engine, block: &block, chunks, job, scratch, output, finish })
        })?;
        Ok(FeatureMap::from_buffer(out_shape, out))
    }

    /// One per phase and map, after checking that weights, maps and engine fit together.
    fn gathers<'a>(
        &'a self,
        engine: &Engine,
        maps: &[&'a FeatureMap],
        out_shape: Shape,
        axes: &[(&'a Axis, &'a Axis)],
    ) -> Result<Vec<Vec<Gather<'a>>>, Error> {
        if engine.tier() != self.tier {
            return Err(Error::OtherTier { what: "convolution", packed: self.tier, engine: engine.tier() });
        }
        let actual: usize = maps.iter().map(|map| map.shape().channels).sum();
        let fits = actual == self.shape.in_channels && out_shape.channels == self.shape.out_channels;
        let misfit = Error::Channels { what: "convolution", actual, expected: self.shape.in_channels };
        if !fits || (maps.len() != 1 && !self.takes_parts()) {
            return Err(misfit);
        }
        let mut gathers = Vec::with_capacity(axes.len());
        for (&axes, phase) in axes.iter().zip(&self.phases) {
            let parts = maps.iter().map(|map| Gather::new(map, out_shape, axes, &self.zeros));
            let parts = parts.collect::<Result<Vec<_>, Error>>()?;
            if parts.iter().any(|part| part.taps() != phase.taps) {
                return Err(misfit);
            }
            gathers.push(parts);
        }
        Ok(gathers)
    }

    /// Cuts the output into tasks: phases, groups, pixel blocks and, if these are few, channel ranges.
    fn jobs(&self, gathers: &[Vec<Gather<'_>>]) -> Vec<Job> {
        let blocks = self.shape.out_per_group().div_ceil(self.width);
        let pixels: Vec<_> = gathers.iter().map(|parts| parts.first().map_or(0, Gather::pixels)).collect();
        let pixel_blocks = pixels.iter().map(|pixels| pixels.div_ceil(PIXELS)).sum::<usize>().max(1);
        let parts = TASKS.div_ceil(pixel_blocks * self.shape.groups).max(blocks.div_ceil(CHANNELS / self.width));
        let per_part = blocks.div_ceil(parts.min(blocks)).max(1);
        let mut jobs = Vec::new();
        for (phase, &pixels) in pixels.iter().enumerate() {
            for group in 0..self.shape.groups {
                for first in (0..pixels).step_by(PIXELS) {
                    let count = PIXELS.min(pixels - first);
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
        taps: usize,
        read: &dyn Fn(usize, usize, usize) -> f32,
    ) -> Result<Self, Error> {
        let (count, blocks) = (shape.out_per_group(), shape.out_per_group().div_ceil(width));
        let group_stride = blocks * width * taps * shape.in_per_group();
        let mut weights = engine.buffer(group_stride * shape.groups)?;
        let chunks = chunks(taps, shape.in_per_group());
        let mut next = 0;
        for group in 0..shape.groups {
            for (chunk, block) in chunks.iter().flat_map(|chunk| (0..blocks).map(move |block| (chunk, block))) {
                for (tap, input) in chunk.iter().flat_map(|s| (s.first..s.first + s.length).map(|i| (s.tap, i))) {
                    for (lane, slot) in weights[next..next + width].iter_mut().enumerate() {
                        let out = block * width + lane;
                        *slot = if out < count { read(tap, group * count + out, input) } else { 0.0 };
                    }
                    next += width;
                }
            }
        }
        Ok(Self { taps, chunks, weights, group_stride })
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

/// The whole reduction through strips, in the order of packing: per row tap, the column taps and channels side by side.
fn strip_chunks((y_taps, x_taps): (usize, usize), channels: usize) -> Vec<Vec<Segment>> {
    vec![(0..y_taps).map(|tap| Segment { tap, first: 0, length: x_taps * channels }).collect()]
}

/// The same reduction in the same order over an input whose channels lie in several maps, `channels` in each: tap `t` of
/// map `m` becomes tap `m · taps + t`.
fn parted(chunks: &[Vec<Segment>], channels: &[usize], taps: usize) -> Vec<Vec<Segment>> {
    let parts = |segment: &Segment| {
        let (first, end) = (segment.first, segment.first + segment.length);
        let mut start = 0;
        let mut parts = Vec::new();
        for (map, &count) in channels.iter().enumerate() {
            let (from, to) = (first.max(start), end.min(start + count));
            if from < to {
                parts.push(Segment { tap: map * taps + segment.tap, first: from - start, length: to - from });
            }
            start += count;
        }
        parts
    };
    chunks.iter().map(|chunk| chunk.iter().flat_map(parts).collect()).collect()
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
    block: &'a Block,
    /// Those of the phase, cut where maps end.
    chunks: &'a [Vec<Segment>],
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
        let phase = &self.dense.phases[self.job.phase];
        let mut weights = self.job.group * phase.group_stride;
        for (index, chunk) in self.chunks.iter().enumerate() {
            self.engine.cancel_token().check()?;
            // SAFETY: the dispatcher has checked the instructions of `L`; `weights` is this chunk's offset.
            weights = unsafe { self.chunk::<L>(chunk, weights, index == 0) };
        }
        // SAFETY: as above; all sums are complete.
        unsafe { self.write::<L>() };
        Ok(())
    }
}

impl Task<'_> {
    /// Adds one chunk to all sums of the task; gives the next chunk's offset.
    #[inline(always)]
    unsafe fn chunk<L: Lanes>(&mut self, chunk: &[Segment], weights: usize, is_first: bool) -> usize {
        let (dense, job) = (self.dense, self.job);
        let width = 2 * L::WIDTH;
        let panel = chunk.iter().map(|s| s.length).sum::<usize>() * width;
        let blocks = dense.shape.out_per_group().div_ceil(width);
        for index in 0..job.blocks {
            let at = job.first_block + index;
            let bias = &dense.bias[(job.group * blocks + at) * width..][..width];
            let sums = &mut self.scratch[index * job.count * width..][..job.count * width];
            let work = tile::Panel {
                segments: chunk,
                sources: &self.block.sources,
                pixels: job.count,
                channel: job.group * dense.shape.in_per_group(),
                weights: &dense.phases[job.phase].weights[weights + at * panel..][..panel],
                start: is_first.then_some(bias),
            };
            // SAFETY: lengths as cut above; every source has its map's channels behind it (`Gather::new`), or all column
            // taps of its strip; `parted` keeps segments within their map.
            unsafe { work.run::<L>(sums) };
        }
        weights + blocks * panel
    }

    /// Finishes the sums and writes them to the output, pixel by pixel, so that memory is written in order.
    #[inline(always)]
    unsafe fn write<L: Lanes>(&mut self) {
        let (job, width) = (self.job, 2 * L::WIDTH);
        let per_group = self.dense.shape.out_per_group();
        let (first, is_plain) = (job.first_block * width, self.finish.is_nothing());
        for (row, &pixel) in self.block.pixels.iter().enumerate() {
            // Checked once per pixel: the rows of all its panels lie in `scratch`.
            let mut from = self.scratch[row * width..][..((job.blocks - 1) * job.count + 1) * width].as_mut_ptr();
            let mut channel = job.group * per_group + first;
            let end = ((job.group + 1) * per_group).min(channel + job.blocks * width);
            // SAFETY: the caller has the instructions of `L`; pixel and channels lie in the output by `Gather::new`,
            // and no other task writes them. `from` has `width` sums behind it in each of the job's blocks.
            unsafe {
                let pixel_start = self.output.first.add(pixel * self.output.channels);
                while channel < end {
                    let (to, count) = (pixel_start.add(channel), width.min(end - channel));
                    if !is_plain {
                        self.finish.apply::<L>(std::slice::from_raw_parts_mut(from, count), pixel, channel);
                    }
                    if count == width {
                        L::load(from).store(to);
                        L::load(from.add(L::WIDTH)).store(to.add(L::WIDTH));
                    } else {
                        std::ptr::copy_nonoverlapping(from, to, count);
                    }
                    channel += count;
                    from = from.wrapping_add(job.count * width);
                }
            }
        }
    }
}
