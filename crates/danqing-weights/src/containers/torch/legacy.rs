//! The layout before torch 1.6: pickles of a magic number, the version, the machine, the objects and the storage keys;
//! then per key the number of elements (8 bytes) and the elements.

use std::collections::HashMap;

use crate::TensorFile;
use crate::containers::pickle::{Object, Pickled, Value, unpickle};
use crate::containers::torch::NAME;
use crate::containers::torch::flatten::{Storages, flatten, storage_dtypes};
use crate::containers::{Limits, ParseError};
use crate::source::Source;

/// 0x1950a86a20f9469cfc6c, pickled with protocol 2.
const MAGIC: [u8; 14] = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/// Whether the file starts with the magic number's pickle.
pub(crate) fn is_legacy(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// Reads a checkpoint written before torch 1.6 (or with `_use_new_zipfile_serialization=False`).
///
/// # Errors
/// [`ParseError`].
pub fn read_legacy(bytes: Vec<u8>, limits: &Limits) -> Result<TensorFile, ParseError> {
    limits.check_file(bytes.len() as u64)?;
    if !is_legacy(&bytes) {
        return Err(ParseError::malformed(NAME, "the magic number is missing"));
    }
    let mut position = 0;
    let mut next = || {
        let pickled = unpickle(&bytes[position..], limits)?;
        let start = position;
        position += pickled.length;
        Ok::<_, ParseError>((pickled, start))
    };
    next()?;
    check_version(&next()?.0)?;
    check_machine(&next()?.0)?;
    let (pickled, base) = next()?;
    let (keys, _) = next()?;
    let places = storages(&bytes, position, &keys, &pickled, limits)?;
    let source = Source::from(bytes);
    let (tensors, metadata) = flatten(&pickled, &Storages { places, base }, &source, limits)?;
    TensorFile::new(source, tensors, metadata)
}

fn check_version(pickled: &Pickled) -> Result<(), ParseError> {
    match pickled.root {
        Value::Int(1001) => Ok(()),
        other => Err(ParseError::unsupported(NAME, format!("legacy protocol {other:?}"))),
    }
}

/// `{"protocol_version": …, "little_endian": True, "type_sizes": …}`.
fn check_machine(pickled: &Pickled) -> Result<(), ParseError> {
    let Some(Object::Dict(entries)) = pickled.object(pickled.root) else {
        return Err(ParseError::malformed(NAME, "the machine's description is missing"));
    };
    let little =
        entries.iter().any(|&(key, value)| pickled.text(key) == Some("little_endian") && value == Value::Bool(true));
    if little { Ok(()) } else { Err(ParseError::unsupported(NAME, "big-endian byte order")) }
}

/// Walks the raw storages that follow the pickles.
fn storages(
    bytes: &[u8],
    mut position: usize,
    keys: &Pickled,
    pickled: &Pickled,
    limits: &Limits,
) -> Result<HashMap<String, std::ops::Range<usize>>, ParseError> {
    let dtypes = storage_dtypes(pickled, limits)?;
    let keys_list = keys.parts(keys.root).ok_or_else(|| ParseError::malformed(NAME, "the storage keys are no list"))?;
    let mut places = HashMap::new();
    for &key in keys_list {
        let key = keys.text(key).ok_or_else(|| ParseError::malformed(NAME, "a storage key is no text"))?;
        let dtype = dtypes.get(key);
        let dtype = dtype.ok_or_else(|| ParseError::malformed(NAME, format!("storage {key:?} is used nowhere")))?;
        let rest = &bytes[position..];
        let truncated =
            |needed| ParseError::Truncated { container: NAME, what: "a storage", needed, left: rest.len() as u64 };
        let count = u64::from_le_bytes(*rest.first_chunk().ok_or_else(|| truncated(8))?);
        let needed = count.saturating_mul(dtype.size() as u64).saturating_add(8);
        if needed > rest.len() as u64 {
            return Err(truncated(needed));
        }
        let end = position + needed as usize;
        places.insert(key.to_owned(), position + 8..end);
        position = end;
    }
    Ok(places)
}
