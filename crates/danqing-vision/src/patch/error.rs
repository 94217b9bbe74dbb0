//! Why a completion is refused or stops.

use danqing_capability::{Cancelled, Class, Classified};

/// Why a hole can't be completed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A mask or the guess differs from the picture in size.
    #[error("{what} is {actual_width}x{actual_height}, picture is {width}x{height}")]
    SizeMismatch {
        /// Which input.
        what: &'static str,
        /// Width of the picture.
        width: usize,
        /// Height of the picture.
        height: usize,
        /// Width of the input.
        actual_width: usize,
        /// Height of the input.
        actual_height: usize,
    },
    /// No pixel may be copied.
    #[error("hole and source mask leave none of the {pixels} pixels to copy from, at least one is needed")]
    NoSource {
        /// Pixels of the picture.
        pixels: usize,
    },
    /// An option is outside its range.
    #[error("{name} is {actual}, expected {expected}")]
    Option {
        /// Field of [`super::Options`].
        name: &'static str,
        /// Value given.
        actual: String,
        /// Range.
        expected: &'static str,
    },
    /// Stopped by the caller.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl Classified for Error {
    fn class(&self) -> Class {
        match self {
            Self::Cancelled(_) => Class::Cancelled,
            _ => Class::Caller,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoSource { .. } => Some("make the mask smaller".to_owned()),
            _ => None,
        }
    }
}
