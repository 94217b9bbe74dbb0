//! Why a checkpoint can't be opened.

use danqing_capability::{Class, Classified};
use danqing_weights::ParseError;

use crate::Error;

/// A file or folder that is no Stable Diffusion checkpoint, or a damaged one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// A weight file can't be read.
    #[error(transparent)]
    Read(#[from] ParseError),
    /// A folder without what diffusers' folders have.
    #[error("the folder has no {missing}, expected a diffusers folder with unet, vae and text_encoder")]
    NotDiffusers {
        /// First thing that is missing, as a path in the folder.
        missing: String,
    },
    /// A config.json that can't be meant.
    #[error("{file}: {reason}")]
    Config {
        /// Path in the folder.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// A network of the family that danqing does not run yet.
    #[error("{what} is not supported, only plain Stable Diffusion 1 and 2")]
    Unsupported {
        /// What the checkpoint has.
        what: String,
    },
    /// A single file without one of the three networks.
    #[error("the checkpoint has no {missing}, expected UNet, autoencoder and text encoder in one file")]
    Incomplete {
        /// What is missing.
        missing: &'static str,
    },
    /// An addition that was made for another network.
    #[error("the additions do not fit: {0}")]
    Lora(Error),
    /// Another network, or tensors that do not fit.
    #[error(transparent)]
    Network(#[from] Error),
}

impl Classified for OpenError {
    fn class(&self) -> Class {
        match self {
            Self::Unsupported { .. } => Class::Unsupported,
            Self::Network(error) => error.class(),
            _ => Class::File,
        }
    }
}
