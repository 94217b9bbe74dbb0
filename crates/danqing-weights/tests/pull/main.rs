//! The store end to end: addresses from package clients (fake ones), bytes from a server on 127.0.0.1, members out of
//! archives, and what is left when something breaks. No test touches another machine.

// Helpers of tests fail like tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod broken;
mod keeping;
mod server;
mod sources;

use std::io::{Cursor, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use danqing_weights::{Catalogue, FetchConfig, ModelStore, Sha256Hex, StoreConfig, Transferred};

/// A file that is no multiple of any buffer and nowhere the same.
pub(crate) fn content(length: usize) -> Vec<u8> {
    (0..length as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

/// One catalogue entry named `m`, with the file `m.bin`.
pub(crate) fn entry(file: &[u8], sources: &str) -> String {
    format!(
        "[[entry]]\nid = \"m\"\nrole = \"inpainter\"\ntitle = \"M\"\nlicence = \"MIT\"\nlicence_class = \"free\"\n\
         file = \"m.bin\"\nsize = {}\nsha256 = \"{}\"\npacks = [\"pack\"]\nsources = [{sources}]\n",
        file.len(),
        Sha256Hex::of(file),
    )
}

/// A store in a folder of its own.
pub(crate) struct Home {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) fetch: FetchConfig,
}

impl Home {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let fetch = FetchConfig {
            search_path: Some(folder.path().join("bin").into()),
            pause: Duration::from_millis(1),
            silence: Duration::from_secs(20),
            attempts: 3,
            ..FetchConfig::default()
        };
        Self { folder, fetch }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn store(&self, catalogue: &str) -> ModelStore {
        self.store_with(catalogue, false)
    }

    pub(crate) fn store_with(&self, catalogue: &str, offline: bool) -> ModelStore {
        let config =
            StoreConfig { home: self.path("home"), offline, fetch: self.fetch.clone(), model_folders: Vec::new() };
        ModelStore::with_catalogue(config, Catalogue::from_toml(&[catalogue]).unwrap())
    }

    /// A program that the store finds.
    pub(crate) fn program(&self, name: &str, script: &str) {
        use std::os::unix::fs::PermissionsExt;
        let path = self.path("bin").join(name);
        std::fs::create_dir_all(self.path("bin")).unwrap();
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Names of the files among the downloads, without the locks.
    pub(crate) fn downloads(&self) -> Vec<String> {
        let Ok(files) = std::fs::read_dir(self.path("home/downloads")) else { return Vec::new() };
        let names = files.flatten().map(|file| file.file_name().to_string_lossy().into_owned());
        names.filter(|name| !name.contains(".lock")).collect()
    }

    /// Every file of the home folder below `kind`.
    pub(crate) fn kept(&self, kind: &str) -> Vec<PathBuf> {
        fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
            for file in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                if file.path().is_dir() { walk(&file.path(), found) } else { found.push(file.path()) }
            }
        }
        let mut found = Vec::new();
        walk(&self.path("home").join(kind), &mut found);
        found
    }
}

/// Never cancels.
pub(crate) fn go_on(_: Transferred<'_>) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// A `.tgz` with these members.
pub(crate) fn tgz(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    for (name, bytes) in members {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        // Written past the library's own check, as an attacker would.
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        tar.append(&header, *bytes).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

/// A `.whl` with these members.
pub(crate) fn wheel(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}
