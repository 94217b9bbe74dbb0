//! How one call is cut into tasks, and what memory it takes.

use super::field::{Field, TransformInputs};
use super::product::Job;
use super::transform::POSITIONS;
use super::weights::{Places, TransformWeights};
use crate::cpu::buffer::Buffer;
use crate::cpu::dense::{Dense, TASKS};
use crate::cpu::dispatch::dispatch;
use crate::{Engine, Error};

/// Most transformed weights at once: part of the third-level cache.
const WEIGHT_BYTES: usize = 24 << 20;
/// Transformed inputs of a whole map up to this size are made once for all output channels; larger ones by each task.
const INPUT_BYTES: usize = 24 << 20;
/// Tiles of a task that makes them.
const INPUT_TILES: usize = 8;
/// Transformed inputs and sums that a task aims at.
const TASK_BYTES: usize = 4 << 20;
/// Up to so many tiles, each task transforms the weights it needs, [`DEPTH`] in channels at a time, which then stay in the
/// second-level cache; above, they are transformed once for all tiles.
const FEW_TILES: usize = 96;
/// Most transformed inputs of these: they pass once for each panel.
const FEW_BYTES: usize = 12 << 20;
/// In channels whose weights are transformed at a time.
pub(super) const DEPTH: usize = 64;
/// Tiles of a task: multiples of this, which is a multiple of every tier's `ROWS`.
const TILES: usize = 24;
/// Most tiles of a task.
const MOST_TILES: usize = 48;
/// Values between two positions' planes beyond their length, so that 36 of them never share a few sets of a cache.
const APART: usize = 16;

/// How one call is cut.
pub(super) struct Plan<'a> {
    pub(super) engine: &'a Engine,
    pub(super) dense: &'a Dense,
    pub(super) field: Field<'a>,
    /// In channels.
    pub(super) channels: usize,
    /// Tiles of a task.
    pub(super) tiles: usize,
    /// Panels of output channels whose weights are transformed at a time, if they are shared; else all.
    pub(super) panels: usize,
    /// Whether the whole map's inputs are transformed before the tasks.
    pub(super) shares_inputs: bool,
    /// Whether weights are transformed before the tasks.
    pub(super) shares_weights: bool,
}

impl<'a> Plan<'a> {
    pub(super) fn new(dense: &'a Dense, engine: &'a Engine, field: Field<'a>) -> Self {
        let channels = dense.shape.in_channels;
        let blocks = dense.blocks();
        let mut plan = Self {
            engine,
            dense,
            channels,
            tiles: 1,
            panels: blocks,
            shares_inputs: true,
            shares_weights: false,
            field,
        };
        let total = plan.field.tiles();
        let mut most = FEW_TILES;
        let input_bytes = 4 * POSITIONS * total * channels;
        if total > most || input_bytes > FEW_BYTES {
            plan.shares_weights = true;
            plan.panels = (WEIGHT_BYTES / (4 * plan.panel_length())).clamp(1, blocks);
            plan.shares_inputs = input_bytes <= INPUT_BYTES;
            let own_inputs = if plan.shares_inputs { 0 } else { channels };
            let tile = 4 * POSITIONS * (own_inputs + plan.panels * dense.width);
            most = (TASK_BYTES / tile / TILES * TILES).clamp(TILES, MOST_TILES);
        }
        // Equal blocks.
        plan.tiles = total.div_ceil(total.div_ceil(most)).next_multiple_of(TILES);
        plan
    }

    /// Tiles whose transformed inputs lie in one block.
    pub(super) fn input_tiles(&self) -> usize {
        if self.shares_inputs { INPUT_TILES } else { self.tiles }
    }

    /// Values of a position's inputs in a block.
    pub(super) fn input_plane(&self) -> usize {
        self.input_tiles() * self.channels + APART
    }

    /// Values of a block's inputs.
    pub(super) fn input_length(&self) -> usize {
        POSITIONS * self.input_plane()
    }

    /// Values of a position's weights of so many in channels in a panel.
    pub(super) fn weight_plane(&self, channels: usize) -> usize {
        channels * self.dense.width + APART
    }

    /// Values of a panel's weights.
    pub(super) fn panel_length(&self) -> usize {
        POSITIONS * self.weight_plane(self.channels)
    }

    /// Values of a position's sums.
    pub(super) fn sum_plane(&self, tiles: usize, panels: usize) -> usize {
        tiles * panels * self.dense.width + APART
    }

    /// The whole map's inputs, `[block, position, tile, channel]`.
    pub(super) fn all_inputs(&self) -> Result<Buffer, Error> {
        let (total, length) = (self.field.tiles(), self.input_length());
        let mut inputs = self.engine.buffer(total.div_ceil(INPUT_TILES) * length)?;
        self.engine.fill(&mut inputs, length, |index, to| {
            let first = index * INPUT_TILES;
            let count = INPUT_TILES.min(total - first);
            let (plane, field, channels) = (self.input_plane(), &self.field, self.channels);
            dispatch(self.dense.tier, TransformInputs { field, first, count, channels, plane, to });
            Ok(())
        })?;
        Ok(inputs)
    }

    /// All in channels of a range of panels, `[panel, position, in channel, lane]`.
    pub(super) fn transform_weights(&self, places: &Places, first_panel: usize, to: &mut [f32]) -> Result<(), Error> {
        let (count, plane) = (self.channels, self.weight_plane(self.channels));
        self.engine.fill(to, self.panel_length(), |index, to| {
            let panel = first_panel + index;
            dispatch(
                self.dense.tier,
                TransformWeights { places, dense: self.dense, panel, first: 0, count, plane, to },
            );
            Ok(())
        })
    }

    /// Blocks of tiles and, if these are few, ranges of the panels `first_panel..first_panel + count`.
    pub(super) fn jobs(&self, first_panel: usize, count: usize) -> Vec<Job> {
        let total = self.field.tiles();
        let parts = TASKS.div_ceil(total.div_ceil(self.tiles).max(1)).min(count).max(1);
        let each = count.div_ceil(parts);
        let ranges = || (0..count).step_by(each);
        let blocks = (0..total).step_by(self.tiles);
        blocks
            .flat_map(|first| ranges().map(move |at| (first, at)))
            .map(|(first, at)| Job {
                first,
                count: self.tiles.min(total - first),
                first_panel: first_panel + at,
                panels: each.min(count - at),
            })
            .collect()
    }
}
