//! Why a file could not be fetched.

use std::path::{Path, PathBuf};

use crate::class::Class;
use crate::sha256::Sha256Hex;

/// A download, an address look-up or an archive that failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The reporter said stop.
    #[error("cancelled")]
    Cancelled,
    /// The network may not be used.
    #[error("not fetched: {switch} is set")]
    Offline {
        /// Which switch.
        switch: &'static str,
    },
    /// A package client is not installed.
    #[error("`{client}` was not found; install {install} and try again")]
    NoClient {
        /// What was called.
        client: &'static str,
        /// What brings it.
        install: &'static str,
    },
    /// A package client failed.
    #[error("`{command}` failed: {message}")]
    Client {
        /// What was called.
        command: String,
        /// Last lines of what it said.
        message: String,
    },
    /// The package client knows no such file.
    #[error("`{command}` names no address of {wanted}")]
    NoAddress {
        /// What was called.
        command: String,
        /// What was looked for.
        wanted: String,
    },
    /// The server said no.
    #[error("{address}: the server answers {status}")]
    Status {
        /// Where.
        address: String,
        /// HTTP status.
        status: u16,
    },
    /// No connection, or it broke every time.
    #[error("{address}: {message} ({attempts} tries)")]
    Network {
        /// Where.
        address: String,
        /// What happened last.
        message: String,
        /// How often.
        attempts: u32,
    },
    /// The size is not what the catalogue states.
    #[error("{what} has {actual} bytes, expected {expected}")]
    Size {
        /// File, archive member or address.
        what: String,
        /// Bytes found (or so far).
        actual: u64,
        /// Bytes stated.
        expected: u64,
    },
    /// Larger than allowed.
    #[error("{what} has {actual} bytes, the limit is {limit}")]
    TooLarge {
        /// File or address.
        what: String,
        /// Bytes found (or so far).
        actual: u64,
        /// Bytes allowed.
        limit: u64,
    },
    /// The content is not what the catalogue states.
    #[error("{what} has sha256 {actual}, expected {expected}")]
    Sha256 {
        /// File, archive member or address.
        what: String,
        /// As found.
        actual: Sha256Hex,
        /// As stated.
        expected: Sha256Hex,
    },
    /// The archive does not hold the file.
    #[error("{}: no member {member:?}", archive.display())]
    NoMember {
        /// Which archive.
        archive: PathBuf,
        /// What was looked for.
        member: String,
    },
    /// The archive is damaged or of an unknown kind.
    #[error("{}: {message}", archive.display())]
    Archive {
        /// Which archive.
        archive: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// This machine's disk said no.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Every source failed.
    #[error("{id} could not be fetched:{}", listed(failures))]
    AllSources {
        /// Catalogue id.
        id: String,
        /// Source and reason, in order.
        failures: Vec<(String, FetchError)>,
    },
}

fn listed(failures: &[(String, FetchError)]) -> String {
    let lines: Vec<_> = failures.iter().map(|(source, error)| format!("\n  {source}: {error}")).collect();
    lines.concat()
}

impl FetchError {
    /// Whose fault it is.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::Cancelled => Class::Cancelled,
            Self::Offline { .. } => Class::MissingModel,
            Self::TooLarge { .. } => Class::Limit,
            Self::Size { .. } | Self::Sha256 { .. } | Self::NoMember { .. } | Self::Archive { .. } => Class::File,
            Self::AllSources { failures, .. } => worst(failures),
            _ => Class::Environment,
        }
    }

    pub(crate) fn io(path: &Path, source: std::io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }
}

/// A wrong file is worse than a network that is down: the user must hear of it first.
fn worst(failures: &[(String, FetchError)]) -> Class {
    let classes: Vec<Class> = failures.iter().map(|(_, error)| error.class()).collect();
    for class in [Class::File, Class::Limit, Class::Environment] {
        if classes.contains(&class) {
            return class;
        }
    }
    Class::MissingModel
}
