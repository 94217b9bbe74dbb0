//! The hole rebuilt from the matches of all patches that cover each pixel.

use danqing_capability::{CancelToken, Cancelled};

use super::field::Match;
use super::level::{Estimate, Level};
use super::parallel;

/// Rows of one piece of work.
const BAND_ROWS: usize = 16;
/// Percentile of the covering patches' costs that sets the width of the weights (Newson et al., section 3.3).
const PERCENTILE: usize = 75;
/// Pixels of the largest patch.
const MOST_VOTES: usize = 121;

/// One covering patch's opinion about a pixel.
#[derive(Clone, Copy, Default)]
pub(super) struct Vote {
    /// The known pixel it would copy.
    pub(super) from: usize,
    pub(super) cost: u32,
    pub(super) confidence: f32,
}

/// The votes about one pixel.
pub(super) struct Votes {
    votes: [Vote; MOST_VOTES],
    count: usize,
}

impl Votes {
    pub(super) fn new() -> Self {
        Self { votes: [Vote::default(); MOST_VOTES], count: 0 }
    }

    /// Gathers the votes about pixel `at`.
    pub(super) fn gather(&mut self, level: &Level, field: &[Match], at: usize) -> &[Vote] {
        let (x, y, r, width) = (at % level.width, at / level.width, level.radius, level.width);
        self.count = 0;
        for row in y.saturating_sub(r)..=(y + r).min(level.height - 1) {
            for column in x.saturating_sub(r)..=(x + r).min(width - 1) {
                let centre = row * width + column;
                if level.is_target[centre] {
                    let found = field[centre];
                    let from = (found.at as usize + at) - centre;
                    self.votes[self.count] = Vote { from, cost: found.cost, confidence: level.confidence[centre] };
                    self.count += 1;
                }
            }
        }
        &self.votes[..self.count]
    }
}

/// A weight for each vote.
fn weights(votes: &[Vote], costs: &mut Vec<u32>, weights: &mut Vec<f32>) {
    costs.clear();
    costs.extend(votes.iter().map(|v| v.cost));
    let rank = (costs.len() * PERCENTILE / 100).min(costs.len() - 1);
    let width = (*costs.select_nth_unstable(rank).1).max(1) as f32;
    weights.clear();
    weights.extend(votes.iter().map(|v| v.confidence * (-(v.cost as f32) / (2.0 * width)).exp()));
}

/// The vote that counts most; the first of equals.
pub(super) fn best(votes: &[Vote]) -> Option<&Vote> {
    votes.iter().min_by(|a, b| a.cost.cmp(&b.cost))
}

/// Rebuilds the hole; returns the mean absolute change of a colour value.
///
/// # Errors
/// [`Cancelled`]; the estimate is then rebuilt in part.
pub(super) fn rebuild(
    level: &Level,
    field: &[Match],
    estimate: &mut Estimate,
    threads: usize,
    cancel: &CancelToken,
) -> Result<f32, Cancelled> {
    let width = level.width;
    let band = BAND_ROWS * width;
    let mut changes = vec![0u64; estimate.colour.len().div_ceil(band)];
    let parts = estimate.colour.chunks_mut(band).zip(estimate.texture.chunks_mut(band)).zip(&mut changes).enumerate();
    parallel::for_each(parts.collect(), threads, |(index, ((colour, texture), change))| {
        let mut votes = Votes::new();
        let (mut costs, mut shares) = (Vec::new(), Vec::new());
        for local in 0..colour.len() {
            if local % width == 0 && cancel.is_cancelled() {
                return;
            }
            let at = index * band + local;
            if !level.unknown[at] {
                continue;
            }
            let votes = votes.gather(level, field, at);
            let old = colour[local];
            weights(votes, &mut costs, &mut shares);
            (colour[local], texture[local]) = mean(level, votes, &shares);
            *change += (0..3).map(|i| u64::from(old[i].abs_diff(colour[local][i]))).sum::<u64>();
        }
    });
    cancel.check()?;
    let unknown = level.unknown.iter().filter(|u| **u).count();
    Ok(changes.iter().sum::<u64>() as f32 / (3 * unknown.max(1)) as f32)
}

fn mean(level: &Level, votes: &[Vote], weights: &[f32]) -> ([u8; 4], [f32; 2]) {
    let (mut colour, mut texture, mut total) = ([0.0f32; 3], [0.0f32; 2], 0.0f32);
    for (vote, weight) in votes.iter().zip(weights) {
        let from = level.known[vote.from];
        (0..3).for_each(|i| colour[i] += weight * f32::from(from[i]));
        (0..2).for_each(|i| texture[i] += weight * level.texture[vote.from][i]);
        total += weight;
    }
    let colour = colour.map(|c| (c / total).round() as u8);
    ([colour[0], colour[1], colour[2], 0], texture.map(|t| t / total))
}
