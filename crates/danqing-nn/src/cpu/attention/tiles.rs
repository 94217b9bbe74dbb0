//! Attention in AMX tiles: both products on pairs of bf16, soft-max in `f32` between them.
//!
//! Scores of 32 queries and a block of keys are rows of `f32`; their exponentials are rounded to bf16 where the second product
//! reads them. What is summed for the denominator is not rounded. The order of every sum depends on the shapes alone.

use std::f32::consts::LOG2_E;

use super::Problem;
use crate::cpu::amx::{BLOCK, SIDE, TILE, Tiles};
use crate::cpu::bf16;
use crate::cpu::buffer::{Buffer, halves_mut};
use crate::cpu::dispatch::{Kernel, dispatch};
use crate::cpu::lanes::Lanes;
use crate::cpu::math;
use crate::cpu::output::Output;
use crate::cpu::shared::Shared;
use crate::values::Values;
use crate::{Engine, Error};

/// Most queries of a task: a block's keys and values stay in the first-level cache for all of them.
const QUERIES: usize = 4 * BLOCK;
/// Keys of a block.
const KEYS: usize = 4 * BLOCK;
/// Fewest tasks that attention is cut into, if it has that many blocks of queries.
const TASKS: usize = 32;
/// Values in a vector of the tiers that have tiles, and of the lanes that stand for them in tests.
const WIDTH: usize = 16;
/// Values of `f32` size in the two tiles of a step.
const STEP: usize = 2 * TILE;

/// As [`super::attend`].
pub(super) fn attend(engine: &Engine, problem: &Problem<'_>, output: Output<'_>) -> Result<(), Error> {
    let packed = Packed::of(engine, problem)?;
    let pairs = problem.batch * problem.heads;
    let mut most = QUERIES;
    while most > BLOCK && pairs * problem.queries.div_ceil(most) < TASKS {
        most /= 2;
    }
    let blocks = problem.queries.div_ceil(most);
    engine.run(pairs * blocks, &|index| {
        let (pair, first) = (index / blocks, index % blocks * most);
        let count = most.min(problem.queries - first);
        dispatch(engine.tier(), Task { engine, problem, packed: &packed, pair, first, count, output })
    })
}

/// Keys and values of every picture and head, `[batch · heads, block of keys]`, with zeros where a tile has no channel or key.
struct Packed {
    /// Steps of a product of queries and keys: 32 channels each.
    steps: usize,
    /// 32 head channels each.
    columns: usize,
    /// Blocks of [`KEYS`].
    blocks: usize,
    /// Of each block `[32 keys, step, half of the keys, pair of channels, key]`.
    k: Buffer,
    /// Of each block `[32 channels, 32 keys, half of the channels, pair of keys, channel]`.
    v: Buffer,
}

impl Packed {
    fn of(engine: &Engine, problem: &Problem<'_>) -> Result<Self, Error> {
        let Problem { batch, heads, keys, size, .. } = *problem;
        let (steps, blocks) = (size.div_ceil(BLOCK), keys.div_ceil(KEYS));
        let (pairs, columns) = (batch * heads, steps);
        let length = KEYS / BLOCK * steps * STEP;
        let (mut k, mut v) = (engine.buffer(pairs * blocks * length)?, engine.buffer(pairs * blocks * length)?);
        let (to_k, to_v) = (Shared::new(&mut k), Shared::new(&mut v));
        engine.run(pairs * blocks, &|index| {
            let (pair, first) = (index / blocks, index % blocks * KEYS);
            // SAFETY: blocks do not overlap, and each index runs once.
            let (k, v) = unsafe { (to_k.part(index * length, length), to_v.part(index * length, length)) };
            k.fill(0.0);
            v.fill(0.0);
            let v = halves_mut(v);
            let mut row = vec![0_u16; size.next_multiple_of(2)];
            for key in 0..KEYS.min(keys - first) {
                problem.bits(problem.k, keys, (pair, first + key), &mut row);
                for (at, two) in row.chunks_exact(2).enumerate() {
                    let tile = (key / BLOCK * steps + at / SIDE) * 2 + key % BLOCK / SIDE;
                    let word = u32::from(two[0]) | u32::from(two[1]) << 16;
                    k[tile * TILE + at % SIDE * SIDE + key % SIDE] = f32::from_bits(word);
                }
                problem.bits(problem.v, keys, (pair, first + key), &mut row);
                for (channel, &bits) in row[..size].iter().enumerate() {
                    let tile = (channel / BLOCK * (KEYS / BLOCK) + key / BLOCK) * 2 + channel % BLOCK / SIDE;
                    let word = tile * TILE + key % BLOCK / 2 * SIDE + channel % SIDE;
                    v[2 * word + key % 2] = bits;
                }
            }
            Ok(())
        })?;
        Ok(Self { steps, columns, blocks, k, v })
    }

    /// Values of a block.
    fn length(&self) -> usize {
        KEYS / BLOCK * self.steps * STEP
    }
}

impl Problem<'_> {
    /// The head's channels of a token as bf16, with a zero behind an odd number.
    fn bits(&self, map: Values<'_>, tokens: usize, (pair, token): (usize, usize), to: &mut [u16]) {
        let (picture, head) = (pair / self.heads, pair % self.heads);
        let start = ((picture * tokens + token) * self.heads + head) * self.size;
        to[self.size..].fill(0);
        match map {
            Values::F32(values) => {
                let from = &values[start..][..self.size];
                to.iter_mut().zip(from).for_each(|(slot, &value)| *slot = bf16::bits(value));
            }
            Values::Bf16(bits) => to[..self.size].copy_from_slice(&bits[start..][..self.size]),
        }
    }
}

/// Some queries of one head, over all keys.
struct Task<'a> {
    engine: &'a Engine,
    problem: &'a Problem<'a>,
    packed: &'a Packed,
    /// Picture · heads + head.
    pair: usize,
    /// First query and how many.
    first: usize,
    count: usize,
    output: Output<'a>,
}

/// What a task works on; queries in blocks of 32, the last perhaps with rows without a query.
struct Scratch {
    /// `[block of queries, step, half, query, pair of channels]`.
    q: Buffer,
    /// Sums of values, `[block of queries, 32 channels, query, channel]`.
    sums: Buffer,
    /// Scores, base 2, `[32 keys, query, key]`.
    scores: Buffer,
    /// Their exponentials, `[32 keys, half, query, pair of keys]`.
    powers: Buffer,
    /// Largest score of each query so far.
    most: Vec<f32>,
    /// Sums of each query's exponentials, a vector of them.
    totals: Buffer,
}

impl Scratch {
    fn new(task: &Task<'_>) -> Result<Self, Error> {
        let (engine, blocks) = (task.engine, task.count.div_ceil(BLOCK));
        let Packed { steps, columns, .. } = *task.packed;
        let mut scratch = Self {
            q: engine.buffer(blocks * steps * STEP)?,
            sums: engine.buffer(blocks * columns * BLOCK * BLOCK)?,
            scores: engine.buffer(KEYS * BLOCK)?,
            powers: engine.buffer(KEYS / BLOCK * STEP)?,
            most: vec![f32::NEG_INFINITY; blocks * BLOCK],
            totals: engine.buffer(blocks * BLOCK * WIDTH)?,
        };
        scratch.sums.fill(0.0);
        scratch.totals.fill(0.0);
        scratch.q.fill(0.0);
        let size = task.problem.size;
        let mut row = vec![0_u16; size.next_multiple_of(2)];
        let q = halves_mut(&mut scratch.q);
        for query in 0..task.count {
            task.problem.bits(task.problem.q, task.problem.queries, (task.pair, task.first + query), &mut row);
            for (step, channels) in row.chunks(BLOCK).enumerate() {
                let tile = (query / BLOCK * steps + step) * 2 + query % BLOCK / SIDE;
                q[2 * (tile * TILE + query % SIDE * SIDE)..][..channels.len()].copy_from_slice(channels);
            }
        }
        Ok(scratch)
    }
}

impl Kernel for Task<'_> {
    type Output = Result<(), Error>;

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) -> Result<(), Error> {
        assert!(L::WIDTH == WIDTH);
        let mut scratch = Scratch::new(&self)?;
        let (packed, keys, tiles) = (self.packed, self.problem.keys, Tiles::new());
        for block in 0..packed.blocks {
            let first = block * KEYS;
            if self.problem.is_causal && first >= self.first + self.count {
                break;
            }
            self.engine.cancel_token().check()?;
            let subs = KEYS.min(keys - first).div_ceil(BLOCK);
            let at = (self.pair * packed.blocks + block) * packed.length();
            let (k, v) = (&packed.k[at..][..packed.length()], &packed.v[at..][..packed.length()]);
            for rows in 0..self.count.div_ceil(BLOCK) {
                let q = &scratch.q[rows * packed.steps * STEP..][..packed.steps * STEP];
                let scores = &mut scratch.scores[..subs * BLOCK * BLOCK];
                scores.fill(0.0);
                for (k, scores) in k.chunks_exact(packed.steps * STEP).zip(scores.chunks_exact_mut(BLOCK * BLOCK)) {
                    tiles.multiply(q, k, scores, packed.steps);
                }
                // SAFETY: the dispatcher has checked the instructions of `L`.
                unsafe { self.soften::<L>(&mut scratch, rows, first, subs) };
                let sums = &mut scratch.sums[rows * packed.columns * BLOCK * BLOCK..];
                let columns = v.chunks_exact(KEYS / BLOCK * STEP).zip(sums.chunks_exact_mut(BLOCK * BLOCK));
                columns.for_each(|(v, sums)| tiles.multiply(&scratch.powers, v, sums, subs));
            }
        }
        // SAFETY: as above; all sums are complete.
        unsafe { self.write::<L>(&scratch) };
        Ok(())
    }
}

impl Task<'_> {
    /// Makes the exponentials of a block of queries' scores, and what was summed before comparable with them.
    #[inline(always)]
    unsafe fn soften<L: Lanes>(&self, scratch: &mut Scratch, rows: usize, first_key: usize, subs: usize) {
        let (columns, factor) = (self.packed.columns, self.problem.scale * LOG2_E);
        let powers = halves_mut(&mut scratch.powers);
        for row in 0..BLOCK.min(self.count - rows * BLOCK) {
            let query = rows * BLOCK + row;
            let scores = &mut scratch.scores[row * BLOCK..];
            Self::scale(scores, subs, factor);
            self.hide(scores, (self.first + query, first_key), subs);
            let scores = &scores[..(subs - 1) * BLOCK * BLOCK + BLOCK];
            // SAFETY: the caller has the instructions of `L`; each row has `subs` times two vectors, a block's rows apart; as many
            // are written to the tiles of the row's exponentials, and two to each 32 channels of its sums.
            unsafe {
                let mut top = L::splat(f32::NEG_INFINITY);
                for sub in 0..subs {
                    for half in [0, WIDTH] {
                        top = L::load(scores[sub * BLOCK * BLOCK + half..][..WIDTH].as_ptr()).max_or(top);
                    }
                }
                let mut lanes = [0.0; WIDTH];
                top.store(lanes.as_mut_ptr());
                let before = scratch.most[query];
                let most = lanes.iter().fold(before, |most, &lane| if lane > most { lane } else { most });
                scratch.most[query] = most;
                // A query that has seen nothing yet has a finite origin: no difference of infinities.
                let origin = L::splat(if most > f32::MIN { most } else { f32::MIN });
                let shrunk = math::exp2_or_zero(L::splat(before).minus(origin));
                let total = scratch.totals[query * WIDTH..][..WIDTH].as_mut_ptr();
                let mut sum = L::load(total).times(shrunk);
                for sub in 0..subs {
                    for half in [0, WIDTH] {
                        let score = L::load(scores[sub * BLOCK * BLOCK + half..][..WIDTH].as_ptr());
                        let power = math::exp2_or_zero(score.minus(origin));
                        sum = sum.plus(power);
                        let place = 2 * ((sub * 2 + row / SIDE) * TILE + row % SIDE * SIDE) + half;
                        power.store_bf16(powers[place..][..WIDTH].as_mut_ptr());
                    }
                }
                sum.store(total);
                if first_key > 0 {
                    for column in 0..columns {
                        let at = ((rows * columns + column) * BLOCK + row) * BLOCK;
                        for half in [0, WIDTH] {
                            let place = scratch.sums[at + half..][..WIDTH].as_mut_ptr();
                            L::load(place).times(shrunk).store(place);
                        }
                    }
                }
            }
        }
    }

    /// Scales a row of scores.
    #[inline(always)]
    fn scale(scores: &mut [f32], subs: usize, factor: f32) {
        for sub in 0..subs {
            scores[sub * BLOCK * BLOCK..][..BLOCK].iter_mut().for_each(|score| *score *= factor);
        }
    }

    /// Adds the mask to a row of scores and hides keys that are not seen, or not there.
    #[inline(always)]
    fn hide(&self, scores: &mut [f32], (query, first_key): (usize, usize), subs: usize) {
        let Problem { heads, queries, keys, is_causal, mask, .. } = *self.problem;
        let seen = if is_causal { keys.min(query + 1) } else { keys };
        for sub in 0..subs {
            let first = first_key + sub * BLOCK;
            let scores = &mut scores[sub * BLOCK * BLOCK..][..BLOCK];
            if let Some(mask) = mask {
                let (picture, head) = (self.pair / heads % mask.batch, self.pair % heads % mask.heads);
                let line = ((picture * mask.heads + head) * queries + query) * keys;
                let added = &mask.values[line + first..line + keys];
                scores.iter_mut().zip(added).for_each(|(slot, &added)| *slot += added * LOG2_E);
            }
            scores[seen.saturating_sub(first).min(BLOCK)..].fill(f32::NEG_INFINITY);
        }
    }

    /// Sums over totals, to the output.
    #[inline(always)]
    unsafe fn write<L: Lanes>(&self, scratch: &Scratch) {
        let Problem { heads, queries, size, .. } = *self.problem;
        let (picture, head) = (self.pair / heads, self.pair % heads);
        let columns = self.packed.columns;
        for query in 0..self.count {
            let token = picture * queries + self.first + query;
            let mut row = [0.0; BLOCK];
            // SAFETY: the caller has the instructions of `L`; tokens and channels lie in the output (`super::attend`), and no other
            // task writes them.
            unsafe {
                let total = L::load(scratch.totals[query * WIDTH..][..WIDTH].as_ptr()).sum();
                let share = L::splat(1.0).over(L::splat(total));
                for column in 0..columns {
                    let at = ((query / BLOCK * columns + column) * BLOCK + query % BLOCK) * BLOCK;
                    let sums = &scratch.sums[at..][..BLOCK];
                    for half in [0, WIDTH] {
                        let place = row[half..][..WIDTH].as_mut_ptr();
                        L::load(sums[half..][..WIDTH].as_ptr()).times(share).store(place);
                    }
                    let channel = column * BLOCK;
                    let count = BLOCK.min(size - channel);
                    self.output.write::<L>(token, head * size + channel, row.as_ptr(), count);
                }
            }
        }
    }
}
