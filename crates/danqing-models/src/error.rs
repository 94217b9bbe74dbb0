//! Why a network refuses its weights or its input.

use danqing_capability::{Class, Classified};
use danqing_weights::TensorView;

/// A checkpoint that does not fit the network, an input that does not, or an engine that failed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file lacks a weight; with `others` = 0 it holds none of this network's.
    #[error(
        "{network} weights: tensor `{name}` {shape:?} is missing (the file holds {others} of the network's tensors)"
    )]
    MissingTensor {
        /// Network that was to be loaded.
        network: &'static str,
        /// Name in the file.
        name: String,
        /// Dimensions it should have.
        shape: Vec<usize>,
        /// Tensors of the network that the file does hold.
        others: usize,
    },
    /// A weight has other dimensions.
    #[error("{network} weights: tensor `{name}` is {actual:?}, expected {expected:?}")]
    TensorShape {
        /// Network that was to be loaded.
        network: &'static str,
        /// Name in the file.
        name: String,
        /// Dimensions in the file.
        actual: Vec<usize>,
        /// Dimensions the network has.
        expected: Vec<usize>,
    },
    /// The file has weights that this network does not: it is another one.
    #[error("{network} weights: {count} tensors belong to another network, the first is `{first}`")]
    Leftover {
        /// Network that was to be loaded.
        network: &'static str,
        /// How many were not used.
        count: usize,
        /// Name of the first one.
        first: String,
    },
    /// A tensor's values can't be read from the file.
    #[error("tensor `{name}`: {reason}")]
    Unreadable {
        /// Name in the file.
        name: String,
        /// What the reader says.
        reason: String,
    },
    /// The file holds no network of the role.
    #[error("the file holds {actual}, expected {expected}")]
    OtherNetwork {
        /// What was found.
        actual: String,
        /// What would fit.
        expected: &'static str,
    },
    /// The input has a size or a number of channels that the network can't take.
    #[error("{network}: input of {actual}, expected {expected}")]
    InputShape {
        /// Which network.
        network: &'static str,
        /// What was given.
        actual: String,
        /// What would fit.
        expected: String,
    },
    /// No layer of that name.
    #[error("{network} has no layer {name:?}, expected conv1_1 to conv5_4 or relu1_1 to relu5_4")]
    UnknownLayer {
        /// Which network.
        network: &'static str,
        /// Name given.
        name: String,
    },
    /// A slice holds another number of values than its picture.
    #[error("{what}: {actual} values, expected {expected}")]
    Length {
        /// Which slice.
        what: &'static str,
        /// Values given.
        actual: usize,
        /// Values that fit.
        expected: usize,
    },
    /// The engine refused or was cancelled.
    #[error(transparent)]
    Engine(#[from] danqing_nn::Error),
}

impl Classified for Error {
    fn class(&self) -> Class {
        match self {
            Self::MissingTensor { .. }
            | Self::TensorShape { .. }
            | Self::Leftover { .. }
            | Self::Unreadable { .. }
            | Self::OtherNetwork { .. } => Class::File,
            Self::UnknownLayer { .. } => Class::Caller,
            Self::InputShape { .. } | Self::Length { .. } => Class::Bug,
            Self::Engine(error) => error.class(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Engine(error) => error.hint(),
            Self::OtherNetwork { .. } | Self::Unreadable { .. } => None,
            _ if self.class() == Class::File => Some("`danqing models verify` checks the stored weights".into()),
            _ => None,
        }
    }
}

/// A tensor's values as f32.
pub(crate) fn values(view: TensorView<'_>) -> Result<Vec<f32>, Error> {
    view.to_f32().map_err(|error| Error::Unreadable { name: view.name().to_owned(), reason: error.to_string() })
}
