//! Why a run of a diffusion network can fail.

use std::path::PathBuf;

use danqing_capability::{Cancelled, Class, Classified};
use danqing_models::stable_diffusion::OpenError;
use danqing_models::text_encoders::tokenizer::TokenizerError;
use danqing_weights::{ParseError, StoreError};

use crate::NetworkError;
use crate::prompt::PromptError;
use crate::sampling::{NameError, PathError, SamplingError};

/// Why a run of a diffusion network can fail.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nobody said which checkpoint.
    #[error(
        "no checkpoint is named: the pack sd15 has Stable Diffusion 1.5 (4.3 GB, CreativeML Open RAIL-M), the pack \
         sd15-inpainting its form for masks (4.3 GB, CreativeML Open RAIL-M), the pack sd-turbo a model of few steps (5.2 GB, \
         Stability AI Community License)"
    )]
    NoModel,
    /// The checkpoint can't be opened.
    #[error("model file {path}: {cause}")]
    ModelFile {
        /// As given.
        path: String,
        /// Why.
        cause: Box<OpenError>,
    },
    /// The checkpoint is not the one of the recipe.
    #[error("model file {path} has sha256 {actual}, expected {expected}")]
    ModelChanged {
        /// As given.
        path: String,
        /// Of the file.
        actual: String,
        /// Of the recipe.
        expected: String,
    },
    /// The checkpoint needs more than a picture and a prompt.
    #[error("model file {path} is {what} ({actual} input channels), expected {expected}")]
    OtherInputs {
        /// As given.
        path: String,
        /// What it is for.
        what: &'static str,
        /// Channels of its UNet's input.
        actual: usize,
        /// Channels that would do.
        expected: String,
    },
    /// UNet and text encoder are of different checkpoints.
    #[error("model file {path}: the text encoder has {actual} channels, the UNet expects {expected}")]
    TextMisfit {
        /// As given.
        path: String,
        /// Channels of the text encoder.
        actual: usize,
        /// Channels that the UNet attends to.
        expected: usize,
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
    /// A side the network can't work at.
    #[error("{name} {actual} is not a multiple of {multiple} (try {nearest})")]
    NotAMultiple {
        /// Parameter.
        name: &'static str,
        /// Given value.
        actual: usize,
        /// What it must be a multiple of.
        multiple: usize,
        /// The nearest one.
        nearest: usize,
    },
    /// A file that a prompt or parameter names.
    #[error("there is no {what} named {name:?} (looked in {folders})")]
    NoAddition {
        /// What kind of file.
        what: &'static str,
        /// As it was named.
        name: String,
        /// Where it was looked for.
        folders: String,
    },
    /// A textual inversion of another text encoder.
    #[error("textual inversion {path} has vectors of {actual}, the text encoder expects {expected}")]
    EmbeddingMisfit {
        /// The file.
        path: String,
        /// Channels of its vectors.
        actual: usize,
        /// Channels of the text encoder.
        expected: usize,
    },
    /// More than the machine has.
    #[error(
        "the run needs up to {needed} GB of memory, {weights} GB of it for the networks; {available} GB can be had"
    )]
    Memory {
        /// In 10⁹ bytes.
        needed: String,
        /// Of these, packed weights.
        weights: String,
        /// In 10⁹ bytes.
        available: String,
        /// Whether the size of the picture has a say in it.
        has_maps: bool,
        /// Whether weights could be half as large.
        is_f32: bool,
    },
    /// The noise file can't be read.
    #[error("noise file {path}: {cause}")]
    NoiseFile {
        /// As given.
        path: String,
        /// Why.
        cause: ParseError,
    },
    /// The noise has another size.
    #[error("noise file {path} holds {actual}, expected one tensor of {expected:?}")]
    NoiseShape {
        /// As given.
        path: String,
        /// What is there.
        actual: String,
        /// Dimensions that would fit.
        expected: [usize; 4],
    },
    /// The noise file is not the one of the recipe.
    #[error("noise file {path} has sha256 {actual}, expected {expected}")]
    NoiseChanged {
        /// As given.
        path: String,
        /// Of the file.
        actual: String,
        /// Of the recipe.
        expected: String,
    },
    /// Latents can't be written.
    #[error("{}: {source}", path.display())]
    Dump {
        /// Where to.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// No such sampler or schedule.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A prompt that can't be meant.
    #[error(transparent)]
    Prompt(#[from] PromptError),
    /// The tokenizer's vocabulary is damaged.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// The tokenizer's vocabulary can't be had.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// Noise levels that do not fall.
    #[error(transparent)]
    Path(#[from] PathError),
    /// A sampler and the network disagree.
    #[error(transparent)]
    Sampling(#[from] SamplingError),
    /// A network failed.
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

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::Network(error.into())
    }
}

impl Classified for Error {
    fn class(&self) -> Class {
        match self {
            Self::NoModel => Class::MissingModel,
            Self::ModelFile { cause, .. } => cause.class(),
            Self::ModelChanged { .. }
            | Self::TextMisfit { .. }
            | Self::NoAddition { .. }
            | Self::EmbeddingMisfit { .. }
            | Self::NoiseFile { .. }
            | Self::NoiseShape { .. }
            | Self::NoiseChanged { .. } => Class::File,
            Self::OtherInputs { .. } => Class::Unsupported,
            Self::Memory { .. } => Class::Limit,
            Self::Dump { .. } => Class::Environment,
            Self::OutOfRange { .. } | Self::NotAMultiple { .. } => Class::Caller,
            Self::Name(error) => error.class(),
            Self::Prompt(error) => error.class(),
            Self::Tokenizer(error) => error.class(),
            Self::Network(error) => error.class(),
            Self::Path(error) => error.class(),
            Self::Sampling(error) => error.class(),
            Self::Model(error) => error.class(),
            Self::Engine(error) => error.class(),
            Self::Media(error) => error.class(),
            Self::Cancelled(_) => Class::Cancelled,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoModel => Some(
                "`danqing models pull sd15`, then --model sd-v1-5; or name a file or diffusers folder of yours with --model PATH"
                    .into(),
            ),
            Self::ModelFile { cause, .. } if matches!(**cause, OpenError::Read(ParseError::Io { .. })) => {
                Some("--model takes the path of a .safetensors, .ckpt or .gguf file or of a diffusers folder".into())
            }
            Self::ModelFile { cause, .. } if is_unet_alone(cause) => {
                Some("--unet takes a UNet alone, beside a whole checkpoint as --model".into())
            }
            Self::NoAddition { .. } => {
                Some("give its path, or name its folder, or that of another program, in DANQING_MODELS".into())
            }
            Self::Memory { has_maps, is_f32, .. } => memory_hint(*has_maps, *is_f32),
            Self::OtherInputs { .. } => Some("`danqing edit` runs inpainting and InstructPix2Pix checkpoints".into()),
            Self::Name(error) => error.hint(),
            Self::Tokenizer(error) => error.hint(),
            Self::Network(error) => error.hint(),
            Self::Engine(error) => error.hint(),
            Self::Media(error) => error.hint(),
            _ => None,
        }
    }
}

/// What would need less.
fn memory_hint(has_maps: bool, is_f32: bool) -> Option<String> {
    let hint = match (has_maps, is_f32) {
        (true, true) => {
            "--precision int8 needs half as much for the networks or less, --precision bf16 half as much for the picture; a \
             smaller --work-width and --work-height, or --vae-tile 256, need less"
        }
        (false, true) => "--precision int8 needs half as much for the networks or less",
        (true, false) => "a smaller --work-width and --work-height, or --vae-tile 256, need less",
        (false, false) => return None,
    };
    Some(hint.to_owned())
}

fn is_unet_alone(cause: &OpenError) -> bool {
    matches!(cause, OpenError::Network(danqing_models::Error::OtherNetwork { actual, .. }) if actual.starts_with("a UNet alone"))
}
