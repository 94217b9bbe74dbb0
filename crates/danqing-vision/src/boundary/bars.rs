//! One bar: how deep it is, and how straight it ends.

use super::side::View;

/// Pixels of a bar may differ from its colour by this much: compression noise.
const NOISE: i32 = 14;
/// This share of a line must be the bar's colour; the rest may be ringing beside the picture or a dust speck.
const FLAT_SHARE: f32 = 0.985;
/// The mean colour of a bar's line may differ from the first lines by this much: a ramp is not a bar.
const DRIFT: f32 = 2.5;
/// JPEG lets the picture ring into the bar inside one block, of this many lines where colour is halved; such lines count
/// as bar where the bar then ends straighter.
const BLOCK: usize = 16;
/// Share of a ringing line that is within twice the noise of the bar's colour, and how far its mean may be off.
const RINGING_SHARE: f32 = 0.9;
const RINGING_DRIFT: f32 = 6.0;
/// Smallest mean difference between a bar and what follows, summed over the channels.
const STEP: f32 = 9.0;
/// Colours of two bars this far apart are still the same.
const TWIN: i32 = 10;

/// A flat run of outermost lines.
pub(super) struct Bar {
    colour: [i32; 3],
    pub(super) depth: usize,
    /// Share of the line behind it where a Canny edge runs.
    pub(super) edge_share: f32,
}

impl Bar {
    pub(super) fn is_twin_of(&self, other: &Self) -> bool {
        self.colour.iter().zip(&other.colour).all(|(a, b)| a.abs_diff(*b) <= TWIN as u32)
    }
}

/// The bar on the view's side, if its outermost lines are flat and something else follows.
pub(super) fn bar(view: &View<'_>) -> Option<Bar> {
    let colour = median_colour(view);
    let first_mean = line_mean(view, 0);
    let is_like = |line: usize, noise: i32, least_share: f32, drift: f32| {
        let mean = line_mean(view, line);
        share_within(view, line, colour, noise) >= least_share
            && (0..3).all(|c| (mean[c] - first_mean[c]).abs() <= drift)
    };
    let flat = (0..view.lines()).take_while(|&line| is_like(line, NOISE, FLAT_SHARE, DRIFT)).count();
    if flat == 0 {
        return None;
    }
    let block = flat..view.lines().min(flat + BLOCK);
    let ringing = block.take_while(|&line| is_like(line, 2 * NOISE, RINGING_SHARE, RINGING_DRIFT)).count();
    let ends = [flat, flat + ringing].into_iter().filter_map(|end| ending_at(view, colour, flat, end));
    ends.reduce(|plain, ringing| if ringing.edge_share > plain.edge_share { ringing } else { plain })
}

/// The bar of `flat` flat lines that ends near line `end`, if a step ends it.
fn ending_at(view: &View<'_>, colour: [i32; 3], flat: usize, end: usize) -> Option<Bar> {
    if end == view.lines() {
        return None;
    }
    let depth = behind_soft_edge(view, end);
    is_step(view, flat, end, depth).then(|| Bar { colour, depth, edge_share: edge_share(view, depth) })
}

/// Whether the bar's end differs far more than its flat lines differ from each other: a gentle ramp does not.
fn is_step(view: &View<'_>, flat: usize, end: usize, depth: usize) -> bool {
    let inside = 1..flat.saturating_sub(2).max(1);
    let lines = inside.len().max(1) as f32;
    let usual = inside.map(|line| step(view, line)).sum::<f32>() / lines;
    let ends = end.saturating_sub(2).max(1)..(depth + 1).min(view.lines());
    ends.map(|line| step(view, line)).fold(0.0, f32::max) >= STEP.max(3.0 * usual)
}

/// Per channel the middle value of the outermost line.
fn median_colour(view: &View<'_>) -> [i32; 3] {
    [0, 1, 2].map(|channel| {
        let mut values: Vec<i32> = (0..view.along()).map(|i| view.pixel(0, i)[channel]).collect();
        let middle = values.len() / 2;
        *values.select_nth_unstable(middle).1
    })
}

/// Share of the line's pixels that are at most `noise` from `colour` in every channel.
fn share_within(view: &View<'_>, line: usize, colour: [i32; 3], noise: i32) -> f32 {
    let is_flat = |i: &usize| view.pixel(line, *i).iter().zip(&colour).all(|(a, b)| (a - b).abs() <= noise);
    (0..view.along()).filter(is_flat).count() as f32 / view.along() as f32
}

fn line_mean(view: &View<'_>, line: usize) -> [f32; 3] {
    let mut sums = [0_i64; 3];
    for i in 0..view.along() {
        sums.iter_mut().zip(view.pixel(line, i)).for_each(|(sum, v)| *sum += i64::from(v));
    }
    sums.map(|sum| sum as f32 / view.along() as f32)
}

/// The first line behind the largest step near the end of the flat run: scaled video ends in one or two mixed lines.
fn behind_soft_edge(view: &View<'_>, flat: usize) -> usize {
    let lines = flat.saturating_sub(2).max(1)..(flat + 3).min(view.lines());
    let steps: Vec<(usize, f32)> = lines.map(|line| (line, step(view, line))).collect();
    let largest = steps.iter().map(|&(_, s)| s).fold(0.0, f32::max);
    steps.iter().rev().find(|&&(_, s)| s >= 0.5 * largest).map_or(flat, |&(line, _)| line)
}

/// Mean absolute difference between a line and the one before it.
fn step(view: &View<'_>, line: usize) -> f32 {
    let difference =
        |i: usize| -> u32 { view.pixel(line, i).iter().zip(view.pixel(line - 1, i)).map(|(a, b)| a.abs_diff(b)).sum() };
    (0..view.along()).map(difference).sum::<u32>() as f32 / view.along() as f32
}

/// Share of positions along the line where an edge runs within two lines of `depth`.
fn edge_share(view: &View<'_>, depth: usize) -> f32 {
    let lines = depth.saturating_sub(2)..(depth + 2).min(view.lines());
    let has_edge = |i: &usize| lines.clone().any(|line| view.is_edge(line, *i));
    (0..view.along()).filter(has_edge).count() as f32 / view.along() as f32
}
