//! Soft-max attention over blocks of keys, after T. Dao, "FlashAttention-2", 2023, algorithm 1, with queries along the
//! vectors; in bf16 on AMX, in tiles (`tiles`).
//!
//! Scores of a block of keys are held as `[key, query]`: largest score, exponentials, their sum and the factor for earlier
//! sums are then the same operation in every lane, and neither keys nor head channels are ever padded. Keys and values are
//! packed once per head, in bands of as many rows as the register tile has. The order of every sum depends on the shapes
//! alone.

mod pack;
mod task;
mod tile;
mod tiles;
mod turn;

use self::pack::Packed;
use self::task::Task;
use super::bf16;
use super::dispatch::{PanelWidth, dispatch};
use super::output::Output;
use crate::values::Values;
use crate::{Engine, Error, Precision, Tier};

/// Most queries of a task, of small and of large heads: with queries and sums, a block's keys and values stay in the
/// second-level cache.
const QUERIES: [usize; 2] = [96, 32];
/// Keys of a block, of small and of large heads: the scores of a panel of queries stay in the first-level cache.
const KEYS: [usize; 2] = [96, 48];
/// Largest small head.
const SMALL: usize = 160;
/// Most values of all heads' keys that stay in the second-level cache, with as many values.
const CACHED: usize = 1 << 15;
/// Fewest tasks that attention is cut into, if it has that many panels of queries.
const TASKS: usize = 32;

/// Attention with its operands in memory: `q`, `k` and `v` are `[batch, tokens, heads · size]`.
#[derive(Clone, Copy)]
pub(crate) struct Problem<'a> {
    pub(crate) q: Values<'a>,
    pub(crate) k: Values<'a>,
    pub(crate) v: Values<'a>,
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
///
/// # Panics
/// If the output has another size.
pub(crate) fn attend(engine: &Engine, problem: &Problem<'_>, output: Output<'_>) -> Result<(), Error> {
    assert!(output.size() == [problem.batch * problem.queries, problem.heads * problem.size]);
    if engine.tier() == Tier::Amx && engine.precision() == Precision::Bf16 {
        return tiles::attend(engine, problem, output);
    }
    let packed = Packed::of(engine, problem)?;
    let Problem { batch, heads, queries, .. } = *problem;
    let most = problem.queries_of_a_task(dispatch(engine.tier(), PanelWidth));
    let blocks = queries.div_ceil(most);
    engine.run(batch * blocks * heads, &|index| {
        let (pair, block) = problem.place(index, blocks);
        let first = block * most;
        let count = most.min(queries - first);
        let task = Task { engine, problem, packed: &packed, pair, first, count, output };
        dispatch(engine.tier(), task)
    })
}

impl<'a> Problem<'a> {
    /// The head's channels of `count` tokens, `tokens` belonging to a picture: where they lie one [`Self::stride`] apart, or
    /// widened into `room`, side by side.
    fn rows<'b>(
        &self,
        map: Values<'a>,
        tokens: usize,
        (pair, token, count): (usize, usize, usize),
        room: &'b mut [f32],
    ) -> (&'b [f32], usize)
    where
        'a: 'b,
    {
        let (picture, head) = (pair / self.heads, pair % self.heads);
        let stride = self.heads * self.size;
        let start = (picture * tokens + token) * stride + head * self.size;
        match map {
            Values::F32(values) => (&values[start..][..(count - 1) * stride + self.size], stride),
            Values::Bf16(bits) => {
                for (row, to) in room[..count * self.size].chunks_exact_mut(self.size).enumerate() {
                    let from = &bits[start + row * stride..][..self.size];
                    to.iter_mut().zip(from).for_each(|(slot, &bits)| *slot = bf16::value(bits));
                }
                (&room[..count * self.size], self.size)
            }
        }
    }

    /// Values of a room for [`Self::rows`] of `count` tokens of a map.
    fn room(&self, map: Values<'_>, count: usize) -> usize {
        if matches!(map, Values::Bf16(_)) { count * self.size } else { 0 }
    }

    /// Whole panels of `width` queries, fewer where there would be fewer than [`TASKS`] tasks.
    fn queries_of_a_task(&self, width: usize) -> usize {
        let mut most = QUERIES[usize::from(self.size > SMALL)];
        while most > width && self.batch * self.heads * self.queries.div_ceil(most) < TASKS {
            most = (most / 2).next_multiple_of(width);
        }
        most
    }

    /// Picture and head, and block of queries, of a task. Tasks of the same head follow one another, for its keys and values
    /// to stay cached; those of the same queries where all heads' keys fit, for the rows that heads share to stay.
    fn place(&self, index: usize, blocks: usize) -> (usize, usize) {
        let (picture, index) = (index / (self.heads * blocks), index % (self.heads * blocks));
        let (head, block) = if self.heads * self.keys * self.size <= CACHED {
            (index % self.heads, index / self.heads)
        } else {
            (index / blocks, index % blocks)
        };
        (picture * self.heads + head, block)
    }

    /// Keys of a block.
    fn keys_of_a_block(&self) -> usize {
        KEYS[usize::from(self.size > SMALL)]
    }
}
