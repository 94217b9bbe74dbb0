//! Why adjusting can fail.

use danqing_capability::{Cancelled, Class, Classified};
use danqing_vision::tone::CurveError;

use crate::NoPicture;

/// Why adjusting can fail.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No input of that name.
    #[error(transparent)]
    NoPicture(#[from] NoPicture),
    /// A number outside its hard range.
    #[error("edit {position} ({edit}): {field} {actual} is out of range (expected {low} to {high})")]
    OutOfRange {
        /// Place in the list, from 1.
        position: usize,
        /// Name of the edit.
        edit: &'static str,
        /// Name of the field.
        field: &'static str,
        /// Given value.
        actual: f64,
        /// Smallest allowed value.
        low: f64,
        /// Largest allowed value.
        high: f64,
    },
    /// Black is not below white.
    #[error("edit {position} (levels): in_black {black} is not below in_white {white}")]
    LevelsCrossed {
        /// Place in the list, from 1.
        position: usize,
        /// Given black point.
        black: f64,
        /// Given white point.
        white: f64,
    },
    /// Points that make no curve.
    #[error("edit {position} (curves): {cause}")]
    Curve {
        /// Place in the list, from 1.
        position: usize,
        /// What is wrong with them.
        cause: CurveError,
    },
    /// A rectangle or point outside the picture as it is at this step.
    #[error("edit {position} ({edit}): {place} lies outside the picture of {}x{}", size.0, size.1)]
    Outside {
        /// Place in the list, from 1.
        position: usize,
        /// Name of the edit.
        edit: &'static str,
        /// The rectangle or point.
        place: String,
        /// Width and height of the picture at this step.
        size: (usize, usize),
    },
    /// Neither width nor height.
    #[error("edit {position} (resize): neither width nor height is given")]
    NoSize {
        /// Place in the list, from 1.
        position: usize,
    },
    /// A size that can't be read.
    #[error("resize {0:?} is not a size (expected 1024x768, 1024x or x768)")]
    SizeText(String),
    /// A picture larger than danqing makes.
    #[error("edit {position} ({edit}): a picture of {}x{} is too large (at most {limit} pixels)", size.0, size.1)]
    TooLarge {
        /// Place in the list, from 1.
        position: usize,
        /// Name of the edit.
        edit: &'static str,
        /// Width and height asked for.
        size: (usize, usize),
        /// Most pixels.
        limit: usize,
    },
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
            Self::Media(error) => error.class(),
            Self::Cancelled(_) => Class::Cancelled,
            Self::TooLarge { .. } => Class::Limit,
            _ => Class::Caller,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Outside { .. } => {
                Some("edits run in order: an earlier crop, rotation or resize changed the size".into())
            }
            Self::Media(error) => error.hint(),
            _ => None,
        }
    }
}
