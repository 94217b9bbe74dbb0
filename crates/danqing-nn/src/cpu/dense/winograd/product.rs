//! One task: the products of a block of tiles with a range of output channels, and what becomes of them.

use super::field::TransformInputs;
use super::plan::{DEPTH, Plan};
use super::transform::{OUTPUTS, POSITIONS, SIDE, output_line};
use super::weights::{Places, TransformWeights};
use crate::Error;
use crate::cpu::buffer::Buffer;
use crate::cpu::dense::CHUNK;
use crate::cpu::dense::pack::Segment;
use crate::cpu::dispatch::Kernel;
use crate::cpu::finish::Finish;
use crate::cpu::lanes::Lanes;
use crate::cpu::output::Output;
use crate::cpu::tile::{self, Floats};

/// A task's part of the output.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job {
    pub(super) first: usize,
    pub(super) count: usize,
    /// Panels of output channels.
    pub(super) first_panel: usize,
    pub(super) panels: usize,
}

pub(super) struct Product<'a> {
    pub(super) plan: &'a Plan<'a>,
    pub(super) job: Job,
    pub(super) inputs: Inputs<'a>,
    pub(super) weights: Weights<'a>,
    /// `[position, panel, tile, lane]`, of all the job's panels or of one at a time.
    pub(super) sums: Buffer,
    pub(super) output: Output<'a>,
    pub(super) finish: Finish<'a>,
}

/// Transformed inputs: blocks of `[position, tile, channel]`.
pub(super) enum Inputs<'a> {
    /// Made before, of all tiles, for all output channels.
    Ready(&'a [f32]),
    /// Room for the task to make those of its tiles.
    Room(Buffer),
}

/// Transformed weights of the job's panels.
pub(super) enum Weights<'a> {
    /// Made before, for all tiles: `[panel, position, in channel, lane]`.
    Ready(&'a [f32]),
    /// Where the direct kernel's lie, and room for [`DEPTH`] in channels of one panel.
    Room(&'a Places, Buffer),
}

impl Kernel for Product<'_> {
    type Output = Result<(), Error>;

    #[inline(always)]
    unsafe fn run<L: Lanes>(mut self) -> Result<(), Error> {
        // SAFETY: the dispatcher has checked the instructions of `L`.
        unsafe {
            self.transform_inputs::<L>();
            if let Weights::Ready(weights) = self.weights {
                self.multiply::<L>(weights)?;
                // No closure: it would not be compiled with the tier's instructions.
                for panel in 0..self.job.panels {
                    self.write::<L>(panel, panel);
                }
            } else {
                for panel in 0..self.job.panels {
                    self.multiply_panel::<L>(panel)?;
                    self.write::<L>(panel, 0);
                }
            }
        }
        Ok(())
    }
}

impl Product<'_> {
    #[inline(always)]
    unsafe fn transform_inputs<L: Lanes>(&mut self) {
        let (plan, Job { first, count, .. }) = (self.plan, self.job);
        if let Inputs::Room(to) = &mut self.inputs {
            let plane = plan.input_plane();
            let work = TransformInputs { field: &plan.field, first, count, channels: plan.channels, plane, to };
            // SAFETY: passed on from the caller.
            unsafe { work.run::<L>() }
        }
    }

    /// Values from one position's sums to the next.
    fn sum_plane(&self) -> usize {
        let panels = if matches!(self.weights, Weights::Ready(_)) { self.job.panels } else { 1 };
        self.plan.sum_plane(self.job.count, panels)
    }

    /// First channel of each tile at a position.
    fn sources(&self, position: usize) -> Vec<*const f32> {
        let (inputs, first) = match &self.inputs {
            Inputs::Ready(inputs) => (*inputs, self.job.first),
            Inputs::Room(buffer) => (&buffer[..], 0),
        };
        let (plan, block) = (self.plan, self.plan.input_tiles());
        let start = |tile: usize| {
            tile / block * plan.input_length() + position * plan.input_plane() + tile % block * plan.channels
        };
        let tiles = first..first + self.job.count;
        tiles.map(|tile| inputs[start(tile)..][..plan.channels].as_ptr()).collect()
    }

    /// All sums: every panel at one position, before the next one.
    #[inline(always)]
    unsafe fn multiply<L: Lanes>(&mut self, weights: &[f32]) -> Result<(), Error> {
        let (plan, count) = (self.plan, self.job.count);
        let (width, plane, weight_plane) = (2 * L::WIDTH, self.sum_plane(), plan.weight_plane(plan.channels));
        for position in 0..POSITIONS {
            plan.engine.cancel_token().check()?;
            let sources = self.sources(position);
            for first in (0..plan.channels).step_by(CHUNK) {
                let length = CHUNK.min(plan.channels - first);
                for panel in 0..self.job.panels {
                    let at = panel * POSITIONS * weight_plane + position * weight_plane + first * width;
                    let sums = &mut self.sums[position * plane + panel * count * width..][..count * width];
                    // SAFETY: passed on from the caller; each source has all channels behind it.
                    unsafe { add::<L>(&sources, (first, length), &weights[at..][..length * width], sums) };
                }
            }
        }
        Ok(())
    }

    /// The sums of one panel: [`DEPTH`] in channels at every position, before the next ones.
    #[inline(always)]
    unsafe fn multiply_panel<L: Lanes>(&mut self, panel: usize) -> Result<(), Error> {
        let (plan, Job { count, first_panel, .. }) = (self.plan, self.job);
        let (width, sum_plane) = (2 * L::WIDTH, self.sum_plane());
        let sources: Vec<_> = (0..POSITIONS).flat_map(|position| self.sources(position)).collect();
        let Weights::Room(places, room) = &mut self.weights else { return Ok(()) };
        for first in (0..plan.channels).step_by(DEPTH) {
            plan.engine.cancel_token().check()?;
            let length = DEPTH.min(plan.channels - first);
            let plane = plan.weight_plane(length);
            let panel = first_panel + panel;
            // SAFETY: passed on from the caller; each source has all channels behind it.
            unsafe {
                TransformWeights { places, dense: plan.dense, panel, first, count: length, plane, to: room }.run::<L>();
                for (position, sources) in sources.chunks_exact(count).enumerate() {
                    let sums = &mut self.sums[position * sum_plane..][..count * width];
                    add::<L>(sources, (first, length), &room[position * plane..][..length * width], sums);
                }
            }
        }
        Ok(())
    }

    /// Transforms one panel's sums, the `place`-th there are, finishes them and writes what lies in the picture.
    #[inline(always)]
    unsafe fn write<L: Lanes>(&mut self, panel: usize, place: usize) {
        let (plan, Job { first, count, first_panel, .. }) = (self.plan, self.job);
        let (width, plane) = (2 * L::WIDTH, self.sum_plane());
        let is_plain = self.finish.is_nothing();
        let mut values = [0.0_f32; OUTPUTS * OUTPUTS * 32];
        let bias = plan.dense.bias(0, first_panel + panel);
        let channel = (first_panel + panel) * width;
        let lanes = width.min(plan.dense.shape.out_channels - channel);
        for index in 0..count {
            let from = self.sums[(place * count + index) * width..][..(POSITIONS - 1) * plane + width].as_ptr();
            // SAFETY: the caller has the instructions of `L`; `width` sums lie at each position, `plane` apart, and
            // `values` has room for 16 rows of any width.
            unsafe {
                outputs::<L>(from, plane, &bias[..width], 0, values.as_mut_ptr());
                outputs::<L>(from, plane, &bias[..width], L::WIDTH, values.as_mut_ptr());
            }
            let (corner, rows, columns) = plan.field.outputs(first + index);
            for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))) {
                let pixel = corner + row * plan.field.out_width() + column;
                let from = &mut values[(row * OUTPUTS + column) * width..][..width];
                // SAFETY: the caller has the instructions of `L`; pixel and channels lie in the output by `Gather::new`,
                // and no other task writes them.
                unsafe {
                    if !is_plain {
                        self.finish.apply::<L>(&mut from[..lanes], pixel, channel);
                    }
                    self.output.write::<L>(pixel, channel, from.as_ptr(), lanes);
                }
            }
        }
    }
}

/// Adds the products of the in channels `first..first + length` of one panel to `sums`, `[tile, lane]`, or starts them.
///
/// # Safety
/// The processor has the instructions of `L`; each source has these channels behind it; there are as many rows of weights.
#[inline(always)]
unsafe fn add<L: Lanes>(sources: &[*const f32], (first, length): (usize, usize), weights: &[f32], sums: &mut [f32]) {
    let zeros = [0.0; 32];
    let work = tile::Panel {
        segments: &[Segment { tap: 0, first, length }],
        sources,
        pixels: sources.len(),
        channel: 0,
        weights,
        start: (first == 0).then_some(&zeros[..2 * L::WIDTH]),
    };
    // SAFETY: passed on from the caller.
    unsafe { work.run::<L, Floats>(sums) }
}

/// One vector of a tile's 16 outputs, with bias: lanes `lane..` of sums `plane` values apart, to rows of two vectors.
///
/// # Safety
/// The processor has the instructions of `L`; sums, bias and rows are long enough.
#[inline(always)]
unsafe fn outputs<L: Lanes>(from: *const f32, plane: usize, bias: &[f32], lane: usize, to: *mut f32) {
    // SAFETY: passed on from the caller.
    unsafe {
        let mut lines = [[L::splat(0.0); SIDE]; OUTPUTS];
        for column in 0..SIDE {
            let mut line = [L::splat(0.0); SIDE];
            for row in 0..SIDE {
                line[row] = L::load(from.add((row * SIDE + column) * plane + lane));
            }
            let line = output_line(line);
            for row in 0..OUTPUTS {
                lines[row][column] = line[row];
            }
        }
        let bias = L::load(bias.as_ptr().add(lane));
        for row in 0..OUTPUTS {
            let line = output_line(lines[row]);
            for column in 0..OUTPUTS {
                line[column].plus(bias).store(to.add((row * OUTPUTS + column) * 2 * L::WIDTH + lane));
            }
        }
    }
}
