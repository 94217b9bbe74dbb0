//! One process at a time. The lock is the system's own on an open file, so a killed process leaves none behind.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::Path;
use std::time::Duration;

use crate::class::{Reporter, Transferred};
use crate::fetch::FetchError;

const TICK: Duration = Duration::from_millis(100);

/// Held until dropped. The file stays: deleting it would let two processes lock two files of one name.
pub(crate) struct Lock {
    _file: File,
}

/// Waits for the lock, reporting stage `wait`.
pub(crate) fn exclusive(path: &Path, id: &str, reporter: &mut Reporter<'_>) -> Result<Lock, FetchError> {
    let io = |source| FetchError::io(path, source);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(io)?;
    }
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(path).map_err(io)?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Lock { _file: file }),
            Err(TryLockError::Error(source)) => return Err(io(source)),
            Err(TryLockError::WouldBlock) => {}
        }
        if reporter(Transferred { id, stage: "wait", done: 0, total: None }).is_break() {
            return Err(FetchError::Cancelled);
        }
        std::thread::sleep(TICK);
    }
}
