//! One task of attention: some queries of one head, over all keys.

use std::f32::consts::LOG2_E;

use super::Problem;
use super::pack::{Packed, bands};
use super::tile::product;
use super::turn::{Rows, turn};
use crate::cpu::buffer::Buffer;
use crate::cpu::dispatch::Kernel;
use crate::cpu::lanes::Lanes;
use crate::cpu::math;
use crate::cpu::output::Output;
use crate::{Engine, Error};

pub(super) struct Task<'a> {
    pub(super) engine: &'a Engine,
    pub(super) problem: &'a Problem<'a>,
    pub(super) packed: &'a Packed,
    /// Picture · heads + head.
    pub(super) pair: usize,
    /// First query and how many.
    pub(super) first: usize,
    pub(super) count: usize,
    pub(super) output: Output<'a>,
}

/// What a task works on. Panels are one or two vectors of queries; the last may have lanes without a query.
struct Scratch {
    /// Queries, `[panel, head channel, query]`.
    q: Buffer,
    /// Sums of values, as `q`.
    sums: Buffer,
    /// Scores of a block, base 2, then their exponentials, `[key, query]`.
    scores: Buffer,
    /// Largest score of each query so far.
    most: Buffer,
    /// Sum of each query's exponentials.
    total: Buffer,
    /// Rows of a panel on their way from or to a map of bf16.
    rows: Buffer,
}

impl Scratch {
    fn new(task: &Task<'_>, width: usize) -> Result<Self, Error> {
        let (engine, lanes) = (task.engine, task.count.next_multiple_of(width));
        let values = lanes * task.problem.size;
        Ok(Self {
            q: engine.buffer(values)?,
            sums: engine.buffer(values)?,
            scores: engine.buffer(task.packed.block.min(task.problem.keys) * lanes.min(2 * width))?,
            most: engine.buffer(lanes)?,
            total: engine.buffer(lanes)?,
            rows: engine.buffer(lanes.min(2 * width) * task.problem.size)?,
        })
    }
}

/// A block of keys.
#[derive(Clone, Copy)]
struct KeyBlock {
    first: usize,
    count: usize,
}

impl Kernel for Task<'_> {
    type Output = Result<(), Error>;

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) -> Result<(), Error> {
        let mut scratch = Scratch::new(&self, L::WIDTH)?;
        // SAFETY: the dispatcher has checked the instructions of `L`.
        unsafe { self.load_queries::<L>(&mut scratch) };
        scratch.most.fill(f32::NEG_INFINITY);
        scratch.total.fill(0.0);
        let keys = self.problem.keys;
        for first in (0..keys).step_by(self.packed.block) {
            if self.problem.is_causal && first >= self.first + self.count {
                break;
            }
            self.engine.cancel_token().check()?;
            let block = KeyBlock { first, count: self.packed.block.min(keys - first) };
            for panel in (0..self.count).step_by(2 * L::WIDTH) {
                // SAFETY: the dispatcher has checked the instructions of `L`; a panel has one vector if that is enough.
                unsafe {
                    if self.count - panel > L::WIDTH {
                        self.attend::<L, 2>(&mut scratch, panel, block);
                    } else {
                        self.attend::<L, 1>(&mut scratch, panel, block);
                    }
                }
            }
        }
        // SAFETY: as above; all sums are complete.
        unsafe { self.write::<L>(&mut scratch) };
        Ok(())
    }
}

impl Task<'_> {
    /// Queries of the panel that starts at `panel`, and its lanes.
    #[inline(always)]
    fn lanes(&self, panel: usize, width: usize) -> (usize, usize) {
        let left = self.count - panel;
        (left.min(2 * width), if left > width { 2 * width } else { width })
    }

    /// The task's queries, turned.
    #[inline(always)]
    unsafe fn load_queries<L: Lanes>(&self, scratch: &mut Scratch) {
        let Problem { queries, size, .. } = *self.problem;
        for panel in (0..self.count).step_by(2 * L::WIDTH) {
            let (count, lanes) = self.lanes(panel, L::WIDTH);
            let to = &mut scratch.q[panel * size..][..lanes * size];
            if count < lanes {
                to.fill(0.0);
            }
            let place = (self.pair, self.first + panel, count);
            let (rows, stride) = self.problem.rows(self.problem.q, queries, place, &mut scratch.rows);
            let from = Rows { first: rows.as_ptr(), stride };
            // SAFETY: the caller has the instructions of `L`; the panel's queries lie one stride apart, and `to` has `size` rows of
            // `lanes`.
            unsafe { turn::<L>(from, (count, size), Rows { first: to.as_mut_ptr(), stride: lanes }) };
        }
    }

    /// Attends with a panel of C vectors to one block of keys.
    #[inline(always)]
    unsafe fn attend<L: Lanes, const C: usize>(&self, scratch: &mut Scratch, panel: usize, block: KeyBlock) {
        let (size, lanes) = (self.problem.size, C * L::WIDTH);
        let count = if self.problem.is_causal {
            let seen = self.first + self.count.min(panel + lanes);
            block.count.min(seen.saturating_sub(block.first))
        } else {
            block.count
        };
        if count == 0 {
            return;
        }
        let at = (self.pair * self.problem.keys + block.first) * size;
        let k = &self.packed.k[at..][..block.count * size];
        let v = &self.packed.v[at..][..block.count * size];
        let q = &scratch.q[panel * size..][..lanes * size];
        let scores = &mut scratch.scores[..block.count * lanes];
        let sums = &mut scratch.sums[panel * size..][..lanes * size];
        let (most, total) = (&mut scratch.most[panel..][..lanes], &mut scratch.total[panel..][..lanes]);
        // SAFETY: the caller has the instructions of `L`; slices are cut above to what bands and panels hold.
        unsafe {
            for (first, height) in bands(block.count, L::ROWS).take_while(|&(first, _)| first < count) {
                let (k, to) = (k.as_ptr().add(first * size), scores.as_mut_ptr().add(first * lanes));
                product::<L, C>(height, (k, q.as_ptr(), size), None, to);
            }
            let scores = &mut scores[..count * lanes];
            self.hide(scores, lanes, panel, block.first);
            let shrunk = exponentials::<L, C>(scores, most, total);
            let shrunk = (block.first > 0).then_some(shrunk);
            for (first, height) in bands(size, L::ROWS) {
                let (v, to) = (v.as_ptr().add(first * block.count), sums.as_mut_ptr().add(first * lanes));
                product::<L, C>(height, (v, scores.as_ptr(), count), shrunk, to);
            }
        }
    }

    /// Adds the mask and hides keys that are not seen.
    #[inline(always)]
    fn hide(&self, scores: &mut [f32], lanes: usize, panel: usize, first_key: usize) {
        let Problem { heads, queries, keys, is_causal, mask, .. } = *self.problem;
        let first = self.first + panel;
        if let Some(mask) = mask {
            let (picture, head) = (self.pair / heads % mask.batch, self.pair % heads % mask.heads);
            for lane in 0..lanes.min(self.first + self.count - first) {
                let line = ((picture * mask.heads + head) * queries + first + lane) * keys + first_key;
                let slots = scores[lane..].iter_mut().step_by(lanes);
                slots.zip(&mask.values[line..]).for_each(|(slot, &added)| *slot += added * LOG2_E);
            }
        }
        if is_causal {
            for (key, slots) in scores.chunks_exact_mut(lanes).enumerate() {
                let blind = (first_key + key).saturating_sub(first).min(lanes);
                slots[..blind].fill(f32::NEG_INFINITY);
            }
        }
    }

    /// Sums over totals, to the output.
    #[inline(always)]
    unsafe fn write<L: Lanes>(&self, scratch: &mut Scratch) {
        let Problem { heads, queries, size, .. } = *self.problem;
        let (picture, head) = (self.pair / heads, self.pair % heads);
        for panel in (0..self.count).step_by(2 * L::WIDTH) {
            let (count, lanes) = self.lanes(panel, L::WIDTH);
            let sums = &mut scratch.sums[panel * size..][..lanes * size];
            let total = &scratch.total[panel..][..lanes];
            let token = picture * queries + self.first + panel;
            // SAFETY: the caller has the instructions of `L`; vectors end within the rows of `lanes`. Tokens and channels lie in
            // the output (`attend`), and no other task writes them.
            unsafe {
                for column in (0..lanes).step_by(L::WIDTH) {
                    let share = L::splat(1.0).over(L::load(total.as_ptr().add(column)));
                    for row in 0..size {
                        let at = sums.as_mut_ptr().add(row * lanes + column);
                        L::load(at).times(share).store(at);
                    }
                }
                let from = Rows { first: sums.as_ptr(), stride: lanes };
                if let Some((first, stride)) = self.output.floats() {
                    let first = first.add(token * stride + head * size);
                    turn::<L>(from, (size, count), Rows { first, stride });
                } else {
                    let rows = scratch.rows.as_mut_ptr();
                    turn::<L>(from, (size, count), Rows { first: rows, stride: size });
                    for query in 0..count {
                        self.output.write::<L>(token + query, head * size, rows.add(query * size), size);
                    }
                }
            }
        }
    }
}

/// Replaces scores by `2^(score − largest so far)` and adds them to `total`; gives the factor of earlier sums.
#[inline(always)]
unsafe fn exponentials<L: Lanes, const C: usize>(scores: &mut [f32], most: &mut [f32], total: &mut [f32]) -> [L; C] {
    let keys = scores.len() / (C * L::WIDTH);
    // SAFETY: the caller has the instructions of `L`; `scores` has `keys` rows of C vectors, the others one row.
    unsafe {
        let mut top = [L::splat(0.0); C];
        for column in 0..C {
            top[column] = L::load(most.as_ptr().add(column * L::WIDTH));
        }
        let before = top;
        for key in 0..keys {
            for column in 0..C {
                let score = L::load(scores.as_ptr().add((key * C + column) * L::WIDTH));
                top[column] = score.max_or(top[column]);
            }
        }
        let (mut origin, mut shrunk, mut sum) = (top, top, top);
        for column in 0..C {
            top[column].store(most.as_mut_ptr().add(column * L::WIDTH));
            // A query that has seen nothing yet has a finite origin: no difference of infinities.
            origin[column] = L::splat(f32::MIN).max_or(top[column]);
            shrunk[column] = math::exp2_or_zero(before[column].minus(origin[column]));
            sum[column] = L::load(total.as_ptr().add(column * L::WIDTH)).times(shrunk[column]);
        }
        for key in 0..keys {
            for column in 0..C {
                let at = scores.as_mut_ptr().add((key * C + column) * L::WIDTH);
                let power = math::exp2_or_zero(L::load(at).minus(origin[column]));
                power.store(at);
                sum[column] = sum[column].plus(power);
            }
        }
        for column in 0..C {
            sum[column].store(total.as_mut_ptr().add(column * L::WIDTH));
        }
        shrunk
    }
}
