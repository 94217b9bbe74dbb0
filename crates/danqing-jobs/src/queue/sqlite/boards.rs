//! Boards, and facts of the content store's files.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::rows::{changed, missing};
use crate::content::StoredFile;
use crate::queue::error::Error;
use crate::queue::record::{Board, Moment};

pub(super) fn add_file(step: &Transaction<'_>, file: &StoredFile, now: Moment) -> Result<(), Error> {
    let sql = "INSERT INTO file (sha256, name, media_type, width, height, bytes, recipe, created) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (sha256) DO UPDATE SET name = ?2, created = ?8";
    let values = params![
        file.sha256,
        file.name,
        file.media_type,
        file.width,
        file.height,
        i64::try_from(file.bytes).unwrap_or(i64::MAX),
        file.recipe,
        now
    ];
    step.execute(sql, values).map_err(Error::written)?;
    Ok(())
}

pub(super) fn file(connection: &Connection, sha256: &str) -> Result<StoredFile, Error> {
    let sql = "SELECT sha256, name, media_type, width, height, bytes, recipe FROM file WHERE sha256 = ?1";
    let mut statement = connection.prepare_cached(sql).map_err(Error::read)?;
    let found = statement.query_row([sha256], |row| {
        Ok(StoredFile {
            sha256: row.get(0)?,
            name: row.get(1)?,
            media_type: row.get(2)?,
            width: row.get(3)?,
            height: row.get(4)?,
            bytes: row.get::<_, i64>(5)?.unsigned_abs(),
            recipe: row.get(6)?,
        })
    });
    found.optional().map_err(Error::read)?.ok_or_else(|| missing("file", sha256))
}

pub(super) fn all(connection: &Connection) -> Result<Vec<Board>, Error> {
    let sql = "SELECT id, title, (SELECT count(*) FROM job WHERE job.board = board.id AND deleted IS NULL) \
        FROM board ORDER BY title, id";
    let mut statement = connection.prepare_cached(sql).map_err(Error::read)?;
    let found = statement.query_map([], |row| Ok(Board { id: row.get(0)?, title: row.get(1)?, count: row.get(2)? }));
    found.map_err(Error::read)?.collect::<Result<_, _>>().map_err(Error::read)
}

pub(super) fn add(step: &Transaction<'_>, id: &str, title: &str, now: Moment) -> Result<(), Error> {
    let sql = "INSERT INTO board (id, title, created) VALUES (?1, ?2, ?3)";
    step.execute(sql, params![id, title, now]).map_err(Error::written)?;
    Ok(())
}

pub(super) fn rename(step: &Transaction<'_>, id: &str, title: &str) -> Result<(), Error> {
    let rows = step.execute("UPDATE board SET title = ?2 WHERE id = ?1", params![id, title]);
    changed(rows.map_err(Error::written)?, "board", id)
}

pub(super) fn remove(step: &Transaction<'_>, id: &str) -> Result<(), Error> {
    let rows = step.execute("DELETE FROM board WHERE id = ?1", [id]);
    changed(rows.map_err(Error::written)?, "board", id)
}
