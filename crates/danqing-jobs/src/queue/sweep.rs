//! What was deleted is taken away for good after a while: its jobs, and the files that no other job names.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use danqing_capability::Failure;

use super::record::now;
use super::{Error, JobQueue};

/// Time from one sweep to the next.
const BETWEEN: Duration = Duration::from_hours(24);
/// Files that are removed while nobody else may take one in.
const AT_ONCE: usize = 64;

/// What a sweep took away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Jobs.
    pub jobs: usize,
    /// Files, also those that a crash left behind without anybody knowing them.
    pub files: usize,
}

impl JobQueue {
    /// Takes jobs away that were deleted at least so long ago, and contents that nobody knows any more. What another job
    /// names stays; so does what was sent and never named by a job.
    ///
    /// # Errors
    /// What the disk says.
    pub fn sweep(&self, age: Duration) -> Result<Swept, Failure> {
        let before = now().saturating_sub(i64::try_from(age.as_millis()).unwrap_or(i64::MAX));
        let jobs = {
            let _alone = self.contents.write().unwrap_or_else(PoisonError::into_inner);
            self.store.purge(before)?
        };
        let mut files = 0;
        for some in self.content.all()?.chunks(AT_ONCE) {
            let _alone = self.contents.write().unwrap_or_else(PoisonError::into_inner);
            for sha256 in some {
                match self.store.file(sha256) {
                    Ok(_) => {}
                    Err(Error::NotFound { .. }) => {
                        self.content.remove(sha256)?;
                        files += 1;
                    }
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(Swept { jobs, files })
    }

    /// Sweeps at the start and then once a day.
    pub(super) fn sweep_in_time(&self) {
        let mut last = self.swept.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_some_and(|last| last.elapsed() < BETWEEN) {
            return;
        }
        *last = Some(Instant::now());
        drop(last);
        match self.sweep(self.options.keep_deleted) {
            Ok(Swept { jobs: 0, files: 0 }) => {}
            Ok(Swept { jobs, files }) => (self.options.tell)(&format!("{jobs} deleted jobs and {files} files removed")),
            Err(error) => self.complain(&format!("what was deleted can't be removed: {error}")),
        }
    }
}
