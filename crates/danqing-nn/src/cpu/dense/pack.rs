//! Weights as each form of the kernel reads them, and the reduction cut into chunks.

use super::{CHUNK, Form, KernelShape};
use crate::cpu::amx;
use crate::cpu::bf16::pair;
use crate::cpu::buffer::Buffer;
use crate::cpu::f16;
use crate::{Engine, Error};

/// Part of the reduction: consecutive stored channels of one tap.
#[derive(Clone, Copy, Debug)]
pub(in crate::cpu) struct Segment {
    pub(in crate::cpu) tap: usize,
    pub(in crate::cpu) first: usize,
    pub(in crate::cpu) length: usize,
}

/// Weights of one phase: `[group, chunk, block of out channels, panel]`, panels as [`Form::fill`] lays them out.
#[derive(Debug)]
pub(super) struct Phase {
    pub(super) taps: usize,
    pub(super) chunks: Vec<Vec<Segment>>,
    pub(super) weights: Buffer,
    pub(super) group_stride: usize,
}

impl Phase {
    /// `read` gives a checkpoint's weight by tap, out channel, and in channel within the group.
    pub(super) fn pack(
        engine: &Engine,
        form: Form,
        shape: KernelShape,
        width: usize,
        taps: usize,
        read: &dyn Fn(usize, usize, usize) -> f32,
    ) -> Result<Self, Error> {
        let (count, inputs) = (shape.out_per_group(), shape.in_per_group());
        let blocks = count.div_ceil(width);
        let chunks = chunks(taps, form.stored_channels(inputs));
        let panels: Vec<usize> = chunks.iter().map(|chunk| form.panel(length_of(chunk), width)).collect();
        let group_stride = blocks * panels.iter().sum::<usize>();
        let mut weights = engine.buffer(group_stride * shape.groups)?;
        let mut rest = &mut weights[..];
        for group in 0..shape.groups {
            for ((chunk, &length), block) in
                chunks.iter().zip(&panels).flat_map(|of| (0..blocks).map(move |block| (of, block)))
            {
                let (panel, after) = rest.split_at_mut(length);
                rest = after;
                form.fill(panel, chunk, width, &|tap, lane, input| {
                    let out = block * width + lane;
                    if out < count && input < inputs { read(tap, group * count + out, input) } else { 0.0 }
                });
            }
        }
        Ok(Self { taps, chunks, weights, group_stride })
    }
}

impl Form {
    /// Lays out one block of output channels over one chunk; `at` gives a weight by tap, lane and in channel.
    ///
    /// `F32` and `F16`: `[stored channel, lane]`. `Bf16`: `[stored channel, pair]`, the lane of the first vector low, that of
    /// the second high. `Int8`: `[stored channel, lane]`, `at` giving integers, a byte each. `Tiles`: `[step, half of the
    /// lanes, stored channel of the step, lane of the half]`, two in channels in each, zeros after the last step's end.
    fn fill(self, panel: &mut [f32], chunk: &[Segment], width: usize, at: &dyn Fn(usize, usize, usize) -> f32) {
        let stored = chunk.iter().flat_map(|s| (s.first..s.first + s.length).map(|channel| (s.tap, channel)));
        match self {
            Self::F32 => {
                for (row, (tap, channel)) in panel.chunks_mut(width).zip(stored) {
                    row.iter_mut().enumerate().for_each(|(lane, slot)| *slot = at(tap, lane, channel));
                }
            }
            Self::F16 => {
                for (row, (tap, channel)) in panel.chunks_mut(width / 2).zip(stored) {
                    let two = |lane| f16::two(at(tap, lane, channel), at(tap, lane + 1, channel));
                    row.iter_mut().enumerate().for_each(|(word, slot)| *slot = two(2 * word));
                }
            }
            Self::Bf16 => {
                let half = width / 2;
                for (row, (tap, channel)) in panel.chunks_mut(half).zip(stored) {
                    let two = |lane| pair(at(tap, lane, channel), at(tap, lane + half, channel));
                    row.iter_mut().enumerate().for_each(|(lane, slot)| *slot = two(lane));
                }
            }
            Self::Int8 => {
                for (row, (tap, channel)) in panel.chunks_mut(width / 4).zip(stored) {
                    let four =
                        |lane| f32::from_ne_bytes([0, 1, 2, 3].map(|byte| at(tap, lane + byte, channel) as i8 as u8));
                    row.iter_mut().enumerate().for_each(|(word, slot)| *slot = four(4 * word));
                }
            }
            Self::Tiles => {
                panel.fill(0.0);
                for (index, (tap, channel)) in stored.enumerate() {
                    for lane in 0..width {
                        let tile = index / amx::SIDE * 2 + lane / amx::SIDE;
                        let place = tile * amx::TILE + index % amx::SIDE * amx::SIDE + lane % amx::SIDE;
                        panel[place] = pair(at(tap, lane, 2 * channel), at(tap, lane, 2 * channel + 1));
                    }
                }
            }
        }
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
