//! One member out of an archive. Members' names are compared, never used as paths; contents are bounded and checked.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use sha2::{Digest, Sha256};

use crate::catalogue::Entry;
use crate::class::{Reporter, Transferred};
use crate::fetch::FetchError;
use crate::sha256::Sha256Hex;

/// Most bytes that a compressed tar may unfold into on the way to its member.
const UNFOLDED: u64 = 16 << 30;
const CHUNK: usize = 256 * 1024;

/// How a member is named.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming {
    /// The whole path.
    Exact,
    /// The path below the archive's single top folder, whatever that is called.
    AnyTopFolder,
}

/// Brings a member to `destination`, checked.
pub(super) fn unpack(
    archive: &Path,
    member: &str,
    naming: Naming,
    entry: &Entry,
    destination: &Path,
    reporter: &mut Reporter<'_>,
) -> Result<(), FetchError> {
    let io = |source| FetchError::io(archive, source);
    let name = archive.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let file = BufReader::new(File::open(archive).map_err(io)?);
    let extension = Path::new(&name).extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let found = match extension {
        "tgz" | "gz" => from_tar(archive, file, member, naming, entry, destination, reporter)?,
        "whl" | "zip" => from_zip(archive, file, member, entry, destination, reporter)?,
        _ => {
            let message = "neither .tgz, .tar.gz, .whl nor .zip".to_owned();
            return Err(FetchError::Archive { archive: archive.to_owned(), message });
        }
    };
    if found {
        return Ok(());
    }
    Err(FetchError::NoMember { archive: archive.to_owned(), member: member.to_owned() })
}

/// Copies a file of this machine to `destination`, checked.
pub(crate) fn adopt(
    path: &Path,
    entry: &Entry,
    destination: &Path,
    reporter: &mut Reporter<'_>,
) -> Result<(), FetchError> {
    let file = File::open(path).map_err(|source| FetchError::io(path, source))?;
    write_checked(file, path, &path.display().to_string(), entry, destination, reporter)
}

/// Moves a checked download to its place.
pub(super) fn place(fetched: &Path, destination: &Path) -> Result<(), FetchError> {
    fs::rename(fetched, destination).map_err(|source| FetchError::io(destination, source))
}

fn from_tar(
    archive: &Path,
    file: impl Read,
    member: &str,
    naming: Naming,
    entry: &Entry,
    destination: &Path,
    reporter: &mut Reporter<'_>,
) -> Result<bool, FetchError> {
    let damaged = |error: io::Error| FetchError::Archive { archive: archive.to_owned(), message: error.to_string() };
    let watched =
        Watched { inner: GzDecoder::new(file).take(UNFOLDED), done: 0, cancelled: false, id: &entry.id, reporter };
    let watched = std::cell::RefCell::new(watched);
    let mut tar = tar::Archive::new(Shared(&watched));
    for found in tar.entries().map_err(damaged)? {
        let found = found.map_err(|error| cancelled_or(&watched, error, damaged))?;
        let path = String::from_utf8_lossy(&found.path_bytes()).into_owned();
        let below = path.split_once('/').map_or("", |(_, below)| below);
        let same = if naming == Naming::Exact { path == member } else { below == member };
        if same && found.header().entry_type().is_file() {
            let what = format!("{} in {}", member, archive.display());
            let mut quiet = |_: Transferred<'_>| std::ops::ControlFlow::Continue(());
            let done = write_checked(found, archive, &what, entry, destination, &mut quiet);
            return done.map(|()| true).map_err(|error| match error {
                FetchError::Io { source, .. } => cancelled_or(&watched, source, damaged),
                other => other,
            });
        }
    }
    Ok(false)
}

fn cancelled_or<R: Read>(
    watched: &std::cell::RefCell<Watched<'_, '_, R>>,
    error: io::Error,
    otherwise: impl FnOnce(io::Error) -> FetchError,
) -> FetchError {
    if watched.borrow().cancelled { FetchError::Cancelled } else { otherwise(error) }
}

/// Reports what passes through.
struct Watched<'a, 'r, R> {
    inner: R,
    done: u64,
    cancelled: bool,
    id: &'a str,
    reporter: &'a mut Reporter<'r>,
}

struct Shared<'a, 'b, 'r, R>(&'a std::cell::RefCell<Watched<'b, 'r, R>>);

impl<R: Read> Read for Shared<'_, '_, '_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut watched = self.0.borrow_mut();
        let watched = &mut *watched;
        let count = watched.inner.read(buffer)?;
        watched.done = watched.done.saturating_add(count as u64);
        let report = Transferred { id: watched.id, stage: "unpack", done: watched.done, total: None };
        if (watched.reporter)(report).is_break() {
            watched.cancelled = true;
            return Err(io::Error::other("cancelled"));
        }
        Ok(count)
    }
}

fn from_zip(
    archive: &Path,
    file: impl Read + io::Seek,
    member: &str,
    entry: &Entry,
    destination: &Path,
    reporter: &mut Reporter<'_>,
) -> Result<bool, FetchError> {
    let damaged =
        |error: zip::result::ZipError| FetchError::Archive { archive: archive.to_owned(), message: error.to_string() };
    let mut zip = zip::ZipArchive::new(file).map_err(damaged)?;
    let found = match zip.by_name(member) {
        Ok(found) if found.is_file() => found,
        Ok(_) | Err(zip::result::ZipError::FileNotFound) => return Ok(false),
        Err(error) => return Err(damaged(error)),
    };
    let what = format!("{} in {}", member, archive.display());
    write_checked(found, archive, &what, entry, destination, reporter).map(|()| true)
}

/// Copies at most the stated bytes beside `destination`, checks size and sha256, renames.
fn write_checked(
    from: impl Read,
    path: &Path,
    what: &str,
    entry: &Entry,
    destination: &Path,
    reporter: &mut Reporter<'_>,
) -> Result<(), FetchError> {
    let unchecked = unchecked_name(destination);
    let result = copy(from, path, what, entry, &unchecked, reporter)
        .and_then(|()| fs::rename(&unchecked, destination).map_err(|source| FetchError::io(destination, source)));
    if result.is_err() {
        let _ = fs::remove_file(&unchecked);
    }
    result
}

fn unchecked_name(destination: &Path) -> PathBuf {
    let mut name = destination.as_os_str().to_owned();
    name.push(".unchecked");
    PathBuf::from(name)
}

fn copy(
    mut from: impl Read,
    path: &Path,
    what: &str,
    entry: &Entry,
    to: &Path,
    reporter: &mut Reporter<'_>,
) -> Result<(), FetchError> {
    let mut file = File::create(to).map_err(|source| FetchError::io(to, source))?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; CHUNK];
    let mut done = 0;
    loop {
        let count = from.read(&mut buffer).map_err(|source| FetchError::io(path, source))?;
        done += count as u64;
        if done > entry.size || (count == 0 && done < entry.size) {
            return Err(FetchError::Size { what: what.to_owned(), actual: done, expected: entry.size });
        }
        if count == 0 {
            break;
        }
        hash.update(&buffer[..count]);
        file.write_all(&buffer[..count]).map_err(|source| FetchError::io(to, source))?;
        let report = Transferred { id: &entry.id, stage: "unpack", done, total: Some(entry.size) };
        if reporter(report).is_break() {
            return Err(FetchError::Cancelled);
        }
    }
    file.sync_all().map_err(|source| FetchError::io(to, source))?;
    let actual = Sha256Hex::from_digest(&hash.finalize());
    if actual == entry.sha256 {
        return Ok(());
    }
    Err(FetchError::Sha256 { what: what.to_owned(), actual, expected: entry.sha256.clone() })
}
