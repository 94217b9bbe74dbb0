//! What walks from which noise level to which.

use super::checkpoint::{Opened, noise_table, prediction};
use super::{Error, Settings};
use crate::sampling::{NoiseTable, Prediction, Sampler, Shape, denoise_steps, input_scale, sampler_and_schedule};

/// Sampler, trained levels and the falling levels of this run.
pub(crate) struct Plan {
    pub(crate) sampler: Sampler,
    pub(crate) table: NoiseTable,
    pub(crate) prediction: Prediction,
    /// Falling levels; one or none where nothing is to be done.
    pub(crate) sigmas: Vec<f32>,
}

impl Plan {
    /// Through all steps from pure noise, or, where `strength` is given, through its share of them.
    pub(crate) fn new(settings: &Settings, strength: Option<f64>, opened: &Opened) -> Result<Self, Error> {
        let (sampler, schedule) = sampler_and_schedule(&settings.sampler, Some(&settings.schedule))?;
        let table = noise_table(&opened.model.training);
        let (length, first) = match strength {
            None => (settings.steps, 0),
            Some(0.0) => (0, 0),
            Some(strength) => denoise_steps(settings.step_rule.into(), settings.steps, strength),
        };
        let mut sigmas = sampler.sigmas(schedule, length, &table, &Shape::default());
        sigmas.drain(..first.min(sigmas.len()));
        let prediction = settings.prediction.unwrap_or_else(|| prediction(opened.model.predicts));
        Ok(Self { sampler, table, prediction, sigmas })
    }

    /// Whether any step is left to run.
    pub(crate) fn does_something(&self) -> bool {
        self.sigmas.len() > 1
    }

    /// Share of the run that is left at a level: 1 at the first look, 0 at the last, evenly in timesteps between them; `ComfyUI`'s
    /// reckoning for grey masks. Of a run of one look, a half.
    pub(super) fn left(&self, sigma: f64) -> f32 {
        let timestep = |sigma: f64| self.table.timestep_of(sigma);
        let looks = self.sigmas.iter().filter(|sigma| **sigma > 0.0).map(|sigma| timestep(f64::from(*sigma)));
        let (first, last) = looks.fold((0.0_f64, f64::INFINITY), |(first, last), t| (first.max(t), last.min(t)));
        if first <= last { 0.5 } else { ((timestep(sigma) - last) / (first - last)).clamp(0.0, 1.0) as f32 }
    }

    /// What the first noise is multiplied by. Without a picture, A1111 and diffusers begin at the first level; samplers
    /// that count in timesteps begin in the network's own scale.
    pub(super) fn first_scale(&self, has_start: bool) -> f32 {
        let sigma = self.sigmas.first().copied().unwrap_or(0.0);
        match self.sampler {
            Sampler::Ddim | Sampler::Plms | Sampler::UniPc if !has_start => (1.0 / input_scale(sigma.into())) as f32,
            _ => sigma,
        }
    }
}
