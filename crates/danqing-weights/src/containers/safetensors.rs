//! safetensors, read strictly and written: 8-byte little-endian header length, JSON header, tensor bytes.
//!
//! Source: huggingface/safetensors, README "Format". Stricter than required nowhere; as strict as the format says:
//! header at most 100 MB, offsets in order without gaps or overlaps, the file ends with the last tensor.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Deserialize;
use serde::de::{MapAccess, Visitor};

use crate::containers::{Limits, ParseError};
use crate::source::Source;
use crate::tensor::TensorBytes;
use crate::{Dtype, TensorEntry, TensorFile};

const NAME: &str = "safetensors";

/// Whether the first bytes are a plausible header length and the start of JSON.
pub(crate) fn is_safetensors(bytes: &[u8]) -> bool {
    bytes.len() > 9 && bytes[8] == b'{' && bytes[5..8] == [0; 3]
}

/// Reads a whole file.
///
/// # Errors
/// [`ParseError`].
pub fn read(bytes: Vec<u8>, limits: &Limits) -> Result<TensorFile, ParseError> {
    read_source(bytes.into(), limits)
}

/// Reads the header; tensors stay where they are.
pub(crate) fn read_source(source: Source, limits: &Limits) -> Result<TensorFile, ParseError> {
    let header_end = header_end(&source, limits)?;
    let header: Header = serde_json::from_slice(&source.read(8..header_end)?)
        .map_err(|error| ParseError::malformed(NAME, format!("header is not valid: {error}")))?;
    limits.check_tensors(header.tensors.len())?;
    let data = source.len() - header_end;
    let mut tensors = Vec::with_capacity(header.tensors.len());
    for (name, info) in header.tensors {
        tensors.push(entry(name, info, header_end, data, limits)?);
    }
    check_layout(&mut tensors, header_end, source.len())?;
    TensorFile::new(source, tensors, header.metadata)
}

fn header_end(source: &Source, limits: &Limits) -> Result<usize, ParseError> {
    let truncated =
        |needed, left| ParseError::Truncated { container: NAME, what: "the header", needed, left: left as u64 };
    let rest = source.len().checked_sub(8).ok_or_else(|| truncated(8, source.len()))?;
    let length = source.read(0..8)?.iter().rev().fold(0, |length, &byte| length << 8 | u64::from(byte));
    limits.check_header(length)?;
    if length > rest as u64 {
        return Err(truncated(length, rest));
    }
    Ok(8 + length as usize)
}

fn entry(name: String, info: Info, start: usize, data: usize, limits: &Limits) -> Result<TensorEntry, ParseError> {
    limits.check_name(&name)?;
    limits.check_dimensions(info.shape.len())?;
    let dtype = Dtype::from_name(&info.dtype)
        .ok_or_else(|| ParseError::unsupported(NAME, format!("element type {:?} of {name:?}", info.dtype)))?;
    let [from, to] = info.data_offsets;
    if from > to || to > data {
        return Err(ParseError::malformed(
            NAME,
            format!("tensor {name:?} lies at {from}..{to}, the data has {data} bytes"),
        ));
    }
    Ok(TensorEntry { name, dtype, shape: info.shape, bytes: TensorBytes::File(start + from..start + to) })
}

/// Sorts by place and refuses gaps, overlaps and bytes after the last tensor.
fn check_layout(tensors: &mut [TensorEntry], start: usize, file: usize) -> Result<(), ParseError> {
    let range = |entry: &TensorEntry| match &entry.bytes {
        TensorBytes::File(range) => range.clone(),
        TensorBytes::Own(bytes) => 0..bytes.len(),
    };
    tensors.sort_by_key(|entry| (range(entry).start, range(entry).end));
    let mut position = start;
    for entry in tensors.iter() {
        let place = range(entry);
        if place.start != position {
            let what = format!(
                "tensor {:?} starts at byte {} of the file, the one before it ends at {position}",
                entry.name, place.start
            );
            return Err(ParseError::malformed(NAME, what));
        }
        position = place.end;
    }
    if position == file {
        return Ok(());
    }
    Err(ParseError::malformed(NAME, format!("the last tensor ends at byte {position}, the file at {file}")))
}

/// Writes tensors in the order given, with their metadata; the header is padded with spaces so that data starts at a
/// multiple of 8, as the reference library does.
///
/// # Errors
/// What the writer says, or the file that a tensor is read from; [`io::ErrorKind::InvalidInput`] for a type in blocks, which
/// the format does not have.
pub fn write<'a>(
    mut out: impl Write,
    tensors: impl IntoIterator<Item = crate::TensorView<'a>>,
    metadata: &BTreeMap<String, String>,
) -> io::Result<()> {
    let mut tensors: Vec<_> = tensors.into_iter().collect();
    // Widest elements first keeps every tensor aligned.
    tensors.sort_by_key(|tensor| std::cmp::Reverse(tensor.dtype().size()));
    let mut header = serde_json::Map::new();
    header.insert("__metadata__".to_owned(), serde_json::to_value(metadata)?);
    let mut offset = 0;
    for tensor in &tensors {
        if tensor.dtype().block_elements() > 1 {
            let what =
                format!("tensor {:?} is {}, which safetensors does not have", tensor.name(), tensor.dtype().name());
            return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        }
        let end = offset + tensor.byte_length();
        let info = serde_json::json!({
            "dtype": tensor.dtype().name(),
            "shape": tensor.shape(),
            "data_offsets": [offset, end],
        });
        header.insert(tensor.name().to_owned(), info);
        offset = end;
    }
    let mut text = serde_json::to_vec(&header)?;
    text.resize(text.len().next_multiple_of(8), b' ');
    out.write_all(&(text.len() as u64).to_le_bytes())?;
    out.write_all(&text)?;
    for tensor in &tensors {
        let mut written = Ok(());
        tensor
            .pieces(|bytes| written = std::mem::replace(&mut written, Ok(())).and_then(|()| out.write_all(bytes)))
            .map_err(io::Error::other)?;
        written?;
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Info {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: [usize; 2],
}

struct Header {
    tensors: Vec<(String, Info)>,
    metadata: BTreeMap<String, String>,
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(HeaderVisitor)
    }
}

/// Keeps repeated names, which a map would hide.
struct HeaderVisitor;

impl<'de> Visitor<'de> for HeaderVisitor {
    type Value = Header;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
        let mut header = Header { tensors: Vec::new(), metadata: BTreeMap::new() };
        while let Some(name) = map.next_key::<String>()? {
            if name == "__metadata__" {
                header.metadata = map.next_value()?;
            } else {
                header.tensors.push((name, map.next_value()?));
            }
        }
        Ok(header)
    }
}
