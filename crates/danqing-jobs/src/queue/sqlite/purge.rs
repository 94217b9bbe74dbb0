//! What was deleted long ago, taken away for good.

use std::collections::HashSet;

use rusqlite::{Transaction, params};

use crate::queue::error::Error;
use crate::queue::record::Moment;

/// Jobs that go.
const GONE: &str = "deleted <= ?1 AND state IN ('done', 'failed', 'cancelled')";

pub(super) fn purge(step: &Transaction<'_>, before: Moment) -> Result<usize, Error> {
    let candidates = named(step, GONE, before)?;
    let sql = format!("DELETE FROM job WHERE {GONE}");
    let jobs = step.execute(&sql, [before]).map_err(Error::written)?;
    if jobs == 0 {
        return Ok(0);
    }
    let still = named(step, "?1 = ?1", before)?;
    let mut forget =
        step.prepare_cached("DELETE FROM file WHERE sha256 = ?1 AND created <= ?2").map_err(Error::written)?;
    for sha256 in candidates.difference(&still) {
        forget.execute(params![sha256, before]).map_err(Error::written)?;
    }
    Ok(jobs)
}

/// Every content that jobs name as input or output.
fn named(step: &Transaction<'_>, which: &str, before: Moment) -> Result<HashSet<String>, Error> {
    let from = |column: &str| {
        format!("SELECT part.atom FROM job, json_tree(job.{column}) AS part WHERE part.key = 'sha256' AND {which}")
    };
    let mut statement =
        step.prepare_cached(&format!("{} UNION {}", from("inputs"), from("outputs"))).map_err(Error::read)?;
    let found = statement.query_map([before], |row| row.get(0)).map_err(Error::read)?;
    found.collect::<Result<_, _>>().map_err(Error::read)
}
