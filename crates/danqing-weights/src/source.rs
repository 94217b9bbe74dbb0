//! Where a weight file's bytes are: in memory, or on disk and read piece by piece where they are wanted.
//!
//! Files on disk are read at positions, not mapped. Both keep one tensor in memory at a time; but a mapping of a file that
//! another program cuts short ends the process at the next look (SIGBUS), where a read is an error that says so, and a
//! mapping is `unsafe` for that reason.

use std::borrow::Cow;
use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use crate::Sha256Hex;
use crate::containers::{Limits, ParseError};

/// Bytes that are read at once: they stay in the second-level cache until their values are made.
const PIECE: usize = 1 << 18;

/// A weight file's bytes.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    Memory(Vec<u8>),
    Disk(Arc<DiskFile>),
}

/// A regular file as it was when it was opened.
#[derive(Debug)]
pub(crate) struct DiskFile {
    file: File,
    path: PathBuf,
    stamp: Stamp,
}

/// Size and time: whether a file is still the same.
#[derive(Debug, PartialEq)]
struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self { length: metadata.len(), modified: metadata.modified().ok() }
    }
}

impl Default for Source {
    fn default() -> Self {
        Self::Memory(Vec::new())
    }
}

impl From<Vec<u8>> for Source {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Memory(bytes)
    }
}

impl Source {
    /// A file, refused if it is larger than the limit. What is no regular file (a pipe) is read at once.
    pub(crate) fn open(path: &Path, limits: &Limits) -> Result<Self, ParseError> {
        let io = |source| ParseError::Io { path: path.to_owned(), source };
        let file = File::open(path).map_err(io)?;
        let metadata = file.metadata().map_err(io)?;
        limits.check_file(metadata.len())?;
        if metadata.is_file() {
            let stamp = Stamp::of(&metadata);
            return Ok(Self::Disk(Arc::new(DiskFile { file, path: path.to_owned(), stamp })));
        }
        // A pipe has no honest length: one byte more than allowed is read, and refused.
        let mut bytes = Vec::new();
        file.take(limits.file_bytes.saturating_add(1)).read_to_end(&mut bytes).map_err(io)?;
        limits.check_file(bytes.len() as u64)?;
        Ok(Self::Memory(bytes))
    }

    /// Bytes in all.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Memory(bytes) => bytes.len(),
            Self::Disk(disk) => usize::try_from(disk.stamp.length).unwrap_or(usize::MAX),
        }
    }

    /// Bytes in memory.
    pub(crate) fn bytes_in_memory(&self) -> usize {
        match self {
            Self::Memory(bytes) => bytes.len(),
            Self::Disk(_) => 0,
        }
    }

    /// One place of the file.
    pub(crate) fn read(&self, place: Range<usize>) -> Result<Cow<'_, [u8]>, ParseError> {
        let outside = || ParseError::Truncated {
            container: "weight file",
            what: "a tensor",
            needed: place.end.saturating_sub(place.start) as u64,
            left: self.len().saturating_sub(place.start) as u64,
        };
        match self {
            Self::Memory(bytes) => bytes.get(place.clone()).map(Cow::Borrowed).ok_or_else(outside),
            Self::Disk(_) if place.start > place.end || place.end > self.len() => Err(outside()),
            Self::Disk(disk) => {
                let mut bytes = vec![0; place.len()];
                disk.read_exact(place.start as u64, &mut bytes)?;
                Ok(Cow::Owned(bytes))
            }
        }
    }

    /// Shows one place of the file piece by piece: whole multiples of `unit` bytes, but for the last.
    pub(crate) fn pieces(
        &self,
        place: Range<usize>,
        unit: usize,
        mut see: impl FnMut(&[u8]),
    ) -> Result<(), ParseError> {
        let step = PIECE.next_multiple_of(unit.max(1));
        // One piece's room serves all.
        let mut room = Vec::new();
        for start in place.clone().step_by(step) {
            let piece = start..place.end.min(start.saturating_add(step));
            match self {
                Self::Disk(disk) if piece.end <= self.len() => {
                    room.resize(piece.len(), 0);
                    disk.read_exact(piece.start as u64, &mut room)?;
                    see(&room);
                }
                _ => see(&self.read(piece)?),
            }
        }
        Ok(())
    }

    /// All of it in memory, with room for nothing else.
    pub(crate) fn into_memory(self) -> Result<Vec<u8>, ParseError> {
        match self {
            Self::Memory(bytes) => Ok(bytes),
            Self::Disk(_) => Ok(self.read(0..self.len())?.into_owned()),
        }
    }

    /// sha256 of all of it.
    pub(crate) fn sha256(&self) -> Result<Sha256Hex, ParseError> {
        let hashed = Sha256Hex::of_reader(self.reader(), |_| Ok(()));
        hashed.map(|(sha256, _)| sha256).map_err(|source| match source.downcast::<ParseError>() {
            Ok(error) => error,
            Err(source) => ParseError::Io { path: self.path().to_owned(), source },
        })
    }

    /// From the start; errors carry a [`ParseError`].
    pub(crate) fn reader(&self) -> SourceReader<'_> {
        SourceReader { source: self, position: 0 }
    }

    /// The file's path, if it is one.
    fn path(&self) -> &Path {
        match self {
            Self::Memory(_) => Path::new("weights"),
            Self::Disk(disk) => &disk.path,
        }
    }
}

impl DiskFile {
    /// Refused if the file was changed since it was opened: what was read before would not go with it.
    fn read_exact(&self, at: u64, bytes: &mut [u8]) -> Result<(), ParseError> {
        let io = |source| ParseError::Io { path: self.path.clone(), source };
        let read = read_exact_at(&self.file, bytes, at);
        if Stamp::of(&self.file.metadata().map_err(io)?) != self.stamp {
            return Err(ParseError::Changed { path: self.path.clone() });
        }
        read.map_err(io)
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, at)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut bytes: &mut [u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        let count = std::os::windows::fs::FileExt::seek_read(file, bytes, at)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes = &mut bytes[count..];
        at += count as u64;
    }
    Ok(())
}

/// A weight file as a stream.
pub(crate) struct SourceReader<'a> {
    source: &'a Source,
    position: usize,
}

impl Read for SourceReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // As of any file, there is nothing to read beyond the end.
        let count = buffer.len().min(self.source.len().saturating_sub(self.position));
        if count == 0 {
            return Ok(0);
        }
        let buffer = &mut buffer[..count];
        match self.source {
            Source::Memory(bytes) => buffer.copy_from_slice(&bytes[self.position..self.position + count]),
            Source::Disk(disk) => disk.read_exact(self.position as u64, buffer).map_err(io::Error::other)?,
        }
        self.position += count;
        Ok(count)
    }
}

impl Seek for SourceReader<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let (base, offset) = match to {
            SeekFrom::Start(at) => (Some(at), 0),
            SeekFrom::Current(offset) => (Some(self.position as u64), offset),
            SeekFrom::End(offset) => (Some(self.source.len() as u64), offset),
        };
        let at = base.and_then(|base| base.checked_add_signed(offset)).and_then(|at| usize::try_from(at).ok());
        self.position = at.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.position as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes() -> Vec<u8> {
        (0..3_000_000_u32).map(|index| (index % 251) as u8).collect()
    }

    fn written() -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes()).unwrap();
        file
    }

    #[test]
    fn a_file_on_disk_gives_what_it_gives_in_memory() {
        let (file, bytes) = (written(), bytes());
        let (disk, memory) = (Source::open(file.path(), &Limits::default()).unwrap(), Source::from(bytes.clone()));
        assert!(matches!(disk, Source::Disk(_)));
        for source in [&disk, &memory] {
            assert_eq!(source.len(), bytes.len());
            assert_eq!(*source.read(7..2_000_000).unwrap(), bytes[7..2_000_000]);
            let (mut seen, mut lengths) = (Vec::new(), Vec::new());
            source
                .pieces(5..2_999_999, 34, |piece| {
                    seen.extend_from_slice(piece);
                    lengths.push(piece.len());
                })
                .unwrap();
            assert_eq!(seen, bytes[5..2_999_999]);
            assert!(lengths.len() > 2 && lengths.iter().rev().skip(1).all(|length| length % 34 == 0), "{lengths:?}");
            assert_eq!(source.sha256().unwrap(), Sha256Hex::of(&bytes));
            assert!(matches!(source.read(1..3_000_001), Err(ParseError::Truncated { .. })));
            let mut reader = source.reader();
            reader.seek(SeekFrom::End(-2)).unwrap();
            let mut end = Vec::new();
            reader.read_to_end(&mut end).unwrap();
            assert_eq!(end, bytes[2_999_998..]);
            reader.seek(SeekFrom::Start(9_000_000)).unwrap();
            assert_eq!(reader.read(&mut [0; 4]).unwrap(), 0, "beyond the end");
        }
        assert_eq!(disk.into_memory().unwrap(), bytes);
    }

    /// A file that is cut short or written over while it is in use is an error, not other weights.
    #[test]
    fn a_file_that_changes_while_it_is_read_is_refused() {
        let file = written();
        let source = Source::open(file.path(), &Limits::default()).unwrap();
        file.as_file().set_len(100).unwrap();
        for error in [source.read(0..200).unwrap_err(), source.read(0..50).unwrap_err(), source.sha256().unwrap_err()] {
            assert!(matches!(error, ParseError::Changed { .. }), "{error}");
        }
    }
}
