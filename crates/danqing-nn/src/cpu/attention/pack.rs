//! Keys and values as the register tile reads them.

use std::f32::consts::LOG2_E;

use super::Problem;
use crate::cpu::buffer::Buffer;
use crate::cpu::dispatch::{Kernel, dispatch};
use crate::cpu::lanes::Lanes;
use crate::cpu::shared::Shared;
use crate::{Engine, Error};

/// Keys and values of every picture and head, `[batch · heads, block of keys]`, as many of each as there are.
pub(super) struct Packed {
    /// Keys of a block, the last may have fewer.
    pub(super) block: usize,
    /// `[band of keys, head channel, key of the band]` in each block, times scale and log₂ e.
    pub(super) k: Buffer,
    /// `[band of head channels, key of the block, channel of the band]` in each block.
    pub(super) v: Buffer,
}

impl Packed {
    pub(super) fn of(engine: &Engine, problem: &Problem<'_>) -> Result<Self, Error> {
        let Problem { batch, heads, keys, size, .. } = *problem;
        let (rows, block) = (dispatch(engine.tier(), TileRows), problem.keys_of_a_block());
        let (pairs, blocks) = (batch * heads, keys.div_ceil(block));
        let (mut k, mut v) = (engine.buffer(pairs * keys * size)?, engine.buffer(pairs * keys * size)?);
        let (to_k, to_v) = (Shared::new(&mut k), Shared::new(&mut v));
        engine.run(pairs * blocks, &|index| {
            let (pair, first) = (index / blocks, index % blocks * block);
            let count = block.min(keys - first);
            let (at, length) = ((pair * keys + first) * size, count * size);
            // SAFETY: blocks do not overlap, and each index runs once.
            let (k, v) = unsafe { (to_k.part(at, length), to_v.part(at, length)) };
            let factor = problem.scale * LOG2_E;
            let mut k_room = engine.buffer(problem.room(problem.k, count))?;
            let mut v_room = engine.buffer(problem.room(problem.v, count))?;
            let (k_rows, k_stride) = problem.rows(problem.k, keys, (pair, first, count), &mut k_room);
            let (v_rows, v_stride) = problem.rows(problem.v, keys, (pair, first, count), &mut v_room);
            for (start, height) in bands(count, rows) {
                let band = &mut k[start * size..][..height * size];
                for key in 0..height {
                    let slots = band[key..].iter_mut().step_by(height);
                    slots
                        .zip(&k_rows[(start + key) * k_stride..][..size])
                        .for_each(|(slot, &value)| *slot = value * factor);
                }
            }
            for (start, height) in bands(size, rows) {
                let band = &mut v[start * count..][..height * count];
                for (key, slots) in band.chunks_exact_mut(height).enumerate() {
                    let values = &v_rows[key * v_stride + start..];
                    slots.iter_mut().zip(values).for_each(|(slot, &value)| *slot = value);
                }
            }
            Ok(())
        })?;
        Ok(Self { block, k, v })
    }
}

/// First row and height of bands of at most `most` rows, as equal as they can be.
pub(super) fn bands(rows: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    let count = rows.div_ceil(most).max(1);
    let (height, higher) = (rows / count, rows % count);
    (0..count).map(move |index| (index * height + index.min(higher), height + usize::from(index < higher)))
}

/// Rows of the register tile of a tier.
struct TileRows;

impl Kernel for TileRows {
    type Output = usize;

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) -> usize {
        L::ROWS
    }
}
