//! Whole pictures painted with classical algorithms: one file or folder per style, all with the same shape: `Params`
//! (plain data, read from preset files) and `paint`.
//!
//! Sizes in parameters are fractions of the picture's side (the root of its area), so a style looks the same at every
//! resolution: fields are studied on a picture of at most [`WORK_SIDE`] pixels, strokes, lines and grain are drawn at
//! full size. The same seed gives the same samples on any number of threads.

pub mod cartoon;
pub mod ink;
pub mod mosaic;
pub mod oil;
mod paper;
pub mod pastel;
pub mod pencil;
mod share;
mod study;
pub mod watercolour;
pub mod woodcut;

use danqing_capability::{Cancelled, Progress};
use danqing_media::{Raster, SrgbF32};
use serde::{Deserialize, Serialize};

pub use self::share::Share;
pub use self::study::{Study, WORK_SIDE};

/// A style with its parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "kebab-case")]
pub enum Recipe {
    /// Ink on rice paper.
    InkWash(ink::Params),
    /// Strokes of thick paint.
    Oil(oil::Params),
    /// Transparent washes on rough paper.
    Watercolour(watercolour::Params),
    /// Graphite on paper.
    Pencil(pencil::Params),
    /// A black and white print from a wood block.
    Woodcut(woodcut::Params),
    /// Flat colours and clean lines.
    Cartoon(cartoon::Params),
    /// Chalk on toned paper.
    Pastel(pastel::Params),
    /// Square stones in mortar.
    Mosaic(mosaic::Params),
}

impl Recipe {
    /// Name of the method, as preset files write it.
    #[must_use]
    pub fn method(&self) -> &'static str {
        match self {
            Self::InkWash(_) => "ink-wash",
            Self::Oil(_) => "oil",
            Self::Watercolour(_) => "watercolour",
            Self::Pencil(_) => "pencil",
            Self::Woodcut(_) => "woodcut",
            Self::Cartoon(_) => "cartoon",
            Self::Pastel(_) => "pastel",
            Self::Mosaic(_) => "mosaic",
        }
    }

    /// Holds the picture's structure at least so firmly.
    pub fn keep_structure(&mut self, least: Share) {
        let own = match self {
            Self::InkWash(params) => &mut params.keep_structure,
            Self::Oil(params) => &mut params.keep_structure,
            Self::Watercolour(params) => &mut params.keep_structure,
            Self::Pencil(params) => &mut params.keep_structure,
            Self::Woodcut(params) => &mut params.keep_structure,
            Self::Cartoon(params) => &mut params.keep_structure,
            Self::Pastel(params) => &mut params.keep_structure,
            Self::Mosaic(params) => &mut params.keep_structure,
        };
        if *own < least {
            *own = least;
        }
    }
}

/// What a run adds to a recipe.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Session {
    /// The same seed paints the same strokes.
    pub seed: u64,
    /// Size of strokes and textures: 1 = as the recipe says; 0.25 to 4 make sense.
    pub scale: f32,
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
        Recipe::Watercolour(params) => watercolour::paint(picture, params, session, progress),
        Recipe::Pencil(params) => pencil::paint(picture, params, session, progress),
        Recipe::Woodcut(params) => woodcut::paint(picture, params, session, progress),
        Recipe::Cartoon(params) => cartoon::paint(picture, params, session, progress),
        Recipe::Oil(params) => oil::paint(picture, params, session, progress),
        Recipe::Pastel(params) => pastel::paint(picture, params, session, progress),
        Recipe::Mosaic(params) => mosaic::paint(picture, params, session, progress),
    }
}
