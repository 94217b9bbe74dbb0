//! What every sampler walks on: a falling path of noise levels, a denoiser, a source of noise and the run's progress.

use std::sync::Arc;

use danqing_capability::{Cancelled, Class, Classified, Preview, Progress};

use crate::sampling::noise::NoiseSource;
use crate::sampling::schedule::NoiseTable;

/// Name of the stage in the events of a run.
const STAGE: &str = "denoise";

/// A network with everything around it (guidance, masks, previews): from a noisy latent to the denoised one.
pub trait Denoiser {
    /// Why it can fail.
    type Error: From<Cancelled> + From<SamplingError>;

    /// The denoised latent for `x` at noise level `sigma`. `x` may be changed on the way, and the sampler goes on from the
    /// changed one: inpainting puts what is known back into it.
    ///
    /// # Errors
    /// See [`Self::Error`].
    fn denoised(&mut self, x: &mut [f32], sigma: f64) -> Result<Vec<f32>, Self::Error>;

    /// What the latent shows after step `step`, counted from 1, if anybody wants to see it.
    ///
    /// # Errors
    /// See [`Self::Error`].
    fn preview(&mut self, step: usize) -> Result<Option<Preview>, Self::Error> {
        let _ = step;
        Ok(None)
    }
}

impl<E, F> Denoiser for F
where
    E: From<Cancelled> + From<SamplingError>,
    F: FnMut(&mut [f32], f64) -> Result<Vec<f32>, E>,
{
    type Error = E;

    fn denoised(&mut self, x: &mut [f32], sigma: f64) -> Result<Vec<f32>, E> {
        self(x, sigma)
    }
}

/// Why sampling can fail beside the denoiser.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SamplingError {
    /// The denoiser answered with another number of values.
    #[error("the denoiser gave {actual} values, expected {expected}")]
    Length {
        /// What it gave.
        actual: usize,
        /// Values of the latent.
        expected: usize,
    },
}

impl Classified for SamplingError {
    fn class(&self) -> Class {
        Class::Bug
    }
}

/// Extra noise on the way of otherwise certain samplers (Karras et al. 2022, algorithm 2).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Churn {
    /// How much in all steps together; 0 is none.
    pub amount: f64,
    /// Lowest sigma that gets any.
    pub sigma_min: f64,
    /// Highest sigma that gets any.
    pub sigma_max: f64,
}

impl Default for Churn {
    fn default() -> Self {
        Self { amount: 0.0, sigma_min: 0.0, sigma_max: f64::INFINITY }
    }
}

/// What samplers can be tuned by. Each takes what it knows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tuning {
    /// Share of fresh noise per step. Where not given, what is usual: 1 for ancestral and SDE samplers, 0 for DDIM, 0.3 for
    /// TCD.
    pub eta: Option<f64>,
    /// For Euler, Heun and DPM2.
    pub churn: Churn,
    /// Factor of all fresh noise, 1 unless tuned.
    pub noise_scale: f64,
}

impl Default for Tuning {
    fn default() -> Self {
        Self { eta: None, churn: Churn::default(), noise_scale: 1.0 }
    }
}

/// One run of a sampler.
pub(crate) struct Walk<'a, 'p, D> {
    pub(crate) sigmas: Vec<f64>,
    pub(crate) table: &'a NoiseTable,
    pub(crate) tuning: &'a Tuning,
    pub(crate) denoiser: &'a mut D,
    pub(crate) noise: &'a mut dyn NoiseSource,
    pub(crate) progress: &'a mut Progress<'p>,
}

impl<D: Denoiser> Walk<'_, '_, D> {
    pub(crate) fn steps(&self) -> usize {
        self.sigmas.len().saturating_sub(1)
    }

    /// Levels that step `i` goes from and to.
    pub(crate) fn levels(&self, i: usize) -> (f64, f64) {
        (self.sigmas[i], self.sigmas[i + 1])
    }

    /// Asks the denoiser.
    pub(crate) fn denoised(&mut self, x: &mut [f32], sigma: f64) -> Result<Vec<f32>, D::Error> {
        self.progress.cancel_token().check()?;
        let denoised = self.denoiser.denoised(x, sigma)?;
        if denoised.len() != x.len() {
            return Err(SamplingError::Length { actual: denoised.len(), expected: x.len() }.into());
        }
        Ok(denoised)
    }

    /// The direction of falling noise, `(x − denoised)/sigma`, beside the denoised latent.
    pub(crate) fn direction(&mut self, x: &mut [f32], sigma: f64) -> Result<Vec<f32>, D::Error> {
        let denoised = self.denoised(x, sigma)?;
        Ok(direction(x, &denoised, sigma))
    }

    /// Says that step `i` is done.
    pub(crate) fn step_done(&mut self, i: usize, steps: usize) -> Result<(), D::Error> {
        self.progress.step(STAGE, i + 1, steps)?;
        if let Some(picture) = self.denoiser.preview(i + 1)? {
            self.progress.preview(STAGE, i + 1, steps, Arc::new(picture));
        }
        Ok(())
    }

    pub(crate) fn eta(&self, usual: f64) -> f64 {
        self.tuning.eta.unwrap_or(usual)
    }

    /// Adds `scale` times fresh noise of the step from `from` to `to`.
    pub(crate) fn add_noise(&mut self, x: &mut [f32], from: f64, to: f64, scale: f64) {
        let scale = (scale * self.tuning.noise_scale) as f32;
        let noise = self.noise.draw(from, to);
        x.iter_mut().zip(noise).for_each(|(x, noise)| *x += scale * noise);
    }

    /// Steps from each level to the next, each from the level that its churn reached.
    pub(crate) fn churned_steps(
        &mut self,
        mut x: Vec<f32>,
        step: impl Fn(&mut Self, Vec<f32>, f64, f64) -> Result<Vec<f32>, D::Error>,
    ) -> Result<Vec<f32>, D::Error> {
        let steps = self.steps();
        for i in 0..steps {
            let (_, next) = self.levels(i);
            let sigma = self.churned(&mut x, i);
            x = step(self, x, sigma, next)?;
            self.step_done(i, steps)?;
        }
        Ok(x)
    }

    /// Raises the noise level before step `i` as [`Churn`] says; gives the level reached.
    fn churned(&mut self, x: &mut [f32], i: usize) -> f64 {
        let (sigma, next) = self.levels(i);
        let Churn { amount, sigma_min, sigma_max } = self.tuning.churn;
        if amount <= 0.0 {
            return sigma;
        }
        let inside = (sigma_min..=sigma_max).contains(&sigma);
        let gamma = if inside { (amount / self.steps() as f64).min(std::f64::consts::SQRT_2 - 1.0) } else { 0.0 };
        let raised = sigma * (gamma + 1.0);
        // Drawn where unused too: the numbers that later steps get must not depend on the range.
        self.add_noise(x, sigma, next, (raised * raised - sigma * sigma).sqrt());
        raised
    }
}

/// `(x − denoised)/sigma`.
pub(crate) fn direction(x: &[f32], denoised: &[f32], sigma: f64) -> Vec<f32> {
    combined(&[(1.0 / sigma, x), (-1.0 / sigma, denoised)])
}

/// Sum of factors times latents, each value rounded once.
pub(crate) fn combined(terms: &[(f64, &[f32])]) -> Vec<f32> {
    let count = terms.first().map_or(0, |(_, values)| values.len());
    let value = |i: usize| terms.iter().map(|(factor, values)| factor * f64::from(values[i])).sum::<f64>();
    (0..count).map(|i| value(i) as f32).collect()
}

/// Levels of an ancestral step: `(down, up)`, first down to `down`, then noise of size `up` brings it to `to`.
pub(crate) fn ancestral(from: f64, to: f64, eta: f64) -> (f64, f64) {
    if eta == 0.0 {
        return (to, 0.0);
    }
    let up = (eta * (to * to * (from * from - to * to) / (from * from)).max(0.0).sqrt()).min(to);
    ((to * to - up * up).max(0.0).sqrt(), up)
}
