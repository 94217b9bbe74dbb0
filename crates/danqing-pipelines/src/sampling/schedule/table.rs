//! The noise levels a network was trained on: `alphas_cumprod` equal to the bit to diffusers 0.31.0 (`PyTorch` 2.5.1, single
//! precision), and the ways between timesteps and sigmas that k-diffusion and diffusers use.
//!
//! `sigma = sqrt((1 − ᾱ)/ᾱ)`; a latent `x` in k-diffusion's scale is `x·sqrt(ᾱ)` in the network's own.

use serde::{Deserialize, Serialize};

/// How fast training adds noise, from the first timestep to the last.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BetaSchedule {
    /// Straight from `start` to `end`.
    Linear {
        /// Beta of the first timestep.
        start: f32,
        /// Beta of the last.
        end: f32,
    },
    /// Straight in the square root: Stable Diffusion with 0.00085 and 0.012.
    ScaledLinear {
        /// Beta of the first timestep.
        start: f32,
        /// Beta of the last.
        end: f32,
    },
    /// diffusers' `squaredcos_cap_v2`: Nichol and Dhariwal's cosine, capped at 0.999.
    SquaredCosine,
}

impl BetaSchedule {
    /// Of every Stable Diffusion (configs of CompVis/stable-diffusion and stabilityai/stable-diffusion-xl-base-1.0).
    pub const STABLE_DIFFUSION: Self = Self::ScaledLinear { start: 0.000_85, end: 0.012 };

    /// One beta per timestep.
    #[must_use]
    pub fn betas(self, timesteps: usize) -> Vec<f32> {
        match self {
            Self::Linear { start, end } => linspace(start, end, timesteps),
            Self::ScaledLinear { start, end } => {
                // Python takes the roots in double precision before PyTorch rounds them.
                let root = |beta: f32| shortest(beta).sqrt() as f32;
                linspace(root(start), root(end), timesteps).into_iter().map(|root| root * root).collect()
            }
            Self::SquaredCosine => {
                let bar = |t: f64| ((t + 0.008) / 1.008 * std::f64::consts::FRAC_PI_2).cos().powi(2);
                let at = |i: usize| i as f64 / timesteps as f64;
                (0..timesteps).map(|i| (1.0 - bar(at(i + 1)) / bar(at(i))).min(0.999) as f32).collect()
            }
        }
    }
}

/// The decimal number that was written for `value`: 0.00085, not the single-precision number nearest to it.
fn shortest(value: f32) -> f64 {
    value.to_string().parse().unwrap_or_else(|_| f64::from(value))
}

/// `torch.linspace` in single precision: from both ends to the middle, each value with one rounding.
pub(super) fn linspace(start: f32, end: f32, count: usize) -> Vec<f32> {
    if count == 1 {
        return vec![start];
    }
    let step = (end - start) / (count - 1) as f32;
    let from_start = |i: usize| step.mul_add(i as f32, start);
    let from_end = |i: usize| (-step).mul_add((count - i - 1) as f32, end);
    (0..count).map(|i| if i < count / 2 { from_start(i) } else { from_end(i) }).collect()
}

/// Noise levels by timestep, rising.
#[derive(Clone, Debug, PartialEq)]
pub struct NoiseTable {
    alphas_cumprod: Vec<f32>,
    sigmas: Vec<f32>,
    log_sigmas: Vec<f64>,
}

impl NoiseTable {
    /// From the betas of training.
    #[must_use]
    pub fn from_betas(betas: &[f32]) -> Self {
        let mut product = 1.0_f64; // PyTorch's cumprod sums up in double precision
        let bars = betas.iter().map(|beta| {
            product *= f64::from(1.0 - beta);
            product as f32
        });
        Self::from_alphas_cumprod(bars.collect())
    }

    /// From the products themselves, as some checkpoints carry them (`alphas_cumprod`).
    #[must_use]
    pub fn from_alphas_cumprod(alphas_cumprod: Vec<f32>) -> Self {
        let sigmas: Vec<f32> = alphas_cumprod.iter().map(|bar| ((1.0 - bar) / bar).sqrt()).collect();
        let log_sigmas = sigmas.iter().map(|sigma| f64::from(*sigma).ln()).collect();
        Self { alphas_cumprod, sigmas, log_sigmas }
    }

    /// Stable Diffusion's thousand timesteps.
    #[must_use]
    pub fn stable_diffusion() -> Self {
        Self::from_betas(&BetaSchedule::STABLE_DIFFUSION.betas(1000))
    }

    /// The table rescaled so that its last level is pure noise (Lin et al., "Common diffusion noise schedules and sample
    /// steps are flawed", algorithm 1; diffusers' `rescale_zero_terminal_snr`). The last product is 2⁻²⁴ instead of 0, as in
    /// diffusers' sigma-based schedulers, so that every sigma is finite (at most 4096).
    #[must_use]
    pub fn with_zero_terminal_snr(betas: &[f32]) -> Self {
        let roots: Vec<f32> = Self::from_betas(betas).alphas_cumprod.iter().map(|bar| bar.sqrt()).collect();
        let (Some(&first), Some(&last)) = (roots.first(), roots.last()) else {
            return Self::from_alphas_cumprod(Vec::new());
        };
        let scale = first / (first - last);
        let bars: Vec<f32> = roots.iter().map(|root| ((root - last) * scale).powi(2)).collect();
        // Through betas and back, as diffusers goes: the roundings are part of its numbers.
        let alphas = (0..bars.len()).map(|i| if i == 0 { bars[0] } else { bars[i] / bars[i - 1] });
        let betas: Vec<f32> = alphas.map(|alpha| 1.0 - alpha).collect();
        let mut rescaled = Self::from_betas(&betas).alphas_cumprod;
        if let Some(last) = rescaled.last_mut() {
            *last = 1.0 / 16_777_216.0;
        }
        Self::from_alphas_cumprod(rescaled)
    }

    /// Number of timesteps.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sigmas.len()
    }

    /// Whether there is no timestep at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sigmas.is_empty()
    }

    /// ᾱ by timestep.
    #[must_use]
    pub fn alphas_cumprod(&self) -> &[f32] {
        &self.alphas_cumprod
    }

    /// Sigma by timestep.
    #[must_use]
    pub fn sigmas(&self) -> &[f32] {
        &self.sigmas
    }

    /// Smallest sigma; 0 for an empty table.
    #[must_use]
    pub fn sigma_min(&self) -> f64 {
        self.sigmas.first().map_or(0.0, |sigma| f64::from(*sigma))
    }

    /// Largest sigma; 0 for an empty table.
    #[must_use]
    pub fn sigma_max(&self) -> f64 {
        self.sigmas.last().map_or(0.0, |sigma| f64::from(*sigma))
    }

    /// Sigma between timesteps, straight in the logarithm: k-diffusion's `t_to_sigma`.
    #[must_use]
    pub fn sigma_at(&self, timestep: f64) -> f64 {
        between(timestep, &self.log_sigmas).exp()
    }

    /// Sigma between timesteps, straight in sigma: diffusers' `np.interp`.
    #[must_use]
    pub fn sigma_at_straight(&self, timestep: f64) -> f64 {
        let (low, high, share) = neighbours(timestep, self.len());
        let at = |i: usize| self.sigmas.get(i).map_or(0.0, |sigma| f64::from(*sigma));
        at(low) + (at(high) - at(low)) * share
    }

    /// The timestep, with its fraction, at which noise is `sigma`: k-diffusion's `sigma_to_t(quantize=False)`, diffusers'
    /// `_sigma_to_t`. Beyond the table it is the first or the last one.
    #[must_use]
    pub fn timestep_of(&self, sigma: f64) -> f64 {
        let log_sigma = sigma.max(1e-10).ln();
        let above = self.log_sigmas.partition_point(|level| *level <= log_sigma);
        let low = above.saturating_sub(1).min(self.len().saturating_sub(2));
        let (Some(a), Some(b)) = (self.log_sigmas.get(low), self.log_sigmas.get(low + 1)) else { return 0.0 };
        low as f64 + ((log_sigma - a) / (b - a)).clamp(0.0, 1.0)
    }

    /// The timestep whose sigma is nearest in the logarithm: k-diffusion's `sigma_to_t(quantize=True)`, A1111's setting
    /// "enable quantization in K samplers".
    #[must_use]
    pub fn nearest_timestep(&self, sigma: f64) -> usize {
        let log_sigma = sigma.max(1e-10).ln();
        let above = self.log_sigmas.partition_point(|level| *level <= log_sigma);
        let distance = |i: usize| self.log_sigmas.get(i).map_or(f64::INFINITY, |level| (level - log_sigma).abs());
        let below = above.saturating_sub(1);
        if distance(above) < distance(below) { above } else { below }
    }
}

fn between(place: f64, values: &[f64]) -> f64 {
    let (low, high, share) = neighbours(place, values.len());
    let at = |i: usize| values.get(i).copied().unwrap_or(0.0);
    (1.0 - share) * at(low) + share * at(high)
}

fn neighbours(place: f64, count: usize) -> (usize, usize, f64) {
    let place = place.clamp(0.0, count.saturating_sub(1) as f64);
    (place.floor() as usize, place.ceil() as usize, place.fract())
}
