//! Whole files or nothing.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use danqing_capability::CancelToken;
use tempfile::{Builder, NamedTempFile};

use crate::Error;

/// Bytes written between two looks at the token.
const WRITTEN_AT_ONCE: usize = 1 << 20;

/// What to do when the file is there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overwrite {
    /// Leave it as it is and say so.
    #[default]
    Refuse,
    /// Put the new file in its place.
    Replace,
}

/// Writes a file so that at every moment the old file, the new file or none is there, never a part of it: into a
/// temporary file of the same folder, to the disk, then under its name in one step. With [`Overwrite::Refuse`] that
/// step fails if another program made the file meanwhile. On any error nothing is left behind.
///
/// A path that leads to something other than a file (a device, a pipe) is written to directly. Symbolic links are
/// followed. An existing file keeps its permissions.
///
/// # Errors
/// [`Error::Exists`], [`Error::DiskFull`] (also for quotas and file-size limits), [`Error::Missing`] if the folder does
/// not exist, [`Error::Cancelled`] up to the moment at which the file gets its name, else [`Error::Io`].
pub fn write_atomic(
    path: impl AsRef<Path>,
    bytes: &[u8],
    overwrite: Overwrite,
    cancel: &CancelToken,
) -> Result<(), Error> {
    let path = path.as_ref();
    let failed = |source| failure(path, source);
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => return Err(failed(io::ErrorKind::IsADirectory.into())),
        Ok(found) if !found.is_file() => return write_through(path, bytes, cancel),
        Ok(_) if overwrite == Overwrite::Refuse => return Err(Error::Exists { path: path.to_owned() }),
        Ok(found) => {
            let target = fs::canonicalize(path).map_err(failed)?;
            let temporary = written(&target, bytes, Some(found.permissions()), cancel)?;
            temporary.persist(&target).map_err(|e| failed(e.error))?;
        }
        Err(_) => {
            let temporary = written(path, bytes, None, cancel)?;
            match overwrite {
                Overwrite::Refuse => temporary.persist_noclobber(path).map_err(|e| failed(e.error))?,
                Overwrite::Replace => temporary.persist(path).map_err(|e| failed(e.error))?,
            };
        }
    }
    sync_folder(path);
    Ok(())
}

/// A temporary file beside `target` that holds the bytes on the disk; it vanishes when dropped.
fn written(
    target: &Path,
    bytes: &[u8],
    permissions: Option<fs::Permissions>,
    cancel: &CancelToken,
) -> Result<NamedTempFile, Error> {
    let failed = |source| failure(target, source);
    let mut builder = Builder::new();
    builder.prefix(".danqing-").suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut temporary = builder.tempfile_in(folder(target)).map_err(failed)?;
    write_pieces(&mut temporary, target, bytes, cancel)?;
    if let Some(permissions) = permissions {
        temporary.as_file().set_permissions(permissions).map_err(failed)?;
    }
    temporary.as_file().sync_all().map_err(failed)?;
    cancel.check()?;
    Ok(temporary)
}

fn write_through(path: &Path, bytes: &[u8], cancel: &CancelToken) -> Result<(), Error> {
    let failed = |source| failure(path, source);
    let mut file = fs::OpenOptions::new().write(true).open(path).map_err(failed)?;
    write_pieces(&mut file, path, bytes, cancel)?;
    file.flush().map_err(failed)
}

fn write_pieces(file: &mut impl Write, path: &Path, bytes: &[u8], cancel: &CancelToken) -> Result<(), Error> {
    for piece in bytes.chunks(WRITTEN_AT_ONCE) {
        cancel.check()?;
        file.write_all(piece).map_err(|source| failure(path, source))?;
    }
    Ok(())
}

fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Makes the new name last; file systems that can't are left alone, the bytes are safe already.
fn sync_folder(path: &Path) {
    if let Ok(folder) = File::open(folder(path)) {
        let _ = folder.sync_all();
    }
}

fn failure(path: &Path, source: io::Error) -> Error {
    let path = path.to_owned();
    match source.kind() {
        io::ErrorKind::AlreadyExists => Error::Exists { path },
        io::ErrorKind::NotFound => Error::Missing { path: folder(&path) },
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            Error::DiskFull { path }
        }
        _ => Error::Io { path, source },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("folder");
        entries.map(|e| e.expect("entry").file_name().into_string().expect("unicode")).collect()
    }

    #[test]
    fn an_existing_file_is_kept_unless_replaced() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("江雪 图🎨.png");
        write_atomic(&path, b"one", Overwrite::Refuse, &CancelToken::default()).expect("new");
        assert!(matches!(
            write_atomic(&path, b"two", Overwrite::Refuse, &CancelToken::default()),
            Err(Error::Exists { .. })
        ));
        assert_eq!(fs::read(&path).expect("there"), b"one");
        write_atomic(&path, b"two", Overwrite::Replace, &CancelToken::default()).expect("replaced");
        assert_eq!(fs::read(&path).expect("there"), b"two");
        assert_eq!(names(folder.path()), ["江雪 图🎨.png"]);
    }

    #[test]
    fn a_missing_folder_is_named() {
        let folder = tempfile::tempdir().expect("folder");
        let error = write_atomic(folder.path().join("没有/x.png"), b"x", Overwrite::Refuse, &CancelToken::default())
            .expect_err("no folder");
        assert!(matches!(&error, Error::Missing { path } if path.ends_with("没有")), "{error}");
    }

    #[test]
    fn a_cancelled_write_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().expect("folder");
        let (path, bytes) = (folder.path().join("a.png"), vec![7; 3 * WRITTEN_AT_ONCE]);
        for stop_at in 0..4 {
            fs::write(&path, b"old").expect("file");
            let checks = std::sync::atomic::AtomicUsize::new(0);
            let stop = move || checks.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == stop_at;
            let error = write_atomic(&path, &bytes, Overwrite::Replace, &CancelToken::watched(stop));
            assert!(matches!(error, Err(Error::Cancelled(_))), "check {stop_at}: {error:?}");
            assert_eq!(
                (fs::read(&path).expect("there"), names(folder.path())),
                (b"old".to_vec(), vec!["a.png".into()])
            );
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_lead_to_their_file_and_permissions_stay() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("folder");
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, b"old").expect("file");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).expect("mode");
        std::os::unix::fs::symlink(&file, &link).expect("link");
        write_atomic(&link, b"new", Overwrite::Replace, &CancelToken::default()).expect("replaced");
        assert!(fs::symlink_metadata(&link).expect("link").is_symlink());
        assert_eq!(fs::read(&file).expect("file"), b"new");
        assert_eq!(fs::metadata(&file).expect("file").permissions().mode() & 0o777, 0o640);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_said_and_nothing_stays() {
        let error =
            write_atomic("/dev/full", b"x", Overwrite::Refuse, &CancelToken::default()).expect_err("always full");
        assert!(matches!(error, Error::DiskFull { .. }), "{error}");
    }
}
