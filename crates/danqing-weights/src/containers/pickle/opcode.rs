//! Bytes of a pickle, read in order; names of opcodes for messages.

use std::ops::Range;

use crate::containers::ParseError;
use crate::containers::pickle::NAME;

/// Position in a pickle.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    pub(super) position: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    /// Bytes of the whole input.
    pub(super) fn length(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], ParseError> {
        let place = self.skip(N as u64)?;
        let mut out = [0; N];
        out.copy_from_slice(&self.bytes[place]);
        Ok(out)
    }

    pub(super) fn byte(&mut self) -> Result<u8, ParseError> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn skip(&mut self, length: u64) -> Result<Range<usize>, ParseError> {
        let left = (self.bytes.len() - self.position) as u64;
        if length > left {
            return Err(ParseError::Truncated { container: NAME, what: "an opcode", needed: length, left });
        }
        let start = self.position;
        self.position += length as usize;
        Ok(start..self.position)
    }

    /// A counted text.
    pub(super) fn text(&mut self, length: u64) -> Result<String, ParseError> {
        let place = self.skip(length)?;
        match std::str::from_utf8(&self.bytes[place]) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => Err(ParseError::malformed(NAME, "a text is not UTF-8")),
        }
    }

    /// A text up to the end of the line.
    pub(super) fn line(&mut self) -> Result<&'a str, ParseError> {
        let rest = &self.bytes[self.position..];
        let length = rest.iter().position(|&byte| byte == b'\n').ok_or(ParseError::Truncated {
            container: NAME,
            what: "a line",
            needed: rest.len() as u64 + 1,
            left: rest.len() as u64,
        })?;
        self.position += length + 1;
        std::str::from_utf8(&rest[..length]).map_err(|_| ParseError::malformed(NAME, "a name is not UTF-8"))
    }

    pub(super) fn slice(&self, place: Range<usize>) -> &'a [u8] {
        &self.bytes[place]
    }
}

/// What an opcode that is refused is called.
pub(super) fn refused_name(opcode: u8) -> String {
    let name = match opcode {
        b'i' => "INST (makes an object of a class)",
        b'o' => "OBJ (makes an object of a class)",
        0x81 => "NEWOBJ (makes an object of a class)",
        0x92 => "NEWOBJ_EX (makes an object of a class)",
        0x82..=0x84 => "EXT (a global by number)",
        b'P' => "PERSID",
        0x96 => "BYTEARRAY8",
        0x97 => "NEXT_BUFFER",
        0x98 => "READONLY_BUFFER",
        0x8f..=0x91 => "a set",
        b'I' | b'L' | b'F' | b'S' | b'V' | b'p' | b'g' | b'd' | b'l' => "an opcode of protocol 0",
        _ => return format!("opcode 0x{opcode:02x}"),
    };
    name.to_owned()
}
