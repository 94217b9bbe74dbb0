//! Why a hole can't be filled.

use danqing_capability::{Cancelled, Class, Classified};
use danqing_vision::{inpaint, patch, ring};
use danqing_weights::StoreError;

/// Why a hole can't be filled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The network is not there or not readable.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The network refused its weights or its input.
    #[error(transparent)]
    Network(#[from] danqing_models::Error),
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
            Self::Store(error) => class_of_weights(error.class()),
            Self::Network(error) => error.class(),
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
            Self::Store(error) => error.hint(),
            Self::Network(error) => error.hint(),
            Self::Tensor(error) => error.hint(),
            Self::Patch(error) => error.hint(),
            Self::Inpaint(error) => error.hint(),
            Self::Media(error) => error.hint(),
            Self::Ring(error) => error.hint(),
            _ => None,
        }
    }
}

/// The weights crate knows classes of its own, so that it depends on nothing.
fn class_of_weights(class: danqing_weights::Class) -> Class {
    match class {
        danqing_weights::Class::MissingModel => Class::MissingModel,
        danqing_weights::Class::Caller => Class::Caller,
        danqing_weights::Class::File => Class::File,
        danqing_weights::Class::Limit => Class::Limit,
        danqing_weights::Class::Unsupported => Class::Unsupported,
        danqing_weights::Class::Environment => Class::Environment,
        danqing_weights::Class::Cancelled => Class::Cancelled,
        _ => Class::Bug,
    }
}
