//! Conversion, once: any container to safetensors with the checkpoint's names.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::catalogue::Entry;
use crate::class::Reporter;
use crate::containers::{self, Limits, safetensors};
use crate::sha256::Sha256Hex;
use crate::store::{Kept, StoreError, licences};

/// Name of a converted file.
pub(super) const CONVERTED: &str = "weights.safetensors";
const RECORD: &str = "record.json";

/// What a converted file was made of.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Record {
    /// sha256 of the catalogue's file.
    source_sha256: Sha256Hex,
    /// sha256 of `weights.safetensors`.
    sha256: Sha256Hex,
    /// Bytes of `weights.safetensors`.
    size: u64,
}

impl Record {
    /// The converted file's size and sha256; an entry whose file changed in the catalogue has none.
    pub(super) fn read(folder: &Path, entry: &Entry) -> Result<Kept, StoreError> {
        let path = folder.join(RECORD);
        let bytes = fs::read(&path).map_err(|source| StoreError::io(&path, source))?;
        let record: Self = serde_json::from_slice(&bytes).map_err(|error| StoreError::io(&path, error.into()))?;
        if record.source_sha256 != entry.sha256 {
            return Err(StoreError::missing(entry));
        }
        Ok(Kept { size: record.size, sha256: record.sha256 })
    }
}

/// Converts the checked file `original` with the files beside it, then deletes them.
pub(super) fn convert(
    original: &Path,
    folder: &Path,
    entry: &Entry,
    reporter: &mut Reporter<'_>,
) -> Result<(), StoreError> {
    let content = |cause| StoreError::Content { id: entry.id.clone(), cause };
    let tensors = containers::read(original, &Limits::default()).map_err(content)?;
    let mut metadata = tensors.metadata().clone();
    metadata.extend([
        ("source".to_owned(), entry.file.clone()),
        ("source_sha256".to_owned(), entry.sha256.to_string()),
        ("licence".to_owned(), entry.licence.clone()),
    ]);
    let unfinished = folder.join(format!("{CONVERTED}.unfinished"));
    let io = |source| StoreError::io(&unfinished, source);
    let mut file = BufWriter::new(File::create(&unfinished).map_err(io)?);
    safetensors::write(&mut file, tensors.iter(), &metadata).map_err(io)?;
    // What is deleted below must not be open everywhere.
    drop(tensors);
    file.flush().and_then(|()| file.get_ref().sync_all()).map_err(io)?;
    let size = fs::metadata(&unfinished).map_err(io)?.len();
    let sha256 = crate::fetch::sha256_of(&unfinished, &entry.id, reporter)?;
    let record = Record { source_sha256: entry.sha256.clone(), sha256, size };
    let record = serde_json::to_vec_pretty(&record).map_err(|error| io(error.into()))?;
    licences::write_atomically(&folder.join(RECORD), &record)?;
    fs::rename(&unfinished, folder.join(CONVERTED)).map_err(io)?;
    for used in entry.beside.iter().map(|beside| folder.join(&beside.file)).chain([original.to_owned()]) {
        fs::remove_file(&used).map_err(|source| StoreError::io(&used, source))?;
    }
    Ok(())
}
