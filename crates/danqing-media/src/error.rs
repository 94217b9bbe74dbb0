//! What can go wrong between a file and a picture.

use std::path::PathBuf;

use danqing_capability::{Cancelled, Class, Classified};

use crate::ShapeError;
use crate::file::Format;

/// Why a file or a picture could not be read, converted or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no such file.
    #[error("{}: no such file", path.display())]
    Missing {
        /// The path asked for.
        path: PathBuf,
    },
    /// The file is there already and may not be replaced.
    #[error("{}: exists already", path.display())]
    Exists {
        /// The path asked for.
        path: PathBuf,
    },
    /// No room is left where the file should go.
    #[error("{}: the disk is full; nothing was written", path.display())]
    DiskFull {
        /// The path asked for.
        path: PathBuf,
    },
    /// The operating system said no.
    #[error("{}: {source}", path.display())]
    Io {
        /// The path asked for.
        path: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
    /// Nothing to read.
    #[error("the file is empty: 0 bytes, expected a picture")]
    Empty,
    /// The bytes are not a picture of a known format.
    #[error("not a picture: {looks_like}; expected PNG, JPEG, WebP, TIFF, BMP or GIF")]
    NotAPicture {
        /// What the first bytes look like.
        looks_like: String,
    },
    /// The file stops before its picture does.
    #[error("the {format} file is truncated: {detail}")]
    Truncated {
        /// Format it begins as.
        format: Format,
        /// Where it stopped.
        detail: String,
    },
    /// The file contradicts its format or itself.
    #[error("the {format} file is damaged: {detail}")]
    Damaged {
        /// Format it begins as.
        format: Format,
        /// What is wrong.
        detail: String,
    },
    /// More than the limits allow; found before memory was taken.
    #[error("too large: {what} is {actual}, the limit is {limit}")]
    TooLarge {
        /// What was measured, with its unit.
        what: &'static str,
        /// Measured.
        actual: u64,
        /// Allowed.
        limit: u64,
    },
    /// Decoding took longer than the limits allow.
    #[error("decoding the {format} file took longer than {limit_secs} s")]
    TooSlow {
        /// Format of the file.
        format: Format,
        /// Allowed seconds.
        limit_secs: u64,
    },
    /// A sound request or file that danqing can't serve.
    #[error("{what} is not supported")]
    Unsupported {
        /// What was asked or found.
        what: String,
        /// The way out.
        way_out: String,
    },
    /// A value outside its range.
    #[error("{name} is {actual}, expected {expected}")]
    OutOfRange {
        /// Name of the value.
        name: &'static str,
        /// Given.
        actual: String,
        /// Allowed.
        expected: &'static str,
    },
    /// The ICC profile can't be used for what was asked.
    #[error("the ICC profile of the picture can't be used: {detail}")]
    Profile {
        /// What is wrong with it.
        detail: String,
    },
    /// Sizes do not fit together.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// Two things that belong together have different sizes.
    #[error("{what} is {}x{}, expected {}x{}", actual.0, actual.1, expected.0, expected.1)]
    SizeMismatch {
        /// Which thing.
        what: &'static str,
        /// Its width and height.
        actual: (usize, usize),
        /// What it must be.
        expected: (usize, usize),
    },
    /// An encoder refused what danqing gave it.
    #[error("could not encode {format}: {detail}")]
    Encode {
        /// Format asked for.
        format: Format,
        /// What the encoder said.
        detail: String,
    },
    /// Stopped by the caller.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl Classified for Error {
    fn class(&self) -> Class {
        match self {
            Self::Missing { .. }
            | Self::Empty
            | Self::NotAPicture { .. }
            | Self::Truncated { .. }
            | Self::Damaged { .. }
            | Self::Profile { .. } => Class::File,
            Self::Exists { .. } | Self::OutOfRange { .. } | Self::SizeMismatch { .. } => Class::Caller,
            Self::DiskFull { .. } | Self::Io { .. } => Class::Environment,
            Self::TooLarge { .. } | Self::TooSlow { .. } => Class::Limit,
            Self::Unsupported { .. } => Class::Unsupported,
            Self::Shape(_) | Self::Encode { .. } => Class::Bug,
            Self::Cancelled(_) => Class::Cancelled,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Exists { .. } => Some("use --force to replace it, or choose another name".to_owned()),
            Self::DiskFull { .. } => Some("free some space, or write to another folder".to_owned()),
            Self::Truncated { .. } => Some("copy or download the file again".to_owned()),
            Self::TooLarge { .. } => Some("scale the picture down first".to_owned()),
            Self::Unsupported { way_out, .. } if !way_out.is_empty() => Some(way_out.clone()),
            _ => None,
        }
    }
}
