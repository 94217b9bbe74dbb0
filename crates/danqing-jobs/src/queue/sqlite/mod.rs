//! Jobs in one SQLite file: write-ahead log, synced at every commit, so that what was answered survives a crash.

mod boards;
mod jobs;
mod order;
mod purge;
mod rows;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use serde_json::Value;

use super::error::Error;
use super::record::{Board, Edit, Ending, Filter, JobRecord, Moment, QueueView, State};
use super::store::{Inserted, JobStore, NewJob};
use crate::Notice;
use crate::content::StoredFile;

/// Raised when tables change; a file with a higher number is refused.
const FORMAT: i64 = 1;

/// A [`JobStore`] in one file.
pub struct SqliteStore {
    /// The only one that writes.
    writer: Mutex<Connection>,
    /// Reads while the other one writes.
    reader: Mutex<Connection>,
}

impl SqliteStore {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub fn open(path: &Path) -> Result<Self, Error> {
        let writer = Connection::open(path).map_err(Error::read)?;
        prepare(&writer)?;
        writer.execute_batch(include_str!("schema.sql")).map_err(Error::written)?;
        let found: i64 = writer.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(Error::read)?;
        if found > FORMAT {
            let reason = format!("it has format {found}, this danqing knows up to {FORMAT}");
            return Err(Error::Storage { verb: "read", reason });
        }
        writer.pragma_update(None, "user_version", FORMAT).map_err(Error::written)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let reader = Connection::open_with_flags(path, flags).map_err(Error::read)?;
        reader.busy_timeout(std::time::Duration::from_secs(5)).map_err(Error::read)?;
        Ok(Self { writer: Mutex::new(writer), reader: Mutex::new(reader) })
    }

    fn reading(&self) -> MutexGuard<'_, Connection> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `work` as one step.
    fn writing<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T, Error>) -> Result<T, Error> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let step = writer.transaction_with_behavior(TransactionBehavior::Immediate).map_err(Error::written)?;
        let made = work(&step)?;
        step.commit().map_err(Error::written)?;
        Ok(made)
    }
}

fn prepare(connection: &Connection) -> Result<(), Error> {
    connection.busy_timeout(std::time::Duration::from_secs(5)).map_err(Error::read)?;
    connection.pragma_update(None, "journal_mode", "WAL").map_err(Error::written)?;
    connection.pragma_update(None, "synchronous", "FULL").map_err(Error::written)?;
    connection.pragma_update(None, "foreign_keys", true).map_err(Error::written)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

impl JobStore for SqliteStore {
    fn insert(&self, new: &NewJob) -> Result<(String, Inserted), Error> {
        self.writing(|step| jobs::insert(step, new))
    }

    fn get(&self, id: &str) -> Result<JobRecord, Error> {
        jobs::get(&self.reading(), id)
    }

    fn find(&self, filter: &Filter) -> Result<Vec<JobRecord>, Error> {
        jobs::find(&self.reading(), filter)
    }

    fn claim(&self, now: Moment) -> Result<Option<JobRecord>, Error> {
        self.writing(|step| jobs::claim(step, now))
    }

    fn resolved(&self, id: &str, params: &Value, warnings: &[Notice]) -> Result<(), Error> {
        self.writing(|step| jobs::resolved(step, id, params, warnings))
    }

    fn finish(&self, id: &str, ending: &Ending, warnings: &[Notice], now: Moment) -> Result<bool, Error> {
        self.writing(|step| jobs::finish(step, id, ending, warnings, now))
    }

    fn change(&self, id: &str, from: &[State], to: State, now: Moment) -> Result<bool, Error> {
        self.writing(|step| jobs::change(step, id, from, to, now))
    }

    fn edit(&self, id: &str, edit: &Edit) -> Result<(), Error> {
        self.writing(|step| jobs::edit(step, id, edit))
    }

    fn set_deleted(&self, id: &str, deleted: Option<Moment>) -> Result<(), Error> {
        self.writing(|step| jobs::set_deleted(step, id, deleted))
    }

    fn purge(&self, before: Moment) -> Result<usize, Error> {
        self.writing(|step| purge::purge(step, before))
    }

    fn reorder(&self, id: &str, before: Option<&str>) -> Result<(), Error> {
        self.writing(|step| order::reorder(step, id, before))
    }

    fn queue(&self) -> Result<QueueView, Error> {
        order::queue(&self.reading())
    }

    fn set_paused(&self, paused: bool) -> Result<(), Error> {
        self.writing(|step| order::set_paused(step, paused))
    }

    fn recover(&self, limit: u32, now: Moment) -> Result<usize, Error> {
        self.writing(|step| order::recover(step, limit, now))
    }

    fn counts(&self) -> Result<Vec<(State, usize)>, Error> {
        order::counts(&self.reading())
    }

    fn add_file(&self, file: &StoredFile, now: Moment) -> Result<(), Error> {
        self.writing(|step| boards::add_file(step, file, now))
    }

    fn file(&self, sha256: &str) -> Result<StoredFile, Error> {
        boards::file(&self.reading(), sha256)
    }

    fn boards(&self) -> Result<Vec<Board>, Error> {
        boards::all(&self.reading())
    }

    fn add_board(&self, id: &str, title: &str, now: Moment) -> Result<(), Error> {
        self.writing(|step| boards::add(step, id, title, now))
    }

    fn rename_board(&self, id: &str, title: &str) -> Result<(), Error> {
        self.writing(|step| boards::rename(step, id, title))
    }

    fn remove_board(&self, id: &str) -> Result<(), Error> {
        self.writing(|step| boards::remove(step, id))
    }
}
