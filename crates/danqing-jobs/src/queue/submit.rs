//! From what was asked for to a job that waits: what can be refused without looking at pixels is refused here.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use danqing_capability::{CancelToken, Failure};
use danqing_weights::Sha256Hex;

use super::error::Error;
use super::record::{JobRecord, State, Submission, now};
use super::store::{Inserted, NewJob};
use super::{JobQueue, check};
use crate::content::{Incoming, StoredFile, clean_name};
use crate::files;

/// Longest idempotency key.
const KEY_LENGTH: usize = 200;
/// Longest title.
pub(super) const TITLE_LENGTH: usize = 200;

/// A name that sorts by the time at which it was made.
pub(super) fn new_id() -> String {
    uuid::Uuid::now_v7().simple().to_string()
}

impl JobQueue {
    /// Adds a job; with a key that is known, gives the job it made before.
    ///
    /// # Errors
    /// [`Error::Field`] and [`Error::Refused`] for what is wrong with it, [`Error::KeyReused`], [`Error::Full`],
    /// [`Error::NotFound`] for a file or board, [`Error::Storage`].
    pub fn submit(&self, submission: &Submission, key: Option<&str>) -> Result<(JobRecord, Inserted), Error> {
        let fingerprint = fingerprint(submission)?;
        let _known = self.contents.read().unwrap_or_else(PoisonError::into_inner);
        let inputs = self.inputs(submission)?;
        check::check(&self.studio, submission, &inputs)?;
        let record = JobRecord {
            id: new_id(),
            capability: submission.capability.clone(),
            state: State::Queued,
            priority: submission.priority,
            position: None,
            created: now(),
            started: None,
            finished: None,
            params: submission.params.clone(),
            resolved: None,
            inputs,
            encoding: submission.encoding.clone(),
            outputs: Vec::new(),
            warnings: Vec::new(),
            error: None,
            favourite: false,
            board: submission.board.clone(),
            title: submission.title.as_deref().map(str::trim).filter(|title| !title.is_empty()).map(str::to_owned),
            deleted: None,
            attempts: 0,
        };
        let key = key.map(|key| Ok::<_, Error>((checked_key(key)?, fingerprint))).transpose()?;
        let (id, inserted) = self.store.insert(&NewJob { record, key, limit: self.options.waiting })?;
        if inserted == Inserted::Fresh {
            self.look_for_work();
            self.publish_job(&id);
            self.publish_queue();
        }
        Ok((self.get(&id)?, inserted))
    }

    /// Facts of the inputs; each has to be in the content store.
    fn inputs(&self, submission: &Submission) -> Result<BTreeMap<String, Vec<StoredFile>>, Error> {
        let mut inputs = BTreeMap::new();
        for (port, contents) in &submission.inputs {
            let files = contents.as_slice().iter().map(|sha256| self.input(port, sha256));
            inputs.insert(port.clone(), files.collect::<Result<Vec<_>, _>>()?);
        }
        Ok(inputs)
    }

    fn input(&self, port: &str, sha256: &str) -> Result<StoredFile, Error> {
        let refused = |message| Error::Field { field: format!("inputs.{port}"), message };
        self.content.path(sha256).map_err(|e| refused(e.to_string()))?;
        match self.store.file(sha256) {
            Ok(file) if self.content.has(sha256) => Ok(file),
            Ok(_) | Err(Error::NotFound { .. }) => {
                Err(refused(format!("there is no file with the sha256 {sha256}: upload it first")))
            }
            Err(other) => Err(other),
        }
    }

    /// Lets a received picture in.
    ///
    /// # Errors
    /// What the content store says.
    pub fn accept(&self, incoming: Incoming, name: &str, cancel: &CancelToken) -> Result<StoredFile, Failure> {
        let _known = self.contents.read().unwrap_or_else(PoisonError::into_inner);
        let file = self.content.accept(incoming, name, cancel)?;
        self.store.add_file(&file, now())?;
        Ok(file)
    }

    /// Lets a picture in that is in memory already.
    ///
    /// # Errors
    /// What the content store says.
    pub fn accept_bytes(&self, bytes: &[u8], name: &str, cancel: &CancelToken) -> Result<StoredFile, Failure> {
        let sha256 = files::sha256(bytes, cancel)?;
        let taken = self.contents.read().unwrap_or_else(PoisonError::into_inner);
        if self.content.has(&sha256)
            && let Ok(known) = self.store.file(&sha256)
        {
            self.store.add_file(&known, now())?;
            return Ok(StoredFile { name: clean_name(name), ..known });
        }
        drop(taken);
        let mut incoming = self.content.receive()?;
        incoming.write(bytes)?;
        self.accept(incoming, name, cancel)
    }

    /// Facts of a file of the content store.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Storage`].
    pub fn file(&self, sha256: &str) -> Result<StoredFile, Error> {
        self.store.file(sha256)
    }
}

/// Tells the same request from another one.
fn fingerprint(submission: &Submission) -> Result<String, Error> {
    let text = serde_json::to_string(submission).map_err(Error::written)?;
    Ok(Sha256Hex::of(text.as_bytes()).to_string())
}

fn checked_key(key: &str) -> Result<String, Error> {
    let is_plain = !key.is_empty() && key.len() <= KEY_LENGTH && key.bytes().all(|b| (b' '..=b'~').contains(&b));
    if is_plain {
        return Ok(key.to_owned());
    }
    let message = format!("1 to {KEY_LENGTH} plain signs were expected");
    Err(Error::Field { field: "Idempotency-Key".to_owned(), message })
}
