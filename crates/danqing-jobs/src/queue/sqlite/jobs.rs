//! One job: made, found, taken, ended, changed.

use std::fmt::Write as _;

use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension, Transaction, params, params_from_iter};
use serde_json::Value;

use super::rows::{self, COLUMNS, changed, missing, text};
use crate::Notice;
use crate::queue::error::Error;
use crate::queue::record::{Edit, Ending, Filter, JobRecord, Moment, State};
use crate::queue::store::{Inserted, NewJob};

pub(super) fn insert(step: &Transaction<'_>, new: &NewJob) -> Result<(String, Inserted), Error> {
    if let Some((key, fingerprint)) = &new.key {
        let sql = "SELECT id, fingerprint FROM job WHERE key = ?1";
        let known = step.query_row(sql, [key], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)));
        match known.optional().map_err(Error::read)? {
            Some((id, same)) if same == *fingerprint => return Ok((id, Inserted::Again)),
            Some(_) => return Err(Error::KeyReused),
            None => {}
        }
    }
    let waiting = "SELECT count(*) FROM job WHERE state IN ('queued', 'paused')";
    let actual: usize = step.query_row(waiting, [], |row| row.get(0)).map_err(Error::read)?;
    if actual >= new.limit {
        return Err(Error::Full { actual, limit: new.limit });
    }
    let job = &new.record;
    refuse_unknown_board(step, job.board.as_deref())?;
    let (key, fingerprint) = new.key.clone().unzip();
    let sql = "INSERT INTO job (id, capability, state, priority, place, created, params, inputs, encoding, board, title, \
        warnings, key, fingerprint, words) VALUES (?1, ?2, 'queued', ?3, (SELECT coalesce(max(place), 0) + 1 FROM job), \
        ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
    let values = params![
        job.id,
        job.capability,
        job.priority,
        job.created,
        text(&job.params)?,
        text(&job.inputs)?,
        text(&job.encoding)?,
        job.board,
        job.title,
        text(&job.warnings)?,
        key,
        fingerprint,
        words(job),
    ];
    step.execute(sql, values).map_err(Error::written)?;
    Ok((job.id.clone(), Inserted::Fresh))
}

/// What a search looks through: capability, texts among the parameters, names of the inputs.
fn words(job: &JobRecord) -> String {
    let mut words = job.capability.clone();
    for value in job.params.values().filter_map(Value::as_str) {
        let _ = write!(words, "\n{value}");
    }
    for file in job.inputs.values().flatten() {
        let _ = write!(words, "\n{}", file.name);
    }
    words.to_lowercase()
}

fn refuse_unknown_board(step: &Transaction<'_>, board: Option<&str>) -> Result<(), Error> {
    let Some(id) = board else { return Ok(()) };
    let known = step.query_row("SELECT 1 FROM board WHERE id = ?1", [id], |_| Ok(())).optional();
    known.map_err(Error::read)?.ok_or_else(|| missing("board", id))
}

pub(super) fn get(connection: &Connection, id: &str) -> Result<JobRecord, Error> {
    rows::one(connection, id)
}

pub(super) fn find(connection: &Connection, filter: &Filter) -> Result<Vec<JobRecord>, Error> {
    let mut sql = format!("SELECT {COLUMNS} FROM job WHERE (deleted IS NOT NULL) = ?");
    let mut values = vec![Sql::from(filter.deleted)];
    if !filter.states.is_empty() {
        let marks = vec!["?"; filter.states.len()].join(", ");
        let _ = write!(sql, " AND state IN ({marks})");
        values.extend(filter.states.iter().map(|state| Sql::from(state.name().to_owned())));
    }
    let mut narrow = |condition: &str, value: Option<Sql>| {
        if let Some(value) = value {
            sql.push_str(condition);
            values.push(value);
        }
    };
    narrow(" AND capability = ?", filter.capability.clone().map(Sql::from));
    narrow(" AND board = ?", filter.board.clone().map(Sql::from));
    narrow(" AND favourite = ?", filter.favourite.map(Sql::from));
    let before = filter.before.clone().map(Sql::from);
    narrow(" AND seq < coalesce((SELECT seq FROM job AS cut WHERE cut.id = ?), 0)", before);
    for word in filter.search.as_deref().unwrap_or_default().split_whitespace() {
        let condition = " AND words || char(10) || coalesce(lower(title), '') LIKE ? ESCAPE '\\'";
        narrow(condition, Some(Sql::from(pattern(word))));
    }
    sql.push_str(" ORDER BY seq DESC LIMIT ?");
    values.push(Sql::from(i64::try_from(filter.limit).unwrap_or(i64::MAX)));
    let mut statement = connection.prepare_cached(&sql).map_err(Error::read)?;
    let found = statement.query_map(params_from_iter(values), rows::record).map_err(Error::read)?;
    found.collect::<Result<_, _>>().map_err(Error::read)
}

/// `%word%` with the signs that mean something to LIKE taken literally.
fn pattern(word: &str) -> String {
    let mut pattern = String::from("%");
    for sign in word.to_lowercase().chars() {
        if matches!(sign, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(sign);
    }
    pattern.push('%');
    pattern
}

pub(super) fn claim(step: &Transaction<'_>, now: Moment) -> Result<Option<JobRecord>, Error> {
    if super::order::is_paused(step)? {
        return Ok(None);
    }
    let sql = "UPDATE job SET state = 'running', started = ?1, finished = NULL, error = NULL, attempts = attempts + 1 \
        WHERE seq = (SELECT seq FROM job WHERE state = 'queued' ORDER BY priority DESC, place LIMIT 1) RETURNING id";
    let id: Option<String> = step.query_row(sql, [now], |row| row.get(0)).optional().map_err(Error::written)?;
    id.map(|id| rows::one(step, &id)).transpose()
}

pub(super) fn resolved(step: &Transaction<'_>, id: &str, params: &Value, warnings: &[Notice]) -> Result<(), Error> {
    let sql = "UPDATE job SET resolved = ?2, warnings = ?3 WHERE id = ?1 AND state = 'running'";
    step.execute(sql, params![id, text(params)?, text(&warnings)?]).map_err(Error::written)?;
    Ok(())
}

pub(super) fn finish(
    step: &Transaction<'_>,
    id: &str,
    ending: &Ending,
    warnings: &[Notice],
    now: Moment,
) -> Result<bool, Error> {
    let empty = Vec::new();
    let (outputs, error) = match ending {
        Ending::Done(outputs) => (outputs, None),
        Ending::Failed(error) => (&empty, Some(text(error)?)),
        _ => (&empty, None),
    };
    for output in outputs {
        super::boards::add_file(step, &output.file, now)?;
    }
    let state = ending.state();
    let finished = state.is_final().then_some(now);
    // What was meant is kept for a job that goes on later; so are its warnings.
    let sql = "UPDATE job SET state = ?2, finished = ?3, outputs = ?4, error = ?5, warnings = ?6, interruptions = 0 \
        WHERE id = ?1 AND state = 'running'";
    let values = params![id, state.name(), finished, text(outputs)?, error, text(&warnings)?];
    Ok(step.execute(sql, values).map_err(Error::written)? > 0)
}

pub(super) fn change(step: &Transaction<'_>, id: &str, from: &[State], to: State, now: Moment) -> Result<bool, Error> {
    let found = rows::one(step, id)?;
    if !from.contains(&found.state) {
        return Ok(false);
    }
    let finished = if to.is_final() { Some(now) } else { None };
    let sql = "UPDATE job SET state = ?2, finished = ?3, error = NULL, interruptions = 0, place = CASE WHEN ?2 = \
        'queued' THEN (SELECT coalesce(max(place), 0) + 1 FROM job) ELSE place END WHERE id = ?1";
    step.execute(sql, params![id, to.name(), finished]).map_err(Error::written)?;
    Ok(true)
}

pub(super) fn edit(step: &Transaction<'_>, id: &str, edit: &Edit) -> Result<(), Error> {
    rows::one(step, id)?;
    let set = |sql: &str, value: Option<Sql>| match value {
        Some(value) => step.execute(sql, params![id, value]).map(|_| ()).map_err(Error::written),
        None => Ok(()),
    };
    let optional = |value: &Option<Option<String>>| value.clone().map(Sql::from);
    if let Some(board) = &edit.board {
        refuse_unknown_board(step, board.as_deref())?;
    }
    set("UPDATE job SET priority = ?2 WHERE id = ?1", edit.priority.map(Sql::from))?;
    set("UPDATE job SET favourite = ?2 WHERE id = ?1", edit.favourite.map(Sql::from))?;
    set("UPDATE job SET board = ?2 WHERE id = ?1", optional(&edit.board))?;
    set("UPDATE job SET title = ?2 WHERE id = ?1", optional(&edit.title))
}

pub(super) fn set_deleted(step: &Transaction<'_>, id: &str, deleted: Option<Moment>) -> Result<(), Error> {
    let rows = step.execute("UPDATE job SET deleted = ?2 WHERE id = ?1", params![id, deleted]);
    changed(rows.map_err(Error::written)?, "job", id)
}
