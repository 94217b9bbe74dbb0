//! Why the store can't give, take or delete a file.

use std::path::{Path, PathBuf};

use crate::catalogue::{CatalogueError, Entry, LicenceClass};
use crate::class::Class;
use crate::containers::ParseError;
use crate::fetch::FetchError;

/// What can go wrong in the store. [`Self::hint`] may know the way out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Neither `DANQING_HOME` nor a home folder is known.
    #[error("there is no data folder: neither DANQING_HOME nor HOME is set")]
    NoHome,
    /// Unknown id or pack.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// The file has to be fetched first.
    #[error("model {id} is missing ({title}; {}; licence: {licence}, {licence_class})", megabytes(*size))]
    Missing {
        /// Catalogue id.
        id: String,
        /// What it is.
        title: String,
        /// Bytes to fetch.
        size: u64,
        /// Its licence.
        licence: String,
        /// What that allows.
        licence_class: LicenceClass,
    },
    /// The file is not what the catalogue states.
    #[error("model {id} is damaged: {cause}")]
    Damaged {
        /// Catalogue id.
        id: String,
        /// What differs.
        cause: Box<FetchError>,
    },
    /// Its licence was not accepted yet.
    #[error("the licence of {id} was not accepted yet: {licence} ({licence_class})")]
    LicenceNotAccepted {
        /// Catalogue id.
        id: String,
        /// Its licence.
        licence: String,
        /// What that allows.
        licence_class: LicenceClass,
    },
    /// Fetching, copying or checking failed, or was cancelled.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The file's content can't be read.
    #[error("model {id}: {cause}")]
    Content {
        /// Catalogue id.
        id: String,
        /// What is wrong.
        cause: ParseError,
    },
    /// The disk said no.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

impl StoreError {
    /// Whose fault it is.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::NoHome | Self::Io { .. } => Class::Environment,
            Self::Catalogue(error) => error.class(),
            Self::Missing { .. } => Class::MissingModel,
            Self::Damaged { .. } => Class::File,
            Self::LicenceNotAccepted { .. } => Class::Caller,
            Self::Fetch(error) => error.class(),
            Self::Content { cause, .. } => cause.class(),
        }
    }

    /// A command that helps.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Missing { id, .. } | Self::Damaged { id, .. } => Some(format!("danqing models pull {id}")),
            Self::LicenceNotAccepted { id, .. } => Some(format!("danqing models pull {id} --yes")),
            Self::NoHome => Some("set DANQING_HOME to a folder".to_owned()),
            _ => None,
        }
    }

    pub(crate) fn missing(entry: &Entry) -> Self {
        Self::Missing {
            id: entry.id.clone(),
            title: entry.title.clone(),
            size: entry.size,
            licence: entry.licence.clone(),
            licence_class: entry.licence_class,
        }
    }

    pub(crate) fn io(path: &Path, source: std::io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }
}

/// `28.1 MB`.
fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
