//! A bounded walk through the header.

use std::io::{BufReader, Read};

use super::NAME;
use crate::containers::{Limits, ParseError};
use crate::source::{Source, SourceReader};

/// Where the next number is read.
pub(super) struct Header<'a> {
    reader: BufReader<SourceReader<'a>>,
    position: u64,
    length: u64,
    /// No header goes further.
    limit: u64,
}

impl<'a> Header<'a> {
    pub(super) fn new(source: &'a Source, limits: &Limits) -> Self {
        let reader = BufReader::with_capacity(64 << 10, source.reader());
        Self { reader, position: 0, length: source.len() as u64, limit: limits.header_bytes as u64 }
    }

    /// Bytes read so far.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Counts bytes that are about to be read; refuses those that are not there.
    fn advance(&mut self, what: &'static str, needed: u64) -> Result<(), ParseError> {
        let left = self.length - self.position;
        if needed > left {
            return Err(ParseError::Truncated { container: NAME, what, needed, left });
        }
        self.position += needed;
        if self.position > self.limit {
            let (actual, limit) = (self.position, self.limit);
            return Err(ParseError::TooLarge { what: "header size in bytes", actual, limit });
        }
        Ok(())
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), ParseError> {
        self.reader.read_exact(bytes).map_err(|source| match source.downcast::<ParseError>() {
            Ok(error) => error,
            Err(source) => ParseError::malformed(NAME, format!("the header can't be read: {source}")),
        })
    }

    pub(super) fn take<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], ParseError> {
        self.advance(what, N as u64)?;
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    pub(super) fn u32(&mut self, what: &'static str) -> Result<u32, ParseError> {
        Ok(u32::from_le_bytes(self.take(what)?))
    }

    pub(super) fn u64(&mut self, what: &'static str) -> Result<u64, ParseError> {
        Ok(u64::from_le_bytes(self.take(what)?))
    }

    /// Length and UTF-8, in bytes no longer than `most`.
    pub(super) fn text(&mut self, what: &'static str, most: usize) -> Result<String, ParseError> {
        let length = self.u64(what)?;
        if length > most as u64 {
            return Err(ParseError::TooLarge { what, actual: length, limit: most as u64 });
        }
        self.string(what, length)
    }

    /// UTF-8 of a length that was read and bounded.
    pub(super) fn string(&mut self, what: &'static str, length: u64) -> Result<String, ParseError> {
        self.advance(what, length)?;
        let mut bytes = vec![0; length as usize];
        self.fill(&mut bytes)?;
        String::from_utf8(bytes).map_err(|_| ParseError::malformed(NAME, format!("{what} is no UTF-8 text")))
    }

    /// Passes over bytes.
    pub(super) fn skip(&mut self, what: &'static str, count: u64) -> Result<(), ParseError> {
        self.advance(what, count)?;
        // Within the header's limit, so that it fits.
        self.reader
            .seek_relative(count as i64)
            .map_err(|source| ParseError::malformed(NAME, format!("the header can't be read: {source}")))
    }
}
