//! What all handlers share.

use std::sync::Arc;

use danqing_capability::Failure;
use danqing_jobs::Studio;
use danqing_jobs::queue::JobQueue;
use tokio::sync::{Semaphore, watch};

use crate::ServerOptions;
use crate::error::ApiError;
use crate::front_words::with_fields;
use crate::guard::{Keys, Rates};
use crate::language::Language;
use crate::metrics::Metrics;

/// What all handlers share.
pub(crate) struct App {
    pub(crate) queue: Arc<JobQueue>,
    pub(crate) options: ServerOptions,
    pub(crate) keys: Keys,
    pub(crate) rates: Rates,
    pub(crate) metrics: Metrics,
    /// Pictures that are decoded at once: each takes as much memory as it has pixels.
    pub(crate) decoding: Semaphore,
    /// Files that are received at once.
    pub(crate) receiving: Semaphore,
    /// Streams of events at once.
    pub(crate) streams: Arc<Semaphore>,
    /// What the front of A1111 remembers.
    pub(crate) a1111: crate::routes::a1111::State,
    /// True once the server ends: streams of events end too.
    pub(crate) closing: watch::Receiver<bool>,
}

pub(crate) type Shared = Arc<App>;

impl App {
    pub(crate) fn new(queue: Arc<JobQueue>, options: ServerOptions, closing: watch::Receiver<bool>) -> Self {
        Self {
            queue,
            keys: Keys::new(options.token.as_deref()),
            rates: Rates::new(options.rate),
            metrics: Metrics::default(),
            decoding: Semaphore::new(2),
            receiving: Semaphore::new(16),
            streams: Arc::new(Semaphore::new(200)),
            a1111: crate::routes::a1111::State::default(),
            options,
            closing,
        }
    }

    pub(crate) fn studio(&self) -> &Studio {
        self.queue.studio()
    }

    /// Runs what may wait for the disk or work long on a thread that may.
    pub(crate) async fn blocking<T: Send + 'static, E: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&JobQueue) -> Result<T, E> + Send + 'static,
    ) -> Result<T, ApiError>
    where
        ApiError: From<E>,
    {
        let app = Arc::clone(self);
        match tokio::task::spawn_blocking(move || work(&app.queue)).await {
            Ok(done) => done.map_err(ApiError::from),
            Err(error) => {
                tracing::error!(%error, "a request failed by a defect");
                Err(Failure::new(danqing_capability::Class::Bug, "a defect of danqing").into())
            }
        }
    }

    /// A message in the language of the answer, without the folders of this machine and without command-line options.
    pub(crate) fn said(&self, message: &str, language: Language) -> String {
        let message = self.studio().discreet(message);
        with_fields(&match language {
            Language::English => message,
            Language::Chinese => (self.options.translate)(&message).unwrap_or(message),
        })
    }
}
