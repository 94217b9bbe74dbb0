//! Why erasing can fail.

use danqing_capability::{Cancelled, Class, Classified};

use crate::{NoPicture, fill};

/// Why erasing can fail.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No input of that name.
    #[error(transparent)]
    NoPicture(#[from] NoPicture),
    /// Neither mask nor rectangles nor points.
    #[error("nothing is marked to be erased")]
    NothingMarked,
    /// Mask and picture have different sizes.
    #[error("the mask is {}x{}, but the picture is {}x{}", mask.0, mask.1, picture.0, picture.1)]
    MaskSize {
        /// Width and height of the mask.
        mask: (usize, usize),
        /// Width and height of the picture.
        picture: (usize, usize),
    },
    /// The mask has no alpha channel.
    #[error("the mask has no transparency")]
    NoTransparency,
    /// No pixel is marked.
    #[error("the mask is empty: no pixel is marked")]
    EmptyMask,
    /// The mask file is darker than what marks.
    #[error("the mask marks nothing: its highest value is {highest}, what is marked has 128 or more")]
    DarkMask {
        /// Its highest value, 1 to 127.
        highest: u8,
    },
    /// Every pixel is marked.
    #[error("the mask covers the whole picture: nothing is left to continue from")]
    FullMask,
    /// A rectangle or point marks no pixel.
    #[error("{mark} lies outside the picture of {}x{}", picture.0, picture.1)]
    MarkOutside {
        /// The rectangle or point.
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
        actual: i64,
        /// Allowed values.
        expected: &'static str,
    },
    /// The hole could not be filled.
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
            Self::Media(error) => error.class(),
            Self::Cancelled(_) => Class::Cancelled,
            _ => Class::Caller,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NothingMarked => Some("give --mask MASK (white = erase), --rectangles or --points".into()),
            Self::MaskSize { .. } => {
                Some("draw the mask on the picture itself, or resize it with `danqing adjust`".into())
            }
            Self::NoTransparency => Some("use --mask-channel brightness".into()),
            Self::EmptyMask => Some("paint white where something is to go".into()),
            Self::DarkMask { .. } => Some("paint with full white, or brighten the mask".into()),
            Self::FullMask => Some("white = erase; use --invert if your mask is the other way round".into()),
            Self::Fill(error) => error.hint(),
            Self::Media(error) => error.hint(),
            _ => None,
        }
    }
}
