//! Whole pictures painted with classical algorithms: one file or folder per style, all with the same shape: `Params`
//! (plain data, read from preset files) and `paint`.
//!
//! Sizes in parameters are fractions of the picture's side (the root of its area), so a style looks the same at every
//! resolution: fields are studied on a picture of at most [`WORK_SIDE`] pixels, strokes, lines and grain are drawn at
//! full size. The same seed gives the same samples on any number of threads.

pub mod ink;
mod paper;
mod share;
mod study;

use danqing_capability::{Cancelled, Progress};
use danqing_media::{Raster, SrgbF32};
use serde::{Deserialize, Serialize};

pub use self::share::Share;
pub use self::study::{Study, WORK_SIDE};

/// A style with its parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "recipe", rename_all = "kebab-case")]
pub enum Recipe {
    /// Ink on rice paper.
    InkWash(ink::Params),
}

/// What a run adds to a recipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// The same seed paints the same strokes.
    pub seed: u64,
    /// Threads to use.
    pub threads: usize,
}

/// Paints `picture` in the recipe's style, at the same size.
///
/// # Errors
/// [`Cancelled`].
pub fn paint(
    picture: &Raster<SrgbF32>,
    recipe: &Recipe,
    session: Session,
    progress: &mut Progress<'_>,
) -> Result<Raster<SrgbF32>, Cancelled> {
    if picture.bounds().is_empty() {
        return Ok(picture.clone());
    }
    match recipe {
        Recipe::InkWash(params) => ink::paint(picture, params, session, progress),
    }
}
