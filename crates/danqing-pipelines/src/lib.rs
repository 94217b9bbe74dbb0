//! The capabilities of danqing: one folder each, always `Params`, `Error` and `run`.
//!
//! Pictures come in and go out in their own samples; networks and classical algorithms work on typed rasters in between.
#![forbid(unsafe_code)]

pub mod adjust;
mod available_memory;
pub mod bench;
pub mod blend;
pub mod cutout;
pub mod diffusion;
pub mod edit;
pub mod erase;
pub mod extend;
pub mod fill;
mod half_width;
mod lazy_network;
mod ports;
pub mod prompt;
pub mod reimagine;
pub mod restyle;
pub mod sampling;
mod seed;
pub mod select;
pub mod upscale;

pub use lazy_network::NetworkError;
pub use ports::NoPicture;
