//! Threads that share the tasks of one operator.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use danqing_capability::CancelToken;

use crate::Error;

/// One operator's work: runs the task of an index.
type Task<'a> = dyn Fn(usize) -> Result<(), Error> + Sync + 'a;

/// Persistent workers; the calling thread works too.
///
/// Tasks are taken from a counter, so who runs a task is open; what a task computes is not.
#[derive(Debug)]
pub(crate) struct Pool {
    board: Arc<Board>,
    workers: Vec<JoinHandle<()>>,
    /// Held by the one caller whose batch is on the board.
    submission: Mutex<()>,
}

#[derive(Debug, Default)]
struct Board {
    state: Mutex<State>,
    /// A batch was posted, or the pool closes.
    posted: Condvar,
    /// A worker left the batch.
    left: Condvar,
}

#[derive(Debug, Default)]
struct State {
    batch: Option<BatchPointer>,
    /// Number of the batch, so that a worker joins each once.
    round: u64,
    /// Workers inside the batch.
    inside: usize,
    closing: bool,
}

/// The batch on its caller's stack; valid while posted or while a worker is inside.
#[derive(Clone, Copy, Debug)]
struct BatchPointer(*const Batch<'static>);

// SAFETY: `Batch` is `Sync`; the pointer is followed only under the protocol of `Pool::share`.
unsafe impl Send for BatchPointer {}

struct Batch<'a> {
    task: &'a Task<'a>,
    cancel: &'a CancelToken,
    tasks: usize,
    next: AtomicUsize,
    failure: Mutex<Option<Error>>,
}

impl Pool {
    /// `threads` counts the caller: one worker fewer is started.
    pub(crate) fn new(threads: usize) -> Result<Self, Error> {
        let board = Arc::<Board>::default();
        let mut pool = Self { board, workers: Vec::new(), submission: Mutex::default() };
        for index in 1..threads {
            let board = Arc::clone(&pool.board);
            let name = format!("danqing-nn {index}");
            let started = std::thread::Builder::new().name(name).spawn(move || board.work());
            pool.workers.push(started.map_err(|e| Error::Threads { asked: threads, reason: e.to_string() })?);
        }
        Ok(pool)
    }

    pub(crate) fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Runs every task once, or stops at the first error; a panic becomes [`Error::Worker`].
    pub(crate) fn run(&self, tasks: usize, cancel: &CancelToken, task: &Task<'_>) -> Result<(), Error> {
        cancel.check()?;
        let batch = Batch { task, cancel, tasks, next: AtomicUsize::new(0), failure: Mutex::default() };
        // A busy pool (another thread's operator, or an operator inside a task) does not wait: no deadlock.
        let submission = if tasks > 1 && !self.workers.is_empty() { self.submission.try_lock().ok() } else { None };
        match submission {
            Some(_guard) => self.share(&batch),
            None => batch.work(),
        }
        batch.failure.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
    }

    /// Posts the batch, works on it, and returns when nobody can see it any more.
    fn share(&self, batch: &Batch<'_>) {
        let mut state = self.board.lock();
        state.batch = Some(BatchPointer(std::ptr::from_ref(batch).cast()));
        state.round += 1;
        drop(state);
        self.board.posted.notify_all();
        batch.work();
        let mut state = self.board.lock();
        state.batch = None;
        while state.inside > 0 {
            state = self.board.left.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.board.lock().closing = true;
        self.board.posted.notify_all();
        for worker in self.workers.drain(..) {
            // A worker catches every panic of its tasks; there is nothing else to report.
            let _ = worker.join();
        }
    }
}

impl Board {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A worker's life.
    fn work(&self) {
        let mut seen = 0;
        let mut state = self.lock();
        while !state.closing {
            match state.batch {
                Some(batch) if state.round != seen => {
                    seen = state.round;
                    state.inside += 1;
                    drop(state);
                    // SAFETY: the batch was posted while we held the lock and counted ourselves inside; `Pool::share`
                    // keeps it alive until it is taken down and nobody is inside.
                    unsafe { &*batch.0 }.work();
                    state = self.lock();
                    state.inside -= 1;
                    self.left.notify_all();
                }
                _ => state = self.posted.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}

impl Batch<'_> {
    /// Takes tasks until none is left or one failed; never panics.
    fn work(&self) {
        loop {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            if index >= self.tasks {
                return;
            }
            if let Err(error) = self.attempt(index) {
                self.next.store(self.tasks, Ordering::Relaxed);
                self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                return;
            }
        }
    }

    fn attempt(&self, index: usize) -> Result<(), Error> {
        self.cancel.check()?;
        catch_unwind(AssertUnwindSafe(|| (self.task)(index)))
            .unwrap_or_else(|panic| Err(Error::Worker { message: panic_message(panic.as_ref()) }))
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "panic without a message".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_runs_once() -> Result<(), Error> {
        for threads in [1, 2, 3, 8] {
            let pool = Pool::new(threads)?;
            // Miri takes a second for some tens.
            for tasks in [0, 1, 2, 7, if cfg!(miri) { 20 } else { 1000 }] {
                let counts: Vec<_> = (0..tasks).map(|_| AtomicUsize::new(0)).collect();
                pool.run(tasks, &CancelToken::default(), &|index| {
                    counts[index].fetch_add(1, Ordering::Relaxed);
                    Ok(())
                })?;
                assert!(counts.iter().all(|count| count.load(Ordering::Relaxed) == 1));
            }
        }
        Ok(())
    }

    #[test]
    fn a_panic_is_an_error_and_the_pool_goes_on() -> Result<(), Error> {
        let pool = Pool::new(3)?;
        let failed = pool.run(100, &CancelToken::default(), &|index| {
            assert!(index != 17, "seventeen");
            Ok(())
        });
        assert_eq!(failed, Err(Error::Worker { message: "seventeen".into() }));
        pool.run(100, &CancelToken::default(), &|_| Ok(()))
    }

    #[test]
    fn operators_inside_tasks_and_beside_each_other_do_not_deadlock() -> Result<(), Error> {
        let pool = Pool::new(2)?;
        let inner = AtomicUsize::new(0);
        let cancel = CancelToken::default();
        let outer = |_| {
            pool.run(10, &cancel, &|_| {
                inner.fetch_add(1, Ordering::Relaxed);
                Ok(())
            })
        };
        std::thread::scope(|scope| {
            let beside = scope.spawn(|| pool.run(50, &cancel, &outer));
            pool.run(50, &cancel, &outer)?;
            beside.join().unwrap_or(Ok(()))
        })?;
        assert_eq!(inner.load(Ordering::Relaxed), 1000);
        Ok(())
    }

    #[test]
    fn cancelled_work_stops() -> Result<(), Error> {
        let pool = Pool::new(2)?;
        let cancel = CancelToken::default();
        let done = AtomicUsize::new(0);
        let stopped = pool.run(1000, &cancel, &|_| {
            done.fetch_add(1, Ordering::Relaxed);
            cancel.cancel();
            Ok(())
        });
        assert_eq!(stopped, Err(Error::Cancelled(danqing_capability::Cancelled)));
        assert!(done.load(Ordering::Relaxed) <= 2);
        Ok(())
    }
}
