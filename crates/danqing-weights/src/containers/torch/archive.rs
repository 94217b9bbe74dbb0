//! The zip layout: `NAME/data.pkl` and one stored (not compressed) member `NAME/data/KEY` per storage.

use std::collections::HashMap;
use std::io::{BufReader, Read};
use std::ops::Range;

use zip::{CompressionMethod, ZipArchive};

use crate::TensorFile;
use crate::containers::torch::NAME;
use crate::containers::torch::flatten::{Storages, flatten};
use crate::containers::{Limits, ParseError, pickle};
use crate::source::Source;

/// Reads a checkpoint written by torch 1.6 or newer.
///
/// # Errors
/// [`ParseError`].
pub fn read_zip(bytes: Vec<u8>, limits: &Limits) -> Result<TensorFile, ParseError> {
    limits.check_file(bytes.len() as u64)?;
    read_source(bytes.into(), limits)
}

/// Reads the list of members and the pickle; storages stay where they are.
pub(crate) fn read_source(source: Source, limits: &Limits) -> Result<TensorFile, ParseError> {
    let archive = members(&source, limits)?;
    let pickled = pickle::unpickle(&source.read(archive.pickle.clone())?, limits)?;
    let storages = Storages { places: archive.storages, base: archive.pickle.start };
    let (tensors, metadata) = flatten(&pickled, &storages, &source, limits)?;
    TensorFile::new(source, tensors, metadata)
}

struct Members {
    pickle: Range<usize>,
    storages: HashMap<String, Range<usize>>,
}

fn members(source: &Source, limits: &Limits) -> Result<Members, ParseError> {
    let damaged = |error: zip::result::ZipError| ParseError::malformed(NAME, format!("zip archive: {error}"));
    let mut archive = ZipArchive::new(BufReader::new(source.reader())).map_err(damaged)?;
    limits.check_tensors(archive.len())?;
    let mut pickle = None;
    let mut storages = HashMap::new();
    for index in 0..archive.len() {
        let mut member = archive.by_index_raw(index).map_err(damaged)?;
        let name = member.name().to_owned();
        limits.check_name(&name)?;
        let inner = name.split_once('/').map_or(name.as_str(), |(_, inner)| inner);
        if inner == "byteorder" {
            let mut order = String::new();
            let _ = member.by_ref().take(16).read_to_string(&mut order);
            check_byte_order(&order)?;
        }
        let place = place(&member, source.len())?;
        if inner == "data.pkl" {
            limits.check_header(place.len() as u64)?;
            pickle = Some(place);
        } else if let Some(key) = inner.strip_prefix("data/") {
            storages.insert(key.to_owned(), place);
        }
    }
    let pickle = pickle.ok_or_else(|| ParseError::malformed(NAME, "the archive holds no data.pkl"))?;
    Ok(Members { pickle, storages })
}

fn check_byte_order(order: &str) -> Result<(), ParseError> {
    match order {
        "little" => Ok(()),
        other => Err(ParseError::unsupported(NAME, format!("byte order {other:?}"))),
    }
}

/// Where a stored member's bytes are.
fn place<R: Read>(member: &zip::read::ZipFile<'_, R>, file: usize) -> Result<Range<usize>, ParseError> {
    if member.compression() != CompressionMethod::Stored {
        return Err(ParseError::unsupported(NAME, format!("compressed member {:?}", member.name())));
    }
    let start = member.data_start().and_then(|start| usize::try_from(start).ok());
    let length = usize::try_from(member.compressed_size()).ok();
    let end = start.zip(length).and_then(|(start, length)| start.checked_add(length));
    match start.zip(end) {
        Some((start, end)) if end <= file => Ok(start..end),
        _ => Err(ParseError::malformed(NAME, format!("member {:?} lies outside the file", member.name()))),
    }
}
