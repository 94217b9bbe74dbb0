//! Noise levels of a run: from a schedule's name and a number of steps to falling sigmas.
//!
//! Schedules of A1111 equal lllyasviel/stable-diffusion-webui-forge@dfdcbab `modules/sd_schedulers.py`, spacings equal
//! diffusers 0.31.0, within 2e-6 relative (single precision in the originals).

mod aligned;
mod curves;
mod spacing;
mod strength;
mod table;

use serde::{Deserialize, Serialize};

pub use aligned::Family;
pub use curves::{beta, exponential, karras, kl_optimal, polyexponential};
pub use spacing::{Spacing, consistency_timesteps, timesteps};
pub use strength::{Strength, denoise_steps};
pub use table::{BetaSchedule, NoiseTable};

/// How noise levels are spread over the steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Schedule {
    /// What suits the sampler: Karras for most of the DPM family, exponential for its SDE forms, else uniform.
    #[default]
    Automatic,
    /// Evenly over timesteps, with fractions; `ComfyUI`'s "normal" is the same.
    #[serde(alias = "normal")]
    Uniform,
    /// Karras et al. 2022.
    Karras,
    /// Evenly in the logarithm of sigma.
    Exponential,
    /// A power in the logarithm of sigma; with its usual power the same as `exponential`.
    Polyexponential,
    /// Evenly over timesteps without the lowest level, as Stability's own code has it.
    SgmUniform,
    /// Evenly in the arc tangent of sigma; ends at the lowest level, not at 0.
    KlOptimal,
    /// Table of "Align your steps".
    AlignYourSteps,
    /// Table of "Align your steps" for 32 steps.
    #[serde(rename = "align_your_steps_32")]
    AlignYourSteps32,
    /// Table of GITS.
    AlignYourStepsGits,
    /// Every n-th trained level from the top.
    Simple,
    /// Every n-th trained level from the bottom.
    #[serde(alias = "ddim_uniform")]
    Ddim,
    /// Quantiles of a beta distribution.
    Beta,
    /// Whole timesteps from the top, for SD-Turbo.
    Turbo,
    /// diffusers' "leading" with an offset of 1, its default for Stable Diffusion; ends at the first trained level.
    Leading,
    /// diffusers' "trailing".
    Trailing,
    /// diffusers' "linspace", fractions interpolated straight in sigma.
    Linspace,
    /// Timesteps of latent-consistency networks.
    Lcm,
}

/// What a schedule can be tuned by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// Lowest level; the table's where not given.
    pub sigma_min: Option<f64>,
    /// Highest level; the table's where not given.
    pub sigma_max: Option<f64>,
    /// Bend of Karras (7) and polyexponential (1), where other than usual.
    pub rho: Option<f64>,
    /// First parameter of the beta distribution.
    pub beta_alpha: f64,
    /// Second parameter of the beta distribution.
    pub beta_beta: f64,
    /// Network family, for the printed tables.
    pub family: Family,
}

impl Default for Shape {
    fn default() -> Self {
        Self { sigma_min: None, sigma_max: None, rho: None, beta_alpha: 0.6, beta_beta: 0.6, family: Family::default() }
    }
}

impl Schedule {
    /// `steps + 1` falling sigmas. The last is 0, but for [`Self::KlOptimal`] and [`Self::Leading`], whose last is the lowest
    /// trained level. [`Self::Automatic`] is taken as uniform here: which schedule suits is known by the sampler.
    #[must_use]
    pub fn sigmas(self, steps: usize, table: &NoiseTable, shape: &Shape) -> Vec<f32> {
        if steps == 0 || table.is_empty() {
            return Vec::new();
        }
        let (low, high) = (shape.sigma_min.unwrap_or(table.sigma_min()), shape.sigma_max.unwrap_or(table.sigma_max()));
        let mut levels = match self {
            Self::Automatic | Self::Uniform => uniform(steps, steps - 1, table, low, high),
            Self::SgmUniform => uniform(steps, steps, table, low, high),
            Self::Karras => karras(steps, low, high, shape.rho.unwrap_or(7.0)),
            Self::Exponential => exponential(steps, low, high),
            Self::Polyexponential => polyexponential(steps, low, high, shape.rho.unwrap_or(1.0)),
            Self::KlOptimal => kl_optimal(steps, low, high),
            Self::AlignYourSteps => aligned::levels(aligned::Table::Steps11, shape.family, steps),
            Self::AlignYourSteps32 => aligned::levels(aligned::Table::Steps32, shape.family, steps),
            Self::AlignYourStepsGits => aligned::levels(aligned::Table::Gits, shape.family, steps),
            Self::Beta => beta(steps, low, high, shape.beta_alpha, shape.beta_beta),
            Self::Simple => trained(table, simple(steps, table.len())),
            Self::Ddim => trained(table, strided(steps, table.len())),
            Self::Turbo | Self::Trailing => at_timesteps(table, &timesteps(Spacing::Trailing, steps, table.len())),
            Self::Leading => at_timesteps(table, &timesteps(Spacing::Leading { offset: 1 }, steps, table.len())),
            Self::Linspace => at_timesteps(table, &timesteps(Spacing::Linspace, steps, table.len())),
            Self::Lcm => at_timesteps(table, &consistency_timesteps(steps, 50, table.len())),
        };
        levels.push(if matches!(self, Self::KlOptimal | Self::Leading) { low } else { 0.0 });
        levels.into_iter().map(|level| level as f32).collect()
    }
}

/// `steps` levels evenly over timesteps, of a stretch cut into `parts`.
fn uniform(steps: usize, parts: usize, table: &NoiseTable, low: f64, high: f64) -> Vec<f64> {
    let (first, last) = (table.timestep_of(high), table.timestep_of(low));
    let share = |i: usize| if parts > 0 { i as f64 / parts as f64 } else { 0.0 };
    (0..steps).map(|i| table.sigma_at(first + (last - first) * share(i))).collect()
}

fn at_timesteps(table: &NoiseTable, timesteps: &[f64]) -> Vec<f64> {
    timesteps.iter().map(|timestep| table.sigma_at_straight(*timestep)).collect()
}

fn trained(table: &NoiseTable, indices: impl Iterator<Item = usize>) -> Vec<f64> {
    indices.filter_map(|i| table.sigmas().get(i)).map(|sigma| f64::from(*sigma)).collect()
}

fn simple(steps: usize, trained: usize) -> impl Iterator<Item = usize> {
    (0..steps).map(move |i| trained - 1 - (i as f64 * trained as f64 / steps as f64) as usize)
}

/// `steps` levels at least; more where the stride leaves room, as in the original.
fn strided(steps: usize, trained: usize) -> impl Iterator<Item = usize> {
    let stride = (trained / steps).max(1);
    (0..trained.saturating_sub(1).div_ceil(stride)).rev().map(move |i| 1 + i * stride)
}
