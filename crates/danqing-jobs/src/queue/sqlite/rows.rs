//! Rows ↔ records.

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::queue::error::Error;
use crate::queue::record::{JobRecord, State};

/// Columns in the order in which [`record`] reads them.
pub(super) const COLUMNS: &str = "id, capability, state, priority, created, started, finished, params, resolved, \
    inputs, encoding, outputs, warnings, error, favourite, board, title, deleted, attempts, \
    CASE state WHEN 'queued' THEN (SELECT count(*) FROM job AS other WHERE other.state = 'queued' \
    AND (other.priority > job.priority OR (other.priority = job.priority AND other.place < job.place))) END";

pub(super) fn record(row: &Row<'_>) -> rusqlite::Result<JobRecord> {
    Ok(JobRecord {
        id: row.get(0)?,
        capability: row.get(1)?,
        state: state(row, 2)?,
        priority: row.get(3)?,
        created: row.get(4)?,
        started: row.get(5)?,
        finished: row.get(6)?,
        params: json(row, 7)?.unwrap_or_default(),
        resolved: json(row, 8)?,
        inputs: json(row, 9)?.unwrap_or_default(),
        encoding: json(row, 10)?.unwrap_or_default(),
        outputs: json(row, 11)?.unwrap_or_default(),
        warnings: json(row, 12)?.unwrap_or_default(),
        error: json(row, 13)?,
        favourite: row.get(14)?,
        board: row.get(15)?,
        title: row.get(16)?,
        deleted: row.get(17)?,
        attempts: row.get(18)?,
        position: row.get::<_, Option<i64>>(19)?.and_then(|n| usize::try_from(n).ok()),
    })
}

pub(super) fn state(row: &Row<'_>, at: usize) -> rusqlite::Result<State> {
    let name: String = row.get(at)?;
    State::named(&name).ok_or_else(|| {
        let what = format!("unknown state {name:?}");
        rusqlite::Error::FromSqlConversionFailure(at, rusqlite::types::Type::Text, what.into())
    })
}

fn json<T: DeserializeOwned>(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<T>> {
    let text: Option<String> = row.get(at)?;
    let parsed = text.map(|text| serde_json::from_str(&text)).transpose();
    parsed.map_err(|e| rusqlite::Error::FromSqlConversionFailure(at, rusqlite::types::Type::Text, Box::new(e)))
}

/// Plain data as JSON text.
pub(super) fn text(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(Error::written)
}

pub(super) fn one(connection: &Connection, id: &str) -> Result<JobRecord, Error> {
    let sql = format!("SELECT {COLUMNS} FROM job WHERE id = ?1");
    let mut statement = connection.prepare_cached(&sql).map_err(Error::read)?;
    let found = statement.query_row(params![id], record).optional().map_err(Error::read)?;
    found.ok_or_else(|| missing("job", id))
}

pub(super) fn missing(what: &'static str, id: &str) -> Error {
    Error::NotFound { what, id: id.to_owned() }
}

/// Refuses an id that changed no row.
pub(super) fn changed(rows: usize, what: &'static str, id: &str) -> Result<(), Error> {
    if rows == 0 { Err(missing(what, id)) } else { Ok(()) }
}
