//! What a file says beside its tensors.

use std::collections::{BTreeMap, HashMap};

use super::NAME;
use super::header::Header;
use crate::containers::{Limits, ParseError};

const SHAPE: &str = "comfy.gguf.orig_shape.";
/// Longest text that is kept, bytes; vocabularies and templates of language models are passed over.
const TEXT: u64 = 64 << 10;

/// Types of values, by their numbers.
mod kind {
    pub(super) const BOOL: u32 = 7;
    pub(super) const TEXT: u32 = 8;
    pub(super) const ARRAY: u32 = 9;

    /// Bytes of a number or truth value.
    pub(super) fn size(kind: u32) -> Option<u64> {
        match kind {
            0 | 1 | BOOL => Some(1),
            2 | 3 => Some(2),
            4..=6 => Some(4),
            10..=12 => Some(8),
            _ => None,
        }
    }
}

/// Fields that are kept.
#[derive(Default)]
pub(super) struct Fields {
    /// Numbers and texts; arrays are passed over.
    pub(super) texts: BTreeMap<String, String>,
    /// Sides before a tensor was reshaped, by its name.
    pub(super) shapes: HashMap<String, Vec<usize>>,
}

impl Fields {
    pub(super) fn read(header: &mut Header<'_>, count: u64, limits: &Limits) -> Result<Self, ParseError> {
        let mut fields = Self::default();
        for _ in 0..count {
            let name = header.text("a field's name", limits.name_bytes + SHAPE.len())?;
            fields.field(header, &name, limits)?;
        }
        Ok(fields)
    }

    /// A field that is a number.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.texts.get(name)?.parse().ok()
    }

    fn field(&mut self, header: &mut Header<'_>, name: &str, limits: &Limits) -> Result<(), ParseError> {
        let value = match header.u32("a field's type")? {
            kind::TEXT => text(header)?,
            kind::ARRAY => {
                if let Some(shape) = array(header, name.starts_with(SHAPE), limits)? {
                    self.shapes.insert(name[SHAPE.len()..].to_owned(), shape);
                }
                return Ok(());
            }
            kind => Some(scalar(header, kind)?),
        };
        let Some(value) = value else { return Ok(()) };
        match self.texts.insert(name.to_owned(), value) {
            None => Ok(()),
            Some(_) => Err(ParseError::malformed(NAME, format!("the field {name:?} is there twice"))),
        }
    }
}

/// A text that is short enough to keep.
fn text(header: &mut Header<'_>) -> Result<Option<String>, ParseError> {
    let length = header.u64("a field's text")?;
    if length > TEXT {
        header.skip("a field's text", length)?;
        return Ok(None);
    }
    header.string("a field's text", length).map(Some)
}

fn scalar(header: &mut Header<'_>, kind: u32) -> Result<String, ParseError> {
    const WHAT: &str = "a field's value";
    Ok(match kind {
        0 => u8::from_le_bytes(header.take(WHAT)?).to_string(),
        1 => i8::from_le_bytes(header.take(WHAT)?).to_string(),
        2 => u16::from_le_bytes(header.take(WHAT)?).to_string(),
        3 => i16::from_le_bytes(header.take(WHAT)?).to_string(),
        4 => header.u32(WHAT)?.to_string(),
        5 => i32::from_le_bytes(header.take(WHAT)?).to_string(),
        6 => f32::from_le_bytes(header.take(WHAT)?).to_string(),
        kind::BOOL => (header.take::<1>(WHAT)? != [0]).to_string(),
        10 => header.u64(WHAT)?.to_string(),
        11 => i64::from_le_bytes(header.take(WHAT)?).to_string(),
        12 => f64::from_le_bytes(header.take(WHAT)?).to_string(),
        other => return Err(ParseError::unsupported(NAME, format!("field type number {other}"))),
    })
}

/// Passes over an array; the values of one that notes sides.
fn array(header: &mut Header<'_>, is_shape: bool, limits: &Limits) -> Result<Option<Vec<usize>>, ParseError> {
    const WHAT: &str = "a field's array";
    let (kind, count) = (header.u32(WHAT)?, header.u64(WHAT)?);
    if is_shape {
        limits.check_dimensions(usize::try_from(count).unwrap_or(usize::MAX))?;
        let side = |_| scalar(header, kind)?.parse().map_err(|_| ParseError::malformed(NAME, "a side is no number"));
        return (0..count).map(side).collect::<Result<Vec<_>, _>>().map(Some);
    }
    match kind::size(kind) {
        Some(size) => header.skip(WHAT, count.saturating_mul(size))?,
        None if kind == kind::TEXT => {
            // Each takes eight bytes at least, so that the header's limit bounds their number.
            for _ in 0..count {
                let length = header.u64(WHAT)?;
                header.skip(WHAT, length)?;
            }
        }
        None => return Err(ParseError::unsupported(NAME, format!("arrays of field type number {kind}"))),
    }
    Ok(None)
}
