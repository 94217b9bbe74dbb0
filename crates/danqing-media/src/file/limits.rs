//! How much an untrusted file may ask for.

use std::io::{self, BufRead, Read, Seek, SeekFrom};
use std::time::{Duration, Instant};

use danqing_capability::CancelToken;

use super::Format;
use crate::Error;

/// What a file may cost. Sizes are checked against the header before memory is taken for pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Width times height.
    pub max_pixels: u64,
    /// Bytes of the file, and of any one block of metadata after decompression.
    pub max_bytes: u64,
    /// Pixels of the longer side.
    pub max_side: u64,
    /// Time to decode; looked at between rows or blocks of 16 KiB of the file.
    pub time: Duration,
}

impl Default for Limits {
    /// 256 megapixels (4K is 8.3), 1 GiB, a side of 65535, two minutes.
    fn default() -> Self {
        Self { max_pixels: 256 << 20, max_bytes: 1 << 30, max_side: 65_535, time: Duration::from_mins(2) }
    }
}

impl Limits {
    /// Refuses a declared size before memory is taken for it.
    pub(super) fn check_size(&self, format: Format, width: u64, height: u64) -> Result<(), Error> {
        if width == 0 || height == 0 {
            return Err(Error::Damaged { format, detail: format!("its size is {width}x{height} pixels") });
        }
        let side = width.max(height);
        if side > self.max_side {
            return Err(Error::TooLarge { what: "longer side in pixels", actual: side, limit: self.max_side });
        }
        let pixels = width.saturating_mul(height);
        if pixels > self.max_pixels {
            return Err(Error::TooLarge { what: "number of pixels", actual: pixels, limit: self.max_pixels });
        }
        Ok(())
    }

    /// Refuses a file by its length.
    pub(super) fn check_bytes(&self, bytes: u64) -> Result<(), Error> {
        if bytes > self.max_bytes {
            return Err(Error::TooLarge { what: "file size in bytes", actual: bytes, limit: self.max_bytes });
        }
        Ok(())
    }

    /// Bytes that a decoder may allocate for samples of 16 bit with four channels, and its own buffers.
    pub(super) fn decoder_bytes(&self) -> usize {
        usize::try_from(self.max_pixels.saturating_mul(8).saturating_add(64 << 20)).unwrap_or(usize::MAX)
    }
}

/// When decoding has to end: when its time is over, or when the run is cancelled.
#[derive(Clone, Debug)]
pub(super) struct Deadline {
    format: Format,
    end: Option<Instant>,
    limit: Duration,
    cancel: CancelToken,
}

impl Deadline {
    /// Starts now.
    pub(super) fn new(format: Format, limits: &Limits, cancel: &CancelToken) -> Self {
        let end = Instant::now().checked_add(limits.time);
        Self { format, end, limit: limits.time, cancel: cancel.clone() }
    }

    /// # Errors
    /// [`Error::TooSlow`] when the time is over, [`Error::Cancelled`].
    pub(super) fn check(&self) -> Result<(), Error> {
        self.cancel.check()?;
        if self.end.is_some_and(|end| Instant::now() >= end) {
            return Err(Error::TooSlow { format: self.format, limit_secs: self.limit.as_secs() });
        }
        Ok(())
    }

    /// For work that looks only at the token.
    pub(super) fn token(&self) -> &CancelToken {
        &self.cancel
    }
}

/// Bytes handed out in blocks of at most 16 KiB, none after the deadline. The deadline is looked at once in a block, also
/// where decoders read byte by byte.
pub(super) struct TimedReader<'a> {
    bytes: &'a [u8],
    position: u64,
    /// The deadline is looked at when the position is here or beyond.
    next_look: u64,
    deadline: Deadline,
}

impl<'a> TimedReader<'a> {
    const BLOCK: usize = 16 << 10;

    pub(super) fn new(bytes: &'a [u8], deadline: Deadline) -> Self {
        Self { bytes, position: 0, next_look: 0, deadline }
    }

    fn rest(&self) -> &'a [u8] {
        let start = usize::try_from(self.position).unwrap_or(usize::MAX).min(self.bytes.len());
        &self.bytes[start..(start + Self::BLOCK).min(self.bytes.len())]
    }
}

impl Read for TimedReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for TimedReader<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.position >= self.next_look {
            self.deadline.check().map_err(|e| io::Error::new(io::ErrorKind::TimedOut, e))?;
            self.next_look = self.position.saturating_add(Self::BLOCK as u64);
        }
        Ok(self.rest())
    }

    fn consume(&mut self, count: usize) {
        self.position = self.position.saturating_add(count as u64);
    }
}

impl Seek for TimedReader<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => (self.bytes.len() as u64).checked_add_signed(by),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        self.next_look = self.position;
        Ok(self.position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_over_the_limits_are_named_with_both_numbers() {
        let limits = Limits { max_pixels: 100, max_side: 50, ..Limits::default() };
        let message = |w, h| limits.check_size(Format::Png, w, h).expect_err("too large").to_string();
        assert_eq!(message(11, 10), "too large: number of pixels is 110, the limit is 100");
        assert_eq!(message(51, 1), "too large: longer side in pixels is 51, the limit is 50");
        assert!(message(0, 4).contains("0x4"));
        assert!(limits.check_size(Format::Png, 10, 10).is_ok());
    }

    #[test]
    fn nothing_is_read_after_the_deadline() {
        let limits = Limits { time: Duration::ZERO, ..Limits::default() };
        let mut reader = TimedReader::new(b"abc", Deadline::new(Format::Png, &limits, &CancelToken::default()));
        assert_eq!(reader.read(&mut [0; 3]).expect_err("over").kind(), io::ErrorKind::TimedOut);
    }

    #[test]
    fn nothing_is_read_once_the_run_is_cancelled() {
        let (bytes, token) = (vec![7; 3 * TimedReader::BLOCK], CancelToken::default());
        let mut reader = TimedReader::new(&bytes, Deadline::new(Format::Png, &Limits::default(), &token));
        let mut byte_by_byte = (&mut reader).bytes();
        assert_eq!(byte_by_byte.next().expect("a byte").expect("not cancelled"), 7);
        token.cancel();
        let more = byte_by_byte.take_while(Result::is_ok).count();
        assert!(more < TimedReader::BLOCK, "{more} bytes after the cancel");
        assert!(matches!(reader.deadline.check(), Err(Error::Cancelled(_))));
    }

    #[test]
    fn seeking_past_the_end_reads_nothing() {
        let deadline = Deadline::new(Format::Png, &Limits::default(), &CancelToken::default());
        let mut reader = TimedReader::new(b"abc", deadline);
        reader.seek(SeekFrom::Start(u64::MAX)).expect("any place");
        assert_eq!(reader.read(&mut [0; 3]).expect("end"), 0);
        reader.seek(SeekFrom::End(-1)).expect("last byte");
        let mut last = [0];
        reader.read_exact(&mut last).expect("one byte");
        assert_eq!(last, *b"c");
    }
}
