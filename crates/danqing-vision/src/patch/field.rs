//! The nearest-neighbour field: for every patch that touches the hole, the known patch most like it.

use danqing_capability::{CancelToken, Cancelled, Progress};

use super::level::{Estimate, Level, Pixel};
use super::parallel;

/// Rows that one piece of work sweeps in order; across pieces the state before the sweep is read.
const BAND_ROWS: usize = 16;
/// Patches between two reports.
const PATCHES_PER_REPORT: usize = 50_000;

/// Squared distance, in areas of the hole, beyond which farther is not worse.
const FARTHEST: f32 = 16.0;

/// Where a patch's best match is centred, and how far it is from it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Match {
    pub(super) at: u32,
    pub(super) cost: u32,
}

/// Weights of the terms of a patch's distance, per pixel of a patch.
#[derive(Clone, Copy)]
pub(super) struct Weights {
    pub(super) texture: f32,
    pub(super) guidance: f32,
    /// Per squared distance of a hole's size between the patches.
    pub(super) proximity: f32,
}

/// Distances between patches of the current estimate and known patches.
pub(super) struct Matcher<'a> {
    pub(super) level: &'a Level,
    pub(super) estimate: &'a Estimate,
    pub(super) weights: Weights,
}

/// One round over all patches.
pub(super) struct Sweep {
    /// Right to left and bottom to top, if set.
    pub(super) reverse: bool,
    /// Whether stored costs belong to an older estimate.
    pub(super) stale: bool,
    /// Different for every sweep of a run.
    pub(super) random: u64,
    pub(super) threads: usize,
}

impl Matcher<'_> {
    /// Sum of squared colour differences over a patch plus feature terms; at least `limit` once it can't be below it.
    pub(super) fn cost(&self, target: usize, source: usize, limit: u32) -> u32 {
        let mut cost = self.feature_cost(target, source);
        if cost >= limit {
            return limit;
        }
        let (width, radius) = (self.level.width, self.level.radius);
        let corner = radius * width + radius;
        let (mut a, mut b) = (target - corner, source - corner);
        for _ in 0..=2 * radius {
            cost += row_difference(&self.estimate.colour[a..], &self.level.known[b..], 2 * radius + 1);
            if cost >= limit {
                return limit;
            }
            a += width;
            b += width;
        }
        cost
    }

    /// Sum over all targets of their distance from their match.
    pub(super) fn energy(&self, field: &[Match]) -> u64 {
        let targets = self.level.is_target.iter().enumerate().filter(|(_, t)| **t);
        targets.map(|(at, _)| u64::from(self.cost(at, field[at].at as usize, u32::MAX))).sum()
    }

    fn feature_cost(&self, target: usize, source: usize) -> u32 {
        let mut cost = self.prior(target, self.estimate.texture[target], source);
        if let Some(guide) = &self.level.guide {
            cost += self.weights.guidance * square(guide[target], guide[source]);
        }
        let side = (2 * self.level.radius + 1) as f32;
        (cost * side * side) as u32
    }

    /// What counts beside colours, per pixel of a patch: likeness of texture, and nearness.
    pub(super) fn prior(&self, target: usize, texture: [f32; 2], source: usize) -> f32 {
        let width = self.level.width;
        let across = (target % width).abs_diff(source % width) as f32;
        let down = (target / width).abs_diff(source / width) as f32;
        let distance = ((across * across + down * down) / self.level.hole_area).min(FARTHEST);
        self.weights.texture * square(texture, self.level.texture[source]) + self.weights.proximity * distance
    }

    /// One forward or backward sweep of propagation and random search.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub(super) fn sweep(
        &self,
        field: &mut [Match],
        sweep: &Sweep,
        progress: &mut Progress<'_>,
        position: (usize, usize),
    ) -> Result<(), Cancelled> {
        let cancel = progress.cancel_token().clone();
        let before = field.to_vec();
        let width = self.level.width;
        let mut pending = Vec::new();
        let mut patches = 0;
        let bands: Vec<_> = field.chunks_mut(BAND_ROWS * width).enumerate().collect();
        for (band, part) in bands {
            let first = band * BAND_ROWS * width;
            patches += self.level.is_target[first..first + part.len()].iter().filter(|t| **t).count();
            pending.push((first, part));
            if patches > PATCHES_PER_REPORT {
                self.run_bands(std::mem::take(&mut pending), &before, sweep, &cancel);
                progress.step("patches", position.0, position.1)?;
                patches = 0;
            }
        }
        self.run_bands(pending, &before, sweep, &cancel);
        progress.step("patches", position.0, position.1)
    }

    fn run_bands(&self, bands: Vec<(usize, &mut [Match])>, before: &[Match], sweep: &Sweep, cancel: &CancelToken) {
        let work = |(first, part): (usize, &mut [Match])| {
            let rows = part.len() / self.level.width;
            for i in 0..rows {
                if cancel.is_cancelled() {
                    return;
                }
                let row = if sweep.reverse { rows - 1 - i } else { i };
                self.sweep_row(first, row, part, before, sweep);
            }
        };
        parallel::for_each(bands, sweep.threads, work);
    }

    fn sweep_row(&self, first: usize, row: usize, part: &mut [Match], before: &[Match], sweep: &Sweep) {
        let width = self.level.width;
        for i in 0..width {
            let local = row * width + if sweep.reverse { width - 1 - i } else { i };
            let at = first + local;
            if !self.level.is_target[at] {
                continue;
            }
            let mut best = part[local];
            if sweep.stale {
                best.cost = self.cost(at, best.at as usize, u32::MAX);
            }
            // Two neighbours that this sweep has already been at.
            let step: isize = if sweep.reverse { 1 } else { -1 };
            for offset in [step, step * width as isize] {
                let Some(neighbour) = at.checked_add_signed(offset).filter(|n| *n < before.len()) else { continue };
                if !self.level.is_target[neighbour] {
                    continue;
                }
                let swept = neighbour.checked_sub(first).and_then(|n| part.get(n));
                let found = swept.unwrap_or(&before[neighbour]).at as usize;
                self.try_source(at, found.checked_add_signed(-offset), &mut best);
            }
            self.search(at, &mut best, sweep.random);
            part[local] = best;
        }
    }

    fn try_source(&self, target: usize, source: Option<usize>, best: &mut Match) {
        let Some(source) = source.filter(|s| *s < self.level.is_source.len()) else { return };
        if !self.level.is_source[source] || source == best.at as usize {
            return;
        }
        let cost = self.cost(target, source, best.cost);
        if cost < best.cost {
            *best = Match { at: source as u32, cost };
        }
    }

    /// Random search around the best match in windows that halve each time.
    fn search(&self, at: usize, best: &mut Match, random: u64) {
        let (width, height) = (self.level.width, self.level.height);
        let mut state = mixed(random ^ (at as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let mut reach = width.max(height);
        while reach >= 1 {
            state = mixed(state);
            let (x, y) = (best.at as usize % width, best.at as usize / width);
            let x = between(state as u32, x, reach, width);
            let y = between((state >> 32) as u32, y, reach, height);
            self.try_source(at, Some(y * width + x), best);
            reach /= 2;
        }
    }
}

/// A position within `reach` of `centre`, inside `0..end`.
fn between(random: u32, centre: usize, reach: usize, end: usize) -> usize {
    let low = centre.saturating_sub(reach);
    let high = (centre + reach).min(end - 1);
    low + ((u64::from(random) * (high - low + 1) as u64) >> 32) as usize
}

/// splitmix64 (Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", 2014).
pub(super) fn mixed(state: u64) -> u64 {
    let z = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn square<const N: usize>(a: [f32; N], b: [f32; N]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

/// Sum of squared differences of the first `length` pixels.
fn row_difference(a: &[Pixel], b: &[Pixel], length: usize) -> u32 {
    let fixed = match length {
        5 => fixed_difference::<5>(a, b),
        7 => fixed_difference::<7>(a, b),
        9 => fixed_difference::<9>(a, b),
        _ => None,
    };
    fixed.unwrap_or_else(|| difference(a[..length].as_flattened(), b[..length].as_flattened()))
}

fn fixed_difference<const N: usize>(a: &[Pixel], b: &[Pixel]) -> Option<u32> {
    Some(difference(a.first_chunk::<N>()?.as_flattened(), b.first_chunk::<N>()?.as_flattened()))
}

#[inline]
fn difference(a: &[u8], b: &[u8]) -> u32 {
    a.iter()
        .zip(b)
        .map(|(a, b)| {
            let d = i16::from(*a) - i16::from(*b);
            i32::from(d) * i32::from(d)
        })
        .sum::<i32>() as u32
}
