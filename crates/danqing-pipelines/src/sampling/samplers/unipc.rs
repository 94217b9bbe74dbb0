//! `UniPC` of order 2 (B₂, predicting the denoised latent): diffusers 0.31.0 `scheduling_unipc_multistep.py` with its defaults,
//! within 1e-5 relative. Source: Zhao et al., "`UniPC`: a unified predictor-corrector framework", 2023. One look per step.

use super::walk::{Denoiser, Walk, combined};

/// What the corrector needs of the step before.
struct Before {
    x: Vec<f32>,
    denoised: Vec<f32>,
    /// Denoised one step earlier, where the step was of order 2.
    older: Option<Vec<f32>>,
}

pub(super) fn walk<D: Denoiser>(walk: &mut Walk<'_, '_, D>, mut x: Vec<f32>) -> Result<Vec<f32>, D::Error> {
    let steps = walk.steps();
    let mut before: Option<Before> = None;
    for i in 0..steps {
        let denoised = walk.denoised(&mut x, walk.sigmas[i])?;
        if let Some(before) = &before {
            x = corrected(&walk.sigmas, i, before, &denoised);
        }
        // The last step is of order 1, and so is the first.
        let older = before.map(|before| before.denoised).filter(|_| i + 1 < steps);
        let ahead = predicted(&walk.sigmas, i, &x, &denoised, older.as_deref());
        before = Some(Before { x, denoised, older });
        x = ahead;
        walk.step_done(i, steps)?;
    }
    Ok(x)
}

/// From level `i` to the next.
fn predicted(sigmas: &[f64], i: usize, x: &[f32], denoised: &[f32], older: Option<&[f32]>) -> Vec<f32> {
    let keep = sigmas[i + 1] / sigmas[i];
    let take = 1.0 - keep;
    let Some(older) = older else { return combined(&[(keep, x), (take, denoised)]) };
    let ratio = (sigmas[i] / sigmas[i - 1]).ln() / (sigmas[i] / sigmas[i + 1]).ln();
    let slope = take / 2.0 / ratio;
    combined(&[(keep, x), (take - slope, denoised), (slope, older)])
}

/// The latent at level `i` made anew from the step before, now that the denoised latent at `i` is known.
fn corrected(sigmas: &[f64], i: usize, before: &Before, denoised: &[f32]) -> Vec<f32> {
    let keep = sigmas[i] / sigmas[i - 1];
    let take = 1.0 - keep;
    let Some(older) = &before.older else {
        return combined(&[(keep, &before.x), (take / 2.0, &before.denoised), (take / 2.0, denoised)]);
    };
    let length = (sigmas[i - 1] / sigmas[i]).ln();
    let ratio = (sigmas[i - 1] / sigmas[i - 2]).ln() / length;
    // Moments of the exponential kernel, b₁ and b₂ of the paper's B₂ form.
    let first = take / length - 1.0;
    let second = -first / length - 0.5;
    let (b1, b2) = (first / -take, 2.0 * second / -take);
    let on_older = (b1 - b2) / (1.0 - ratio);
    let on_newer = b1 - on_older;
    let slope = take * on_older / ratio;
    combined(&[
        (keep, &before.x),
        (take - slope - take * on_newer, &before.denoised),
        (slope, older),
        (take * on_newer, denoised),
    ])
}
