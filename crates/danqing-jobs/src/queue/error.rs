//! Why the queue can't do something.

use danqing_capability::{Class, Classified, Failure};

use super::record::State;

/// Why the queue can't do something.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No such job, board or file.
    #[error("there is no {what} with the id {id:?}")]
    NotFound {
        /// `job`, `board` or `file`.
        what: &'static str,
        /// Id given.
        id: String,
    },
    /// The job is in a state that does not allow it.
    #[error("the job is {actual}, to {verb} it has to be {expected}")]
    WrongState {
        /// What was asked for.
        verb: &'static str,
        /// Where it stands.
        actual: &'static str,
        /// Where it would have to stand.
        expected: &'static str,
    },
    /// The same key came with another request.
    #[error("the idempotency key was used before with another request")]
    KeyReused,
    /// More jobs wait than are allowed.
    #[error("{actual} jobs wait already, the limit is {limit}")]
    Full {
        /// Jobs that wait.
        actual: usize,
        /// Limit.
        limit: usize,
    },
    /// A field of the request is wrong.
    #[error("{field}: {message}")]
    Field {
        /// Name of the parameter or input.
        field: String,
        /// What is wrong.
        message: String,
    },
    /// The request itself is wrong.
    #[error(transparent)]
    Refused(#[from] Failure),
    /// Another process holds the data folder.
    #[error("another danqing works in this data folder")]
    Locked,
    /// The disk or the database said no.
    #[error("the studio's data can't be {verb}: {reason}")]
    Storage {
        /// `read` or `written`.
        verb: &'static str,
        /// What it said.
        reason: String,
    },
}

impl Error {
    pub(super) fn wrong_state(verb: &'static str, actual: State, expected: &'static str) -> Self {
        Self::WrongState { verb, actual: actual.name(), expected }
    }

    pub(crate) fn written(error: impl std::fmt::Display) -> Self {
        Self::Storage { verb: "written", reason: error.to_string() }
    }

    pub(crate) fn read(error: impl std::fmt::Display) -> Self {
        Self::Storage { verb: "read", reason: error.to_string() }
    }
}

impl Classified for Error {
    fn class(&self) -> Class {
        match self {
            Self::Full { .. } => Class::Limit,
            Self::Refused(failure) => failure.class(),
            Self::Locked | Self::Storage { .. } => Class::Environment,
            _ => Class::Caller,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Refused(failure) => failure.hint(),
            Self::Full { .. } => Some("wait until some have run, or cancel some".to_owned()),
            Self::KeyReused => Some("use a new key for a new request".to_owned()),
            Self::Locked => Some("end it first, or set DANQING_HOME to another folder".to_owned()),
            _ => None,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(failure) => failure,
            other => Self::from_error(other),
        }
    }
}
