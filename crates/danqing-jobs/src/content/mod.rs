//! Files by what they hold: each content lies once under its sha256, written whole or not at all.
//!
//! Names never become paths: what a browser calls a file is kept as a text, and a file is found by 64 hexadecimal digits.

mod incoming;
mod picture;
mod removal;
mod thumbnail;

use std::path::{Path, PathBuf};

use danqing_capability::{CancelToken, Class, Classified, Failure};
use danqing_media::file::{self, Format, Limits, Overwrite};
use danqing_weights::Sha256Hex;
use serde::{Deserialize, Serialize};

pub use incoming::{Incoming, clean_name};
pub(crate) use thumbnail::shrunk;
pub use thumbnail::{Thumbnail, thumbnail_side};

/// A picture of the content store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredFile {
    /// sha256 of the file, hex; its name in the store.
    pub sha256: String,
    /// What people call it.
    pub name: String,
    /// Media type, e.g. `image/png`.
    pub media_type: String,
    /// Pixels per row, upright.
    pub width: usize,
    /// Rows, upright.
    pub height: usize,
    /// Bytes of the file.
    pub bytes: u64,
    /// Whether a recipe of danqing is inside.
    pub recipe: bool,
}

/// Why a content can't be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No such content.
    #[error("there is no file with the sha256 {sha256}")]
    Missing {
        /// What was asked for.
        sha256: String,
    },
    /// Not a sha256.
    #[error("{text:?} is not a sha256: 64 digits and letters from a to f were expected")]
    NotASha256 {
        /// What was asked for.
        text: String,
    },
    /// The disk said no.
    #[error("the studio's files can't be {verb}: {source}")]
    Disk {
        /// `read` or `written`.
        verb: &'static str,
        /// What it said.
        source: std::io::Error,
    },
}

impl Classified for Error {
    fn class(&self) -> Class {
        match self {
            Self::Disk { .. } => Class::Environment,
            _ => Class::Caller,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Missing { .. } => Some("upload it first".to_owned()),
            _ => None,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::from_error(error)
    }
}

fn written(source: std::io::Error) -> Error {
    Error::Disk { verb: "written", source }
}

/// The folders of a content store.
#[derive(Clone, Debug)]
pub struct ContentStore {
    folder: PathBuf,
    limits: Limits,
}

impl ContentStore {
    /// In this folder, which is made if it is not there; what an earlier process left half-received is deleted.
    ///
    /// # Errors
    /// What the disk says.
    pub fn open(folder: &Path, max_pixels: u64, max_bytes: u64) -> Result<Self, Failure> {
        let limits = Limits { max_pixels, max_bytes, ..Limits::default() };
        let store = Self { folder: folder.to_owned(), limits };
        let incoming = store.incoming_folder();
        match std::fs::remove_dir_all(&incoming) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(written(e).into()),
            _ => {}
        }
        for made in [store.folder.join("files"), store.folder.join("thumbnails"), incoming] {
            std::fs::create_dir_all(made).map_err(written)?;
        }
        Ok(store)
    }

    /// Pixels that a picture may have.
    #[must_use]
    pub fn max_pixels(&self) -> u64 {
        self.limits.max_pixels
    }

    /// Bytes that a file may have.
    #[must_use]
    pub fn max_bytes(&self) -> u64 {
        self.limits.max_bytes
    }

    fn folder(&self) -> &Path {
        &self.folder
    }

    fn incoming_folder(&self) -> PathBuf {
        self.folder.join("incoming")
    }

    /// Where a content lies, or would lie.
    ///
    /// # Errors
    /// [`Error::NotASha256`].
    pub fn path(&self, sha256: &str) -> Result<PathBuf, Error> {
        let not = |_| Error::NotASha256 { text: sha256.chars().take(80).collect() };
        let checked = Sha256Hex::try_from(sha256.to_owned()).map_err(not)?;
        let (first, rest) = checked.as_str().split_at(2);
        Ok(self.folder.join("files").join(first).join(rest))
    }

    /// Whether a content is here.
    #[must_use]
    pub fn has(&self, sha256: &str) -> bool {
        self.path(sha256).is_ok_and(|path| path.is_file())
    }

    /// A content.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::NotASha256`], what the disk says, cancelled.
    pub fn read(&self, sha256: &str, cancel: &CancelToken) -> Result<Vec<u8>, Failure> {
        let path = self.path(sha256)?;
        if !path.is_file() {
            return Err(Error::Missing { sha256: sha256.to_owned() }.into());
        }
        // What is here was let in by the limits of its day.
        file::read_bytes(path, &Limits::default(), cancel).map_err(Failure::from_error)
    }

    /// Keeps bytes whose sha256 is known; what is here already stays as it is.
    ///
    /// # Errors
    /// What the disk says, cancelled.
    pub fn put(&self, sha256: &str, bytes: &[u8], cancel: &CancelToken) -> Result<(), Failure> {
        let path = self.path(sha256)?;
        if path.is_file() {
            return Ok(());
        }
        make_parent(&path)?;
        match file::write_atomic(&path, bytes, Overwrite::Refuse, cancel) {
            Err(danqing_media::Error::Exists { .. }) => Ok(()),
            other => other.map_err(Failure::from_error),
        }
    }
}

fn make_parent(path: &Path) -> Result<(), Error> {
    path.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(written)
}

/// Media type of a format by its name in requests; of what is unknown, plain bytes.
pub(crate) fn media_type(format: &str) -> &'static str {
    Format::from_path(format!("x.{format}")).map_or("application/octet-stream", Format::media_type)
}

#[cfg(test)]
mod tests;
