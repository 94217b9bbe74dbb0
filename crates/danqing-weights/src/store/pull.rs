//! Fetching entries and packs.

use std::fs;
use std::path::{Path, PathBuf};

use crate::catalogue::{Conversion, Entry};
use crate::class::Reporter;
use crate::fetch::{FetchError, Fetcher};
use crate::store::{ModelStore, State, StoreError, convert, kept_name};

impl ModelStore {
    /// Fetches an entry whose file is not there with the right sha256, and gives its path. Free licences need no acceptance;
    /// others need [`ModelStore::accept_licence`] first.
    ///
    /// Several processes may pull at once: one works, the others wait and find it done. A killed pull leaves a `.part`
    /// file with which the next one goes on.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn pull(&self, id: &str, reporter: &mut Reporter<'_>) -> Result<PathBuf, StoreError> {
        self.pull_all(&[self.catalogue.get(id)?], reporter)?;
        self.path(id)
    }

    /// [`Self::pull`] for several entries; those of one archive share its download.
    ///
    /// # Errors
    /// [`StoreError`]; entries that were finished before the error stay.
    pub fn pull_each(&self, ids: &[&str], reporter: &mut Reporter<'_>) -> Result<Vec<PathBuf>, StoreError> {
        let entries = ids.iter().map(|id| self.catalogue.get(id)).collect::<Result<Vec<_>, _>>()?;
        self.pull_all(&entries, reporter)?;
        ids.iter().map(|id| self.path(id)).collect()
    }

    /// [`Self::pull_each`] for every entry of a pack.
    ///
    /// # Errors
    /// [`StoreError`]; entries that were finished before the error stay.
    pub fn pull_pack(&self, pack: &str, reporter: &mut Reporter<'_>) -> Result<Vec<PathBuf>, StoreError> {
        let ids: Vec<_> = self.catalogue.pack(pack)?.iter().map(|entry| entry.id.as_str()).collect();
        self.pull_each(&ids, reporter)
    }

    fn pull_all(&self, entries: &[&Entry], reporter: &mut Reporter<'_>) -> Result<(), StoreError> {
        for entry in entries {
            self.check_licence(entry)?;
        }
        let downloads = self.config.home.join("downloads");
        let mut fetcher = Fetcher::new(&self.config.fetch, downloads.clone(), self.config.offline);
        for entry in entries {
            if self.verify(&entry.id, reporter)?.state == State::Present {
                continue;
            }
            self.place(entry, reporter, |file, destination, reporter| fetcher.fetch(file, destination, reporter))?;
        }
        fetcher.remove_archives();
        Ok(())
    }

    fn check_licence(&self, entry: &Entry) -> Result<(), StoreError> {
        use crate::catalogue::LicenceClass;
        if entry.licence_class == LicenceClass::Free || self.is_accepted(&entry.id)? {
            return Ok(());
        }
        Err(StoreError::LicenceNotAccepted {
            id: entry.id.clone(),
            licence: entry.licence.clone(),
            licence_class: entry.licence_class,
        })
    }

    /// Under the entry's lock: lets `bring` write each checked original, those beside first, and converts if need be.
    pub(super) fn place(
        &self,
        entry: &Entry,
        reporter: &mut Reporter<'_>,
        mut bring: impl FnMut(&Entry, &Path, &mut Reporter<'_>) -> Result<(), FetchError>,
    ) -> Result<PathBuf, StoreError> {
        let _lock = self.lock(entry, reporter)?;
        // Another process may have finished it while this one waited.
        if self.verify(&entry.id, reporter)?.state == State::Present {
            return self.path(&entry.id);
        }
        let folder = self.folder(entry);
        fs::create_dir_all(&folder).map_err(|source| StoreError::io(&folder, source))?;
        let original = folder.join(&entry.file);
        let beside: Vec<_> = entry.beside.iter().map(|file| entry.of_file_beside(file)).collect();
        let mut done = Ok(());
        for file in beside.iter().chain([entry]) {
            done = done.and_then(|()| bring(file, &folder.join(&file.file), reporter));
        }
        if done.is_err() {
            // Nothing of a failed pull stays but what can be resumed, which is among the downloads.
            for file in &beside {
                let _ = fs::remove_file(folder.join(&file.file));
            }
            let _ = fs::remove_dir(&folder);
        }
        done?;
        if entry.conversion == Conversion::Safetensors {
            convert::convert(&original, &folder, entry, reporter)?;
        }
        Ok(folder.join(kept_name(entry)))
    }
}
