//! The first fill, at the coarsest resolution: layer by layer from the border inwards, each pixel from the known patch
//! whose known or already filled pixels match best.

use danqing_capability::{Cancelled, Progress};

use super::field::{Match, mixed};
use super::level::{Estimate, Level};

/// Patch comparisons that all pixels together may cost.
const COMPARISONS: usize = 20_000_000;
/// Fewest and most known patches that a pixel is compared with.
const COMPARED: (usize, usize) = (64, 4096);
/// Pixels between two reports.
const REPORT_EVERY: usize = 32;

/// Fills the hole and gives every target patch a first match.
///
/// # Errors
/// [`Cancelled`].
pub(super) fn fill(
    level: &Level,
    texture_weight: f32,
    seed: u64,
    progress: &mut Progress<'_>,
) -> Result<(Estimate, Vec<Match>), Cancelled> {
    let mut estimate = Estimate { colour: level.known.clone(), texture: level.texture.clone() };
    let mut field = random_field(level, seed);
    let mut filled: Vec<bool> = level.unknown.iter().map(|u| !u).collect();
    let total = level.unknown.iter().filter(|u| **u).count();
    let candidates = candidates(level, total);
    let mut done = 0;
    for layer in layers(level) {
        let mut found = Vec::with_capacity(layer.len());
        for &at in &layer {
            if done % REPORT_EVERY == 0 {
                progress.step("first fill", done, total)?;
            }
            done += 1;
            let centre = centre(level, at);
            found.push((centre, best(level, &estimate, &filled, &candidates, centre, texture_weight)));
        }
        for (&at, &(centre, source)) in layer.iter().zip(&found) {
            let from = (source + at) - centre;
            estimate.colour[at] = level.known[from];
            estimate.texture[at] = level.texture[from];
            field[centre].at = source as u32;
            filled[at] = true;
        }
    }
    Ok((estimate, field))
}

/// A random known patch for every target.
pub(super) fn random_field(level: &Level, seed: u64) -> Vec<Match> {
    (0..level.known.len()).map(|at| Match { at: random_source(level, at, seed), cost: u32::MAX }).collect()
}

/// A known patch, drawn by position and seed.
pub(super) fn random_source(level: &Level, at: usize, seed: u64) -> u32 {
    let draw = mixed(seed ^ mixed(at as u64)) >> 32;
    level.sources[((draw * level.sources.len() as u64) >> 32) as usize]
}

/// Unknown pixels by their distance from the known part, nearest first.
fn layers(level: &Level) -> Vec<Vec<usize>> {
    let depth = level.depth();
    let most = level.unknown.iter().zip(&depth).filter(|(u, _)| **u).map(|(_, d)| *d as usize).max().unwrap_or(0);
    let mut layers = vec![Vec::new(); most.min(level.known.len())];
    for (at, _) in level.unknown.iter().enumerate().filter(|(_, u)| **u) {
        if let Some(layer) = layers.get_mut(depth[at] as usize - 1) {
            layer.push(at);
        }
    }
    layers
}

/// Evenly drawn known patches, few enough for the size of the hole.
fn candidates(level: &Level, unknown: usize) -> Vec<usize> {
    let most = (COMPARISONS / unknown.max(1)).clamp(COMPARED.0, COMPARED.1);
    let step = level.sources.len().div_ceil(most);
    level.sources.iter().step_by(step).map(|s| *s as usize).collect()
}

/// Centre of the patch nearest to `at` that lies inside.
fn centre(level: &Level, at: usize) -> usize {
    let (x, y, r) = (at % level.width, at / level.width, level.radius);
    y.clamp(r, level.height - 1 - r) * level.width + x.clamp(r, level.width - 1 - r)
}

/// The candidate with the least mean difference over the filled part of the patch.
fn best(
    level: &Level,
    estimate: &Estimate,
    filled: &[bool],
    candidates: &[usize],
    centre: usize,
    texture_weight: f32,
) -> usize {
    let known = known_part(level, filled, centre);
    let texture = mean_texture(estimate, &known);
    let mut best = (f32::INFINITY, candidates[0]);
    for &source in candidates {
        let [dx, dy] = [0, 1].map(|i| texture[i] - level.texture[source][i]);
        let mut cost = texture_weight * (dx * dx + dy * dy) * known.len() as f32;
        for &at in &known {
            let (a, b) = (estimate.colour[at], level.known[(source + at) - centre]);
            for i in 0..3 {
                let d = f32::from(a[i]) - f32::from(b[i]);
                cost += d * d;
            }
            if cost >= best.0 {
                break;
            }
        }
        if cost < best.0 {
            best = (cost, source);
        }
    }
    best.1
}

/// Filled pixels of the patch.
fn known_part(level: &Level, filled: &[bool], centre: usize) -> Vec<usize> {
    let (r, width) = (level.radius, level.width);
    let corner = centre - r * width - r;
    let pixels = (0..=2 * r).flat_map(|y| (0..=2 * r).map(move |x| corner + y * width + x));
    pixels.filter(|at| filled[*at]).collect()
}

fn mean_texture(estimate: &Estimate, known: &[usize]) -> [f32; 2] {
    let count = known.len().max(1) as f32;
    [0, 1].map(|i| known.iter().map(|at| estimate.texture[*at][i]).sum::<f32>() / count)
}
