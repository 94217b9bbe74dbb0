//! What people do with jobs: look, stop, let go on, put in order, mark, delete.

use super::JobQueue;
use super::error::Error;
use super::record::{Edit, Filter, JobRecord, ProgressView, QueueView, State, now};
use super::running::Stop;

impl JobQueue {
    /// A job.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Storage`].
    pub fn get(&self, id: &str) -> Result<JobRecord, Error> {
        self.store.get(id)
    }

    /// How far a running job has come.
    #[must_use]
    pub fn progress(&self, id: &str) -> Option<ProgressView> {
        self.running.progress(id)
    }

    /// Jobs, newest first.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub fn find(&self, filter: &Filter) -> Result<Vec<JobRecord>, Error> {
        self.store.find(filter)
    }

    /// The queue as a whole.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub fn queue(&self) -> Result<QueueView, Error> {
        self.store.queue()
    }

    /// Jobs by state.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub fn counts(&self) -> Result<Vec<(State, usize)>, Error> {
        self.store.counts()
    }

    /// Stops a job for good; one that runs ends within 200 ms. Cancelling it again changes nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::WrongState`], [`Error::Storage`].
    pub fn cancel(&self, id: &str) -> Result<(), Error> {
        self.stop(id, Stop::Cancel)
    }

    /// Stops a job until it is resumed; one that runs begins anew then.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::WrongState`], [`Error::Storage`].
    pub fn pause(&self, id: &str) -> Result<(), Error> {
        self.stop(id, Stop::Pause)
    }

    fn stop(&self, id: &str, why: Stop) -> Result<(), Error> {
        let (verb, to, from, expected) = match why {
            Stop::Pause => ("pause", State::Paused, &[State::Queued][..], "queued or running"),
            _ => ("cancel", State::Cancelled, &[State::Queued, State::Paused][..], "queued, running or paused"),
        };
        let runs = self.running.held();
        if let Some(live) = runs.get(id) {
            live.run.stop(why);
            return Ok(());
        }
        let is_changed = self.store.change(id, from, to, now())?;
        drop(runs);
        if is_changed {
            self.publish_job(id);
            self.publish_queue();
            return Ok(());
        }
        match self.get(id)?.state {
            actual if actual == to => Ok(()),
            actual => Err(Error::wrong_state(verb, actual, expected)),
        }
    }

    /// Lets a paused job wait for its turn again.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::WrongState`], [`Error::Storage`].
    pub fn resume(&self, id: &str) -> Result<(), Error> {
        self.queue_again(id, "resume", &[State::Paused], "paused")
    }

    /// Lets a job that failed or was cancelled wait for its turn again.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::WrongState`], [`Error::Storage`].
    pub fn retry(&self, id: &str) -> Result<(), Error> {
        self.queue_again(id, "retry", &[State::Failed, State::Cancelled], "failed or cancelled")
    }

    fn queue_again(&self, id: &str, verb: &'static str, from: &[State], expected: &'static str) -> Result<(), Error> {
        if !self.store.change(id, from, State::Queued, now())? {
            return Err(Error::wrong_state(verb, self.get(id)?.state, expected));
        }
        self.look_for_work();
        self.publish_job(id);
        self.publish_queue();
        Ok(())
    }

    /// Puts a waiting job before another one, or at the end.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::WrongState`], [`Error::Storage`].
    pub fn reorder(&self, id: &str, before: Option<&str>) -> Result<(), Error> {
        self.store.reorder(id, before)?;
        self.publish_job(id);
        self.publish_queue();
        Ok(())
    }

    /// Begins no new job, or begins them again; what runs goes on.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub fn set_paused(&self, paused: bool) -> Result<(), Error> {
        self.store.set_paused(paused)?;
        if !paused {
            self.look_for_work();
        }
        self.publish_queue();
        Ok(())
    }

    /// Changes what people say about a job.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Storage`].
    pub fn edit(&self, id: &str, edit: &Edit) -> Result<(), Error> {
        self.store.edit(id, edit)?;
        self.publish_job(id);
        if edit.priority.is_some() {
            self.publish_queue();
        }
        Ok(())
    }

    /// Marks a job as deleted; one that has not ended is cancelled.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Storage`].
    pub fn delete(&self, id: &str) -> Result<(), Error> {
        if !self.get(id)?.state.is_final() {
            match self.cancel(id) {
                Ok(()) | Err(Error::WrongState { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        self.store.set_deleted(id, Some(now()))?;
        self.publish_job(id);
        Ok(())
    }

    /// Takes the mark away.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Storage`].
    pub fn restore(&self, id: &str) -> Result<(), Error> {
        self.store.set_deleted(id, None)?;
        self.publish_job(id);
        Ok(())
    }
}
