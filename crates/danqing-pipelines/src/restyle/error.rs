//! Why restyling can fail.

use std::path::PathBuf;

use danqing_capability::{Cancelled, Class, Classified};

use super::Mode;
use crate::{NetworkError, NoPicture};

/// Why restyling can fail.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No input of that name.
    #[error(transparent)]
    NoPicture(#[from] NoPicture),
    /// Neither a name nor a style picture.
    #[error("no style is given")]
    NoStyle,
    /// More than one way to say the style.
    #[error("more than one of style, styles and style pictures is given")]
    SeveralStyles,
    /// No preset and no gallery style of that name.
    #[error("there is no style named {name:?} (there are {known})")]
    UnknownStyle {
        /// Name given.
        name: String,
        /// Names there are.
        known: String,
    },
    /// A forced mode misses what it paints with.
    #[error("mode {} needs {}", name_of(*mode), needed_by(*mode))]
    ModeNeeds {
        /// Mode asked for.
        mode: Mode,
    },
    /// The mode can't be run by this version.
    #[error("mode {} is not in this version", name_of(*mode))]
    ModeNotReady {
        /// Mode asked for.
        mode: Mode,
    },
    /// A preset file can't be read or says something that there is not.
    #[error("{} is not a preset: {reason}", path.display())]
    PresetFile {
        /// File.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A preset's style picture has changed since the recipe was made.
    #[error("the style picture {} has sha256 {actual}, expected {expected}", path.display())]
    OtherStylePicture {
        /// File.
        path: PathBuf,
        /// What it holds now.
        actual: String,
        /// What it held.
        expected: String,
    },
    /// Weights and style pictures do not match.
    #[error("{actual} style weights are given for {expected} style pictures")]
    WeightCount {
        /// Weights given.
        actual: usize,
        /// Style pictures given.
        expected: usize,
    },
    /// All weights are 0.
    #[error("every style weight is 0")]
    NoWeight,
    /// Mask and picture have different sizes.
    #[error("the mask is {}x{}, but the picture is {}x{}", mask.0, mask.1, picture.0, picture.1)]
    MaskSize {
        /// Width and height of the mask.
        mask: (usize, usize),
        /// Width and height of the picture.
        picture: (usize, usize),
    },
    /// No pixel is marked.
    #[error("the mask is empty: no pixel is marked")]
    EmptyMask,
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
    /// Optimising at this size needs more memory than is allowed.
    #[error(
        "optimising at {}x{} needs {:.1} GiB, at most {:.0} GiB are allowed", size.0, size.1, gib(*bytes), gib(*most)
    )]
    TooLarge {
        /// Width and height to optimise.
        size: (usize, usize),
        /// Bytes that this needs.
        bytes: usize,
        /// Bytes allowed.
        most: usize,
        /// Longer side that fits.
        longer: usize,
    },
    /// A step that can't fail did: a defect.
    #[error("{what}")]
    Bug {
        /// What was found.
        what: &'static str,
    },
    /// A network can't be had.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// A network refused its input.
    #[error(transparent)]
    Forward(#[from] danqing_models::Error),
    /// Tensors did not fit.
    #[error(transparent)]
    Tensor(#[from] danqing_nn::Error),
    /// Pixels could not be converted.
    #[error(transparent)]
    Media(#[from] danqing_media::Error),
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
            Self::ModeNotReady { .. } => Class::Unsupported,
            Self::PresetFile { .. } | Self::OtherStylePicture { .. } => Class::File,
            Self::Network(error) => error.class(),
            Self::Forward(error) => error.class(),
            Self::Tensor(error) => error.class(),
            Self::Media(error) => error.class(),
            Self::Shape(_) | Self::Bug { .. } => Class::Bug,
            Self::TooLarge { .. } => Class::Limit,
            Self::Cancelled(_) => Class::Cancelled,
            _ => Class::Caller,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoStyle => Some("name one with --style NAME, or give a picture with --style-image ART".into()),
            Self::SeveralStyles => Some("give one of --style, --styles and --style-image".into()),
            Self::UnknownStyle { .. } => {
                Some("`danqing restyle --help` lists the presets; a style picture is given with --style-image".into())
            }
            Self::WeightCount { .. } => Some("give --style-weights once for each --style-image".into()),
            Self::PresetFile { .. } => {
                Some("a preset has a title and a [recipe] with its method, e.g. method = \"ink-wash\", or a [[style_picture]]".into())
            }
            Self::OtherStylePicture { .. } => {
                Some("put the old picture back, or take the style anew with --style-image".into())
            }
            Self::MaskSize { .. } => {
                Some("draw the mask on the picture itself, or resize it with `danqing adjust`".into())
            }
            Self::EmptyMask => Some("paint white where the picture is to be restyled".into()),
            Self::TooLarge { longer, .. } => {
                Some(format!("--working-size {longer} fits; the result is enlarged to the picture's size"))
            }
            Self::Network(error) => error.hint(),
            Self::Forward(error) => error.hint(),
            Self::Tensor(error) => error.hint(),
            Self::Media(error) => error.hint(),
            _ => None,
        }
    }
}

fn gib(bytes: usize) -> f64 {
    bytes as f64 / f64::from(1 << 30)
}

fn name_of(mode: Mode) -> &'static str {
    match mode {
        Mode::Auto => "auto",
        Mode::Gallery => "gallery",
        Mode::Transfer => "transfer",
        Mode::Optimise => "optimise",
        Mode::Recipe => "recipe",
    }
}

fn needed_by(mode: Mode) -> &'static str {
    match mode {
        Mode::Gallery => "the name of a gallery style",
        Mode::Transfer | Mode::Optimise => "a style picture",
        Mode::Recipe => "the name of a preset",
        Mode::Auto => "a style",
    }
}
