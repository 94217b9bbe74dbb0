//! Why a weight file is refused.

use std::path::PathBuf;

use crate::Class;

/// A weight file that cannot be read, or must not be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// The file can't be opened or read.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is another one than when it was opened.
    #[error("{}: the file was changed while it was being read", path.display())]
    Changed {
        /// Which file.
        path: PathBuf,
    },
    /// Neither content nor name says what it is.
    #[error(
        "{name}: no known weight file; expected safetensors, GGUF, ONNX, a torch checkpoint or ncnn .param and .bin"
    )]
    UnknownContainer {
        /// Name of the file.
        name: String,
    },
    /// The file ends too early.
    #[error("{container}: truncated: {what} needs {needed} bytes, {left} are left")]
    Truncated {
        /// Which reader.
        container: &'static str,
        /// What was being read.
        what: &'static str,
        /// Bytes it takes.
        needed: u64,
        /// Bytes there are.
        left: u64,
    },
    /// The file contradicts itself or its format.
    #[error("{container}: {what}")]
    Malformed {
        /// Which reader.
        container: &'static str,
        /// What is wrong, with the actual value.
        what: String,
    },
    /// The format allows it, this reader does not.
    #[error("{container}: {what} is not supported")]
    Unsupported {
        /// Which reader.
        container: &'static str,
        /// What is not supported, by name.
        what: String,
    },
    /// A pickle names something other than a tensor.
    #[error("pickle refused: it refers to `{global}`, which is no part of a tensor; nothing was executed")]
    ForbiddenGlobal {
        /// `module.name`.
        global: String,
    },
    /// A limit is exceeded.
    #[error("{what} is {actual}, the limit is {limit}")]
    TooLarge {
        /// What is limited.
        what: &'static str,
        /// What the file asks for.
        actual: u64,
        /// What is allowed.
        limit: u64,
    },
    /// Two tensors of one name.
    #[error("tensor {name:?} is there twice")]
    DuplicateTensor {
        /// The name.
        name: String,
    },
    /// Bytes and shape disagree.
    #[error("tensor {name:?} of type {dtype} and shape {shape:?} has {actual} bytes of data")]
    TensorSize {
        /// The name.
        name: String,
        /// Element type.
        dtype: &'static str,
        /// Shape as stated.
        shape: Vec<usize>,
        /// Bytes found.
        actual: usize,
    },
}

impl ParseError {
    /// Whose fault it is.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::TooLarge { .. } => Class::Limit,
            Self::Unsupported { .. } => Class::Unsupported,
            _ => Class::File,
        }
    }

    pub(crate) fn malformed(container: &'static str, what: impl Into<String>) -> Self {
        Self::Malformed { container, what: what.into() }
    }

    pub(crate) fn unsupported(container: &'static str, what: impl Into<String>) -> Self {
        Self::Unsupported { container, what: what.into() }
    }
}
