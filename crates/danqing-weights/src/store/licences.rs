//! Licences the user has accepted: `licences.json`, id → the licence text that was shown.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;

use crate::catalogue::Entry;
use crate::store::{StoreError, lock};

const FILE: &str = "licences.json";

/// A licence that changed in the catalogue has to be accepted anew.
pub(super) fn is_accepted(home: &Path, entry: &Entry) -> Result<bool, StoreError> {
    Ok(read(home)?.get(&entry.id) == Some(&entry.licence))
}

pub(super) fn accept(home: &Path, entry: &Entry) -> Result<(), StoreError> {
    let mut never = |_: crate::Transferred<'_>| std::ops::ControlFlow::Continue(());
    let _lock = lock::exclusive(&home.join("locks").join("licences.lock"), &entry.id, &mut never)?;
    let mut accepted = read(home)?;
    accepted.insert(entry.id.clone(), entry.licence.clone());
    let text = serde_json::to_vec_pretty(&accepted).map_err(|error| StoreError::io(home, error.into()))?;
    write_atomically(&home.join(FILE), &text)
}

fn read(home: &Path) -> Result<BTreeMap<String, String>, StoreError> {
    let path = home.join(FILE);
    match fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| StoreError::io(&path, error.into())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(source) => Err(StoreError::io(&path, source)),
    }
}

/// Whole or not at all.
pub(super) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".unfinished");
    let beside = Path::new(&beside);
    let io = |source| StoreError::io(path, source);
    let mut file = fs::File::create(beside).map_err(io)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(io)?;
    fs::rename(beside, path).map_err(io)
}
