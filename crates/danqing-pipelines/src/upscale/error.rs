//! Why enlarging can fail.

use danqing_capability::{Cancelled, Class, Classified};

use crate::{NetworkError, NoPicture};

/// Why enlarging can fail.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No input of that name.
    #[error(transparent)]
    NoPicture(#[from] NoPicture),
    /// A parameter is out of its range.
    #[error("{name} {actual} is out of range (expected {expected})")]
    OutOfRange {
        /// Parameter.
        name: &'static str,
        /// Given value.
        actual: String,
        /// Allowed values.
        expected: &'static str,
    },
    /// Scale, sides and frame say different things.
    #[error("{first} and {second} both say how large the result is")]
    TwoSizes {
        /// One of them.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// Not a size to fit into.
    #[error("size {actual:?} is unknown (expected 720p, 1080p, 1440p, 4K, 8K or WIDTHxHEIGHT)")]
    UnknownSize {
        /// Given text.
        actual: String,
    },
    /// The result would be smaller than the picture, or more than eight times as large.
    #[error(
        "a result of {}x{} is {factor:.2} times the picture of {}x{} (expected 1 to 8 times)",
        size.0, size.1, picture.0, picture.1
    )]
    Factor {
        /// Width and height asked for.
        size: (usize, usize),
        /// How many times the picture's, along the side that is farther off.
        factor: f64,
        /// Width and height of the picture.
        picture: (usize, usize),
    },
    /// More pixels than any picture may have.
    #[error("a result of {}x{} is too large (at most {limit} pixels)", size.0, size.1)]
    TooLarge {
        /// Width and height of the result.
        size: (usize, usize),
        /// Most pixels.
        limit: usize,
    },
    /// The run would need more memory than there is.
    #[error("the run needs about {needed} MB of memory, {available} MB are free")]
    Memory {
        /// Megabytes planned.
        needed: u64,
        /// Megabytes free.
        available: u64,
    },
    /// The model file can't be read.
    #[error("model file {path}: {cause}")]
    ModelFile {
        /// As given.
        path: String,
        /// Why.
        cause: danqing_weights::ParseError,
    },
    /// The model file holds another network.
    #[error("model file {path}: {cause}")]
    ModelContent {
        /// As given.
        path: String,
        /// Why.
        cause: danqing_models::Error,
    },
    /// The network makes pictures smaller.
    #[error("model file {path} does not enlarge: {network}")]
    NoScale {
        /// As given.
        path: String,
        /// What it holds.
        network: String,
    },
    /// The model file is not the one of the recipe.
    #[error("model file {path} has sha256 {actual}, expected {expected}")]
    ModelChanged {
        /// As given.
        path: String,
        /// Of the file.
        actual: String,
        /// Of the recipe.
        expected: String,
    },
    /// A network of the catalogue can't be had.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The network failed.
    #[error(transparent)]
    Model(#[from] danqing_models::Error),
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] danqing_nn::Error),
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
            Self::TooLarge { .. } | Self::Memory { .. } => Class::Limit,
            Self::ModelFile { .. } | Self::ModelChanged { .. } => Class::File,
            Self::NoScale { .. } => Class::Unsupported,
            Self::ModelContent { cause, .. } => cause.class(),
            Self::Network(error) => error.class(),
            Self::Model(error) => error.class(),
            Self::Engine(error) => error.class(),
            Self::Media(error) => error.class(),
            Self::Cancelled(_) => Class::Cancelled,
            _ => Class::Caller,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::TwoSizes { .. } => Some("give a scale, or width and height, or a size".into()),
            Self::Factor { .. } => Some("`danqing adjust --resize` makes pictures smaller".into()),
            Self::Memory { .. } => Some("a smaller --scale or --tile needs less".into()),
            Self::ModelFile { cause: danqing_weights::ParseError::Io { .. }, .. } => {
                Some("--model takes auto, x4plus, x2plus, anime, video or the path of a file".into())
            }
            Self::Network(error) => error.hint(),
            Self::Engine(error) => error.hint(),
            Self::Media(error) => error.hint(),
            _ => None,
        }
    }
}
