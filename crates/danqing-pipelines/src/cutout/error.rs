//! Why cutting out can fail.

use std::path::PathBuf;

use danqing_capability::{Cancelled, Class, Classified};
use danqing_weights::ParseError;

use crate::{NetworkError, NoPicture};

/// Why cutting out can fail.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No input of that name.
    #[error(transparent)]
    NoPicture(#[from] NoPicture),
    /// An input mask and the picture have different sizes.
    #[error("the {input} mask is {}x{}, but the picture is {}x{}", mask.0, mask.1, picture.0, picture.1)]
    MaskSize {
        /// Name of the input.
        input: &'static str,
        /// Width and height of the mask.
        mask: (usize, usize),
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
    /// A model that is neither a name nor a file.
    #[error("there is no model {0:?} (expected auto, portrait, general or the path of a weight file)")]
    NoModel(String),
    /// A background picture was asked for, and none is given.
    #[error("the background is to be a picture, but no backdrop is given")]
    NoBackdrop,
    /// A colour that can't be read.
    #[error("{0:?} is not a colour (expected #rrggbb)")]
    Colour(String),
    /// A weight file that can't be read.
    #[error("{}: {source}", path.display())]
    Weights {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: ParseError,
    },
    /// A weight file of another network.
    #[error("{}: neither a U²-Net, IS-Net nor MODNet file ({reason})", path.display())]
    OtherNetwork {
        /// The file.
        path: PathBuf,
        /// What the nearest network missed.
        reason: String,
    },
    /// A network can't be had.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// A network failed.
    #[error(transparent)]
    Model(#[from] danqing_models::Error),
    /// Pixels could not be converted.
    #[error(transparent)]
    Media(#[from] danqing_media::Error),
    /// Stopped by the caller.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl From<danqing_nn::Error> for Error {
    fn from(error: danqing_nn::Error) -> Self {
        Self::Model(error.into())
    }
}

impl From<danqing_media::ShapeError> for Error {
    fn from(error: danqing_media::ShapeError) -> Self {
        Self::Media(error.into())
    }
}

impl Classified for Error {
    fn class(&self) -> Class {
        match self {
            Self::Network(error) => error.class(),
            Self::Model(error) => error.class(),
            Self::Media(error) => error.class(),
            Self::Cancelled(_) => Class::Cancelled,
            Self::Weights { .. } | Self::OtherNetwork { .. } => Class::File,
            _ => Class::Caller,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::MaskSize { .. } => {
                Some("draw the mask on the picture itself, or resize it with `danqing adjust`".into())
            }
            Self::NoBackdrop => Some("give --backdrop PICTURE, or choose another --background".into()),
            Self::NoModel(_) => Some("a path is looked for from the current folder".into()),
            Self::Network(error) => error.hint(),
            Self::Model(error) => error.hint(),
            Self::Media(error) => error.hint(),
            _ => None,
        }
    }
}
