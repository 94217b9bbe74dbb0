//! Weights as each form of the kernel reads them, and the reduction cut into chunks.

use std::ops::Range;

use super::panels::{FillPanels, Places};
use super::{CHUNK, Form, KernelShape};
use crate::cpu::Shared;
use crate::cpu::buffer::Buffer;
use crate::cpu::dispatch::dispatch;
use crate::cpu::strided::Strided;
use crate::{Engine, Error};

/// Part of the reduction: consecutive stored channels of one tap.
#[derive(Clone, Copy, Debug)]
pub(in crate::cpu) struct Segment {
    pub(in crate::cpu) tap: usize,
    pub(in crate::cpu) first: usize,
    pub(in crate::cpu) length: usize,
}

/// Which of a checkpoint's out channels lie in which block of a group.
#[derive(Clone, Copy, Debug)]
pub(in crate::cpu) struct Blocks {
    /// Out channels as packed: of gated layers, whole panels of values and of gates.
    pub(in crate::cpu) shape: KernelShape,
    /// Channels of a block.
    pub(in crate::cpu) width: usize,
    /// Results of a gated layer.
    pub(in crate::cpu) gated: Option<usize>,
}

impl Blocks {
    /// Blocks of a group.
    pub(in crate::cpu) fn of_group(&self) -> usize {
        self.shape.out_per_group().div_ceil(self.width)
    }

    /// Out channels of a group as the checkpoint has them.
    pub(in crate::cpu) fn out_channels(&self) -> usize {
        self.gated.map_or(self.shape.out_per_group(), |out| 2 * out)
    }

    /// The checkpoint's out channels, within the group, of a block's first lanes; other lanes hold zeros.
    pub(in crate::cpu) fn channels(&self, block: usize) -> Range<usize> {
        let Some(out) = self.gated else {
            let first = block * self.width;
            return first..self.shape.out_per_group().min(first + self.width);
        };
        let (start, first) = (block % 2 * out, block / 2 * self.width);
        start + first..start + out.min(first + self.width)
    }

    /// Values per out channel as blocks have them, `[group, block, lane]`; zeros where there are none.
    pub(super) fn rows(&self, values: Option<&[f32]>) -> Vec<f32> {
        let mut rows = vec![0.0; self.shape.groups * self.of_group() * self.width];
        let Some(values) = values else { return rows };
        for (index, row) in rows.chunks_exact_mut(self.width).enumerate() {
            let (group, channels) = (index / self.of_group(), self.channels(index % self.of_group()));
            row[..channels.len()].copy_from_slice(&values[group * self.out_channels()..][channels]);
        }
        rows
    }
}

/// Weights of one phase: `[group, chunk, block of out channels, panel]`.
///
/// Panels of `Form::F32` and `F16`: `[stored channel, lane]`. Of `Bf16`: `[stored channel, pair]`, the lane of the first vector
/// low, that of the second high. Of `Int8`: `[stored channel, lane]`, a byte each. Of `Tiles`: `[step, half of the lanes,
/// stored channel of the step, lane of the half]`, two in channels in each, zeros after the last step's end.
#[derive(Debug)]
pub(super) struct Phase {
    pub(super) taps: usize,
    pub(super) chunks: Vec<Vec<Segment>>,
    pub(super) weights: Buffer,
    pub(super) group_stride: usize,
}

impl Phase {
    /// Packs phase `phase` of `weights`, the blocks on all threads. `scales` has those of every block's lanes, only in
    /// `Form::Int8`.
    pub(super) fn pack(
        engine: &Engine,
        blocks: Blocks,
        form: Form,
        (weights, phase): (&Strided<'_>, usize),
        scales: &[f32],
    ) -> Result<Self, Error> {
        let (width, taps) = (blocks.width, weights.taps(phase));
        let chunks = chunks(taps, form.stored_channels(weights.inputs()));
        let panels: Vec<usize> = chunks.iter().map(|chunk| form.panel(length_of(chunk), width)).collect();
        let group_stride = blocks.of_group() * panels.iter().sum::<usize>();
        let mut packed = engine.buffer(group_stride * blocks.shape.groups)?;
        let (shared, places) = (Shared::new(&mut packed), Places::new(&chunks, taps));
        engine.run(blocks.shape.groups * blocks.of_group(), &|index| {
            let (group, block) = (index / blocks.of_group(), index % blocks.of_group());
            let mut start = group * group_stride;
            let panel = |&length: &usize| {
                // SAFETY: panels of a group lie one after another, by chunk, then by block; each task has those of its block.
                let panel = unsafe { shared.part(start + block * length, length) };
                start += blocks.of_group() * length;
                panel
            };
            let panels = panels.iter().map(panel).collect();
            let (channels, places) = (blocks.channels(block), &places);
            let scales = if form == Form::Int8 { &scales[index * width..][..width] } else { &[] };
            dispatch(engine.tier(), FillPanels { form, weights, phase, group, channels, places, scales, panels });
            Ok(())
        })?;
        Ok(Self { taps, chunks, weights: packed, group_stride })
    }
}

/// Stored channels of a chunk, all taps together.
pub(super) fn length_of(chunk: &[Segment]) -> usize {
    chunk.iter().map(|segment| segment.length).sum()
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
pub(super) fn strip_chunks((y_taps, x_taps): (usize, usize), channels: usize) -> Vec<Vec<Segment>> {
    vec![(0..y_taps).map(|tap| Segment { tap, first: 0, length: x_taps * channels }).collect()]
}

/// The same reduction in the same order over an input whose channels lie in several maps, `channels` in each: tap `t` of
/// map `m` becomes tap `m · taps + t`.
pub(super) fn parted(chunks: &[Vec<Segment>], channels: &[usize], taps: usize) -> Vec<Vec<Segment>> {
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
