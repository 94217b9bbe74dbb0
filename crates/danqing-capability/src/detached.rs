//! Work that can't look at a token, given up when the run is cancelled.

use std::panic::resume_unwind;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::{CancelToken, Cancelled};

/// How often the token is looked at; far below the 200 ms that a cancel may take.
const INTERVAL: Duration = Duration::from_millis(5);

impl CancelToken {
    /// What `work` gives, or [`Cancelled`] as soon as the run is. For calls into other people's code that offer no way to
    /// stop them (codecs, a read that waits): it runs on a thread of its own, and that thread is left to itself when the
    /// run is cancelled. `work` must therefore own what it needs, touch nothing that others see, and end some day.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn detached<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Cancelled> {
        self.check()?;
        let (sender, receiver) = channel();
        let shared = Arc::new(Mutex::new(Some(work)));
        let taken = Arc::clone(&shared);
        let take = |from: &Mutex<Option<_>>| from.lock().unwrap_or_else(PoisonError::into_inner).take();
        let started = thread::Builder::new().spawn(move || {
            // Nobody listens any more if the run was cancelled.
            take(&taken).map(|work: _| drop(sender.send(work())))
        });
        let Ok(worker) = started else {
            return take(&shared).map_or(Err(Cancelled), |work| Ok(work())); // no thread to be had: here, then
        };
        loop {
            match receiver.recv_timeout(INTERVAL) {
                Ok(made) => return Ok(made),
                Err(RecvTimeoutError::Timeout) => self.check()?,
                Err(RecvTimeoutError::Disconnected) => {
                    return worker.join().map_or_else(|panic| resume_unwind(panic), |_| Err(Cancelled));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn the_result_comes_back() {
        assert_eq!(CancelToken::default().detached(|| 6 * 7), Ok(42));
    }

    #[test]
    fn work_without_end_is_given_up() {
        let (release, wait) = channel::<()>();
        let token = CancelToken::default();
        let inside = token.clone();
        let made = token.detached(move || {
            inside.cancel();
            wait.recv()
        });
        assert_eq!(made, Err(Cancelled), "the work still waits");
        drop(release);
    }

    #[test]
    fn a_cancelled_run_begins_nothing() {
        let token = CancelToken::default();
        token.cancel();
        assert_eq!(token.detached(|| panic!("begun")), Err::<(), _>(Cancelled));
    }
}
