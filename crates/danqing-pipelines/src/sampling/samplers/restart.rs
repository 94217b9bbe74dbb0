//! Heun steps that go back up and down again: `restart_sampler` of lllyasviel/stable-diffusion-webui-forge@dfdcbab
//! `modules/sd_samplers_extra.py` with its own choice of restarts, within 1e-6 relative. Source: Xu et al., "Restart sampling for
//! improving generative processes", 2023.

use super::heun;
use super::walk::{Denoiser, Walk};
use crate::sampling::schedule::karras;

/// Runs of fewer steps are Heun's.
const FEWEST_STEPS: usize = 20;
/// Restarts come from here…
const LOW: f64 = 0.1;
/// …up to here.
const HIGH: f64 = 2.0;

pub(super) fn walk<D: Denoiser>(walk: &mut Walk<'_, '_, D>, mut x: Vec<f32>) -> Result<Vec<f32>, D::Error> {
    let path = path(&walk.sigmas);
    let mut last = path.first().map_or(0.0, |(from, _)| *from);
    for (i, (from, to)) in path.iter().copied().enumerate() {
        if last < from {
            walk.add_noise(&mut x, last, from, (from * from - last * last).sqrt());
        }
        x = heun::step(walk, x, from, to)?;
        last = to;
        walk.step_done(i, path.len())?;
    }
    Ok(x)
}

/// Steps with their restarts, as pairs of levels: as many Heun steps as `sigmas` has.
fn path(sigmas: &[f64]) -> Vec<(f64, f64)> {
    let steps = sigmas.len().saturating_sub(1);
    let pairs = |levels: &[f64]| levels.windows(2).map(|pair| (pair[0], pair[1])).collect::<Vec<_>>();
    if steps < FEWEST_STEPS {
        return pairs(sigmas);
    }
    let (length, times) = if steps >= 36 { (steps / 4, 2) } else { (9, 1) };
    let mut levels = karras(steps - length * times, sigmas[steps - 1], sigmas[0], 7.0);
    levels.push(0.0);
    let (low, high) = (nearest(&levels, LOW), nearest(&levels, HIGH));
    let mut path = pairs(&levels);
    if high < low {
        let restart = pairs(&karras(length + 1, levels[low], levels[high], 7.0)).repeat(times);
        path.splice(low..low, restart);
    }
    path
}

fn nearest(levels: &[f64], wanted: f64) -> usize {
    let distance = |i: &usize| (levels[*i] - wanted).abs();
    (0..levels.len()).min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or(0)
}
