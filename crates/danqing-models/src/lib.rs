//! Networks on danqing-nn, grouped by role. They take and give tensors; the step between pictures and tensors stands
//! beside each network, on plain slices.
#![forbid(unsafe_code)]

pub mod adapters;
mod checkpoint;
pub mod denoisers;
pub mod diffusion;
mod error;
mod folding;
mod foreign;
pub mod inpainters;
pub mod latent_codecs;
pub mod matting;
pub mod segmenters;
#[cfg(test)]
mod small_activations;
pub mod stable_diffusion;
pub mod stylizers;
pub mod text_encoders;
pub mod upscalers;

pub use error::Error;
