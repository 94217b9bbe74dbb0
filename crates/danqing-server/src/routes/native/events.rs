//! Events as they happen, by server-sent events.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use danqing_jobs::queue::{Filter, Happening, JobQueue, QueueEvent, State as JobState};
use futures_util::future::{Either, select};
use futures_util::stream::{self, Stream};
use serde_json::json;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::{Receiver, channel};

use super::body::Named;
use crate::Shared;
use crate::error::ApiError;
use crate::language::Language;
use crate::view::preview_url;

/// Events that may wait for a slow reader; then it is left, and comes back with the number of the last one it got.
const WAITING: usize = 1000;

/// Everything that happens.
pub(super) async fn all(
    State(app): State<Shared>,
    language: Language,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    streamed(&app, None, language, &headers).await
}

/// What happens to one job.
pub(super) async fn of_job(
    State(app): State<Shared>,
    language: Language,
    Named(id): Named,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let named = id.clone();
    app.blocking(move |queue| queue.get(&named)).await?;
    streamed(&app, Some(id), language, &headers).await
}

/// What a stream still has to send.
struct Reader {
    app: Shared,
    language: Language,
    job: Option<String>,
    missed: VecDeque<Arc<QueueEvent>>,
    receiver: Receiver<Arc<QueueEvent>>,
    /// Given back when the reader is gone.
    _place: OwnedSemaphorePermit,
}

async fn streamed(
    app: &Shared,
    job: Option<String>,
    language: Language,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    let after = headers.get("last-event-id").and_then(|value| value.to_str().ok()?.parse().ok());
    let (sender, receiver) = channel(WAITING);
    let full = |_| ApiError::new(StatusCode::TOO_MANY_REQUESTS, "too_many", "too many streams of events");
    let place = Arc::clone(&app.streams).try_acquire_owned().map_err(full)?;
    let listener = move |event: &Arc<QueueEvent>| sender.try_send(Arc::clone(event)).is_ok();
    let missed = app.queue.events().listen(after, Box::new(listener));
    let missed = match missed {
        Some(missed) if after.is_some() => missed,
        _ => app.blocking(move |queue| present(queue, after.is_some())).await?,
    };
    let reader = Reader { app: Arc::clone(app), language, job, missed: missed.into(), receiver, _place: place };
    let keep_alive = KeepAlive::new().interval(Duration::from_secs(15)).text("");
    let mut response = Sse::new(events(reader)).keep_alive(keep_alive).into_response();
    // Proxies that collect answers would hold events back.
    response.headers_mut().insert("x-accel-buffering", axum::http::HeaderValue::from_static("no"));
    Ok(response)
}

/// How things stand, for those who know nothing yet: the queue, and jobs that have not ended; for those who were away too
/// long, also the latest of the others. Without numbers.
fn present(queue: &JobQueue, was_away: bool) -> Result<Vec<Arc<QueueEvent>>, danqing_jobs::queue::Error> {
    let event = |happening| Arc::new(QueueEvent { id: 0, happening });
    let states = vec![JobState::Running, JobState::Queued, JobState::Paused];
    let mut jobs = queue.find(&Filter { states, limit: 200, ..Filter::default() })?;
    if was_away {
        let states = vec![JobState::Done, JobState::Failed, JobState::Cancelled];
        jobs.extend(queue.find(&Filter { states, limit: 50, ..Filter::default() })?);
        jobs.sort_by(|one, other| other.id.cmp(&one.id));
    }
    jobs.reverse();
    let jobs = jobs.into_iter().map(|job| event(Happening::Job(Box::new(job))));
    Ok(std::iter::once(event(Happening::Queue(queue.queue()?))).chain(jobs).collect())
}

fn events(reader: Reader) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(reader, |mut reader| async move {
        loop {
            let event = match reader.missed.pop_front() {
                Some(event) => event,
                None => next(&mut reader).await?,
            };
            let is_wanted = match (&reader.job, event.happening.job()) {
                (None, _) => true,
                (Some(wanted), about) => about == Some(wanted),
            };
            if is_wanted {
                let shown = shown(&reader, &event);
                return Some((Ok(shown), reader));
            }
        }
    })
}

/// The next one, until the server ends or the reader was too slow.
async fn next(reader: &mut Reader) -> Option<Arc<QueueEvent>> {
    let mut closing = reader.app.closing.clone();
    let closed = closing.wait_for(|is_closing| *is_closing);
    match select(Box::pin(reader.receiver.recv()), Box::pin(closed)).await {
        Either::Left((event, _)) => event,
        Either::Right(_) => None,
    }
}

fn shown(reader: &Reader, event: &QueueEvent) -> Event {
    let (name, data) = match &event.happening {
        Happening::Job(job) => ("job", json!(reader.app.job_view(job, reader.language))),
        Happening::Progress { id, progress } => {
            let mut data = json!(progress);
            data["id"] = json!(id);
            ("progress", data)
        }
        Happening::Preview { id, number, fraction } => {
            ("preview", json!({"id": id, "url": preview_url(id, *number), "fraction": fraction}))
        }
        Happening::Queue(queue) => ("queue", json!(queue)),
    };
    let shown = Event::default().event(name).data(data.to_string());
    if event.id == 0 { shown } else { shown.id(event.id.to_string()) }
}
