//! A file on its way in: bytes go to the disk as they come, and get their name once all are there.

use std::io::{Read, Seek, Write};
use std::path::Path;

use danqing_capability::{Class, Failure};
use tempfile::NamedTempFile;

use super::{ContentStore, make_parent, written};

/// Longest name that is kept, in signs.
const NAME_LENGTH: usize = 120;

/// Bytes that stay free on the disk: jobs and the system need some.
const RESERVE: u64 = 512 << 20;

/// A file that is being received; dropped, it leaves nothing.
#[derive(Debug)]
pub struct Incoming {
    file: NamedTempFile,
    received: u64,
    limit: u64,
}

impl ContentStore {
    /// Begins to receive a file.
    ///
    /// # Errors
    /// A disk that is nearly full, what it says.
    pub fn receive(&self) -> Result<Incoming, Failure> {
        if let Some(free) = crate::doctor::disk_free(self.folder()).filter(|free| *free < RESERVE) {
            let message = format!("only {} MiB are free on the studio's disk", free >> 20);
            return Err(Failure::new(Class::Environment, message).with_hint("make room first"));
        }
        let file = tempfile::Builder::new().tempfile_in(self.incoming_folder()).map_err(written)?;
        Ok(Incoming { file, received: 0, limit: self.max_bytes() })
    }

    /// Gives a received file its place; what is there already stays as it is.
    pub(super) fn keep(&self, incoming: Incoming, sha256: &str) -> Result<(), Failure> {
        let path = self.path(sha256)?;
        if path.is_file() {
            return Ok(());
        }
        make_parent(&path)?;
        incoming.file.as_file().sync_all().map_err(written)?;
        match incoming.file.persist_noclobber(&path) {
            Err(e) if e.error.kind() != std::io::ErrorKind::AlreadyExists => Err(written(e.error).into()),
            _ => Ok(()),
        }
    }
}

impl Incoming {
    /// Adds bytes.
    ///
    /// # Errors
    /// Class [`Class::Limit`] beyond the limit; what the disk says.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.received += bytes.len() as u64;
        if self.received > self.limit {
            let limit = self.limit;
            return Err(Failure::new(Class::Limit, format!("the file is larger than {limit} bytes, the limit")));
        }
        self.file.write_all(bytes).map_err(|e| written(e).into())
    }

    /// Everything received so far.
    pub(super) fn bytes(&mut self) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::with_capacity(usize::try_from(self.received).unwrap_or(0));
        self.file.rewind().map_err(written)?;
        self.file.read_to_end(&mut bytes).map_err(written)?;
        Ok(bytes)
    }
}

/// A name to show: what stands after the last slash, without control signs, not longer than people read.
#[must_use]
pub fn clean_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = last.chars().filter(|c| !c.is_control() && !is_direction(*c)).collect();
    let kept = kept.trim().trim_start_matches('.');
    if kept.is_empty() {
        return "picture".to_owned();
    }
    if kept.chars().count() <= NAME_LENGTH {
        return kept.to_owned();
    }
    let extension = Path::new(kept).extension().and_then(|e| e.to_str()).filter(|e| e.chars().count() <= 5);
    let stem: String = kept.chars().take(NAME_LENGTH - 6).collect();
    extension.map_or_else(|| stem.clone(), |extension| format!("{stem}.{extension}"))
}

/// Signs that turn the direction of writing: they make `gnp.exe` look like another name.
fn is_direction(sign: char) -> bool {
    matches!(sign, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}
