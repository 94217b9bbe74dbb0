//! First fills, at the coarsest resolution. No way to start is the best for every picture: several are tried, and the
//! solver keeps the one that it can make most coherent.
//!
//! [`Start::Edges`] is A. Criminisi, P. Pérez, K. Toyama, "Region Filling and Object Removal by Exemplar-Based Inpainting", 2004.

use danqing_capability::{CancelToken, Cancelled, Progress};

use super::field::{Match, Matcher, mixed};
use super::level::{Estimate, Level};
use crate::ring::multigrid::{self, Role};

/// Patch comparisons that all steps together may cost.
const COMPARISONS: usize = 20_000_000;
/// Fewest and most known patches that a patch is compared with.
const COMPARED: (usize, usize) = (64, 8192);
/// Priority of a patch without any edge, against one with an edge of full contrast.
const WITHOUT_EDGE: f32 = 0.02;

/// Multigrid cycles of the smooth start; it is only a start.
const CYCLES: usize = 6;

/// How the hole is filled first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// Patch by patch from the border inwards, along strong edges first.
    Edges,
    /// Patch by patch from the border inwards, evenly.
    Even,
    /// A membrane; patches come with the first matching.
    Smooth,
}

impl Start {
    /// All of them, in the order they are tried.
    pub(super) const ALL: [Self; 3] = [Self::Edges, Self::Even, Self::Smooth];
}

/// A fill in progress.
struct Filling<'a> {
    level: &'a Level,
    start: Start,
    estimate: Estimate,
    filled: Vec<bool>,
    /// How sure each pixel is: 1 where known, falling inwards.
    confidence: Vec<f32>,
}

/// Fills the hole and gives every target patch a first match.
///
/// # Errors
/// [`Cancelled`].
pub(super) fn fill(
    matcher: &Matcher<'_>,
    start: Start,
    seed: u64,
    progress: &mut Progress<'_>,
) -> Result<(Estimate, Vec<Match>), Cancelled> {
    let level = matcher.level;
    if start == Start::Smooth {
        return Ok((smooth(matcher, progress)?, random_field(level, seed, progress.cancel_token())?));
    }
    let filled: Vec<bool> = level.unknown.iter().map(|u| !u).collect();
    let confidence = filled.iter().map(|f| if *f { 1.0 } else { 0.0 }).collect();
    let mut filling = Filling { level, start, estimate: matcher.estimate.clone(), filled, confidence };
    let mut field = random_field(level, seed, progress.cancel_token())?;
    let total = level.unknown.iter().filter(|u| **u).count();
    let candidates = candidates(level, total);
    let mut priorities = vec![None; level.unknown.len()];
    (0..priorities.len()).for_each(|at| priorities[at] = filling.priority(at));
    while let Some(at) = highest(&priorities) {
        progress.step(
            "first fill",
            filling.filled.iter().filter(|f| **f).count() + total - level.unknown.len(),
            total,
        )?;
        let centre = centre(level, at);
        let source = filling.best(matcher, &candidates, centre);
        for changed in filling.copy(centre, source) {
            field[changed].at = shifted(level, source, centre, changed);
        }
        // Two patches around the copied one see new pixels.
        for near in filling.square(centre, 2 * level.radius + 1) {
            priorities[near] = filling.priority(near);
        }
    }
    Ok((filling.estimate, field))
}

/// Colours and texture of the border continued as a membrane.
fn smooth(matcher: &Matcher<'_>, progress: &mut Progress<'_>) -> Result<Estimate, Cancelled> {
    let level = matcher.level;
    let mut estimate = matcher.estimate.clone();
    let role = |u: &bool| if *u { Role::Wanted } else { Role::Given };
    let roles: Vec<Role> = level.unknown.iter().map(role).collect();
    let colour = |at: usize| [0, 1, 2].map(|i| f32::from(level.known[at][i]));
    let texture = |at: usize| [level.texture[at][0], level.texture[at][1], 0.0];
    let places: Vec<usize> = (0..roles.len()).filter(|at| level.unknown[*at]).collect();
    let colours: Vec<_> = places.iter().map(|at| known_around(level, *at, colour)).collect();
    let textures: Vec<_> = places.iter().map(|at| known_around(level, *at, texture)).collect();
    let colours = multigrid::solve(level.width, roles.clone(), &colours, CYCLES, progress)?;
    let textures = multigrid::solve(level.width, roles, &textures, CYCLES, progress)?;
    for ((&at, colour), texture) in places.iter().zip(colours).zip(textures) {
        let [r, g, b] = colour.map(|c| c.round() as u8);
        estimate.colour[at] = [r, g, b, 0];
        estimate.texture[at] = [texture[0], texture[1]];
    }
    Ok(estimate)
}

/// Sum of a quantity over the known pixels that touch `at`.
fn known_around(level: &Level, at: usize, value: impl Fn(usize) -> [f32; 3]) -> [f32; 3] {
    let (x, y) = (at % level.width, at / level.width);
    let around = [
        (x > 0).then(|| at - 1),
        (x + 1 < level.width).then(|| at + 1),
        (y > 0).then(|| at - level.width),
        (y + 1 < level.height).then(|| at + level.width),
    ];
    let mut sum = [0.0; 3];
    for n in around.into_iter().flatten().filter(|n| !level.unknown[*n]) {
        sum.iter_mut().zip(value(n)).for_each(|(s, v)| *s += v);
    }
    sum
}

/// First of the highest priorities.
fn highest(priorities: &[Option<f32>]) -> Option<usize> {
    let mut best: Option<(usize, f32)> = None;
    for (at, priority) in priorities.iter().enumerate() {
        if let Some(p) = priority.filter(|p| best.is_none_or(|(_, b)| *p > b)) {
            best = Some((at, p));
        }
    }
    best.map(|(at, _)| at)
}

/// The source of a patch centred at `at` that continues the one centred at `centre`; `source` itself where it can't.
fn shifted(level: &Level, source: usize, centre: usize, at: usize) -> u32 {
    let moved = (source + at).checked_sub(centre).filter(|m| level.is_source.get(*m).copied().unwrap_or(false));
    moved.unwrap_or(source) as u32
}

/// A random known patch for every pixel.
///
/// # Errors
/// [`Cancelled`].
pub(super) fn random_field(level: &Level, seed: u64, cancel: &CancelToken) -> Result<Vec<Match>, Cancelled> {
    let mut field = Vec::with_capacity(level.known.len());
    for y in 0..level.height {
        cancel.check()?;
        let row = y * level.width..(y + 1) * level.width;
        field.extend(row.map(|at| Match { at: random_source(level, at, seed), cost: u32::MAX }));
    }
    Ok(field)
}

/// A known patch, drawn by position and seed.
fn random_source(level: &Level, at: usize, seed: u64) -> u32 {
    let draw = mixed(seed ^ mixed(at as u64)) >> 32;
    level.sources[((draw * level.sources.len() as u64) >> 32) as usize]
}

/// Evenly drawn known patches, few enough for the size of the hole.
fn candidates(level: &Level, unknown: usize) -> Vec<usize> {
    let steps = unknown.div_ceil(level.radius * level.radius + 1);
    let most = (COMPARISONS / steps.max(1)).clamp(COMPARED.0, COMPARED.1);
    let step = level.sources.len().div_ceil(most);
    level.sources.iter().step_by(step).map(|s| *s as usize).collect()
}

/// Centre of the patch nearest to `at` that lies inside.
fn centre(level: &Level, at: usize) -> usize {
    let (x, y, r) = (at % level.width, at / level.width, level.radius);
    y.clamp(r, level.height - 1 - r) * level.width + x.clamp(r, level.width - 1 - r)
}

impl Filling<'_> {
    /// Pixels within `radius` of `at`, clipped, in row order.
    fn square(&self, at: usize, radius: usize) -> impl Iterator<Item = usize> + use<> {
        let (width, height) = (self.level.width, self.level.height);
        let (x, y) = (at % width, at / width);
        let columns = x.saturating_sub(radius)..=(x + radius).min(width - 1);
        let rows = y.saturating_sub(radius)..=(y + radius).min(height - 1);
        rows.flat_map(move |row| columns.clone().map(move |column| row * width + column))
    }

    /// Confidence times edge strength for a pixel on the front; `None` for all others.
    fn priority(&self, at: usize) -> Option<f32> {
        if self.filled[at] || !self.square(at, 1).any(|n| self.filled[n]) {
            return None;
        }
        let patch: Vec<usize> = self.square(at, self.level.radius).collect();
        let confidence = patch.iter().map(|n| self.confidence[*n]).sum::<f32>() / patch.len() as f32;
        if self.start == Start::Even {
            return Some(confidence);
        }
        let normal = self.normal(at);
        let edges = patch.iter().filter_map(|n| self.isophote(*n));
        let strength = edges.map(|(x, y)| (x * normal.0 + y * normal.1).abs()).fold(0.0, f32::max);
        Some(confidence * (WITHOUT_EDGE + strength / 255.0))
    }

    /// Unit vector from the filled part into the hole; zero where it is filled all around.
    fn normal(&self, at: usize) -> (f32, f32) {
        let (width, mut x, mut y) = (self.level.width, 0.0f32, 0.0f32);
        for n in self.square(at, 2).filter(|n| self.filled[*n]) {
            x += (at % width) as f32 - (n % width) as f32;
            y += (at / width) as f32 - (n / width) as f32;
        }
        let length = x.hypot(y);
        if length > 0.0 { (x / length, y / length) } else { (0.0, 0.0) }
    }

    /// Direction of equal brightness, as long as the gradient is strong, from filled pixels only.
    fn isophote(&self, at: usize) -> Option<(f32, f32)> {
        let (width, height) = (self.level.width, self.level.height);
        let (x, y) = (at % width, at / width);
        if x == 0 || y == 0 || x + 1 >= width || y + 1 >= height {
            return None;
        }
        let around = [at - 1, at + 1, at - width, at + width];
        if !self.filled[at] || around.iter().any(|n| !self.filled[*n]) {
            return None;
        }
        let [left, right, up, down] = around.map(|n| {
            let [r, g, b, _] = self.estimate.colour[n].map(f32::from);
            0.299 * r + 0.587 * g + 0.114 * b
        });
        Some(((up - down) / 2.0, (right - left) / 2.0))
    }

    /// The candidate with the least difference over the filled part of the patch.
    fn best(&self, matcher: &Matcher<'_>, candidates: &[usize], centre: usize) -> usize {
        let known: Vec<usize> = self.square(centre, self.level.radius).filter(|n| self.filled[*n]).collect();
        let count = known.len().max(1) as f32;
        let texture = [0, 1].map(|i| known.iter().map(|n| self.estimate.texture[*n][i]).sum::<f32>() / count);
        let mut best = (f32::INFINITY, candidates[0]);
        for &source in candidates {
            let mut cost = count * matcher.prior(centre, texture, source);
            for &at in &known {
                if cost >= best.0 {
                    break;
                }
                let (a, b) = (self.estimate.colour[at], self.level.known[(source + at) - centre]);
                let difference = |i: usize| f32::from(a[i]) - f32::from(b[i]);
                cost += (0..3).map(|i| difference(i) * difference(i)).sum::<f32>();
            }
            if cost < best.0 {
                best = (cost, source);
            }
        }
        best.1
    }

    /// Copies what is not filled yet; returns those pixels.
    fn copy(&mut self, centre: usize, source: usize) -> Vec<usize> {
        let patch: Vec<usize> = self.square(centre, self.level.radius).collect();
        let confidence = patch.iter().map(|n| self.confidence[*n]).sum::<f32>() / patch.len() as f32;
        let open: Vec<usize> = patch.into_iter().filter(|n| !self.filled[*n]).collect();
        for &at in &open {
            let from = (source + at) - centre;
            self.estimate.colour[at] = self.level.known[from];
            self.estimate.texture[at] = self.level.texture[from];
            self.confidence[at] = confidence;
            self.filled[at] = true;
        }
        open
    }
}
