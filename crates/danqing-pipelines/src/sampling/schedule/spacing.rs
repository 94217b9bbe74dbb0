//! Timesteps as diffusers spaces them: equal to diffusers 0.31.0 `set_timesteps` of its DDIM and Euler schedulers.

use serde::{Deserialize, Serialize};

/// Where `steps` of the trained timesteps lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spacing {
    /// From the last to the first timestep, both included, with fractions.
    Linspace,
    /// Whole strides from the first timestep on, each moved up by `offset` (Stable Diffusion's configs: 1).
    Leading {
        /// Added to every timestep.
        offset: usize,
    },
    /// Whole strides from the last timestep down: what few-step networks were made for.
    Trailing,
}

/// Falling timesteps; `trained` is how many the network knows.
#[must_use]
pub fn timesteps(spacing: Spacing, steps: usize, trained: usize) -> Vec<f64> {
    let last = trained.saturating_sub(1) as f64;
    match spacing {
        Spacing::Linspace if steps == 1 => vec![0.0],
        Spacing::Linspace => {
            (0..steps).rev().map(|i| f64::from((i as f64 * last / (steps - 1) as f64) as f32)).collect()
        }
        Spacing::Leading { offset } => {
            let stride = trained / steps.max(1);
            (0..steps).rev().map(|i| ((i * stride + offset) as f64).min(last)).collect()
        }
        Spacing::Trailing => {
            let stride = trained as f64 / steps as f64;
            (0..steps).map(|i| (round_half_even(trained as f64 - i as f64 * stride) - 1.0).max(0.0)).collect()
        }
    }
}

/// `np.round`.
pub(super) fn round_half_even(value: f64) -> f64 {
    value.round_ties_even()
}

/// Timesteps of latent-consistency networks: `steps` of the `original` ones of the distillation, evenly chosen.
/// Equal to diffusers 0.31.0 `LCMScheduler.set_timesteps` and `TCDScheduler.set_timesteps`.
#[must_use]
pub fn consistency_timesteps(steps: usize, original: usize, trained: usize) -> Vec<f64> {
    let stride = trained / original.max(1);
    let falling: Vec<f64> = (1..=original).rev().map(|i| (i * stride) as f64 - 1.0).collect();
    let chosen = |i: usize| (i as f64 * falling.len() as f64 / steps as f64).floor() as usize;
    (0..steps).filter_map(|i| falling.get(chosen(i)).copied()).collect()
}
