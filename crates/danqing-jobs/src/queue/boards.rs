//! Boards: named collections of jobs.

use super::JobQueue;
use super::error::Error;
use super::record::{Board, now};
use super::submit::new_id;

impl JobQueue {
    /// Every board, by title.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub fn boards(&self) -> Result<Vec<Board>, Error> {
        self.store.boards()
    }

    /// A new, empty board.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub fn add_board(&self, title: &str) -> Result<Board, Error> {
        let board = Board { id: new_id(), title: title.to_owned(), count: 0 };
        self.store.add_board(&board.id, title, now())?;
        Ok(board)
    }

    /// Another title.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Storage`].
    pub fn rename_board(&self, id: &str, title: &str) -> Result<Board, Error> {
        self.store.rename_board(id, title)?;
        let found = self.boards()?.into_iter().find(|board| board.id == id);
        found.ok_or_else(|| Error::NotFound { what: "board", id: id.to_owned() })
    }

    /// Takes a board away; its jobs stay.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Storage`].
    pub fn remove_board(&self, id: &str) -> Result<(), Error> {
        self.store.remove_board(id)
    }
}
