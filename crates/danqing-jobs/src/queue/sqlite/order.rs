//! The queue as a whole: order, pause, recovery.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::rows::{self, text};
use crate::queue::error::Error;
use crate::queue::record::{JobRecord, Moment, QueueView, State, StoredError};

const WAITING: &str = "SELECT id FROM job WHERE state = 'queued' ORDER BY priority DESC, place";

pub(super) fn queue(connection: &Connection) -> Result<QueueView, Error> {
    let running = "SELECT id FROM job WHERE state = 'running' ORDER BY started, seq";
    Ok(QueueView {
        paused: is_paused(connection)?,
        running: ids(connection, running)?,
        waiting: ids(connection, WAITING)?,
    })
}

fn ids(connection: &Connection, sql: &str) -> Result<Vec<String>, Error> {
    let mut statement = connection.prepare_cached(sql).map_err(Error::read)?;
    let found = statement.query_map([], |row| row.get(0)).map_err(Error::read)?;
    found.collect::<Result<_, _>>().map_err(Error::read)
}

pub(super) fn is_paused(connection: &Connection) -> Result<bool, Error> {
    let sql = "SELECT value FROM setting WHERE name = 'paused'";
    let value: Option<String> = connection.query_row(sql, [], |row| row.get(0)).optional().map_err(Error::read)?;
    Ok(value.as_deref() == Some("true"))
}

pub(super) fn set_paused(step: &Transaction<'_>, paused: bool) -> Result<(), Error> {
    let sql = "INSERT INTO setting (name, value) VALUES ('paused', ?1) ON CONFLICT (name) DO UPDATE SET value = ?1";
    step.execute(sql, [paused.to_string()]).map_err(Error::written)?;
    Ok(())
}

/// Takes the priority of the one it goes before; at the end, the lowest.
pub(super) fn reorder(step: &Transaction<'_>, id: &str, before: Option<&str>) -> Result<(), Error> {
    let moved = waiting(step, id)?;
    if before == Some(id) {
        return Ok(());
    }
    let target = before.map(|before| waiting(step, before)).transpose()?;
    let mut order = ids(step, WAITING)?;
    order.retain(|one| *one != moved.id);
    let at = target.as_ref().and_then(|target| order.iter().position(|one| *one == target.id));
    order.insert(at.unwrap_or(order.len()), moved.id.clone());
    let lowest = "SELECT min(priority) FROM job WHERE state = 'queued'";
    let priority: i32 = match target {
        Some(target) => target.priority,
        None => step.query_row(lowest, [], |row| row.get(0)).map_err(Error::read)?,
    };
    step.execute("UPDATE job SET priority = ?2 WHERE id = ?1", params![id, priority]).map_err(Error::written)?;
    let mut places = step.prepare_cached("UPDATE job SET place = ?2 WHERE id = ?1").map_err(Error::written)?;
    let first = "SELECT min(place) FROM job WHERE state = 'queued'";
    let first: i64 = step.query_row(first, [], |row| row.get(0)).map_err(Error::read)?;
    for (place, one) in (first..).zip(&order) {
        places.execute(params![one, place]).map_err(Error::written)?;
    }
    Ok(())
}

fn waiting(step: &Transaction<'_>, id: &str) -> Result<JobRecord, Error> {
    let found = rows::one(step, id)?;
    match found.state {
        State::Queued => Ok(found),
        actual => Err(Error::wrong_state("move", actual, "queued")),
    }
}

pub(super) fn recover(step: &Transaction<'_>, limit: u32, now: Moment) -> Result<usize, Error> {
    let error = StoredError {
        code: "interrupted".to_owned(),
        message: format!("danqing ended {} times while this job ran", limit.saturating_add(1)),
        hint: Some("it may need more memory than there is; try a smaller picture".to_owned()),
    };
    let failed =
        "UPDATE job SET state = 'failed', finished = ?1, error = ?2 WHERE state = 'running' AND interruptions >= ?3";
    step.execute(failed, params![now, text(&error)?, limit]).map_err(Error::written)?;
    let again = "UPDATE job SET state = 'queued', interruptions = interruptions + 1 WHERE state = 'running'";
    step.execute(again, []).map_err(Error::written)
}

pub(super) fn counts(connection: &Connection) -> Result<Vec<(State, usize)>, Error> {
    let mut statement =
        connection.prepare_cached("SELECT state, count(*) FROM job GROUP BY state").map_err(Error::read)?;
    let found = statement.query_map([], |row| Ok((rows::state(row, 0)?, row.get(1)?))).map_err(Error::read)?;
    let found = found.collect::<Result<Vec<(State, usize)>, _>>().map_err(Error::read)?;
    let count = |state| found.iter().find(|(one, _)| *one == state).map_or(0, |(_, count)| *count);
    Ok(State::ALL.into_iter().map(|state| (state, count(state))).collect())
}
