//! The seam behind which jobs are kept: one file on one machine now, a database of many machines later.

use serde_json::Value;

use super::error::Error;
use super::record::{Board, Edit, Ending, Filter, JobRecord, Moment, QueueView, State};
use crate::Notice;
use crate::content::StoredFile;

/// A job that is not there yet.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// Everything that is known of it.
    pub record: JobRecord,
    /// Key by which the sender knows it, and what tells the same request from another one.
    pub key: Option<(String, String)>,
    /// At most so many may wait.
    pub limit: usize,
}

/// Whether a job was made, or was there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// It is new.
    Fresh,
    /// The same key made it before.
    Again,
}

/// Keeps jobs, files' facts and boards. Every call is one step that has happened wholly or not at all when it returns,
/// also after a crash of the process or the machine.
pub trait JobStore: Send + Sync {
    /// Adds a job at the end of the queue; with a key that is known, gives the id it made before.
    ///
    /// # Errors
    /// [`Error::KeyReused`], [`Error::Full`], [`Error::NotFound`] for its board, [`Error::Storage`].
    fn insert(&self, new: &NewJob) -> Result<(String, Inserted), Error>;

    /// A job by its id.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Storage`].
    fn get(&self, id: &str) -> Result<JobRecord, Error>;

    /// Jobs, newest first.
    ///
    /// # Errors
    /// [`Error::Storage`].
    fn find(&self, filter: &Filter) -> Result<Vec<JobRecord>, Error>;

    /// Takes the first job that waits, unless the queue is paused: it is running now, and nobody else gets it.
    ///
    /// # Errors
    /// [`Error::Storage`].
    fn claim(&self, now: Moment) -> Result<Option<JobRecord>, Error>;

    /// Notes what a running job means by its parameters.
    ///
    /// # Errors
    /// [`Error::Storage`].
    fn resolved(&self, id: &str, params: &Value, warnings: &[Notice]) -> Result<(), Error>;

    /// Ends the attempt of a running job; `false` if it was not running.
    ///
    /// # Errors
    /// [`Error::Storage`].
    fn finish(&self, id: &str, ending: &Ending, warnings: &[Notice], now: Moment) -> Result<bool, Error>;

    /// From one of these states into another; `false` if it is in none of them. One that is queued goes to the end.
    ///
    /// # Errors
    /// [`Error::Storage`].
    fn change(&self, id: &str, from: &[State], to: State, now: Moment) -> Result<bool, Error>;

    /// Changes what people say about a job.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the job or its board, [`Error::Storage`].
    fn edit(&self, id: &str, edit: &Edit) -> Result<(), Error>;

    /// Marks a job as deleted, or takes the mark away.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Storage`].
    fn set_deleted(&self, id: &str, deleted: Option<Moment>) -> Result<(), Error>;

    /// Takes jobs away that have ended and were deleted at `before` or earlier, and with them the facts of files that only
    /// they named and that nobody has sent since. Gives how many jobs there were.
    ///
    /// # Errors
    /// [`Error::Storage`].
    fn purge(&self, before: Moment) -> Result<usize, Error>;

    /// Puts a waiting job before another one, or at the end.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::WrongState`], [`Error::Storage`].
    fn reorder(&self, id: &str, before: Option<&str>) -> Result<(), Error>;

    /// The queue as a whole.
    ///
    /// # Errors
    /// [`Error::Storage`].
    fn queue(&self) -> Result<QueueView, Error>;

    /// Whether new jobs are begun.
    ///
    /// # Errors
    /// [`Error::Storage`].
    fn set_paused(&self, paused: bool) -> Result<(), Error>;

    /// Jobs that were running when the process before this one ended wait again, at their old places; those that were
    /// interrupted more often than `limit` have failed. Gives how many wait again.
    ///
    /// # Errors
    /// [`Error::Storage`].
    fn recover(&self, limit: u32, now: Moment) -> Result<usize, Error>;

    /// Jobs by state, deleted ones included.
    ///
    /// # Errors
    /// [`Error::Storage`].
    fn counts(&self) -> Result<Vec<(State, usize)>, Error>;

    /// Notes a file of the content store; one that is known keeps its facts and gets the new name and time.
    ///
    /// # Errors
    /// [`Error::Storage`].
    fn add_file(&self, file: &StoredFile, now: Moment) -> Result<(), Error>;

    /// A file of the content store.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Storage`].
    fn file(&self, sha256: &str) -> Result<StoredFile, Error>;

    /// Every board, by title.
    ///
    /// # Errors
    /// [`Error::Storage`].
    fn boards(&self) -> Result<Vec<Board>, Error>;

    /// A new board.
    ///
    /// # Errors
    /// [`Error::Storage`].
    fn add_board(&self, id: &str, title: &str, now: Moment) -> Result<(), Error>;

    /// Another title.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Storage`].
    fn rename_board(&self, id: &str, title: &str) -> Result<(), Error>;

    /// Takes a board away; its jobs stay.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Storage`].
    fn remove_board(&self, id: &str) -> Result<(), Error>;
}
