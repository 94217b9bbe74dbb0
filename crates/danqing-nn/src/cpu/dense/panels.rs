//! The panels of one block of output channels: read from the checkpoint a few in channels at a time, all taps of them, turned
//! so that channels of the block lie side by side, and stored row by row as the form says.

use std::ops::Range;

use super::pack::Segment;
use super::{Form, length_of};
use crate::cpu::amx;
use crate::cpu::bf16::pair;
use crate::cpu::dispatch::Kernel;
use crate::cpu::int8;
use crate::cpu::lanes::Lanes;
use crate::cpu::strided::Strided;

/// In channels that are turned at a time; even, since AMX takes them in pairs.
const CHANNELS: usize = 32;
/// Rows and columns of what [`Lanes::turn_square`] turns.
const SIDE: usize = 8;

/// Where the row of a stored channel and a tap lies in a block's panels.
#[derive(Clone, Copy, Debug)]
struct Place {
    chunk: usize,
    row: usize,
}

/// Places of all rows of a phase, `[stored channel, tap]`.
#[derive(Debug)]
pub(super) struct Places(Vec<Place>);

impl Places {
    pub(super) fn new(chunks: &[Vec<Segment>], taps: usize) -> Self {
        let total: usize = chunks.iter().map(|chunk| length_of(chunk)).sum();
        let mut places = vec![Place { chunk: 0, row: 0 }; total];
        for (chunk, segments) in chunks.iter().enumerate() {
            let rows = segments.iter().flat_map(|part| (0..part.length).map(|k| (part.first + k) * taps + part.tap));
            for (row, index) in rows.enumerate() {
                places[index] = Place { chunk, row };
            }
        }
        Self(places)
    }
}

/// Lays out one block.
pub(super) struct FillPanels<'a> {
    pub(super) form: Form,
    pub(super) weights: &'a Strided<'a>,
    pub(super) phase: usize,
    pub(super) group: usize,
    /// Out channels of the group; the other lanes of the block are 0.
    pub(super) channels: Range<usize>,
    pub(super) places: &'a Places,
    /// Of each lane; only in `Form::Int8`.
    pub(super) scales: &'a [f32],
    /// One per chunk.
    pub(super) panels: Vec<&'a mut [f32]>,
}

impl Kernel for FillPanels<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(mut self) {
        let (width, taps, inputs) = (2 * L::WIDTH, self.weights.taps(self.phase), self.weights.inputs());
        // `[in channel, tap, lane]`; lanes that no channel has stay 0.
        let mut turned = vec![0.0; CHANNELS * taps * width];
        if self.form == Form::Tiles {
            // Rows after a panel's last.
            self.panels.iter_mut().for_each(|panel| panel.fill(0.0));
        }
        for first in (0..inputs).step_by(CHANNELS) {
            let count = CHANNELS.min(inputs - first);
            // SAFETY: the dispatcher has checked the instructions of `L`.
            unsafe {
                self.turn::<L>(first, count, &mut turned);
                if self.form == Form::Tiles {
                    self.store_pairs::<L>(first, count, &mut turned);
                } else {
                    self.store::<L>(first, &turned[..count * taps * width]);
                }
            }
        }
    }
}

impl FillPanels<'_> {
    /// Reads in channels `first..first + count` to `[in channel, tap, lane]`.
    ///
    /// # Safety
    /// The processor has the instructions of `L`.
    #[inline(always)]
    unsafe fn turn<L: Lanes>(&self, first: usize, count: usize, to: &mut [f32]) {
        let (width, taps) = (2 * L::WIDTH, self.weights.taps(self.phase));
        let lanes = self.channels.len();
        let Some(rows) = self.weights.rows(self.group, self.channels.start, lanes) else {
            for (index, row) in to.chunks_exact_mut(width).take(count * taps).enumerate() {
                let (input, tap) = (first + index / taps, index % taps);
                let (column, stride) = self.weights.column(self.phase, tap, [self.group, self.channels.start, input]);
                row.iter_mut()
                    .zip(column.iter().step_by(stride))
                    .take(lanes)
                    .for_each(|(slot, &weight)| *slot = weight);
            }
            return;
        };
        let (stride, first, count) = (self.weights.row_length(), first * taps, count * taps);
        assert!(first + count <= stride && lanes * stride == rows.len() && lanes <= width && count * width <= to.len());
        let (squares, length) = (lanes / SIDE * SIDE, count / SIDE * SIDE);
        for lane in (0..squares).step_by(SIDE) {
            for k in (0..length).step_by(SIDE) {
                // SAFETY: instructions by the caller's promise; by the assertion eight rows from `lane` on have `first + k` and
                // seven more weights, and eight rows of `to` from `k` on have lanes `lane` and seven more.
                unsafe {
                    let from = rows.as_ptr().add(lane * stride + first + k);
                    L::turn_square(from, stride, to.as_mut_ptr().add(k * width + lane), width);
                }
            }
        }
        for lane in 0..lanes {
            let done = if lane < squares { length } else { 0 };
            let row = &rows[lane * stride + first..][..count];
            for (k, &weight) in row.iter().enumerate().skip(done) {
                to[k * width + lane] = weight;
            }
        }
    }

    /// Stores rows `[in channel, tap, lane]`, from in channel `first` on.
    ///
    /// # Safety
    /// The processor has the instructions of `L`.
    #[inline(always)]
    unsafe fn store<L: Lanes>(&mut self, first: usize, turned: &[f32]) {
        let (width, taps) = (2 * L::WIDTH, self.weights.taps(self.phase));
        let words = self.form.panel(1, width);
        let places = &self.places.0[first * taps..];
        for (row, &Place { chunk, row: index }) in turned.chunks_exact(width).zip(places) {
            let to = &mut self.panels[chunk][index * words..][..words];
            match self.form {
                // SAFETY: the caller has the instructions of `L`; `row` has two vectors and `to` as many halves.
                Form::F16 => unsafe { L::store_f16(row.as_ptr(), to.as_mut_ptr()) },
                Form::Bf16 => {
                    let (low, high) = row.split_at(L::WIDTH);
                    let words = to.iter_mut().zip(low.iter().zip(high));
                    words.for_each(|(slot, (&low, &high))| *slot = pair(low, high));
                }
                Form::Int8 => int8::store(row, self.scales, to),
                Form::F32 | Form::Tiles => to.copy_from_slice(row),
            }
        }
    }

    /// As [`Self::store`] of `count` in channels in tiles: two of them in each stored channel, `[step, half of the lanes,
    /// stored channel of the step, lane of the half]`.
    ///
    /// # Safety
    /// The processor has the instructions of `L`.
    #[inline(always)]
    unsafe fn store_pairs<L: Lanes>(&mut self, first: usize, count: usize, turned: &mut [f32]) {
        let (width, taps) = (2 * L::WIDTH, self.weights.taps(self.phase));
        let (pairs, channel) = (count.div_ceil(2), taps * width);
        if !count.is_multiple_of(2) {
            turned[count * channel..][..channel].fill(0.0);
        }
        let places = &self.places.0[first / 2 * taps..];
        for (index, &Place { chunk, row }) in places.iter().take(pairs * taps).enumerate() {
            let (two, tap) = (&turned[index / taps * 2 * channel..][..2 * channel], index % taps);
            let (even, odd) = (&two[tap * width..][..width], &two[channel + tap * width..][..width]);
            for half in 0..width / amx::SIDE {
                let place = (row / amx::SIDE * 2 + half) * amx::TILE + row % amx::SIDE * amx::SIDE;
                let to = &mut self.panels[chunk][place..][..amx::SIDE];
                let lanes = half * amx::SIDE..(half + 1) * amx::SIDE;
                let words = to.iter_mut().zip(even[lanes.clone()].iter().zip(&odd[lanes]));
                words.for_each(|(slot, (&even, &odd))| *slot = pair(even, odd));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::bf16::rounded;
    use crate::cpu::f16;
    use crate::cpu::{Dense, KernelShape, Storage};
    use crate::{Engine, Error, Precision, Tier};

    /// Reads a checkpoint's weight by phase, tap, out channel of all groups, and in channel within the group.
    type Read<'a> = &'a dyn Fn(usize, usize, usize, usize) -> f32;

    /// Values that half precision holds, with zeros of both signs, the smallest and the largest among them.
    fn halves(count: usize) -> Vec<f32> {
        let special = [0.0, -0.0, 5.960_464_5e-8, -6.103_515_6e-5, 6.097_555e-5, 65_504.0];
        let value = |index: usize| ((index as f32 * 0.618_034).fract() * 2048.0 - 1024.0).round() / 1024.0;
        (0..count).map(|index| if index % 11 == 5 { special[index / 11 % 6] } else { value(index) }).collect()
    }

    /// A phase's weights by the definition of their layout, weight by weight. `channel` gives the out channel of a group's
    /// block and lane, if there is one.
    fn plain(dense: &Dense, phase: usize, channel: &dyn Fn(usize, usize) -> Option<usize>, read: Read<'_>) -> Vec<u8> {
        let (width, form, packed) = (dense.width, dense.form, &dense.phases[phase]);
        let (inputs, half) = (dense.shape.in_per_group(), width / 2);
        let mut bytes = Vec::new();
        for (group, chunk, block) in (0..dense.shape.groups).flat_map(|group| {
            let of_group = move |chunk| (0..dense.blocks()).map(move |block| (group, chunk, block));
            packed.chunks.iter().flat_map(of_group)
        }) {
            let mut panel = vec![0; 4 * form.panel(length_of(chunk), width)];
            let mut put = |at: usize, bytes: &[u8]| panel[at..at + bytes.len()].copy_from_slice(bytes);
            let stored = chunk.iter().flat_map(|part| (0..part.length).map(|k| (part.tap, part.first + k)));
            for (row, (tap, stored)) in stored.enumerate() {
                for lane in 0..width {
                    let Some(out) = channel(block, lane) else { continue };
                    let out = group * dense.shape.out_per_group() + out;
                    let weight = |input| if input < inputs { read(phase, tap, out, input) } else { 0.0 };
                    let high = |value: f32| ((rounded(value).to_bits() >> 16) as u16).to_ne_bytes();
                    match form {
                        Form::F32 => put(4 * (row * width + lane), &weight(stored).to_ne_bytes()),
                        Form::F16 => put(2 * (row * width + lane), &f16::bits(weight(stored)).to_ne_bytes()),
                        Form::Bf16 => put(4 * (row * half + lane % half) + 2 * (lane / half), &high(weight(stored))),
                        Form::Int8 => {
                            let scale = dense.scales(group, block)[lane];
                            put(row * width + lane, &[int8::quantised(weight(stored), scale) as i8 as u8]);
                        }
                        Form::Tiles => {
                            let place = (row / 16 * 2 + lane / 16) * 256 + row % 16 * 16 + lane % 16;
                            put(4 * place, &high(weight(2 * stored)));
                            put(4 * place + 2, &high(weight(2 * stored + 1)));
                        }
                    }
                }
            }
            bytes.extend(panel);
        }
        bytes
    }

    /// Packs in every form on every tier, into memory that held something else, and compares with the definition.
    fn check(
        what: &str,
        pack: impl Fn(&Engine, Storage) -> Result<Dense, Error>,
        channel: impl Fn(usize, usize, usize) -> Option<usize>,
        read: Read<'_>,
    ) -> Result<(), Error> {
        for tier in [Tier::Portable, Tier::Avx2, Tier::Avx512, Tier::Amx]
            .into_iter()
            .filter(|&t| t != Tier::Avx2 || Tier::detected() >= t)
        {
            for storage in [Storage::F32, Storage::F16, Storage::Bf16, Storage::Int8] {
                let engine = Engine::with_any_tier(tier, Precision::F32)?;
                let lengths: Vec<usize> =
                    pack(&engine, storage)?.phases.iter().map(|phase| phase.weights.len()).collect();
                let mut used =
                    lengths.iter().map(|&length| engine.buffer(length)).collect::<Result<Vec<_>, Error>>()?;
                for buffer in &mut used {
                    buffer.fill(f32::NAN);
                }
                drop(used);
                let dense = pack(&engine, storage)?;
                for (phase, packed) in dense.phases.iter().enumerate() {
                    let expected = plain(&dense, phase, &|block, lane| channel(dense.width, block, lane), read);
                    let actual: Vec<u8> = packed.weights.iter().flat_map(|word| word.to_ne_bytes()).collect();
                    assert!(actual == expected, "{what}, {tier}, {storage:?}: phase {phase} differs");
                }
                if storage == Storage::Int8 {
                    check_scales(&dense, &channel, read);
                }
            }
        }
        Ok(())
    }

    fn check_scales(dense: &Dense, channel: &dyn Fn(usize, usize, usize) -> Option<usize>, read: Read<'_>) {
        for (group, block) in
            (0..dense.shape.groups).flat_map(|group| (0..dense.blocks()).map(move |block| (group, block)))
        {
            for (lane, &scale) in dense.scales(group, block).iter().enumerate() {
                let Some(out) = channel(dense.width, block, lane) else { continue };
                let out = group * dense.shape.out_per_group() + out;
                let mut largest = 0.0_f32;
                for (phase, packed) in dense.phases.iter().enumerate() {
                    for (tap, input) in
                        (0..packed.taps).flat_map(|tap| (0..dense.shape.in_per_group()).map(move |i| (tap, i)))
                    {
                        largest = largest.max(read(phase, tap, out, input).abs());
                    }
                }
                assert_eq!(scale, (largest / 127.0).max(f32::MIN_POSITIVE), "channel {out}");
            }
        }
    }

    /// Out, in, groups, taps: odd counts, blocks that end early, several blocks, parts of in channels, several chunks.
    const CASES: [(usize, usize, usize, usize); 11] = [
        (1, 1, 1, 1),
        (7, 3, 1, 9),
        (16, 8, 1, 1),
        (37, 33, 1, 4),
        (33, 65, 1, 9),
        (40, 321, 1, 1),
        (24, 700, 1, 1),
        (19, 330, 1, 2),
        (50, 34, 2, 9),
        (18, 9, 3, 3),
        (6, 60, 6, 1),
    ];

    fn cases() -> impl Iterator<Item = (usize, usize, usize, usize)> {
        CASES.into_iter().filter(|case| !cfg!(miri) || case.0 * case.1 * case.3 < 2000)
    }

    #[test]
    fn convolutions_are_laid_out_as_defined() -> Result<(), Error> {
        for (out_channels, in_channels, groups, taps) in cases() {
            let shape = KernelShape { out_channels, in_channels, groups };
            let (count, inputs) = (shape.out_per_group(), shape.in_per_group());
            let values = halves(out_channels * inputs * taps);
            let pack = |engine: &Engine, storage| {
                Dense::pack(engine, storage, shape, &Strided::convolution(&values, shape, taps), None)
            };
            let channel = |width, block, lane| Some(block * width + lane).filter(|&out| out < count);
            let read = |_, tap, out, input| values[(out * inputs + input) * taps + tap];
            check(&format!("{in_channels} to {out_channels}, {groups} groups, {taps} taps"), pack, channel, &read)?;
        }
        Ok(())
    }

    #[test]
    fn phases_of_transposed_convolutions_are_laid_out_as_defined() -> Result<(), Error> {
        for (out_channels, in_channels, groups, taps) in cases() {
            let shape = KernelShape { out_channels, in_channels, groups };
            let (count, inputs) = (shape.out_per_group(), shape.in_per_group());
            let values = halves(out_channels * inputs * taps);
            // Every second tap, backwards, and the others; a phase without any.
            let phases =
                vec![(0..taps).rev().step_by(2).collect::<Vec<_>>(), Vec::new(), (1..taps).step_by(2).collect()];
            let pack = |engine: &Engine, storage| {
                let weights = Strided::transposed(&values, shape, taps, phases.clone());
                Dense::pack(engine, storage, shape, &weights, None)
            };
            let channel = |width, block, lane| Some(block * width + lane).filter(|&out| out < count);
            let read = |phase: usize, tap: usize, out: usize, input: usize| {
                let input = out / count * inputs + input;
                values[(input * count + out % count) * taps + phases[phase][tap]]
            };
            check(&format!("{in_channels} to {out_channels}, {groups} groups, {taps} taps"), pack, channel, &read)?;
        }
        Ok(())
    }

    #[test]
    fn panels_of_values_and_gates_take_turns() -> Result<(), Error> {
        for (out, inputs) in [(1, 1), (16, 5), (21, 40), (70, 9)] {
            let values = halves(2 * out * inputs);
            let pack = |engine: &Engine, storage| Dense::pack_gated(engine, storage, [out, inputs], &values, None);
            let channel = |width, block: usize, lane| {
                Some(block / 2 * width + lane).filter(|&channel| channel < out).map(|channel| block % 2 * out + channel)
            };
            check(&format!("{inputs} to {out}"), pack, channel, &|_, _, row, input| values[row * inputs + input])?;
        }
        Ok(())
    }
}
