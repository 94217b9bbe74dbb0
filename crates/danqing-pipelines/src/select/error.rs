//! Why selecting can fail.

use danqing_capability::{Cancelled, Class, Classified};

use crate::{NetworkError, NoPicture};

/// Why selecting can fail.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No input of that name.
    #[error(transparent)]
    NoPicture(#[from] NoPicture),
    /// Neither a click on what is meant nor a rectangle.
    #[error("nothing is pointed at")]
    NothingMeant,
    /// A click or the rectangle is not on the picture.
    #[error("{mark} lies outside the picture of {}x{}", picture.0, picture.1)]
    MarkOutside {
        /// The click or rectangle.
        mark: String,
        /// Width and height of the picture.
        picture: (usize, usize),
    },
    /// A parameter is out of its range.
    #[error("{name} {actual} is out of range (expected {expected})")]
    OutOfRange {
        /// Parameter.
        name: &'static str,
        /// Given value.
        actual: f64,
        /// Allowed values.
        expected: &'static str,
    },
    /// The network can't be had.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The network failed.
    #[error(transparent)]
    Model(#[from] danqing_models::Error),
    /// The engine refused.
    #[error(transparent)]
    Engine(#[from] danqing_nn::Error),
    /// Pixels could not be converted.
    #[error(transparent)]
    Media(#[from] danqing_media::Error),
    /// A raster of another size.
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
            Self::Model(error) => error.class(),
            Self::Engine(error) => error.class(),
            Self::Media(error) => error.class(),
            Self::Shape(_) => Class::Bug,
            Self::Cancelled(_) => Class::Cancelled,
            _ => Class::Caller,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NothingMeant => {
                Some("give --points X,Y on the thing, or --rectangle X,Y,WIDTH,HEIGHT around it".into())
            }
            Self::Network(error) => error.hint(),
            Self::Model(error) => error.hint(),
            Self::Engine(error) => error.hint(),
            Self::Media(error) => error.hint(),
            _ => None,
        }
    }
}
