//! What `reimagine`, `edit`, `blend` and the generative fill of `extend` share: settings, checkpoints, the loop from noise to
//! latent, and latents to pictures.
//!
//! The loop knows no capability. It is told where to begin ([`Start`]): from which latent, with what laid beside the latent
//! for networks with further inputs ([`Beside`]), and which part of the latent stays as it is ([`Kept`]).

mod additions;
mod checkpoint;
mod dump;
mod error;
mod guided;
mod latent;
mod memory;
mod noise;
mod paint;
mod plan;
mod preview;
mod scene;
#[cfg(test)]
mod seams;
mod settings;
mod size;
mod tiles;
mod words;

pub use checkpoint::Checkpoints;
pub(crate) use checkpoint::{Opened, OpenedCodec, Takes};
pub use error::Error;
pub(crate) use guided::Beside;
pub(crate) use latent::Codec;
pub(crate) use memory::usual_tile;
pub use paint::Enlarge;
pub(crate) use paint::{Again, Kept, Start, latent_shape, paint};
pub(crate) use plan::Plan;
pub use scene::HoleFill;
pub(crate) use scene::{Scene, Wanted};
pub(crate) use settings::out_of_range;
pub use settings::{Settings, StepRule};
pub(crate) use size::{usual_scale, work_size};

/// Chinese texts of [`Settings`]: the end of the table `params` and the choices.
macro_rules! with_settings_in_chinese {
    ($own:literal) => {
        concat!(include_str!($own), include_str!("../diffusion/zh.toml"))
    };
}
pub(crate) use with_settings_in_chinese;
