//! What every front needs: pictures in, a job made, its end awaited, pictures out.

use std::sync::Arc;

use danqing_capability::CancelToken;
use danqing_jobs::content::StoredFile;
use danqing_jobs::queue::{Happening, Inserted, JobRecord, QueueEvent, Submission};
use tokio::sync::mpsc::unbounded_channel;

use crate::app::App;
use crate::error::ApiError;

/// Cancels a job when it is dropped: nobody waits for it any more.
struct CancelWhenLeft {
    app: Arc<App>,
    id: Option<String>,
}

impl Drop for CancelWhenLeft {
    fn drop(&mut self) {
        if let Some(id) = self.id.take() {
            let app = Arc::clone(&self.app);
            // Dropped on the runtime, where nothing may wait for the disk.
            tokio::task::spawn_blocking(move || {
                let _ = app.queue.cancel(&id);
            });
        }
    }
}

impl App {
    /// Adds a job to the queue; see `JobQueue::submit`.
    pub(crate) async fn submit(
        self: &Arc<Self>,
        submission: Submission,
        key: Option<String>,
    ) -> Result<(JobRecord, Inserted), ApiError> {
        self.blocking(move |queue| queue.submit(&submission, key.as_deref())).await
    }

    /// Adds a job and waits for its end: done, failed or cancelled. For fronts that answer with pictures. A client that
    /// goes away cancels its job.
    pub(crate) async fn submit_and_wait(self: &Arc<Self>, submission: Submission) -> Result<JobRecord, ApiError> {
        self.submit_and_watch(submission, |_| ()).await
    }

    /// The same; `seen` hears of everything that happens to the job meanwhile.
    pub(crate) async fn submit_and_watch(
        self: &Arc<Self>,
        submission: Submission,
        seen: impl FnMut(&QueueEvent) + Send,
    ) -> Result<JobRecord, ApiError> {
        let (job, _) = self.submit(submission, None).await?;
        self.wait_or_cancel(&job.id, seen).await
    }

    /// Waits for the end of a job that is cancelled when nobody waits any more.
    pub(crate) async fn wait_or_cancel(
        self: &Arc<Self>,
        id: &str,
        seen: impl FnMut(&QueueEvent) + Send,
    ) -> Result<JobRecord, ApiError> {
        let mut left = CancelWhenLeft { app: Arc::clone(self), id: Some(id.to_owned()) };
        let ended = self.wait(id, seen).await?;
        left.id = None;
        Ok(ended)
    }

    /// Waits for the end of a job; `seen` hears of everything that happens to it meanwhile.
    pub(crate) async fn wait(
        self: &Arc<Self>,
        id: &str,
        mut seen: impl FnMut(&QueueEvent) + Send,
    ) -> Result<JobRecord, ApiError> {
        let (sender, mut receiver) = unbounded_channel();
        let wanted = id.to_owned();
        self.queue.events().listen(
            None,
            Box::new(move |event| {
                let is_other = event.happening.job() != Some(wanted.as_str());
                if is_other { !sender.is_closed() } else { sender.send(Arc::clone(event)).is_ok() }
            }),
        );
        let id = id.to_owned();
        let mut job = self.blocking(move |queue| queue.get(&id)).await?;
        while !job.state.is_final() {
            // The log of events lives as long as the queue does.
            let Some(event) = receiver.recv().await else { break };
            seen(&event);
            if let Happening::Job(now) = &event.happening {
                job = (**now).clone();
            }
        }
        Ok(job)
    }

    /// Lets a picture in that came inside a request.
    pub(crate) async fn accept(self: &Arc<Self>, bytes: Vec<u8>, name: String) -> Result<StoredFile, ApiError> {
        // The semaphore is never closed.
        let _turn = self.decoding.acquire().await;
        self.blocking(move |queue| queue.accept_bytes(&bytes, &name, &CancelToken::default())).await
    }

    /// The bytes of a file of the content store.
    pub(crate) async fn bytes(self: &Arc<Self>, sha256: String) -> Result<Vec<u8>, ApiError> {
        self.blocking(move |queue| queue.content().read(&sha256, &CancelToken::default())).await
    }
}
