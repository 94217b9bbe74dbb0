//! From the coarsest resolution to the finest: match, vote, match, vote…

use danqing_capability::{CancelToken, Cancelled, Progress};
use danqing_media::{Mask, Raster, SrgbF32};

use super::field::{Match, Matcher, Sweep, Weights, mixed};
use super::first_fill::Start;
use super::level::{Estimate, Level};
use super::window::Window;
use super::{Error, Options, compose, first_fill, parallel, pyramid, vote};

/// Halvings of a guided completion: the guess already holds what is coarser.
const GUIDED_HALVINGS: usize = 3;
/// Sweeps between two votes: one forward, one backward.
const SWEEPS: usize = 2;
/// Mean change, in 8-bit levels, below which a resolution is done.
const SETTLED: f32 = 0.1;

/// Completes the hole, guided by `guess` if there is one.
pub(super) fn run(
    image: &Raster<SrgbF32>,
    hole: &Mask,
    source: Option<&Mask>,
    guess: Option<&Raster<SrgbF32>>,
    options: &Options,
    progress: &mut Progress<'_>,
) -> Result<Raster<SrgbF32>, Error> {
    check(image, hole, source, guess, options)?;
    progress.step("patches", 0, 1)?;
    let Some(window) = Window::around(image, hole, source, guess, options.reach) else {
        return Ok(image.clone());
    };
    progress.step("patches", 0, 1)?;
    let halvings = if guess.is_some() { options.halvings.min(GUIDED_HALVINGS) } else { options.halvings };
    let levels = pyramid::levels(&window, options.patch_size, halvings, progress)?;
    let Some(finest) = levels.first() else {
        return Err(Error::NoSource { pixels: image.width() * image.height() });
    };
    let mut run = Run { options, threads: parallel::threads_or_all(options.threads), done: 0, total: 0 };
    run.total = (0..levels.len()).map(|index| run.iterations(index, levels.len()) * SWEEPS).sum();
    let field = run.solve(&levels, progress)?;
    let mut made = image.clone();
    compose::paste(&mut made, &window, finest, &field, progress)?;
    Ok(made)
}

fn check(
    image: &Raster<SrgbF32>,
    hole: &Mask,
    source: Option<&Mask>,
    guess: Option<&Raster<SrgbF32>>,
    options: &Options,
) -> Result<(), Error> {
    let sizes =
        [("hole", Some(hole.size())), ("source mask", source.map(Raster::size)), ("guess", guess.map(Raster::size))];
    for (what, size) in sizes {
        if let Some((actual_width, actual_height)) = size.filter(|s| *s != image.size()) {
            let (width, height) = image.size();
            return Err(Error::SizeMismatch { what, width, height, actual_width, actual_height });
        }
    }
    let option = |name, actual: String, expected| Err(Error::Option { name, actual, expected });
    if !matches!(options.patch_size, 3 | 5 | 7 | 9 | 11) {
        return option("patch_size", options.patch_size.to_string(), "an odd number from 3 to 11");
    }
    if !(1..=50).contains(&options.iterations) {
        return option("iterations", options.iterations.to_string(), "1 to 50");
    }
    for (name, value) in [
        ("reach", options.reach),
        ("texture", options.texture),
        ("proximity", options.proximity),
        ("guidance", options.guidance),
    ] {
        if !(0.0..=1000.0).contains(&value) {
            return option(name, value.to_string(), "0 to 1000");
        }
    }
    Ok(())
}

struct Run<'a> {
    options: &'a Options,
    threads: usize,
    done: usize,
    total: usize,
}

impl Run<'_> {
    /// Rounds at level `index` of `count`, 0 being the finest.
    fn iterations(&self, index: usize, count: usize) -> usize {
        let all = self.options.iterations;
        if index + 1 == count {
            2 * all
        } else if index == 0 {
            all.div_ceil(2)
        } else {
            all
        }
    }

    /// The matches of the finest level.
    fn solve(&mut self, levels: &[Level], progress: &mut Progress<'_>) -> Result<Vec<Match>, Error> {
        let seed = mixed(self.options.seed);
        let Some((coarsest, finer)) = levels.split_last() else { return Ok(Vec::new()) };
        let mut field = self.solve_coarsest(coarsest, seed, levels.len(), progress)?;
        let mut width = coarsest.width;
        for (index, level) in finer.iter().enumerate().rev() {
            progress.step("patches", self.done, self.total)?;
            field = doubled(&field, width, level, seed, progress.cancel_token())?;
            width = level.width;
            let mut estimate = known(level);
            vote::rebuild(level, &field, &mut estimate, self.threads, progress.cancel_token())?;
            let rounds = self.iterations(index, levels.len());
            self.improve(level, &mut estimate, &mut field, rounds, progress)?;
        }
        Ok(field)
    }

    /// Tries every start and keeps the most coherent result; a guess is the only start.
    fn solve_coarsest(
        &mut self,
        level: &Level,
        seed: u64,
        levels: usize,
        progress: &mut Progress<'_>,
    ) -> Result<Vec<Match>, Error> {
        let rounds = self.iterations(levels - 1, levels);
        if let Some(guess) = &level.guess {
            // Colours are the guess's; its texture is not to be trusted, the border's is.
            let known = known(level);
            let matcher = Matcher { level, estimate: &known, weights: self.weights() };
            let (mut estimate, mut field) = first_fill::fill(&matcher, Start::Smooth, seed, progress)?;
            for (at, _) in level.unknown.iter().enumerate().filter(|(_, u)| **u) {
                estimate.colour[at] = guess[at];
            }
            self.improve(level, &mut estimate, &mut field, rounds, progress)?;
            return Ok(field);
        }
        let mut best: Option<(u64, Vec<Match>)> = None;
        let before = self.done;
        for start in Start::ALL {
            self.done = before;
            let known = known(level);
            let matcher = Matcher { level, estimate: &known, weights: self.weights() };
            let (mut estimate, mut field) = first_fill::fill(&matcher, start, seed, progress)?;
            self.improve(level, &mut estimate, &mut field, rounds, progress)?;
            let matcher = Matcher { level, estimate: &estimate, weights: self.weights() };
            let energy = matcher.energy(&field);
            if best.as_ref().is_none_or(|(least, _)| energy < *least) {
                best = Some((energy, field));
            }
        }
        Ok(best.map(|(_, field)| field).unwrap_or_default())
    }

    /// Rounds of matching and voting, until nothing changes any more.
    fn improve(
        &mut self,
        level: &Level,
        estimate: &mut Estimate,
        field: &mut [Match],
        rounds: usize,
        progress: &mut Progress<'_>,
    ) -> Result<(), Error> {
        for round in 0..rounds {
            self.match_patches(level, estimate, field, progress)?;
            let change = vote::rebuild(level, field, estimate, self.threads, progress.cancel_token())?;
            progress.step("patches", self.done, self.total)?;
            if change < SETTLED {
                self.done += (rounds - 1 - round) * SWEEPS;
                break;
            }
        }
        Ok(())
    }

    fn weights(&self) -> Weights {
        Weights { texture: self.options.texture, guidance: self.options.guidance, proximity: self.options.proximity }
    }

    fn match_patches(
        &mut self,
        level: &Level,
        estimate: &Estimate,
        field: &mut [Match],
        progress: &mut Progress<'_>,
    ) -> Result<(), Error> {
        let matcher = Matcher { level, estimate, weights: self.weights() };
        for pass in 0..SWEEPS {
            let random = mixed(self.options.seed ^ mixed(self.done as u64));
            let sweep = Sweep { reverse: pass % 2 == 1, stale: pass == 0, random, threads: self.threads };
            self.done += 1;
            matcher.sweep(field, &sweep, progress, (self.done, self.total))?;
        }
        Ok(())
    }
}

/// The level's own data, with nothing in the hole yet.
fn known(level: &Level) -> Estimate {
    Estimate { colour: level.known.clone(), texture: level.texture.clone() }
}

/// Matches at twice the resolution.
fn doubled(
    coarse: &[Match],
    coarse_width: usize,
    level: &Level,
    seed: u64,
    cancel: &CancelToken,
) -> Result<Vec<Match>, Cancelled> {
    let mut field = first_fill::random_field(level, seed, cancel)?;
    for (at, is_target) in level.is_target.iter().enumerate() {
        if at % level.width == 0 {
            cancel.check()?;
        }
        if !is_target {
            continue;
        }
        let (x, y) = (at % level.width, at / level.width);
        let from = coarse[(y / 2) * coarse_width + x / 2].at as usize;
        let (sx, sy) = (2 * (from % coarse_width) + x % 2, 2 * (from / coarse_width) + y % 2);
        if sx < level.width && sy < level.height && level.is_source[sy * level.width + sx] {
            field[at].at = (sy * level.width + sx) as u32;
        }
    }
    Ok(field)
}
