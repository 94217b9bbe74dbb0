//! Direct convolution with dense channels, grouped or not: the kernel under `Conv2d`, `ConvTranspose2d` and `Linear`.
//!
//! The reduction (taps × input channels) is cut into chunks whose weights for one block of output channels fit the
//! first-level cache; a task holds a block of output pixels for all chunks, so that its sums stay in the second-level
//! cache and the weights stream past once per task. The order of each output's additions is the order of the
//! reduction, whatever the tiles. Of 3×3 layers of stride 1, only those of small maps, and those in AMX tiles, run so: see
//! `winograd`.

mod gated;
mod pack;
mod panels;
mod task;
mod winograd;

use self::pack::{Phase, length_of, parted, strip_chunks};
use self::task::{Job, Task};
use super::amx;
use super::bf16::paired_map;
use super::buffer::Buffer;
use super::dispatch::{PanelWidth, dispatch};
use super::f16;
use super::finish::Finish;
use super::gather::{Block, Gather};
use super::int8;
use super::strided::Strided;
use crate::geometry::Axis;
use crate::values::Target;
use crate::{DType, Engine, Error, FeatureMap, Precision, Shape, Tier};

pub(super) use self::pack::{Blocks, Segment};

/// Output pixels of a task: a multiple of every tier's `ROWS`.
const PIXELS: usize = 96;
/// Output pixels of a task in tiles: more, since weights pass so much faster that fetching them would take longer.
const TILE_PIXELS: usize = 192;
/// Longest part of the reduction, in stored channels: its weights stay in the first-level cache; in tiles, which hold twice
/// the channels, with the task's pixels in the second-level cache.
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

/// What the sums of a block start from in `Form::Int8`: room for every width.
const NOTHING: [f32; 32] = [0.0; 32];

/// What packed weights keep of the checkpoint's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Storage {
    /// Everything.
    F32,
    /// Everything, in half the place: of weights that half precision holds.
    F16,
    /// Their nearest bf16.
    Bf16,
    /// Integers of a byte with a scale per output channel.
    Int8,
}

impl Storage {
    /// As the engine's precision says; in `f32` the smaller of the two that keep everything, so that checkpoints of half
    /// precision take half the memory.
    ///
    /// # Errors
    /// [`Error::Cancelled`].
    pub(crate) fn of(engine: &Engine, weights: &[f32]) -> Result<Self, Error> {
        match engine.precision() {
            Precision::F32 if f16::holds(engine, weights)? => Ok(Self::F16),
            Precision::F32 => Ok(Self::F32),
            Precision::Bf16 => Ok(Self::Bf16),
            Precision::Int8 => Ok(Self::Int8),
        }
    }
}

/// How weights are stored and which kernel reads them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Vectors of `f32`.
    F32,
    /// Vectors of `f32` made of weights of half precision.
    F16,
    /// Vectors of `f32` made of bf16 weights; the input is rounded to bf16 values, still as `f32`.
    Bf16,
    /// Vectors of `f32` made of integers of a byte; sums get their channel's scale, then the bias.
    Int8,
    /// AMX tiles: two in channels in one stored channel, a pair of bf16, in weights and input.
    Tiles,
}

impl Form {
    fn of(storage: Storage, tier: Tier) -> Self {
        match (storage, tier) {
            (Storage::F32, _) => Self::F32,
            (Storage::F16, _) => Self::F16,
            (Storage::Int8, _) => Self::Int8,
            (Storage::Bf16, Tier::Amx) => Self::Tiles,
            (Storage::Bf16, _) => Self::Bf16,
        }
    }

    /// What the tiles, or the vectors, see of so many in channels.
    fn stored_channels(self, channels: usize) -> usize {
        if self == Self::Tiles { channels.div_ceil(2) } else { channels }
    }

    /// Values of `f32` size of a block's weights over `length` stored channels.
    fn panel(self, length: usize, width: usize) -> usize {
        match self {
            Self::F32 => length * width,
            Self::F16 | Self::Bf16 => length * width / 2,
            Self::Int8 => length * width / 4,
            Self::Tiles => length.next_multiple_of(amx::SIDE) * width,
        }
    }

    /// Output pixels of a task.
    fn pixels(self) -> usize {
        if self == Self::Tiles { TILE_PIXELS } else { PIXELS }
    }

    /// Rows of sums for so many pixels.
    fn rows(self, pixels: usize) -> usize {
        if self == Self::Tiles { pixels.next_multiple_of(amx::BLOCK) } else { pixels }
    }

    /// The input as the kernel's blocks are made of it.
    fn input(self, engine: &Engine, map: &FeatureMap, groups: usize) -> Result<FeatureMap, Error> {
        match (self, map.words()) {
            (Self::Tiles, Some(words)) if (map.shape().channels / groups).is_multiple_of(2) => Ok(words),
            (Self::Tiles, _) => paired_map(engine, &map.widened(engine)?, groups),
            _ => Ok(map.clone()),
        }
    }
}

/// Packed weights of a dense convolution with any number of phases.
#[derive(Debug)]
pub(crate) struct Dense {
    shape: KernelShape,
    form: Form,
    tier: Tier,
    /// Channels of a panel: two vectors.
    width: usize,
    phases: Vec<Phase>,
    /// One padded row per group.
    bias: Vec<f32>,
    /// As the bias; only in `Form::Int8`.
    scales: Vec<f32>,
    zeros: Vec<f32>,
    /// Channels of the result of a layer whose every second panel gates the one before it.
    gated: Option<usize>,
}

impl Dense {
    /// Packs the phases of `weights`. `Storage::F16` only of weights that half precision holds.
    ///
    /// # Errors
    /// [`Error::Cancelled`], [`Error::OutOfMemory`]; [`Error::NotFinite`] in int8.
    pub(crate) fn pack(
        engine: &Engine,
        storage: Storage,
        shape: KernelShape,
        weights: &Strided<'_>,
        bias: Option<&[f32]>,
    ) -> Result<Self, Error> {
        let width = dispatch(engine.tier(), PanelWidth);
        Self::pack_blocks(engine, storage, Blocks { shape, width, gated: None }, weights, bias)
    }

    fn pack_blocks(
        engine: &Engine,
        storage: Storage,
        blocks: Blocks,
        weights: &Strided<'_>,
        bias: Option<&[f32]>,
    ) -> Result<Self, Error> {
        let (tier, Blocks { shape, width, gated }) = (engine.tier(), blocks);
        let form = Form::of(storage, tier);
        let scales = if form == Form::Int8 { int8::scales(engine, &blocks, weights)? } else { Vec::new() };
        let phases = (0..weights.phases()).map(|phase| Phase::pack(engine, blocks, form, (weights, phase), &scales));
        let phases = phases.collect::<Result<Vec<_>, Error>>()?;
        let (bias, zeros) = (blocks.rows(bias), vec![0.0; shape.in_channels]);
        Ok(Self { shape, form, tier, width, phases, bias, scales, zeros, gated })
    }

    /// Whether the input may lie in several maps: neither grouped nor copied into strips, nor with pairs across two maps.
    pub(crate) fn takes_parts(&self, maps: &[&FeatureMap]) -> bool {
        let is_whole = |map: &&FeatureMap| self.form != Form::Tiles || map.shape().channels.is_multiple_of(2);
        self.shape.groups == 1
            && self.phases.iter().all(|phase| !self.shape.has_strips(phase.taps))
            && maps.iter().all(is_whole)
    }

    /// Blocks of output channels in a group.
    fn blocks(&self) -> usize {
        self.shape.out_per_group().div_ceil(self.width)
    }

    /// Bias of a block of a group's output channels.
    fn bias(&self, group: usize, block: usize) -> &[f32] {
        &self.bias[(group * self.blocks() + block) * self.width..][..self.width]
    }

    /// Scales of a block, as [`Self::bias`].
    fn scales(&self, group: usize, block: usize) -> &[f32] {
        &self.scales[(group * self.blocks() + block) * self.width..][..self.width]
    }

    /// What a block's sums start from.
    fn start(&self, group: usize, block: usize) -> &[f32] {
        if self.form == Form::Int8 { &NOTHING[..self.width] } else { self.bias(group, block) }
    }

    /// Convolves the channels of all `maps`, one after another, into a map of `out_shape` and a type; `axes` gives the rows and
    /// columns of each phase, in the order of packing. More than one map only if [`Self::takes_parts`].
    pub(crate) fn forward(
        &self,
        engine: &Engine,
        maps: &[&FeatureMap],
        (out_shape, dtype): (Shape, DType),
        axes: &[(&Axis, &Axis)],
        finish: Finish<'_>,
    ) -> Result<FeatureMap, Error> {
        self.check(engine, maps, out_shape)?;
        let has_strips = self.phases.iter().any(|phase| self.shape.has_strips(phase.taps));
        let input = |map: &&FeatureMap| {
            let map = if has_strips { map.widened(engine)? } else { (*map).clone() };
            self.form.input(engine, &map, self.shape.groups)
        };
        let inputs = maps.iter().map(input).collect::<Result<Vec<_>, Error>>()?;
        let gathers = self.gathers(&inputs, out_shape, axes)?;
        let mut out = Target::of(engine, out_shape, dtype)?;
        if let &[axes] = axes
            && winograd::pays(self, engine, out_shape, axes)
        {
            winograd::forward(self, engine, maps, (out_shape, out.output()), axes, finish)?;
            return Ok(out.into_map());
        }
        let channels: Vec<usize> = inputs.iter().map(|map| map.shape().channels).collect();
        let chunks: Vec<_> = self.phases.iter().map(|phase| parted(&phase.chunks, &channels, phase.taps)).collect();
        let jobs = self.jobs(&gathers);
        let strip_chunks: Vec<_> = gathers
            .iter()
            .filter_map(|parts| Some(strip_chunks(parts.first()?.window(), parts.first()?.channels())))
            .collect();
        let output = out.output();
        engine.run(jobs.len(), &|index| {
            let job = &jobs[index];
            let rows = self.form.rows(job.count);
            let sums = engine.buffer(rows * job.blocks * self.width)?;
            let (parts, taps) = (&gathers[job.phase], self.phases[job.phase].taps);
            // Lives as long as the block that points into it.
            let mut rooms = Vec::new();
            let (block, chunks) = match &parts[..] {
                [gather] if self.shape.has_strips(taps) => {
                    let mut strips = engine.buffer(job.count * taps * gather.channels())?;
                    let rounding = (self.tier, self.form == Form::Bf16);
                    let block = gather.strips(rounding, job.first, job.count, &mut strips);
                    rooms.push(strips);
                    (block, &strip_chunks[job.phase])
                }
                parts => (self.block(engine, parts, job, &mut rooms)?, &chunks[job.phase]),
            };
            dispatch(self.tier, Task { dense: self, engine, block: &block, chunks, job, sums, rows, output, finish })
        })?;
        Ok(out.into_map())
    }

    /// A job's pixels of an input that lies in several maps of one geometry: the taps of the first map, then those of the second,
    /// and so on; what is copied lies in `rooms`.
    fn block(&self, engine: &Engine, parts: &[Gather<'_>], job: &Job, rooms: &mut Vec<Buffer>) -> Result<Block, Error> {
        let mut whole = Block { pixels: Vec::new(), sources: Vec::new() };
        for part in parts {
            let pixels = (job.first, job.count);
            let mut block = part.floats(engine, self.form == Form::Bf16, pixels, rooms)?;
            whole.pixels = block.pixels;
            whole.sources.append(&mut block.sources);
        }
        Ok(whole)
    }

    /// Refuses maps and engines that do not fit the weights.
    fn check(&self, engine: &Engine, maps: &[&FeatureMap], out_shape: Shape) -> Result<(), Error> {
        if engine.tier() != self.tier {
            return Err(Error::OtherTier { what: "convolution", packed: self.tier, engine: engine.tier() });
        }
        let actual: usize = maps.iter().map(|map| map.shape().channels).sum();
        let fits =
            actual == self.shape.in_channels && out_shape.channels == self.gated.unwrap_or(self.shape.out_channels);
        if fits && (maps.len() == 1 || self.takes_parts(maps)) { Ok(()) } else { Err(self.misfit(actual)) }
    }

    fn misfit(&self, actual: usize) -> Error {
        Error::Channels { what: "convolution", actual, expected: self.shape.in_channels }
    }

    /// One per phase and map, after checking that weights and geometry fit together.
    fn gathers<'a>(
        &'a self,
        maps: &'a [FeatureMap],
        out_shape: Shape,
        axes: &[(&'a Axis, &'a Axis)],
    ) -> Result<Vec<Vec<Gather<'a>>>, Error> {
        let mut gathers = Vec::with_capacity(axes.len());
        for (&axes, phase) in axes.iter().zip(&self.phases) {
            let parts = maps.iter().map(|map| Gather::new(map, out_shape, axes, &self.zeros));
            let parts = parts.collect::<Result<Vec<_>, Error>>()?;
            if parts.iter().any(|part| part.taps() != phase.taps) {
                return Err(self.misfit(self.shape.in_channels));
            }
            gathers.push(parts);
        }
        Ok(gathers)
    }

    /// Cuts the output into tasks: phases, groups, pixel blocks and, if these are few, channel ranges.
    fn jobs(&self, gathers: &[Vec<Gather<'_>>]) -> Vec<Job> {
        let (blocks, most) = (self.blocks(), self.form.pixels());
        let pixels: Vec<_> = gathers.iter().map(|parts| parts.first().map_or(0, Gather::pixels)).collect();
        let pixel_blocks = pixels.iter().map(|pixels| pixels.div_ceil(most)).sum::<usize>().max(1);
        let parts = TASKS.div_ceil(pixel_blocks * self.shape.groups).max(blocks.div_ceil(CHANNELS / self.width));
        let per_part = blocks.div_ceil(parts.min(blocks)).max(1);
        let per_part = if self.gated.is_some() { per_part.next_multiple_of(2) } else { per_part };
        let mut jobs = Vec::new();
        for (phase, &pixels) in pixels.iter().enumerate() {
            for group in 0..self.shape.groups {
                for first in (0..pixels).step_by(most) {
                    let count = most.min(pixels - first);
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
