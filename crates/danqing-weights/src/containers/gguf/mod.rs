//! GGUF of versions 2 and 3, little-endian: typed fields, then names, sides and places of tensors, then their bytes. The
//! header alone is parsed; tensors stay where they are.
//!
//! Source: ggml-org/ggml, `docs/gguf.md`. Shapes come slowest side first, as everywhere here; the file has them the other way
//! round. Kernels that city96/ComfyUI-GGUF (`tools/convert.py`) has reshaped to rows of 256 get the sides back that the file
//! notes as `comfy.gguf.orig_shape.NAME`.

mod fields;
mod header;

use std::collections::HashMap;

use fields::Fields;
use header::Header;

use crate::containers::{Limits, ParseError};
use crate::source::Source;
use crate::tensor::TensorBytes;
use crate::{Dtype, TensorEntry, TensorFile};

const NAME: &str = "GGUF";
const MAGIC: &[u8] = b"GGUF";
/// Where `general.alignment` says nothing.
const ALIGNMENT: u64 = 32;

/// Whether the file starts with the magic number.
pub(crate) fn is_gguf(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// Reads a whole file.
///
/// # Errors
/// [`ParseError`].
pub fn read(bytes: Vec<u8>, limits: &Limits) -> Result<TensorFile, ParseError> {
    limits.check_file(bytes.len() as u64)?;
    read_source(bytes.into(), limits)
}

/// Reads the header.
pub(crate) fn read_source(source: Source, limits: &Limits) -> Result<TensorFile, ParseError> {
    let mut header = Header::new(&source, limits);
    let (tensors, fields) = start(&mut header, limits)?;
    let mut fields = Fields::read(&mut header, fields, limits)?;
    let alignment = fields.number("general.alignment").unwrap_or(ALIGNMENT);
    if !alignment.is_power_of_two() {
        return Err(ParseError::malformed(NAME, format!("alignment is {alignment}, expected a power of two")));
    }
    let infos = (0..tensors).map(|_| Info::read(&mut header, limits)).collect::<Result<Vec<_>, _>>()?;
    let data = header.position().checked_next_multiple_of(alignment).unwrap_or(u64::MAX);
    let length = source.len() as u64;
    let entries = infos.into_iter().map(|info| info.entry((data, alignment, length), &mut fields.shapes));
    let mut entries = entries.collect::<Result<Vec<_>, _>>()?;
    check_overlaps(&mut entries)?;
    TensorFile::new(source, entries, fields.texts)
}

/// Magic number, version, number of tensors, number of fields.
fn start(header: &mut Header<'_>, limits: &Limits) -> Result<(u64, u64), ParseError> {
    if header.take::<4>("the magic number")? != MAGIC {
        return Err(ParseError::malformed(NAME, "the magic number is missing"));
    }
    match header.u32("the version")? {
        2 | 3 => {}
        version if version.swap_bytes() <= 0xffff => {
            return Err(ParseError::unsupported(NAME, "big-endian byte order"));
        }
        version => return Err(ParseError::unsupported(NAME, format!("version {version} (only 2 and 3)"))),
    }
    let (tensors, fields) = (header.u64("the number of tensors")?, header.u64("the number of fields")?);
    limits.check_tensors(usize::try_from(tensors).unwrap_or(usize::MAX))?;
    limits.check_fields(fields)?;
    Ok((tensors, fields))
}

/// One tensor as the header has it.
struct Info {
    name: String,
    /// Slowest side first.
    shape: Vec<usize>,
    dtype: Dtype,
    /// From where the data starts.
    offset: u64,
}

impl Info {
    fn read(header: &mut Header<'_>, limits: &Limits) -> Result<Self, ParseError> {
        let name = header.text("a tensor's name", limits.name_bytes)?;
        let count = header.u32("a tensor's number of sides")? as usize;
        limits.check_dimensions(count)?;
        let side = |_| header.u64("a tensor's sides");
        let mut shape = (0..count).map(side).collect::<Result<Vec<_>, _>>()?;
        shape.reverse();
        let shape = shape.into_iter().map(|side| usize::try_from(side).unwrap_or(usize::MAX)).collect();
        let number = header.u32("a tensor's type")?;
        let dtype = dtype(number)
            .ok_or_else(|| ParseError::unsupported(NAME, format!("{} of {name:?}", unsupported(number))))?;
        Ok(Self { name, shape, dtype, offset: header.u64("a tensor's place")? })
    }

    fn entry(
        self,
        (data, alignment, length): (u64, u64, u64),
        shapes: &mut HashMap<String, Vec<usize>>,
    ) -> Result<TensorEntry, ParseError> {
        let Self { name, shape, dtype, offset } = self;
        let wrong = |what: &str| ParseError::malformed(NAME, format!("tensor {name:?} {what}"));
        let row = shape.last().copied().unwrap_or(1);
        if !row.is_multiple_of(dtype.block_elements()) {
            let block = dtype.block_elements();
            return Err(wrong(&format!("has rows of {row} elements, {} has blocks of {block}", dtype.name())));
        }
        if !offset.is_multiple_of(alignment) {
            return Err(wrong(&format!("lies at {offset}, which is no multiple of {alignment}")));
        }
        let bytes = dtype.bytes_of(&shape).ok_or_else(|| wrong(&format!("of sides {shape:?} is too large")))?;
        let start = data.saturating_add(offset);
        let end = start.saturating_add(bytes as u64);
        if end > length {
            let left = length.saturating_sub(start);
            return Err(ParseError::Truncated { container: NAME, what: "a tensor", needed: bytes as u64, left });
        }
        let shape = match shapes.remove(&name) {
            None => shape,
            Some(original) if dtype.bytes_of(&original) == Some(bytes) => original,
            Some(original) => return Err(wrong(&format!("of sides {shape:?} can't have been {original:?}"))),
        };
        Ok(TensorEntry { name, dtype, shape, bytes: TensorBytes::File(start as usize..end as usize) })
    }
}

/// Refuses tensors that share bytes, so that what a file makes is bounded by its size. Sorts by place.
fn check_overlaps(entries: &mut [TensorEntry]) -> Result<(), ParseError> {
    let place = |entry: &TensorEntry| match &entry.bytes {
        TensorBytes::File(place) => place.clone(),
        TensorBytes::Own(bytes) => 0..bytes.len(),
    };
    entries.sort_by_key(|entry| (place(entry).start, place(entry).end));
    let overlap = entries.windows(2).find(|pair| place(&pair[0]).end > place(&pair[1]).start);
    match overlap {
        Some([first, second]) => {
            Err(ParseError::malformed(NAME, format!("tensors {:?} and {:?} overlap", first.name, second.name)))
        }
        _ => Ok(()),
    }
}

/// `enum ggml_type`.
fn dtype(number: u32) -> Option<Dtype> {
    Some(match number {
        0 => Dtype::F32,
        1 => Dtype::F16,
        2 => Dtype::Q4_0,
        3 => Dtype::Q4_1,
        6 => Dtype::Q5_0,
        7 => Dtype::Q5_1,
        8 => Dtype::Q8_0,
        10 => Dtype::Q2_K,
        11 => Dtype::Q3_K,
        12 => Dtype::Q4_K,
        13 => Dtype::Q5_K,
        14 => Dtype::Q6_K,
        24 => Dtype::I8,
        25 => Dtype::I16,
        26 => Dtype::I32,
        27 => Dtype::I64,
        28 => Dtype::F64,
        30 => Dtype::Bf16,
        _ => return None,
    })
}

/// What a type is that is not read, for messages.
fn unsupported(number: u32) -> String {
    let known = match number {
        4 => "Q4_2",
        5 => "Q4_3",
        9 => "Q8_1",
        15 => "Q8_K",
        16 => "IQ2_XXS",
        17 => "IQ2_XS",
        18 => "IQ3_XXS",
        19 => "IQ1_S",
        20 => "IQ4_NL",
        21 => "IQ3_S",
        22 => "IQ2_S",
        23 => "IQ4_XS",
        29 => "IQ1_M",
        34 => "TQ1_0",
        35 => "TQ2_0",
        39 => "MXFP4",
        _ => return format!("tensor type number {number}"),
    };
    format!("tensor type {known}")
}
