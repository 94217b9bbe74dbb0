//! DPM-Solver++(3M) SDE: `sample_dpmpp_3m_sde` of crowsonkb/k-diffusion@4601bf0 `k_diffusion/sampling.py`, within 1e-6 relative of
//! its double-precision run on the same noise. One look at the network per step.

use super::walk::{Denoiser, Walk, combined};

/// Denoised latents of the last two steps, newest first, with their lengths in the logarithm of sigma.
type History = Vec<(Vec<f32>, f64)>;

pub(super) fn walk<D: Denoiser>(walk: &mut Walk<'_, '_, D>, mut x: Vec<f32>) -> Result<Vec<f32>, D::Error> {
    let steps = walk.steps();
    let eta = walk.eta(1.0);
    let mut history = History::new();
    for i in 0..steps {
        let (sigma, next) = walk.levels(i);
        let denoised = walk.denoised(&mut x, sigma)?;
        if next == 0.0 {
            x = denoised;
        } else {
            let length = (sigma / next).ln();
            let whole = length * (1.0 + eta);
            let factors = factors(&history, length, whole);
            let mut terms: Vec<(f64, &[f32])> = vec![((-whole).exp(), &x), (factors[0], &denoised)];
            terms.extend(factors[1..].iter().copied().zip(history.iter().map(|(older, _)| older.as_slice())));
            x = combined(&terms);
            if eta > 0.0 {
                walk.add_noise(&mut x, sigma, next, next * (-(-2.0 * eta * length).exp_m1()).sqrt());
            }
            history.insert(0, (denoised, length));
            history.truncate(2);
        }
        walk.step_done(i, steps)?;
    }
    Ok(x)
}

/// Weights of the newest, the last and the one before last denoised latent.
fn factors(history: &History, length: f64, whole: f64) -> [f64; 3] {
    let first = -(-whole).exp_m1();
    let second = 1.0 - first / whole;
    match history.as_slice() {
        [] => [first, 0.0, 0.0],
        [(_, last)] => {
            let slope = second * length / last;
            [first + slope, -slope, 0.0]
        }
        [(_, last), (_, before), ..] => {
            let third = second / whole - 0.5;
            let (r0, r1) = (last / length, before / length);
            // Differences d₀ = (D − D₁)/r₀ and d₁ = (D₁ − D₂)/r₁; slope and curvature are made of both.
            let on_d0 = second * (1.0 + r0 / (r0 + r1)) - third / (r0 + r1);
            let on_d1 = -second * r0 / (r0 + r1) + third / (r0 + r1);
            [first + on_d0 / r0, -on_d0 / r0 + on_d1 / r1, -on_d1 / r1]
        }
    }
}
