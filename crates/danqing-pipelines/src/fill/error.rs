//! Why a hole can't be filled.

use danqing_capability::{Cancelled, Class, Classified};
use danqing_vision::{inpaint, patch, ring};

use crate::NetworkError;

/// Why a hole can't be filled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The network can't be had.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The network refused its input.
    #[error(transparent)]
    Forward(#[from] danqing_models::Error),
    /// The tensors did not fit.
    #[error(transparent)]
    Tensor(#[from] danqing_nn::Error),
    /// Patch completion refused.
    #[error(transparent)]
    Patch(#[from] patch::Error),
    /// Classical inpainting refused.
    #[error(transparent)]
    Inpaint(#[from] inpaint::Error),
    /// Colours could not be fitted.
    #[error(transparent)]
    Ring(#[from] ring::Error),
    /// Pixels could not be converted.
    #[error(transparent)]
    Media(#[from] danqing_media::Error),
    /// No engine made anything: a defect.
    #[error("no engine made a candidate")]
    NoCandidate,
    /// Sizes that should agree do not: a defect.
    #[error(transparent)]
    Shape(#[from] danqing_media::ShapeError),
    /// Stopped by the caller.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl Classified for Error {
    fn class(&self) -> Class {
        match self {
            Self::Network(error) => error.class(),
            Self::Forward(error) => error.class(),
            Self::Tensor(error) => error.class(),
            Self::Patch(error) => error.class(),
            Self::Inpaint(error) => error.class(),
            Self::Media(error) => error.class(),
            Self::Ring(error) => error.class(),
            Self::NoCandidate | Self::Shape(_) => Class::Bug,
            Self::Cancelled(_) => Class::Cancelled,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Network(error) => error.hint(),
            Self::Forward(error) => error.hint(),
            Self::Tensor(error) => error.hint(),
            Self::Patch(error) => error.hint(),
            Self::Inpaint(error) => error.hint(),
            Self::Media(error) => error.hint(),
            Self::Ring(error) => error.hint(),
            _ => None,
        }
    }
}
