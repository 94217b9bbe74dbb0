//! The protobuf wire format, as much as a reader needs: <https://protobuf.dev/programming-guides/encoding/>.
//! Works on places in the file, so that tensor bytes need no copy.

use std::ops::Range;

use crate::containers::ParseError;
use crate::containers::onnx::NAME;

/// One field of a message.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// Wire type 0.
    Varint(u64),
    /// Wire type 1.
    Fixed64(u64),
    /// Wire type 2: a text, bytes, a message or packed numbers, by place in the file.
    Bytes(Range<usize>),
    /// Wire type 5.
    Fixed32(u32),
}

/// Reads the fields of one message, which is a part of the file.
#[derive(Clone, Debug)]
pub(crate) struct Fields<'a> {
    file: &'a [u8],
    position: usize,
    end: usize,
}

impl<'a> Fields<'a> {
    /// `place` must lie in `file`; it does when it comes from [`Value::Bytes`].
    pub(crate) fn new(file: &'a [u8], place: Range<usize>) -> Self {
        let end = place.end.min(file.len());
        Self { file, position: place.start.min(end), end }
    }

    /// The next field and its number, or `None` at the end of the message.
    pub(crate) fn next(&mut self) -> Result<Option<(u32, Value)>, ParseError> {
        if self.position == self.end {
            return Ok(None);
        }
        let tag = self.varint()?;
        let number = u32::try_from(tag >> 3).ok().filter(|&number| number != 0);
        let number = number.ok_or_else(|| ParseError::malformed(NAME, format!("field tag {tag} has no number")))?;
        let value = match tag & 7 {
            0 => Value::Varint(self.varint()?),
            1 => Value::Fixed64(u64::from_le_bytes(self.array("a 64-bit number")?)),
            2 => {
                let length = self.varint()?;
                Value::Bytes(self.skip("a field", length)?)
            }
            5 => Value::Fixed32(u32::from_le_bytes(self.array("a 32-bit number")?)),
            other => return Err(ParseError::malformed(NAME, format!("field {number} has wire type {other}"))),
        };
        Ok(Some((number, value)))
    }

    /// The next bare varint, as packed fields hold them; `None` at the end.
    pub(crate) fn next_packed(&mut self) -> Result<Option<u64>, ParseError> {
        if self.position == self.end { Ok(None) } else { self.varint().map(Some) }
    }

    fn varint(&mut self) -> Result<u64, ParseError> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let [byte] = self.array("a number")?;
            if shift == 63 && byte > 1 {
                break;
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(ParseError::malformed(NAME, "a number has more than 64 bits"))
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], ParseError> {
        let place = self.skip(what, N as u64)?;
        let mut bytes = [0; N];
        bytes.copy_from_slice(&self.file[place]);
        Ok(bytes)
    }

    fn skip(&mut self, what: &'static str, length: u64) -> Result<Range<usize>, ParseError> {
        let left = (self.end - self.position) as u64;
        if length > left {
            return Err(ParseError::Truncated { container: NAME, what, needed: length, left });
        }
        let start = self.position;
        self.position += length as usize;
        Ok(start..self.position)
    }
}

/// A name or a text, at most `limit` bytes.
pub(crate) fn text(file: &[u8], value: &Value, limit: usize) -> Result<String, ParseError> {
    let place = bytes(value)?;
    if place.len() > limit {
        let (actual, limit) = (place.len() as u64, limit as u64);
        return Err(ParseError::TooLarge { what: "name length in bytes", actual, limit });
    }
    match std::str::from_utf8(&file[place]) {
        Ok(text) => Ok(text.to_owned()),
        Err(_) => Err(ParseError::malformed(NAME, "a name is not UTF-8")),
    }
}

/// The place of a length-delimited field.
pub(crate) fn bytes(value: &Value) -> Result<Range<usize>, ParseError> {
    match value {
        Value::Bytes(place) => Ok(place.clone()),
        other => Err(ParseError::malformed(NAME, format!("expected bytes, found {other:?}"))),
    }
}

/// A single integer field; protobuf's int64 is its two's complement.
pub(crate) fn integer(value: &Value) -> Result<i64, ParseError> {
    match value {
        Value::Varint(value) => Ok(*value as i64),
        other => Err(ParseError::malformed(NAME, format!("expected an integer, found {other:?}"))),
    }
}
