//! Why blending can fail.

use danqing_capability::{Cancelled, Class, Classified};

use crate::{NoPicture, diffusion};

/// Why blending can fail.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No input of that name.
    #[error(transparent)]
    NoPicture(#[from] NoPicture),
    /// Nothing to go to.
    #[error("no second picture is given")]
    NoOther,
    /// The network failed.
    #[error(transparent)]
    Diffusion(#[from] diffusion::Error),
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
            Self::NoPicture(_) | Self::NoOther => Class::Caller,
            Self::Diffusion(error) => error.class(),
            Self::Media(error) => error.class(),
            Self::Cancelled(_) => Class::Cancelled,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoOther => Some("give it with --other PICTURE".into()),
            Self::Diffusion(error) => error.hint(),
            Self::Media(error) => error.hint(),
            _ => None,
        }
    }
}
