//! Why editing can fail.

use danqing_capability::{Cancelled, Class, Classified};
use danqing_vision::ring;

use crate::{NoPicture, diffusion, erase, fill};

/// Why editing can fail.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No input of that name.
    #[error(transparent)]
    NoPicture(#[from] NoPicture),
    /// A checkpoint that paints what is marked, and no mark.
    #[error("nothing is marked to be edited")]
    NothingMarked,
    /// The sketch has another size.
    #[error("the doodle is {}x{}, but the picture is {}x{}", doodle.0, doodle.1, picture.0, picture.1)]
    DoodleSize {
        /// Width and height of the sketch.
        doodle: (usize, usize),
        /// Width and height of the picture.
        picture: (usize, usize),
    },
    /// Nothing was drawn.
    #[error("the doodle is the same as the picture: nothing is drawn")]
    EmptyDoodle,
    /// Mask, rectangles or points can't be meant.
    #[error(transparent)]
    Marks(#[from] erase::Error),
    /// The network's run failed.
    #[error(transparent)]
    Diffusion(#[from] diffusion::Error),
    /// What was made could not be measured.
    #[error(transparent)]
    Fill(#[from] fill::Error),
    /// Colours could not be fitted.
    #[error(transparent)]
    Ring(#[from] ring::Error),
    /// Pixels could not be converted.
    #[error(transparent)]
    Media(#[from] danqing_media::Error),
    /// Stopped by the caller.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl Classified for Error {
    fn class(&self) -> Class {
        match self {
            Self::Marks(error) => error.class(),
            Self::Diffusion(error) => error.class(),
            Self::Fill(error) => error.class(),
            Self::Ring(error) => error.class(),
            Self::Media(error) => error.class(),
            Self::Cancelled(_) => Class::Cancelled,
            _ => Class::Caller,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NothingMarked => {
                Some("give --mask MASK (white = edit), --rectangles, --points or --doodle DRAWING".into())
            }
            Self::DoodleSize { .. } => {
                Some("draw on the picture itself, or resize the drawing with `danqing adjust`".into())
            }
            Self::Marks(error) => error.hint(),
            Self::Diffusion(error) => error.hint(),
            Self::Fill(error) => error.hint(),
            Self::Ring(error) => error.hint(),
            Self::Media(error) => error.hint(),
            _ => None,
        }
    }
}
