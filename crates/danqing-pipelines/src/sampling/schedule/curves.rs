//! Noise levels that need no table: equal to k-diffusion@4601bf0 `k_diffusion/sampling.py` and to
//! lllyasviel/stable-diffusion-webui-forge@dfdcbab `modules/sd_schedulers.py` within 1e-6 relative. All fall from `high` to
//! `low`; the final 0 is the caller's.

use statrs::function::beta::inv_beta_reg;

/// Levels from `high` to `low`, evenly spaced after `shape`.
fn falling(steps: usize, shape: impl Fn(f64) -> f64) -> Vec<f64> {
    let share = |i: usize| if steps > 1 { i as f64 / (steps - 1) as f64 } else { 0.0 };
    (0..steps).map(|i| shape(share(i))).collect()
}

/// Karras et al. 2022, equation 5; `rho` is 7 there.
#[must_use]
pub fn karras(steps: usize, low: f64, high: f64, rho: f64) -> Vec<f64> {
    let (first, last) = (high.powf(1.0 / rho), low.powf(1.0 / rho));
    falling(steps, |share| (first + share * (last - first)).powf(rho))
}

/// Evenly in the logarithm.
#[must_use]
pub fn exponential(steps: usize, low: f64, high: f64) -> Vec<f64> {
    polyexponential(steps, low, high, 1.0)
}

/// A power of the share, in the logarithm; `rho` 1 is [`exponential`].
#[must_use]
pub fn polyexponential(steps: usize, low: f64, high: f64, rho: f64) -> Vec<f64> {
    let (low, high) = (low.ln(), high.ln());
    falling(steps, |share| ((1.0 - share).powf(rho) * (high - low) + low).exp())
}

/// "Align your steps" (Sabour et al. 2024), section on the KL-optimal schedule: evenly in the arc tangent. The
/// schedule's last level is `low` itself and no 0 follows, as in A1111; it is not among these.
#[must_use]
pub fn kl_optimal(steps: usize, low: f64, high: f64) -> Vec<f64> {
    let share = |i: usize| i as f64 / steps as f64;
    (0..steps).map(|i| (share(i) * low.atan() + (1.0 - share(i)) * high.atan()).tan()).collect()
}

/// Lee et al. 2024, "Beta sampling is all you need": quantiles of the beta distribution, straight in sigma as A1111 and
/// diffusers (from 0.32) have it.
#[must_use]
pub fn beta(steps: usize, low: f64, high: f64, alpha: f64, beta: f64) -> Vec<f64> {
    falling(steps, |share| low + quantile(1.0 - share, alpha, beta) * (high - low))
}

fn quantile(share: f64, alpha: f64, beta: f64) -> f64 {
    if share <= 0.0 || share >= 1.0 { share.clamp(0.0, 1.0) } else { inv_beta_reg(alpha, beta, share) }
}
