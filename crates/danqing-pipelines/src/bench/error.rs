//! Why a workload can't be timed.

use danqing_capability::{Cancelled, Class, Classified};
use danqing_weights::StoreError;
use danqing_weights::containers::ParseError;

use crate::lazy_network::class_of_weights;

/// Why a workload can't be timed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No workload of that name.
    #[error("there is no workload named {actual} (there are {known})")]
    Unknown {
        /// What was given.
        actual: String,
        /// All names.
        known: String,
    },
    /// More than one workload, where weights or an output file belong to one.
    #[error("--{option} needs the name of one workload")]
    OneWorkload {
        /// Which option.
        option: &'static str,
    },
    /// The workload is an operator, which makes its own weights.
    #[error("workload {name} takes no weights")]
    NoWeights {
        /// Which.
        name: &'static str,
    },
    /// No runs.
    #[error("0 runs, expected at least 1")]
    NoRuns,
    /// The weights that come with danqing are not there or not readable.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file of weights is not readable.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// The file holds another network.
    #[error(transparent)]
    Network(#[from] danqing_models::Error),
    /// The output file can't be written.
    #[error("{path}: {reason}")]
    Write {
        /// Which file.
        path: String,
        /// What the system says.
        reason: std::io::Error,
    },
    /// The engine refused.
    #[error(transparent)]
    Engine(#[from] danqing_nn::Error),
    /// Stopped by the user.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl Classified for Error {
    fn class(&self) -> Class {
        match self {
            Self::Unknown { .. } | Self::OneWorkload { .. } | Self::NoWeights { .. } | Self::NoRuns => Class::Caller,
            Self::Store(error) => class_of_weights(error.class()),
            Self::Parse(error) => class_of_weights(error.class()),
            Self::Network(error) => error.class(),
            Self::Write { .. } => Class::Environment,
            Self::Engine(error) => error.class(),
            Self::Cancelled(_) => Class::Cancelled,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Store(error) => error.hint(),
            Self::Network(error) => error.hint(),
            Self::Engine(error) => error.hint(),
            _ => None,
        }
    }
}
