//! The worker of one device: takes jobs, runs them, keeps what they make.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError, RwLockReadGuard};

use danqing_capability::{Class, Classified, Event, Failure, Progress};

use super::JobQueue;
use super::events::Happening;
use super::record::{Ending, JobRecord, StoredError, StoredOutput, now};
use super::running::{Pace, Run, Stop, share};
use crate::content::{StoredFile, media_type};
use crate::execute::MadeFile;
use crate::{Notice, Phase, Studio};

impl JobQueue {
    /// Until the queue closes.
    pub(super) fn work(&self, studio: &Studio) {
        while !self.is_closing() {
            self.sweep_in_time();
            match self.claimed() {
                Ok(Some((job, run))) => self.attempt(studio, &job, &run),
                Ok(None) => self.wait_for_work(),
                Err(error) => {
                    self.complain(&format!("no job can be taken: {error}"));
                    self.wait_for_work();
                }
            }
        }
    }

    /// The next job, running.
    fn claimed(&self) -> Result<Option<(JobRecord, Run)>, super::Error> {
        let mut runs = self.running.held();
        let Some(job) = self.store.claim(now())? else { return Ok(None) };
        let run = Run::new(self.options.job_time);
        if self.is_closing() {
            run.stop(Stop::Shutdown);
        }
        runs.insert(job.id.clone(), run.clone().into());
        Ok(Some((job, run)))
    }

    fn attempt(&self, studio: &Studio, job: &JobRecord, run: &Run) {
        let id = job.id.clone();
        self.publish_job(&id);
        self.publish_queue();
        let mut warnings = resolve_notices(&job.warnings);
        let tried = catch_unwind(AssertUnwindSafe(|| self.made(studio, job, run, &mut warnings)));
        // The outputs are not removed before they are noted.
        let (ending, known) = match tried {
            Ok(Ok((outputs, known))) => (Ending::Done(outputs), Some(known)),
            Ok(Err(failure)) => (ending_of(&failure, run, self.options.job_time), None),
            Err(_) => {
                let message = format!("{} failed by a defect of danqing", job.capability);
                (Ending::Failed(StoredError::from(&Failure::new(Class::Bug, message))), None)
            }
        };
        let mut runs = self.running.held();
        if let Err(error) = self.store.finish(&id, &ending, &warnings, now()) {
            self.complain(&format!("job {id}: {error}"));
        }
        runs.remove(&id);
        drop(runs);
        drop(known);
        self.publish_job(&id);
        self.publish_queue();
    }

    fn made(
        &self,
        studio: &Studio,
        job: &JobRecord,
        run: &Run,
        warnings: &mut Vec<Notice>,
    ) -> Result<(Vec<StoredOutput>, RwLockReadGuard<'_, ()>), Failure> {
        let mut pace = Pace::default();
        let mut sink = |event: Event| match event {
            Event::Step { stage, done, total } => {
                if let Some(progress) = pace.seen(stage, done, total) {
                    self.running.set_progress(&job.id, &progress);
                    self.events.publish(Happening::Progress { id: job.id.clone(), progress });
                }
            }
            Event::Preview { done, total, picture, .. } => {
                if let Some(number) = self.running.set_preview(&job.id, picture) {
                    let fraction = share(done, total);
                    self.events.publish(Happening::Preview { id: job.id.clone(), number, fraction });
                }
            }
            _ => {}
        };
        let mut progress = Progress::new(run.token.clone(), &mut sink).with_previews(true);
        let mut prepared = studio.prepare_stored(&self.content, job, &mut progress)?;
        prepared.job.notices.splice(0..0, warnings.iter().cloned());
        warnings.clone_from(&prepared.job.notices);
        self.store.resolved(&job.id, &prepared.job.params, warnings)?;
        self.publish_job(&job.id);
        studio.refuse_what_does_not_fit(&prepared)?;
        let made = studio.make(prepared, &mut progress)?;
        *warnings = made.job.notices;
        let total = made.files.len();
        let known = self.contents.read().unwrap_or_else(PoisonError::into_inner);
        let mut outputs = Vec::with_capacity(total);
        for MadeFile { finished, bytes } in made.files {
            progress.step("write", outputs.len(), total).map_err(Failure::from_error)?;
            self.content.put(&finished.sha256, &bytes, &run.token)?;
            let file = StoredFile {
                sha256: finished.sha256,
                name: finished.place.to_string(),
                media_type: media_type(made.job.encoding.format.as_deref().unwrap_or("png")).to_owned(),
                width: finished.width,
                height: finished.height,
                bytes: finished.bytes,
                recipe: !made.job.encoding.strip_metadata,
            };
            outputs.push(StoredOutput { name: finished.name, index: finished.index, file, facts: finished.facts });
        }
        Ok((outputs, known))
    }

    /// Starts the worker's thread.
    pub(super) fn start(self: &Arc<Self>, studio: Arc<Studio>) -> std::io::Result<std::thread::JoinHandle<()>> {
        let queue = Arc::clone(self);
        std::thread::Builder::new().name("worker".to_owned()).spawn(move || queue.work(&studio))
    }
}

/// What an earlier attempt noticed on the way from what was typed to what was meant; the rest is noticed again.
fn resolve_notices(warnings: &[Notice]) -> Vec<Notice> {
    warnings.iter().filter(|notice| notice.phase == Phase::Resolve).cloned().collect()
}

/// An error is what it says, unless the run was stopped from outside.
fn ending_of(failure: &Failure, run: &Run, limit: Option<std::time::Duration>) -> Ending {
    if failure.class() != Class::Cancelled {
        return Ending::Failed(failure.into());
    }
    match run.stopped() {
        Some(Stop::Pause) => Ending::Paused,
        Some(Stop::Shutdown) => Ending::Requeued,
        Some(Stop::TimeLimit) => {
            let seconds = limit.unwrap_or_default().as_secs();
            let failure = Failure::new(Class::Limit, format!("the job took longer than {seconds} s, the limit"));
            Ending::Failed((&failure.with_hint("try a smaller picture or fewer steps")).into())
        }
        Some(Stop::Cancel) | None => Ending::Cancelled,
    }
}
