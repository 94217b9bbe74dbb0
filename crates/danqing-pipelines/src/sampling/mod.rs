//! Pure maths of diffusion sampling on slices of numbers: noise, schedules, samplers and guidance. No networks here.
//!
//! Latents are in k-diffusion's scale: `x = x₀ + sigma·noise`. A network of Stable Diffusion sees `x / sqrt(sigma² + 1)`;
//! [`Prediction`] goes from what it answers to the denoised latent.

mod guidance;
mod names;
mod noise;
mod prediction;
mod samplers;
mod schedule;
#[cfg(test)]
mod tests;

pub use guidance::{InstructGuidance, classifier_free, instruct, rescaled, weighted};
pub use names::{
    NameError, label_of_sampler, label_of_schedule, labels_of_samplers, labels_of_schedules, sampler_and_schedule,
};
pub use noise::{
    BrownianPath, InitialNoise, LatentShape, NoiseOrder, NoiseSource, Philox, SeedResize, Stream, StreamNoise,
    TorchCpu, Variation, slerp_columns,
};
pub use prediction::{Prediction, input_scale};
pub use samplers::{Churn, Denoiser, Path, PathError, Sampler, SamplingError, Tuning, sample};
pub use schedule::{
    BetaSchedule, Family, NoiseTable, Schedule, Shape, Spacing, Strength, beta, consistency_timesteps, denoise_steps,
    exponential, karras, kl_optimal, polyexponential, timesteps,
};
