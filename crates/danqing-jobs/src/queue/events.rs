//! What happens in the queue, numbered: for those who listen, and for those who come back and ask what they missed.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::record::{JobRecord, ProgressView, QueueView, now};

/// Events that are kept for those who come back.
const KEPT: usize = 2000;

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Happening {
    /// A job is new, or its state or record has changed.
    Job(Box<JobRecord>),
    /// A running job has come further.
    Progress {
        /// Which.
        id: String,
        /// How far.
        progress: ProgressView,
    },
    /// There is a newer picture of what a running job makes; [`JobQueue::preview`](super::JobQueue::preview) gives it.
    Preview {
        /// Which.
        id: String,
        /// Number of the preview among those of this run, from 1.
        number: u64,
        /// Share of the stage that is finished, 0 to 1.
        fraction: f64,
    },
    /// Order or pause of the queue has changed.
    Queue(QueueView),
}

impl Happening {
    /// The job it is about, if it is about one.
    #[must_use]
    pub fn job(&self) -> Option<&str> {
        match self {
            Self::Job(job) => Some(&job.id),
            Self::Progress { id, .. } | Self::Preview { id, .. } => Some(id),
            Self::Queue(_) => None,
        }
    }
}

/// A numbered happening. Numbers rise, also from one process to the next; previews have the number 0, because nobody who
/// comes back has missed an old one.
#[derive(Clone, Debug, PartialEq)]
pub struct QueueEvent {
    /// Its number.
    pub id: u64,
    /// What happened.
    pub happening: Happening,
}

/// Hears of every event; `false` when it does not want to hear more.
pub type Listener = Box<dyn Fn(&Arc<QueueEvent>) -> bool + Send>;

/// The latest events and who listens.
pub struct EventLog(Mutex<Inner>);

struct Inner {
    next: u64,
    kept: VecDeque<Arc<QueueEvent>>,
    listeners: Vec<Listener>,
}

impl Default for EventLog {
    /// Numbers begin at the microseconds since 1970: above those of every earlier process, and exact in JavaScript.
    fn default() -> Self {
        let next = now().unsigned_abs() * 1000;
        Self(Mutex::new(Inner { next, kept: VecDeque::new(), listeners: Vec::new() }))
    }
}

impl EventLog {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells everybody.
    pub fn publish(&self, happening: Happening) {
        let mut inner = self.inner();
        let passes = matches!(happening, Happening::Preview { .. });
        let event = Arc::new(QueueEvent { id: if passes { 0 } else { inner.next }, happening });
        inner.listeners.retain(|listener| listener(&event));
        if passes {
            return;
        }
        inner.next += 1;
        if inner.kept.len() == KEPT {
            inner.kept.pop_front();
        }
        inner.kept.push_back(event);
    }

    /// Adds a listener; gives what happened after the event of that number, `None` if that is not known any more.
    /// Nothing is missed or told twice between the two.
    pub fn listen(&self, after: Option<u64>, listener: Listener) -> Option<Vec<Arc<QueueEvent>>> {
        let mut inner = self.inner();
        inner.listeners.push(listener);
        let Some(after) = after else { return Some(Vec::new()) };
        let oldest = inner.kept.front().map_or(inner.next, |event| event.id);
        let is_known = (oldest..=inner.next).contains(&after.saturating_add(1));
        is_known.then(|| inner.kept.iter().filter(|event| event.id > after).map(Arc::clone).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    fn queue(paused: bool) -> Happening {
        Happening::Queue(QueueView { paused, ..QueueView::default() })
    }

    #[test]
    fn who_comes_back_hears_what_was_missed_once() {
        let log = EventLog::default();
        let (sender, receiver) = channel();
        let listener = move |event: &Arc<QueueEvent>| sender.send(event.id).is_ok();
        assert_eq!(log.listen(None, Box::new(listener)), Some(vec![]));
        log.publish(queue(true));
        log.publish(queue(false));
        let heard: Vec<u64> = receiver.try_iter().collect();
        assert!(heard[0] > 1_600_000_000_000_000 && heard[1] == heard[0] + 1, "{heard:?}");
        drop(receiver);
        log.publish(queue(true));
        let missed = log.listen(Some(heard[0]), Box::new(|_| true)).expect("known");
        assert_eq!(missed.iter().map(|event| event.id).collect::<Vec<_>>(), [heard[1], heard[1] + 1]);
        assert_eq!(log.listen(Some(heard[1] + 1), Box::new(|_| true)), Some(vec![]));
        for unknown in [0, heard[0] - 2, heard[1] + 2] {
            assert_eq!(log.listen(Some(unknown), Box::new(|_| true)), None, "{unknown}");
        }
    }

    #[test]
    fn previews_are_told_and_not_kept() {
        let log = EventLog::default();
        let (sender, receiver) = channel();
        log.listen(None, Box::new(move |event: &Arc<QueueEvent>| sender.send(event.id).is_ok()));
        log.publish(queue(true));
        log.publish(Happening::Preview { id: "a".to_owned(), number: 1, fraction: 0.5 });
        log.publish(queue(false));
        let heard: Vec<u64> = receiver.try_iter().collect();
        assert_eq!(heard, [heard[0], 0, heard[0] + 1]);
        assert_eq!(log.listen(Some(heard[0]), Box::new(|_| true)).map(|missed| missed.len()), Some(1));
    }

    #[test]
    fn only_the_latest_are_kept() {
        let log = EventLog::default();
        log.publish(queue(true));
        let first = log.inner().kept[0].id;
        (0..KEPT).for_each(|_| log.publish(queue(false)));
        assert_eq!(log.inner().kept.len(), KEPT);
        assert_eq!(log.listen(Some(first - 1), Box::new(|_| true)), None);
        assert_eq!(log.listen(Some(first), Box::new(|_| true)).map(|missed| missed.len()), Some(KEPT));
    }
}
