//! The finished hole, from the picture's own samples.

use danqing_capability::{Cancelled, Progress};
use danqing_media::{Raster, SrgbF32};

use super::field::Match;
use super::level::Level;
use super::vote::{self, Votes};
use super::window::Window;
use crate::ring::multigrid::{self, Role};

/// A step between pieces up to this size is levelled out fully or in part; a larger one is an edge and stays.
const LARGEST_STEP: f32 = 0.08;
/// Multigrid cycles of the levelling.
const CYCLES: usize = 6;
/// Pull of the levelling to no change, for grey and the two colour differences: steps in colour are levelled over about
/// 16 pixels, steps in grey over about 100. Without it the small errors of many steps add up to coloured clouds.
const SCREENING: [f32; 3] = [1.0 / (100.0 * 100.0), 1.0 / (16.0 * 16.0), 1.0 / (16.0 * 16.0)];
/// Pixels between two reports.
const REPORT_EVERY: usize = 1 << 15;

/// Marks pixels that are not copied.
const OWN: u32 = u32::MAX;

/// Writes the hole into `image`: each pixel from the best patch that covers it, then the steps in brightness between
/// pieces from different places, and to the picture around, levelled out.
///
/// # Errors
/// [`Cancelled`].
pub(super) fn paste(
    image: &mut Raster<SrgbF32>,
    window: &Window,
    level: &Level,
    field: &[Match],
    progress: &mut Progress<'_>,
) -> Result<(), Cancelled> {
    let copies = Copies { window, level, from: best_sources(level, field, progress)? };
    let places: Vec<usize> = (0..level.unknown.len()).filter(|at| level.unknown[*at]).collect();
    let mut right: Vec<[f32; 3]> = Vec::with_capacity(places.len());
    for part in places.chunks(REPORT_EVERY) {
        progress.step("paste", right.len(), places.len())?;
        right.extend(part.iter().map(|at| opponent_from_rgb(copies.lacking(*at))));
    }
    let roles = level.unknown.iter().map(|u| if *u { Role::Wanted } else { Role::Given }).collect();
    let correction = multigrid::solve_screened(level.width, roles, &right, SCREENING, CYCLES, progress)?;
    for (&at, correction) in places.iter().zip(correction) {
        let correction = rgb_from_opponent(correction);
        let (x, y) = (window.place.x + at % level.width, window.place.y + at / level.width);
        let copied = copies.value(at);
        let pixel = image.pixel_mut(x, y).iter_mut().zip(copied.iter().zip(correction));
        pixel.for_each(|(to, (from, add))| *to = (from + add).clamp(from.min(0.0), from.max(1.0)));
    }
    Ok(())
}

/// Grey and two colour differences.
fn opponent_from_rgb([r, g, b]: [f32; 3]) -> [f32; 3] {
    let grey = (r + g + b) / 3.0;
    [grey, r - grey, b - grey]
}

/// Undoes [`opponent_from_rgb`].
fn rgb_from_opponent([grey, red, blue]: [f32; 3]) -> [f32; 3] {
    [grey + red, grey - red - blue, grey + blue]
}

/// For each unknown pixel the one it is copied from; [`OWN`] for the others.
fn best_sources(level: &Level, field: &[Match], progress: &mut Progress<'_>) -> Result<Vec<u32>, Cancelled> {
    let mut votes = Votes::new();
    let mut from = vec![OWN; level.unknown.len()];
    let mut done = 0;
    for (at, _) in level.unknown.iter().enumerate().filter(|(_, u)| **u) {
        if let Some(vote) = vote::best(votes.gather(level, field, at)) {
            from[at] = vote.from as u32;
        }
        done += 1;
        if done % REPORT_EVERY == 0 {
            progress.step("paste", done, level.hole_area as usize)?;
        }
    }
    Ok(from)
}

/// The hole as a patchwork of copies.
struct Copies<'a> {
    window: &'a Window,
    level: &'a Level,
    from: Vec<u32>,
}

impl Copies<'_> {
    /// Where a pixel's value comes from.
    fn source(&self, at: usize) -> usize {
        if self.from[at] == OWN { at } else { self.from[at] as usize }
    }

    fn value(&self, at: usize) -> &[f32; 3] {
        self.sample(self.source(at))
    }

    fn sample(&self, at: usize) -> &[f32; 3] {
        self.window.image.samples().as_chunks::<3>().0.get(at).unwrap_or(&[0.0; 3])
    }

    /// Right side of the levelling equation: how much the pieces' own gradients ask `at` to rise above its neighbours.
    fn lacking(&self, at: usize) -> [f32; 3] {
        let (width, height) = (self.level.width, self.level.height);
        let (x, y) = (at % width, at / width);
        let around = [(x > 0, -1), (x + 1 < width, 1), (y > 0, -(width as isize)), (y + 1 < height, width as isize)];
        let mut sum = [0.0; 3];
        for (_, offset) in around.into_iter().filter(|(inside, _)| *inside) {
            let step = self.step(at, offset);
            sum.iter_mut().zip(step).for_each(|(s, v)| *s -= v);
        }
        sum
    }

    /// What the difference to the neighbour at `offset` should gain to be that of the pieces.
    fn step(&self, at: usize, offset: isize) -> [f32; 3] {
        let Some(next) = at.checked_add_signed(offset) else { return [0.0; 3] };
        let here = self.continued(self.source(at), offset);
        let there = if self.level.unknown[next] { self.continued(self.source(next), -offset) } else { None };
        let (a, b) = (self.value(at), self.value(next));
        let mut step = [0.0f32; 3];
        for i in 0..3 {
            let forward = here.map(|n| n[i] - a[i]);
            let backward = there.map(|n| b[i] - n[i]);
            let wanted = match (forward, backward) {
                (Some(f), Some(b)) => f.midpoint(b),
                (Some(f), None) => f,
                (None, Some(b)) => b,
                (None, None) => b[i] - a[i],
            };
            step[i] = wanted - (b[i] - a[i]);
        }
        let largest = step.iter().fold(0.0f32, |l, s| l.max(s.abs()));
        let share = (1.0 - (largest / LARGEST_STEP).powi(2)).max(0.0).powi(2);
        step.map(|s| share * s)
    }

    /// The neighbour of a source pixel, where it may be copied too.
    fn continued(&self, source: usize, offset: isize) -> Option<&[f32; 3]> {
        let next =
            source.checked_add_signed(offset).filter(|n| self.level.allowed.get(*n).copied().unwrap_or(false))?;
        // Not around the end of a row.
        let across = offset.unsigned_abs() == 1 && next / self.level.width != source / self.level.width;
        (!across).then(|| self.sample(next))
    }
}
