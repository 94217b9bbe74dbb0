//! Why extending can fail.

use danqing_capability::{Cancelled, Class, Classified};

use crate::{NoPicture, diffusion, fill};

/// Why extending can fail.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No input of that name.
    #[error(transparent)]
    NoPicture(#[from] NoPicture),
    /// Neither ratio nor sides nor auto.
    #[error("nothing says how far to extend")]
    NoTarget,
    /// Ratio and sides at once.
    #[error("a ratio and {side} are given, but only one of them can decide the size")]
    RatioAndSides {
        /// First side given.
        side: &'static str,
    },
    /// The canvas would be the picture.
    #[error("nothing to do: the picture of {width}x{height} already has that size")]
    NothingNew {
        /// Pixels per row.
        width: usize,
        /// Rows.
        height: usize,
    },
    /// The picture is too small for the ratio to differ from its own.
    #[error("the picture of {width}x{height} is too small to extend to a ratio")]
    TooSmall {
        /// Pixels per row.
        width: usize,
        /// Rows.
        height: usize,
    },
    /// The canvas is too large.
    #[error("the result would be {width}x{height} (expected at most {most} pixels on a side and {pixels} in all)")]
    TooLarge {
        /// Pixels per row.
        width: usize,
        /// Rows.
        height: usize,
        /// Longest side.
        most: usize,
        /// Most pixels.
        pixels: usize,
    },
    /// Trimming leaves nothing.
    #[error("trimming leaves nothing of the picture of {width}x{height}")]
    NothingLeft {
        /// Pixels per row.
        width: usize,
        /// Rows.
        height: usize,
    },
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
    /// A run of a diffusion network failed.
    #[error(transparent)]
    Diffusion(#[from] diffusion::Error),
    /// What was painted could not be joined to the picture.
    #[error(transparent)]
    Blend(#[from] danqing_vision::blend::Error),
    /// The new area could not be filled.
    #[error(transparent)]
    Fill(#[from] fill::Error),
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
            Self::Fill(error) => error.class(),
            Self::Diffusion(error) => error.class(),
            Self::Blend(error) => error.class(),
            Self::Media(error) => error.class(),
            Self::Cancelled(_) => Class::Cancelled,
            Self::TooLarge { .. } => Class::Limit,
            _ => Class::Caller,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoTarget => Some("give --ratio 4:3, or --left, --right, --top, --bottom, or --auto".into()),
            Self::RatioAndSides { .. } => Some("leave one of them out".into()),
            Self::TooSmall { .. } => Some("give --left, --right, --top or --bottom in pixels".into()),
            Self::NothingNew { .. } => Some("ask for another ratio, or for pixels on a side".into()),
            Self::TooLarge { .. } => Some("make the picture smaller first: `danqing adjust --resize …`".into()),
            Self::Fill(error) => error.hint(),
            Self::Diffusion(error) => error.hint(),
            Self::Media(error) => error.hint(),
            _ => None,
        }
    }
}
