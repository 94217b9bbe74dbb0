//! The studio's jobs: asked for, kept on the disk, run one after the other on each device, told about as they go.
//!
//! What [`JobQueue::submit`] has answered is not lost by a crash, and no job has its outputs twice: a job that was
//! running when the process ended runs again from its beginning, with the parameters that were meant the first time, and
//! its outputs are taken in one step. Files are known by their content, so the same bytes are one file.

mod boards;
mod check;
mod command_line;
mod control;
mod error;
mod events;
#[cfg(test)]
mod kill;
mod preview;
mod record;
mod running;
mod sqlite;
mod store;
mod submit;
mod sweep;
#[cfg(test)]
mod tests;
mod worker;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use danqing_capability::Failure;

pub use command_line::command_line;
pub use error::Error;
pub use events::{EventLog, Happening, Listener, QueueEvent};
pub use preview::RunPreview;
pub use record::{
    Board, Contents, Edit, Filter, JobRecord, Moment, ProgressView, QueueView, State, StoredError, StoredOutput,
    Submission, class_name,
};
pub use sqlite::SqliteStore;
pub use store::{Inserted, JobStore, NewJob};
pub use sweep::Swept;

use crate::Studio;
use crate::content::ContentStore;
use running::{Running, Stop};

/// What a queue may cost.
#[derive(Clone, Debug)]
pub struct QueueOptions {
    /// Folder of the queue; the studio's own if not given.
    pub folder: Option<PathBuf>,
    /// Jobs that may wait.
    pub waiting: usize,
    /// Pixels that a picture may have.
    pub pixels: u64,
    /// Bytes that a file may have.
    pub file_bytes: u64,
    /// Time that one job may take.
    pub job_time: Option<Duration>,
    /// How often a job is begun again after the process ended while it ran.
    pub interruptions: u32,
    /// Time after which what was deleted is removed for good.
    pub keep_deleted: Duration,
    /// Told about what nobody else hears of: a disk that says no while a worker works.
    pub complain: fn(&str),
    /// Told about what was done unasked.
    pub tell: fn(&str),
}

impl Default for QueueOptions {
    /// 1000 jobs, 100 megapixels, 256 MiB, no limit of time, three interruptions, 30 days.
    fn default() -> Self {
        Self {
            folder: None,
            waiting: 1000,
            pixels: 100_000_000,
            file_bytes: 256 << 20,
            job_time: None,
            interruptions: 3,
            keep_deleted: Duration::from_hours(30 * 24),
            complain: |_| (),
            tell: |_| (),
        }
    }
}

/// Jobs, their files, and the workers that run them.
pub struct JobQueue {
    studio: Arc<Studio>,
    store: Box<dyn JobStore>,
    content: ContentStore,
    /// Held to read while a content is taken in and noted, to write while contents are removed.
    contents: RwLock<()>,
    /// When the last sweep was.
    swept: Mutex<Option<Instant>>,
    events: EventLog,
    running: Running,
    options: QueueOptions,
    /// Counts reasons to look for work.
    wake: (Mutex<u64>, Condvar),
    closing: AtomicBool,
    workers: Mutex<Vec<std::thread::JoinHandle<()>>>,
    /// Held as long as the queue is: two processes would each take the other's jobs for interrupted ones.
    _lock: std::fs::File,
}

impl JobQueue {
    /// Opens the queue of a studio and starts its worker.
    ///
    /// # Errors
    /// [`Error::Locked`], what the disk says.
    pub fn open(studio: Arc<Studio>, options: QueueOptions) -> Result<Arc<Self>, Failure> {
        let folder = options.folder.clone().unwrap_or_else(|| studio.store_folder().join("studio"));
        std::fs::create_dir_all(&folder).map_err(Error::written)?;
        let lock = locked(&folder)?;
        let content = ContentStore::open(&folder, options.pixels, options.file_bytes)?;
        let store = Box::new(SqliteStore::open(&folder.join("jobs.sqlite"))?);
        store.recover(options.interruptions, record::now())?;
        let queue = Arc::new(Self {
            studio,
            store,
            content,
            contents: RwLock::default(),
            swept: Mutex::default(),
            events: EventLog::default(),
            running: Running::default(),
            options,
            wake: (Mutex::new(0), Condvar::new()),
            closing: AtomicBool::new(false),
            workers: Mutex::default(),
            _lock: lock,
        });
        let worker = queue.start(Arc::clone(&queue.studio)).map_err(Error::written)?;
        queue.workers.lock().unwrap_or_else(PoisonError::into_inner).push(worker);
        Ok(queue)
    }

    /// The installation that runs the jobs.
    #[must_use]
    pub fn studio(&self) -> &Studio {
        &self.studio
    }

    /// The files.
    #[must_use]
    pub fn content(&self) -> &ContentStore {
        &self.content
    }

    /// What happens.
    #[must_use]
    pub fn events(&self) -> &EventLog {
        &self.events
    }

    /// Limits.
    #[must_use]
    pub fn options(&self) -> &QueueOptions {
        &self.options
    }

    /// Stops the workers; what runs is queued again. Returns when they have ended.
    pub fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
        self.running.stop_all(Stop::Shutdown);
        self.look_for_work();
        let workers = std::mem::take(&mut *self.workers.lock().unwrap_or_else(PoisonError::into_inner));
        for worker in workers {
            if worker.join().is_err() {
                self.complain("a worker ended by a defect");
            }
        }
    }

    fn is_closing(&self) -> bool {
        self.closing.load(Ordering::SeqCst)
    }

    /// Wakes the workers.
    fn look_for_work(&self) {
        *self.wake.0.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.wake.1.notify_all();
    }

    /// Sleeps until somebody says that there may be work.
    fn wait_for_work(&self) {
        let mut reasons = self.wake.0.lock().unwrap_or_else(PoisonError::into_inner);
        if *reasons == 0 && !self.is_closing() {
            let waited = self.wake.1.wait_timeout(reasons, Duration::from_secs(1));
            reasons = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        *reasons = 0;
    }

    fn complain(&self, what: &str) {
        (self.options.complain)(what);
    }

    fn publish_job(&self, id: &str) {
        match self.get(id) {
            Ok(job) => self.events.publish(Happening::Job(Box::new(job))),
            Err(error) => self.complain(&format!("job {id}: {error}")),
        }
    }

    fn publish_queue(&self) {
        match self.store.queue() {
            Ok(queue) => self.events.publish(Happening::Queue(queue)),
            Err(error) => self.complain(&format!("queue: {error}")),
        }
    }
}

fn locked(folder: &std::path::Path) -> Result<std::fs::File, Error> {
    let path = folder.join("lock");
    let file = std::fs::OpenOptions::new().create(true).truncate(false).write(true).open(path);
    let file = file.map_err(Error::written)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(Error::Locked),
        Err(std::fs::TryLockError::Error(error)) => Err(Error::written(error)),
    }
}
