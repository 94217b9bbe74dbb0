//! The answer as events: pictures on the way, if any are asked for, then the finished ones.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use danqing_jobs::queue::Happening;
use futures_util::future::{Either, select};
use futures_util::stream;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::reply::{Order, answered, completed};
use super::shape;
use crate::Shared;
use crate::language::Language;
use crate::routes::front::base64_of;

/// Name and data of an event.
type Named = (String, Value);

/// What a stream still has to send. Dropped, it drops the work, which cancels its job.
struct Streaming {
    app: Shared,
    kind: &'static str,
    format: &'static str,
    /// Jobs whose preview is due.
    due: UnboundedReceiver<String>,
    partial: u64,
    work: Option<Pin<Box<dyn Future<Output = Vec<Named>> + Send>>>,
    ended: VecDeque<Named>,
}

/// What happens to a stream.
enum Step {
    /// A preview of that job is to be sent.
    Due(String),
    /// The work is over.
    Ended(Vec<Named>),
}

/// Which previews are sent: evenly spread over the run, so many at most.
struct Spread {
    wanted: u64,
    sent: u64,
}

impl Spread {
    fn is_due(&mut self, fraction: f64) -> bool {
        let is_due = self.sent < self.wanted && fraction >= (self.sent + 1) as f64 / (self.wanted + 1) as f64;
        self.sent += u64::from(is_due);
        is_due
    }
}

/// Runs the jobs while their events are sent.
pub(super) fn response(app: Shared, host: String, order: Order, warnings: Vec<String>) -> Response {
    let (sender, due) = unbounded_channel();
    let (kind, format) = (order.kind, order.output.format);
    let worker = app.clone();
    let work = async move {
        let mut spread = Spread { wanted: order.output.partial, sent: 0 };
        let seen = |event: &danqing_jobs::queue::QueueEvent| {
            if let Happening::Preview { id, fraction, .. } = &event.happening
                && spread.is_due(*fraction)
            {
                // Nobody listens any more: then nobody wants it.
                drop(sender.send(id.clone()));
            }
        };
        match answered(&worker, &host, &order, warnings, seen).await {
            Ok((answer, _)) => completed(order.kind, &answer),
            Err(error) => {
                vec![("error".to_owned(), shape::body(&error, &worker.said(&error.message, Language::English)))]
            }
        }
    };
    let work: Pin<Box<dyn Future<Output = Vec<Named>> + Send>> = Box::pin(work);
    let streaming = Streaming { app, kind, format, due, partial: 0, work: Some(work), ended: VecDeque::new() };
    let events = stream::unfold(streaming, |mut streaming| async move {
        let (name, data) = streaming.next().await?;
        let event: Result<Event, Infallible> = Ok(Event::default().event(name).data(data.to_string()));
        Some((event, streaming))
    });
    let alive = KeepAlive::new().interval(Duration::from_secs(15));
    Sse::new(events).keep_alive(alive).into_response()
}

impl Streaming {
    async fn next(&mut self) -> Option<Named> {
        loop {
            if let Some(event) = self.ended.pop_front() {
                return Some(event);
            }
            match self.step().await? {
                Step::Due(id) => {
                    if let Some(event) = self.partial(id).await {
                        return Some(event);
                    }
                }
                Step::Ended(events) => {
                    self.ended = events.into();
                    self.work = None;
                }
            }
        }
    }

    /// What happens first; nothing more once the work has ended.
    async fn step(&mut self) -> Option<Step> {
        let work = self.work.as_mut()?;
        Some(match select(Box::pin(self.due.recv()), work).await {
            Either::Left((Some(id), _)) => Step::Due(id),
            Either::Left((None, work)) => Step::Ended(work.await),
            Either::Right((events, _)) => Step::Ended(events),
        })
    }

    /// The latest preview of a job, if it still runs.
    async fn partial(&mut self, id: String) -> Option<Named> {
        let format = self.format;
        let shown = self.app.blocking(move |queue| queue.preview(&id, format)).await.ok()??;
        let name = format!("{}.partial_image", self.kind);
        let created = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let data = json!({
            "type": name, "partial_image_index": self.partial, "b64_json": base64_of(&shown.file.bytes),
            "created_at": created, "size": format!("{}x{}", shown.width, shown.height), "quality": "auto",
            "background": "auto", "output_format": format,
        });
        self.partial += 1;
        Some((name, data))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn previews_are_spread_over_the_run() {
        let sent = |wanted| {
            let mut spread = Spread { wanted, sent: 0 };
            (1..=12).filter(|step| spread.is_due(f64::from(*step) / 12.0)).collect::<Vec<_>>()
        };
        assert_eq!((sent(0), sent(1), sent(2), sent(3)), (vec![], vec![6], vec![4, 8], vec![3, 6, 9]));
    }
}
