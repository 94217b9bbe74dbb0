//! Soft-max attention over blocks of keys, after T. Dao, "FlashAttention-2", 2023, algorithm 1, on the convolution's
//! register tile.
//!
//! Keys and values of a head are packed once, as panels of two vectors; a task holds a block of queries and goes over the
//! keys block by block with a running maximum and sum, so that scores of one block exist at a time. The order of every
//! sum depends on the shapes and the tier's width alone.

use super::buffer::Buffer;
use super::dense::Segment;
use super::dispatch::{Kernel, PanelWidth, dispatch};
use super::lanes::Lanes;
use super::{math, tile};
use crate::{Engine, Error};

/// Queries of a task: a multiple of every tier's `ROWS`.
const QUERIES: usize = 96;
/// Keys of a block: a multiple of every tier's panel; scores of a block stay in the second-level cache.
const KEYS: usize = 256;

/// Attention with its operands in memory: `q`, `k` and `v` are `[batch, tokens, heads · size]`.
#[derive(Clone, Copy)]
pub(crate) struct Problem<'a> {
    pub(crate) q: &'a [f32],
    pub(crate) k: &'a [f32],
    pub(crate) v: &'a [f32],
    pub(crate) batch: usize,
    pub(crate) queries: usize,
    pub(crate) keys: usize,
    pub(crate) heads: usize,
    pub(crate) size: usize,
    /// Above 0.
    pub(crate) scale: f32,
    /// Whether a query sees only keys of at most its own index.
    pub(crate) is_causal: bool,
    pub(crate) mask: Option<ScoreMask<'a>>,
}

/// What is added to the scaled scores, `[batch or 1, heads or 1, queries, keys]`.
#[derive(Clone, Copy)]
pub(crate) struct ScoreMask<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) batch: usize,
    pub(crate) heads: usize,
}

/// Writes `[batch, queries, heads · size]`; lengths of all slices are checked by the caller.
pub(crate) fn attend(engine: &Engine, problem: &Problem<'_>, out: &mut [f32]) -> Result<(), Error> {
    let packed = Packed::of(engine, problem)?;
    let Problem { batch, heads, queries, size, .. } = *problem;
    let blocks = queries.div_ceil(QUERIES);
    let output = Output { first: out.as_mut_ptr(), stride: heads * size };
    assert!(out.len() == batch * queries * output.stride);
    engine.run(batch * heads * blocks, &|index| {
        let first = index % blocks * QUERIES;
        let count = QUERIES.min(queries - first);
        let pair = index / blocks;
        let scratch = Scratch::new(engine, &packed, count)?;
        dispatch(engine.tier(), Task { engine, problem, packed: &packed, pair, first, count, scratch, output })
    })
}

/// Keys and values as the tile reads them.
struct Packed {
    /// Keys of a panel, and head channels of a panel of values.
    width: usize,
    /// Keys rounded up to whole panels.
    keys: usize,
    /// Head size rounded up to whole panels.
    size: usize,
    /// `[batch · heads, panels of keys, head size, width]`; no keys are zeros.
    k: Buffer,
    /// `[batch · heads, blocks of keys, panels of channels, keys of the block, width]`; no keys and channels are zeros.
    v: Buffer,
}

impl Packed {
    fn of(engine: &Engine, problem: &Problem<'_>) -> Result<Self, Error> {
        let width = dispatch(engine.tier(), PanelWidth);
        let (keys, size) = (problem.keys.next_multiple_of(width), problem.size.next_multiple_of(width));
        let pairs = problem.batch * problem.heads;
        let mut k = engine.buffer(pairs * keys * problem.size)?;
        let mut v = engine.buffer(pairs * keys * size)?;
        engine.fill(&mut k, keys * problem.size, |pair, panels| {
            pack_keys(problem, pair, width, panels);
            Ok(())
        })?;
        engine.fill(&mut v, keys * size, |pair, blocks| {
            pack_values(problem, pair, (keys, size, width), blocks);
            Ok(())
        })?;
        Ok(Self { width, keys, size, k, v })
    }
}

fn pack_keys(problem: &Problem<'_>, pair: usize, width: usize, panels: &mut [f32]) {
    for (index, panel) in panels.chunks_mut(problem.size * width).enumerate() {
        let first = index * width;
        let count = width.min(problem.keys - first);
        if count < width {
            panel.fill(0.0);
        }
        for lane in 0..count {
            let row = problem.row(problem.k, problem.keys, pair, first + lane);
            panel[lane..].iter_mut().step_by(width).zip(row).for_each(|(slot, &value)| *slot = value);
        }
    }
}

fn pack_values(problem: &Problem<'_>, pair: usize, (keys, size, width): (usize, usize, usize), blocks: &mut [f32]) {
    for (index, block) in blocks.chunks_mut(KEYS * size).enumerate() {
        let first = index * KEYS;
        let padded = KEYS.min(keys - first);
        block.fill(0.0);
        for key in 0..padded.min(problem.keys - first) {
            let row = problem.row(problem.v, problem.keys, pair, first + key);
            for (panel, values) in block.chunks_mut(padded * width).zip(row.chunks(width)) {
                panel[key * width..][..values.len()].copy_from_slice(values);
            }
        }
    }
}

impl<'a> Problem<'a> {
    /// The head's channels of a token; `tokens` belong to a picture.
    fn row(&self, map: &'a [f32], tokens: usize, pair: usize, token: usize) -> &'a [f32] {
        let (picture, head) = (pair / self.heads, pair % self.heads);
        &map[((picture * tokens + token) * self.heads + head) * self.size..][..self.size]
    }
}

/// The output map, of which each task writes its own queries and head.
#[derive(Clone, Copy)]
struct Output {
    first: *mut f32,
    stride: usize,
}

// SAFETY: tasks write disjoint queries or heads, see `attend`.
unsafe impl Sync for Output {}

/// What a task works on.
struct Scratch {
    /// `[panels of keys, queries, width]`.
    scores: Buffer,
    /// `[panels of channels, queries, width]`.
    sums: Buffer,
    /// Largest score of each query so far.
    most: Buffer,
    /// Vector of partial sums of each query's exponentials, `[queries, width / 2]`.
    total: Buffer,
}

impl Scratch {
    fn new(engine: &Engine, packed: &Packed, count: usize) -> Result<Self, Error> {
        let mut scratch = Self {
            scores: engine.buffer(KEYS.min(packed.keys) * count)?,
            sums: engine.buffer(packed.size * count)?,
            most: engine.buffer(count)?,
            total: engine.buffer(count * packed.width / 2)?,
        };
        scratch.most.fill(f32::NEG_INFINITY);
        scratch.total.fill(0.0);
        Ok(scratch)
    }
}

struct Task<'a> {
    engine: &'a Engine,
    problem: &'a Problem<'a>,
    packed: &'a Packed,
    /// Picture · heads + head.
    pair: usize,
    /// First query and how many.
    first: usize,
    count: usize,
    scratch: Scratch,
    output: Output,
}

/// A block of keys.
#[derive(Clone, Copy)]
struct KeyBlock {
    first: usize,
    /// Real keys.
    count: usize,
    /// Rounded up to whole panels.
    padded: usize,
}

impl Kernel for Task<'_> {
    type Output = Result<(), Error>;

    #[inline(always)]
    unsafe fn run<L: Lanes>(mut self) -> Result<(), Error> {
        let width = 2 * L::WIDTH;
        let q: Vec<*const f32> = (self.first..self.first + self.count)
            .map(|query| self.problem.row(self.problem.q, self.problem.queries, self.pair, query).as_ptr())
            .collect();
        let mut rows = Vec::new();
        let panels = KEYS.min(self.packed.keys) / width;
        let segments: Vec<_> = (0..panels).map(|tap| Segment { tap, first: 0, length: width }).collect();
        for first in (0..self.problem.keys).step_by(KEYS) {
            if self.problem.is_causal && first >= self.first + self.count {
                break;
            }
            self.engine.cancel_token().check()?;
            let count = KEYS.min(self.problem.keys - first);
            let block = KeyBlock { first, count, padded: count.next_multiple_of(width) };
            // SAFETY: the dispatcher has checked the instructions of `L`; `q` are rows of `size` values, `rows` of `width`.
            unsafe {
                self.scores::<L>(&q, block);
                let factor = self.finish_scores(block, width);
                self.exponentials::<L>(block, factor);
                // Taken anew after each block's scores are written: a pointer of before would read what it may not.
                rows.clear();
                rows.extend(self.scratch.scores.chunks(width).map(<[f32]>::as_ptr));
                self.add_values::<L>(&rows, &segments, block);
            }
        }
        // SAFETY: as above; all sums are complete.
        unsafe { self.write::<L>() };
        Ok(())
    }
}

impl Task<'_> {
    /// Products of the task's queries with the block's keys.
    #[inline(always)]
    unsafe fn scores<L: Lanes>(&mut self, q: &[*const f32], block: KeyBlock) {
        let (width, size) = (2 * L::WIDTH, self.problem.size);
        let start = [0.0; 32];
        let keys = &self.packed.k[(self.pair * self.packed.keys + block.first) * size..][..block.padded * size];
        let segments = [Segment { tap: 0, first: 0, length: size }];
        for (panel, scores) in keys.chunks(size * width).zip(self.scratch.scores.chunks_mut(self.count * width)) {
            let work = tile::Panel {
                segments: &segments,
                sources: q,
                pixels: self.count,
                channel: 0,
                weights: panel,
                start: Some(&start[..width]),
            };
            // SAFETY: passed on; every source has `size` values behind it, the panel as many rows of `width`.
            unsafe { work.run::<L, tile::Floats>(scores) };
        }
    }

    /// Adds the mask and hides keys that are not there or not seen; gives the factor that is left to apply to scores.
    #[inline(always)]
    fn finish_scores(&mut self, block: KeyBlock, width: usize) -> f32 {
        let Problem { heads, queries, keys, scale, is_causal, mask, .. } = *self.problem;
        let (panel, count) = (self.count * width, self.count);
        let scores = &mut self.scratch.scores[..block.padded * count];
        if let Some(mask) = mask {
            let (picture, head) = (self.pair / heads % mask.batch, self.pair % heads % mask.heads);
            for row in 0..count {
                let line = ((picture * mask.heads + head) * queries + self.first + row) * keys + block.first;
                for (index, added) in mask.values[line..][..block.count].chunks(width).enumerate() {
                    let slots = &mut scores[index * panel + row * width..][..added.len()];
                    slots.iter_mut().zip(added).for_each(|(slot, &added)| *slot = *slot * scale + added);
                }
            }
        }
        for row in 0..count {
            let seen = if is_causal { (self.first + row + 1).saturating_sub(block.first) } else { block.count };
            for key in seen.min(block.count)..block.padded {
                scores[key / width * panel + row * width + key % width] = f32::NEG_INFINITY;
            }
        }
        if mask.is_some() { 1.0 } else { scale }
    }

    /// Replaces scores by `exp(factor · (score − largest so far))`, and brings sums and totals to the new largest.
    #[inline(always)]
    unsafe fn exponentials<L: Lanes>(&mut self, block: KeyBlock, factor: f32) {
        let (count, width) = (self.count, 2 * L::WIDTH);
        let Scratch { scores, sums, most, total } = &mut self.scratch;
        let panel = count * width;
        let panels = scores[..block.padded * count].chunks_exact(panel).len();
        let sum_panels = self.packed.size / width;
        // SAFETY: the caller has the instructions of `L`; row `row` of each panel lies in its buffer.
        unsafe {
            let exponent = L::splat(factor * std::f32::consts::LOG2_E);
            for row in 0..count {
                let first = scores.as_mut_ptr().add(row * width);
                let mut top = [L::splat(most[row]); 2];
                for index in 0..panels {
                    let at = first.add(index * panel);
                    top = [L::load(at).max_or(top[0]), L::load(at.add(L::WIDTH)).max_or(top[1])];
                }
                let largest = top[0].max_or(top[1]).largest();
                // A query that has seen nothing yet keeps an origin of 0: no difference of infinities.
                let origin = L::splat(if largest == f32::NEG_INFINITY { 0.0 } else { largest });
                let sum = total.as_mut_ptr().add(row * L::WIDTH);
                if largest > most[row] && block.first > 0 {
                    let shrunk = math::exp2_or_zero(L::splat(most[row]).minus(origin).times(exponent));
                    L::load(sum).times(shrunk).store(sum);
                    for index in 0..2 * sum_panels {
                        let at = sums.as_mut_ptr().add(index / 2 * panel + row * width + index % 2 * L::WIDTH);
                        L::load(at).times(shrunk).store(at);
                    }
                }
                most[row] = largest;
                let mut parts = [L::load(sum), L::splat(0.0)];
                for index in 0..panels {
                    let at = first.add(index * panel);
                    let low = math::exp2_or_zero(L::load(at).minus(origin).times(exponent));
                    let high = math::exp2_or_zero(L::load(at.add(L::WIDTH)).minus(origin).times(exponent));
                    low.store(at);
                    high.store(at.add(L::WIDTH));
                    parts = [parts[0].plus(low), parts[1].plus(high)];
                }
                parts[0].plus(parts[1]).store(sum);
            }
        }
    }

    /// Adds the block's values, weighted.
    #[inline(always)]
    unsafe fn add_values<L: Lanes>(&mut self, rows: &[*const f32], segments: &[Segment], block: KeyBlock) {
        let (width, packed) = (2 * L::WIDTH, self.packed);
        let start = [0.0; 32];
        let at = (self.pair * packed.keys + block.first) * packed.size;
        let values = &packed.v[at..][..block.padded * packed.size];
        let panels = block.padded / width;
        for (panel, sums) in values.chunks(block.padded * width).zip(self.scratch.sums.chunks_mut(self.count * width)) {
            let work = tile::Panel {
                segments: &segments[..panels],
                sources: &rows[..panels * self.count],
                pixels: self.count,
                channel: 0,
                weights: panel,
                start: (block.first == 0).then_some(&start[..width]),
            };
            // SAFETY: passed on; every source is a row of `width` exponentials, the panel has as many rows as keys.
            unsafe { work.run::<L, tile::Floats>(sums) };
        }
    }

    /// Sums over totals, to the output.
    #[inline(always)]
    unsafe fn write<L: Lanes>(&mut self) {
        let (width, size) = (2 * L::WIDTH, self.problem.size);
        let (picture, head) = (self.pair / self.problem.heads, self.pair % self.problem.heads);
        for row in 0..self.count {
            let token = picture * self.problem.queries + self.first + row;
            // SAFETY: the caller has the instructions of `L`; token and channels lie in the output (`attend`), and no other
            // task writes them. Sums have whole panels of each row.
            unsafe {
                let total = L::splat(L::load(self.scratch.total.as_ptr().add(row * L::WIDTH)).sum());
                let to = self.output.first.add(token * self.output.stride + head * size);
                let mut channel = 0;
                while channel < size {
                    let from = channel / width * self.count * width + row * width + channel % width;
                    let value = L::load(self.scratch.sums.as_ptr().add(from)).over(total);
                    if size - channel >= L::WIDTH {
                        value.store(to.add(channel));
                    } else {
                        value.store_first(to.add(channel), size - channel);
                    }
                    channel += L::WIDTH;
                }
            }
        }
    }
}
