//! One capability over a folder: names kept, finished files recognised by their recipes, one bad file stops nothing.

mod plan;

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};

use danqing_capability::{CancelToken, Class, Classified, Event, Failure, Progress};

use crate::{JobRequest, Place, Prepared, Recipe, Studio, files};

/// Memory that a picture of 4K may take while it is worked on.
const BYTES_PER_JOB: u64 = 3 << 30;

/// A request for every picture of a folder.
#[derive(Clone, Debug)]
pub struct Batch {
    /// What to do; its first input is the folder. Other inputs are files for all pictures, or folders with a file of the
    /// same name for each. Its seed, 0 without one, is mixed with the name of each picture.
    pub template: JobRequest,
    /// Where the results go, under the names of the pictures.
    pub out: PathBuf,
    /// Whether folders below are read too.
    pub recursive: bool,
    /// Pictures worked on at once; without it, as many as threads and memory allow.
    pub jobs: Option<usize>,
}

/// One picture of a batch.
#[derive(Debug)]
pub struct Item {
    /// What is read.
    pub input: PathBuf,
    /// What is written.
    pub output: PathBuf,
    request: JobRequest,
    /// Another input that has no file for this picture.
    missing: Option<Error>,
}

/// What became of a picture.
#[derive(Debug)]
pub enum Fate {
    /// Written now.
    Done,
    /// There already, made from the same picture in the same way.
    Skipped,
    /// Not made.
    Failed(Failure),
}

/// Something to tell while a batch runs.
#[derive(Debug)]
pub enum BatchEvent<'a> {
    /// A warning of one picture.
    Warning(&'a Item, &'static str, String),
    /// A picture's end; so many of all have ended.
    Ended(&'a Item, Fate, usize, usize),
}

/// Why a batch can't begin, or a picture has to be left out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The first input is no folder.
    #[error("{path}: is not a folder, a batch reads a folder")]
    NoFolder {
        /// What was given.
        path: String,
    },
    /// Results would be read as pictures.
    #[error("{out}: results would be read again, because the batch reads {folder}")]
    OutputIsInput {
        /// Where results should go.
        out: String,
        /// What is read.
        folder: String,
    },
    /// Two pictures, one result.
    #[error("{name}: two pictures would be written under this name")]
    SameOutput {
        /// Name of the result.
        name: String,
    },
    /// A folder of inputs has no file for a picture.
    #[error("no {port} for {name} in {folder}")]
    NoMatch {
        /// Port name.
        port: &'static str,
        /// The picture.
        name: String,
        /// Where it was looked for.
        folder: String,
    },
    /// A file is there that was made otherwise.
    #[error("{path}: exists already and was made from another picture or in another way")]
    Otherwise {
        /// The file.
        path: String,
    },
    /// The folder holds no picture.
    #[error("{path}: no pictures in this folder")]
    Empty {
        /// The folder.
        path: String,
    },
}

impl Classified for Error {
    fn class(&self) -> Class {
        match self {
            Self::NoMatch { .. } | Self::Empty { .. } => Class::File,
            _ => Class::Caller,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::OutputIsInput { .. } => Some("choose a folder outside".to_owned()),
            Self::SameOutput { .. } => Some("rename one of them".to_owned()),
            Self::Otherwise { .. } => Some("choose another folder, or replace it with --force".to_owned()),
            Self::Empty { .. } => Some("--recursive reads the folders below too".to_owned()),
            _ => None,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::from_error(error)
    }
}

impl Studio {
    /// The pictures of a batch with what is to be done to each, in the order of names.
    ///
    /// # Errors
    /// [`Error`], and folders that can't be read.
    pub fn plan_batch(&self, batch: &Batch) -> Result<Vec<Item>, Failure> {
        let items = plan::items(batch, self.registry().get(&batch.template.capability)?)?;
        if items.is_empty() {
            let path = batch
                .template
                .inputs
                .values()
                .flat_map(crate::request::Places::as_slice)
                .next()
                .map(ToString::to_string);
            return Err(Error::Empty { path: path.unwrap_or_default() }.into());
        }
        Ok(items)
    }

    /// The first picture that has something to be done, prepared: what a run needs is what all need.
    ///
    /// # Errors
    /// What preparing says.
    pub fn prepare_item(&self, item: &Item, progress: &mut Progress<'_>) -> Result<Prepared, Failure> {
        let overwriting = JobRequest { overwrite: true, ..item.request.clone() };
        let mut prepared = self.prepare(&overwriting, progress)?;
        prepared.job.overwrite = item.request.overwrite;
        Ok(prepared)
    }

    /// Works through the items, several at once; each ends in one [`BatchEvent::Ended`]. Results do not depend on order
    /// or number of jobs.
    ///
    /// # Errors
    /// Cancelled. What one picture suffers is its own fate.
    pub fn run_batch(
        &self,
        items: &[Item],
        jobs: Option<usize>,
        cancel: &CancelToken,
        seen: &mut dyn FnMut(BatchEvent<'_>),
    ) -> Result<(), Failure> {
        let here = self.diagnosis();
        let jobs = jobs_at_once(jobs, items.len(), here.threads, here.memory_available);
        let queue = Mutex::new(items.iter());
        let (sender, receiver) = channel();
        std::thread::scope(|scope| {
            for _ in 0..jobs {
                let (sender, queue) = (sender.clone(), &queue);
                scope.spawn(move || {
                    loop {
                        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
                        let Some(item) = next.filter(|_| !cancel.is_cancelled()) else { break };
                        let ended = Told::Ended(item, self.fate(item, cancel, &sender));
                        if sender.send(ended).is_err() {
                            break;
                        }
                    }
                });
            }
            drop(sender);
            let mut done = 0;
            for told in receiver {
                match told {
                    Told::Warning(item, code, message) => seen(BatchEvent::Warning(item, code, message)),
                    Told::Ended(_, Fate::Failed(failure)) if failure.class() == Class::Cancelled => {}
                    Told::Ended(item, fate) => {
                        done += 1;
                        seen(BatchEvent::Ended(item, fate, done, items.len()));
                    }
                }
            }
        });
        cancel.check().map_err(Failure::from_error)
    }

    fn fate<'i>(&self, item: &'i Item, cancel: &CancelToken, sender: &Sender<Told<'i>>) -> Fate {
        let mut sink = |event| {
            if let Event::Warning { code, message } = event {
                let _ = sender.send(Told::Warning(item, code, message));
            }
        };
        match self.made(item, &mut Progress::new(cancel.clone(), &mut sink)) {
            Ok(fate) => fate,
            Err(failure) => Fate::Failed(failure),
        }
    }

    fn made(&self, item: &Item, progress: &mut Progress<'_>) -> Result<Fate, Failure> {
        if let Some(error) = &item.missing {
            return Err(Failure::new(error.class(), error.to_string()));
        }
        let folder = item.output.parent().unwrap_or(Path::new("."));
        let refused = |e: std::io::Error| Failure::new(Class::Environment, format!("{}: {e}", folder.display()));
        std::fs::create_dir_all(folder).map_err(refused)?;
        let prepared = self.prepare_item(item, progress)?;
        if item.output.exists() {
            if is_result(&item.output, &prepared, progress.cancel_token()) {
                return Ok(Fate::Skipped);
            }
            if !item.request.overwrite {
                return Err(Error::Otherwise { path: item.output.display().to_string() }.into());
            }
        }
        self.execute(prepared, progress)?;
        Ok(Fate::Done)
    }
}

/// As many as were asked for, else one for every thread as far as memory goes; never more than there are pictures.
fn jobs_at_once(asked: Option<usize>, pictures: usize, threads: usize, memory_available: Option<u64>) -> usize {
    let fitting = memory_available.map_or(1, |bytes| usize::try_from(bytes / BYTES_PER_JOB).unwrap_or(usize::MAX));
    asked.unwrap_or_else(|| fitting.min(threads)).clamp(1, pictures.max(1))
}

/// What workers tell.
enum Told<'i> {
    Warning(&'i Item, &'static str, String),
    Ended(&'i Item, Fate),
}

/// Whether the file's recipe is what this job would write: same capability, parameters, contents, encoding.
fn is_result(output: &Path, prepared: &Prepared, cancel: &CancelToken) -> bool {
    let Ok(Recipe { capability, params, inputs, encoding, .. }) =
        files::read_recipe(&Place::File(output.to_owned()), cancel)
    else {
        return false;
    };
    let job = &prepared.job;
    let contents = |all: &std::collections::BTreeMap<String, Vec<crate::InputRecord>>| {
        let flat = all.iter().flat_map(|(name, many)| many.iter().map(move |one| (name.clone(), one.sha256.clone())));
        flat.collect::<Vec<_>>()
    };
    (capability.id.as_str(), capability.version) == (job.capability.as_str(), job.version)
        && params == job.params
        && encoding == job.encoding
        && contents(&inputs) == contents(&job.inputs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_follow_memory_and_threads_unless_a_number_is_asked_for() {
        let cases = [
            // Asked, pictures, threads, memory; jobs.
            ((None, 100, 8, Some(0)), 1),
            ((None, 100, 8, Some(BYTES_PER_JOB - 1)), 1),
            ((None, 100, 8, Some(2 * BYTES_PER_JOB)), 2),
            ((None, 100, 8, Some(8 * BYTES_PER_JOB)), 8),
            ((None, 100, 8, Some(u64::MAX)), 8),
            ((None, 3, 8, Some(u64::MAX)), 3),
            ((None, 100, 8, None), 1),
            ((Some(5), 100, 2, Some(0)), 5),
            ((Some(1), 100, 8, Some(u64::MAX)), 1),
            ((Some(5), 3, 2, None), 3),
            ((Some(0), 3, 2, None), 1),
            ((Some(4), 0, 2, None), 1),
        ];
        for ((asked, pictures, threads, memory), jobs) in cases {
            let actual = jobs_at_once(asked, pictures, threads, memory);
            assert_eq!(actual, jobs, "asked {asked:?}, {pictures} pictures, {threads} threads, {memory:?} bytes");
        }
    }
}
