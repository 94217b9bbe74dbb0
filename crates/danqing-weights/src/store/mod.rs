//! The model store: one folder per catalogue entry below danqing's data folder, filled by `pull` or `import`, checked
//! before every use.
//!
//! ```text
//! <home>/models/<id>/<file>                 as fetched, or weights.safetensors where the entry is converted
//! <home>/models/<id>/record.json            what a converted file was made of
//! <home>/pictures/<id>/<file>
//! <home>/downloads/                         archives and resumable .part files of pulls under way
//! <home>/locks/<id>.lock                    held while an entry is changed
//! <home>/licences.json                      licences the user has accepted
//! ```

mod config;
mod convert;
mod error;
mod folders;
mod licences;
pub(crate) mod lock;
mod open;
mod pull;

use std::fs;
use std::path::{Path, PathBuf};

pub use config::StoreConfig;
pub use error::StoreError;
pub use folders::UserModel;
pub use open::Weights;

use crate::catalogue::{Catalogue, Conversion, Entry, LicenceClass};
use crate::class::Reporter;
use crate::fetch::FetchError;
use crate::sha256::Sha256Hex;

/// Whether an entry's file is usable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// There, with the right size ([`ModelStore::list`]) or the right sha256 ([`ModelStore::verify`]).
    Present,
    /// Not there.
    Missing,
    /// There, and not what the catalogue states.
    Damaged,
}

/// An entry and its file.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Status<'a> {
    /// The entry.
    pub model: &'a Entry,
    /// Whether its file is usable.
    pub state: State,
    /// Where the file is, or would be.
    pub path: PathBuf,
    /// Bytes on disk.
    pub bytes: u64,
}

/// Everything the user has, and how it comes. Cheap to clone; several processes may share one home folder.
#[derive(Clone, Debug)]
pub struct ModelStore {
    config: StoreConfig,
    catalogue: Catalogue,
}

impl ModelStore {
    /// With the catalogue that danqing ships. Touches neither disk nor network.
    ///
    /// # Errors
    /// [`StoreError::Catalogue`].
    pub fn open(config: StoreConfig) -> Result<Self, StoreError> {
        Ok(Self::with_catalogue(config, Catalogue::embedded()?.clone()))
    }

    /// With another catalogue.
    #[must_use]
    pub fn with_catalogue(config: StoreConfig, catalogue: Catalogue) -> Self {
        Self { config, catalogue }
    }

    /// What can be had.
    #[must_use]
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Folder of everything this store keeps.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.config.home
    }

    /// The entry's file, if it is there with the right size. Its content is checked by [`Self::verify`] and by every
    /// open.
    ///
    /// # Errors
    /// [`StoreError::Missing`], [`StoreError::Damaged`], [`StoreError::Catalogue`] for an unknown id.
    pub fn path(&self, id: &str) -> Result<PathBuf, StoreError> {
        let entry = self.catalogue.get(id)?;
        let status = self.status(entry)?;
        match status.state {
            State::Present => Ok(status.path),
            State::Missing => Err(StoreError::missing(entry)),
            State::Damaged => Err(self.wrong_size(entry, &status)),
        }
    }

    /// Every entry and whether its file is there with the right size.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn list(&self) -> Result<Vec<Status<'_>>, StoreError> {
        self.catalogue.entries().iter().map(|entry| self.status(entry)).collect()
    }

    /// Reads the whole file and compares its sha256. A missing file is a state, not an error.
    ///
    /// # Errors
    /// [`StoreError::Io`], cancellation, [`StoreError::Catalogue`] for an unknown id.
    pub fn verify(&self, id: &str, reporter: &mut Reporter<'_>) -> Result<Status<'_>, StoreError> {
        let entry = self.catalogue.get(id)?;
        let mut status = self.status(entry)?;
        if status.state == State::Present {
            let actual = crate::fetch::sha256_of(&status.path, id, reporter)?;
            if actual != self.expected(entry)?.sha256 {
                status.state = State::Damaged;
            }
        }
        Ok(status)
    }

    /// Takes a file the user has already; it must be the very file of the catalogue. Files that belong beside it are
    /// looked for in its folder, under their catalogue names or under its own name with their extension.
    ///
    /// # Errors
    /// [`StoreError::Fetch`] with the actual size or sha256, [`StoreError::Io`].
    pub fn import(&self, id: &str, file: &Path, reporter: &mut Reporter<'_>) -> Result<PathBuf, StoreError> {
        let entry = self.catalogue.get(id)?;
        self.place(entry, reporter, |wanted, destination, reporter| {
            let found = if wanted.file == entry.file { file.to_owned() } else { found_beside(file, &wanted.file) };
            crate::fetch::adopt(&found, wanted, destination, reporter)
        })
    }

    /// Deletes the entry's files. `false` if there were none.
    ///
    /// # Errors
    /// [`StoreError::Io`], [`StoreError::Catalogue`] for an unknown id.
    pub fn remove(&self, id: &str) -> Result<bool, StoreError> {
        let entry = self.catalogue.get(id)?;
        let folder = self.folder(entry);
        if !folder.exists() {
            return Ok(false);
        }
        let mut never = |_: crate::Transferred<'_>| std::ops::ControlFlow::Continue(());
        let _lock = self.lock(entry, &mut never)?;
        fs::remove_dir_all(&folder).map_err(|source| StoreError::io(&folder, source))?;
        Ok(true)
    }

    /// Size and sha256 of the file that is kept, which is another one than the catalogue's where it was converted.
    fn expected(&self, entry: &Entry) -> Result<Kept, StoreError> {
        match entry.conversion {
            Conversion::Keep => Ok(Kept { size: entry.size, sha256: entry.sha256.clone() }),
            Conversion::Safetensors => convert::Record::read(&self.folder(entry), entry),
        }
    }

    fn status<'a>(&self, entry: &'a Entry) -> Result<Status<'a>, StoreError> {
        let path = self.folder(entry).join(kept_name(entry));
        let bytes = match fs::metadata(&path) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Status { model: entry, state: State::Missing, path, bytes: 0 });
            }
            Err(source) => return Err(StoreError::io(&path, source)),
        };
        let right = self.expected(entry).is_ok_and(|kept| kept.size == bytes);
        let state = if right { State::Present } else { State::Damaged };
        Ok(Status { model: entry, state, path, bytes })
    }

    fn wrong_size(&self, entry: &Entry, status: &Status<'_>) -> StoreError {
        let expected = self.expected(entry).map_or(entry.size, |kept| kept.size);
        let what = status.path.display().to_string();
        StoreError::Damaged {
            id: entry.id.clone(),
            cause: Box::new(FetchError::Size { what, actual: status.bytes, expected }),
        }
    }

    fn folder(&self, entry: &Entry) -> PathBuf {
        let kind = if entry.is_picture() { "pictures" } else { "models" };
        self.config.home.join(kind).join(&entry.id)
    }

    fn lock(&self, entry: &Entry, reporter: &mut Reporter<'_>) -> Result<lock::Lock, StoreError> {
        let path = self.config.home.join("locks").join(format!("{}.lock", entry.id));
        Ok(lock::exclusive(&path, &entry.id, reporter)?)
    }
}

/// Where a file that belongs beside `file` lies.
fn found_beside(file: &Path, name: &str) -> PathBuf {
    let named = file.with_file_name(name);
    match Path::new(name).extension() {
        Some(extension) if !named.exists() => file.with_extension(extension),
        _ => named,
    }
}

/// The file that is kept.
struct Kept {
    size: u64,
    sha256: Sha256Hex,
}

fn kept_name(entry: &Entry) -> &str {
    match entry.conversion {
        Conversion::Keep => &entry.file,
        Conversion::Safetensors => convert::CONVERTED,
    }
}

impl ModelStore {
    /// Whether the user has accepted the entry's licence, as it stands in the catalogue now.
    ///
    /// # Errors
    /// [`StoreError::Io`], [`StoreError::Catalogue`] for an unknown id.
    pub fn is_accepted(&self, id: &str) -> Result<bool, StoreError> {
        licences::is_accepted(&self.config.home, self.catalogue.get(id)?)
    }

    /// Writes down that the user has accepted the entry's licence.
    ///
    /// # Errors
    /// [`StoreError::Io`], [`StoreError::Catalogue`] for an unknown id.
    pub fn accept_licence(&self, id: &str) -> Result<(), StoreError> {
        licences::accept(&self.config.home, self.catalogue.get(id)?)
    }

    /// Licence class of an entry, for recipes.
    ///
    /// # Errors
    /// [`StoreError::Catalogue`] for an unknown id.
    pub fn licence_class(&self, id: &str) -> Result<LicenceClass, StoreError> {
        Ok(self.catalogue.get(id)?.licence_class)
    }
}
