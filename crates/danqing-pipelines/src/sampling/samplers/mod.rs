//! Samplers by name, and the one way to run them.

mod deis;
mod dpm2;
mod dpm2_ancestral;
mod dpmpp_2m;
mod dpmpp_2m_sde;
mod dpmpp_2s_ancestral;
mod dpmpp_3m_sde;
mod dpmpp_sde;
mod euler;
mod euler_ancestral;
mod heun;
mod ipndm;
mod lcm;
mod lms;
mod path;
mod plms;
mod restart;
mod tcd;
mod unipc;
mod walk;

use danqing_capability::Progress;
use serde::{Deserialize, Serialize};

use super::noise::NoiseSource;
use super::schedule::{NoiseTable, Schedule, Shape};
use dpmpp_2m_sde::Solver;
pub use path::{Path, PathError};
use walk::Walk;
pub use walk::{Churn, Denoiser, SamplingError, Tuning};

/// How a latent gets from noise to picture. Names are `ComfyUI`'s; [`super::sampler_and_schedule`] also knows A1111's and
/// diffusers'.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Sampler {
    /// Euler.
    Euler,
    /// Euler with fresh noise; changes with the number of steps for ever.
    EulerAncestral,
    /// Heun; two looks per step.
    Heun,
    /// Linear multistep of order 4.
    Lms,
    /// DPM-Solver-2; two looks per step.
    #[serde(rename = "dpm_2")]
    Dpm2,
    /// DPM-Solver-2 with fresh noise.
    #[serde(rename = "dpm_2_ancestral")]
    Dpm2Ancestral,
    /// DPM-Solver++(2S) with fresh noise; two looks per step.
    #[serde(rename = "dpmpp_2s_ancestral")]
    Dpmpp2sAncestral,
    /// DPM-Solver++(2M): good in 20 steps.
    #[default]
    #[serde(rename = "dpmpp_2m")]
    Dpmpp2m,
    /// DPM-Solver++ (SDE); two looks per step.
    DpmppSde,
    /// DPM-Solver++(2M) SDE.
    #[serde(rename = "dpmpp_2m_sde")]
    Dpmpp2mSde,
    /// The same with Heun's correction.
    #[serde(rename = "dpmpp_2m_sde_heun")]
    Dpmpp2mSdeHeun,
    /// DPM-Solver++(3M) SDE; wants more steps.
    #[serde(rename = "dpmpp_3m_sde")]
    Dpmpp3mSde,
    /// DDIM.
    Ddim,
    /// Pseudo linear multistep.
    Plms,
    /// `UniPC` of order 2.
    UniPc,
    /// DEIS of order 2.
    Deis,
    /// Improved pseudo numerical method.
    Ipndm,
    /// For latent-consistency networks: 4 to 8 steps.
    Lcm,
    /// For trajectory-consistency networks: 2 to 8 steps.
    Tcd,
    /// Heun with restarts; two looks per step.
    Restart,
}

impl Sampler {
    /// Every sampler.
    pub const ALL: [Self; 20] = [
        Self::Euler,
        Self::EulerAncestral,
        Self::Heun,
        Self::Lms,
        Self::Dpm2,
        Self::Dpm2Ancestral,
        Self::Dpmpp2sAncestral,
        Self::Dpmpp2m,
        Self::DpmppSde,
        Self::Dpmpp2mSde,
        Self::Dpmpp2mSdeHeun,
        Self::Dpmpp3mSde,
        Self::Ddim,
        Self::Plms,
        Self::UniPc,
        Self::Deis,
        Self::Ipndm,
        Self::Lcm,
        Self::Tcd,
        Self::Restart,
    ];

    /// The schedule meant by "automatic": A1111's choice, and diffusers' for the samplers that count in timesteps.
    #[must_use]
    pub fn usual_schedule(self) -> Schedule {
        match self {
            Self::Dpm2
            | Self::Dpm2Ancestral
            | Self::Dpmpp2sAncestral
            | Self::Dpmpp2m
            | Self::DpmppSde
            | Self::Restart => Schedule::Karras,
            Self::Dpmpp2mSde | Self::Dpmpp2mSdeHeun | Self::Dpmpp3mSde => Schedule::Exponential,
            Self::Ddim | Self::Plms => Schedule::Leading,
            Self::Lcm | Self::Tcd => Schedule::Lcm,
            _ => Schedule::Uniform,
        }
    }

    /// Whether a step looks at the network twice: prompts that change by step then count looks.
    #[must_use]
    pub fn looks_twice(self) -> bool {
        matches!(
            self,
            Self::Heun | Self::Dpm2 | Self::Dpm2Ancestral | Self::Dpmpp2sAncestral | Self::DpmppSde | Self::Restart
        )
    }

    /// Whether its noise is a Brownian path ([`super::BrownianPath`]) in A1111, so that a seed keeps its picture when the
    /// number of steps changes.
    #[must_use]
    pub fn wants_brownian_noise(self) -> bool {
        matches!(self, Self::DpmppSde | Self::Dpmpp2mSde | Self::Dpmpp2mSdeHeun | Self::Dpmpp3mSde)
    }

    /// `steps + 1` falling levels for this sampler: its usual schedule where none is asked for, without the level before the
    /// last for DPM2 and 3M SDE (A1111's "discard next-to-last sigma"), and ending at the lowest trained level for TCD.
    #[must_use]
    pub fn sigmas(self, schedule: Schedule, steps: usize, table: &NoiseTable, shape: &Shape) -> Vec<f32> {
        let schedule = if schedule == Schedule::Automatic { self.usual_schedule() } else { schedule };
        if steps == 0 {
            return Vec::new();
        }
        let one_more = matches!(self, Self::Dpm2 | Self::Dpm2Ancestral | Self::Dpmpp3mSde);
        let mut sigmas = schedule.sigmas(steps + usize::from(one_more), table, shape);
        if one_more && sigmas.len() > 2 {
            sigmas.remove(sigmas.len() - 2);
        }
        if self == Self::Tcd
            && let Some(last) = sigmas.last_mut()
        {
            *last = table.sigmas().first().copied().unwrap_or(0.0);
        }
        sigmas
    }
}

/// Walks `x`, at the first level of `path`, down to the last, and calls [`Progress::step`] with the stage "denoise" after
/// each step. What comes back is in k-diffusion's scale: where the last level is not 0, multiply by
/// [`super::input_scale`] of it before decoding. No level or one: `x` as it is.
///
/// # Errors
/// What the denoiser says, and [`danqing_capability::Cancelled`].
pub fn sample<D: Denoiser>(
    sampler: Sampler,
    x: Vec<f32>,
    path: &Path<'_>,
    tuning: &Tuning,
    denoiser: &mut D,
    noise: &mut dyn NoiseSource,
    progress: &mut Progress<'_>,
) -> Result<Vec<f32>, D::Error> {
    let walk = &mut Walk { sigmas: path.levels(), table: path.table(), tuning, denoiser, noise, progress };
    match sampler {
        Sampler::Euler => euler::walk(walk, x),
        Sampler::EulerAncestral => euler_ancestral::walk(walk, x, 1.0),
        Sampler::Heun => heun::walk(walk, x),
        Sampler::Lms => lms::walk(walk, x),
        Sampler::Dpm2 => dpm2::walk(walk, x),
        Sampler::Dpm2Ancestral => dpm2_ancestral::walk(walk, x),
        Sampler::Dpmpp2sAncestral => dpmpp_2s_ancestral::walk(walk, x),
        Sampler::Dpmpp2m => dpmpp_2m::walk(walk, x),
        Sampler::DpmppSde => dpmpp_sde::walk(walk, x),
        Sampler::Dpmpp2mSde => dpmpp_2m_sde::walk(walk, x, Solver::Midpoint),
        Sampler::Dpmpp2mSdeHeun => dpmpp_2m_sde::walk(walk, x, Solver::Heun),
        Sampler::Dpmpp3mSde => dpmpp_3m_sde::walk(walk, x),
        Sampler::Ddim => euler_ancestral::walk(walk, x, 0.0),
        Sampler::Plms => plms::walk(walk, x),
        Sampler::UniPc => unipc::walk(walk, x),
        Sampler::Deis => deis::walk(walk, x),
        Sampler::Ipndm => ipndm::walk(walk, x),
        Sampler::Lcm => lcm::walk(walk, x),
        Sampler::Tcd => tcd::walk(walk, x),
        Sampler::Restart => restart::walk(walk, x),
    }
}
