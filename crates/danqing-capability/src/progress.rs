//! One call reports and cancels.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;

/// What a running capability tells its caller. One vocabulary for the bar, the event stream and tests.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// `done` of `total` units of `stage` are finished.
    Step {
        /// Name of the stage, e.g. `"patches"`.
        stage: &'static str,
        /// Units finished so far.
        done: usize,
        /// Units in this stage.
        total: usize,
    },
    /// Something was measured on the way, such as the loss of an iteration.
    Measure {
        /// Name of the stage, as in its steps.
        stage: &'static str,
        /// Which unit of the stage.
        done: usize,
        /// Numbers by name.
        values: BTreeMap<&'static str, f64>,
    },
    /// What the picture looks like so far.
    Preview {
        /// Name of the stage, as in its steps.
        stage: &'static str,
        /// Which unit of the stage.
        done: usize,
        /// Units in this stage.
        total: usize,
        /// A small picture.
        #[serde(serialize_with = "shared")]
        picture: Arc<Preview>,
    },
    /// Something was done differently than asked; the run goes on.
    Warning {
        /// Stable identifier, e.g. `"size_rounded"`.
        code: &'static str,
        /// Sentence for the user.
        message: String,
    },
}

/// A small picture for people who wait.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Preview {
    /// Pixels of a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Red, green and blue of every pixel, sRGB; as JSON two hexadecimal digits each.
    #[serde(serialize_with = "hexadecimal")]
    pub rgb: Vec<u8>,
}

impl std::fmt::Debug for Preview {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Preview({}x{})", self.width, self.height)
    }
}

fn shared<S: serde::Serializer>(picture: &Arc<Preview>, serializer: S) -> Result<S::Ok, S::Error> {
    picture.as_ref().serialize(serializer)
}

fn hexadecimal<S: serde::Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let text: String = digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect();
    serializer.serialize_str(&text)
}

/// The run was stopped by its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cancelled")]
pub struct Cancelled;

/// What every long loop of a run is given: it stops the run from another thread, and says how many threads the run may
/// use. Cheap to clone; all clones are the same token.
#[derive(Clone, Debug, Default)]
pub struct CancelToken {
    state: Arc<State>,
    threads: Option<NonZeroUsize>,
}

#[derive(Default)]
struct State {
    cancelled: AtomicBool,
    watcher: Option<Box<dyn Fn() -> bool + Send + Sync>>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("cancelled", &self.cancelled).finish_non_exhaustive()
    }
}

impl CancelToken {
    /// A token that calls `watcher` at every check and is cancelled from the one on at which that is true. For tests
    /// (stop at the k-th check) and for measuring how far checks lie apart.
    pub fn watched(watcher: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        let state = State { watcher: Some(Box::new(watcher)), ..State::default() };
        Self { state: Arc::new(state), threads: None }
    }

    /// The same token for a run that may use `threads` threads, its own included. Results must not depend on it.
    #[must_use]
    pub fn with_threads(&self, threads: usize) -> Self {
        Self { state: Arc::clone(&self.state), threads: NonZeroUsize::new(threads) }
    }

    /// Threads that the run may use; where nobody has said, as many as the process may.
    #[must_use]
    pub fn threads(&self) -> usize {
        let all = || std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        self.threads.unwrap_or_else(all).get()
    }

    /// Asks the run to stop at its next step.
    pub fn cancel(&self) {
        self.state.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether the run was asked to stop.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        if self.state.watcher.as_ref().is_some_and(|watcher| watcher()) {
            self.cancel();
        }
        self.state.cancelled.load(Ordering::Relaxed)
    }

    /// For code that works between steps (kernels, parsers): `token.check()?`.
    ///
    /// # Errors
    /// [`Cancelled`] if the caller asked the run to stop.
    pub fn check(&self) -> Result<(), Cancelled> {
        if self.is_cancelled() { Err(Cancelled) } else { Ok(()) }
    }
}

/// Handed down through every long-running call, as `&mut Progress`.
pub struct Progress<'a> {
    cancel: CancelToken,
    sink: &'a mut dyn FnMut(Event),
    shows_previews: bool,
}

impl<'a> Progress<'a> {
    /// Reports to `sink` until `cancel` is triggered.
    pub fn new(cancel: CancelToken, sink: &'a mut dyn FnMut(Event)) -> Self {
        Self { cancel, sink, shows_previews: false }
    }

    /// Says whether somebody looks at previews.
    #[must_use]
    pub fn with_previews(mut self, shows_previews: bool) -> Self {
        self.shows_previews = shows_previews;
        self
    }

    /// Whether somebody looks at previews: a run that has cheap ones then shows them without being asked. Never so that
    /// the result depends on it.
    #[must_use]
    pub fn shows_previews(&self) -> bool {
        self.shows_previews
    }

    /// Reports one finished unit; the `?` at the call site is the only cancellation code there is.
    /// Call it at least every 200 ms of work.
    ///
    /// # Errors
    /// [`Cancelled`] if the caller asked the run to stop.
    pub fn step(&mut self, stage: &'static str, done: usize, total: usize) -> Result<(), Cancelled> {
        self.cancel.check()?;
        (self.sink)(Event::Step { stage, done, total });
        Ok(())
    }

    /// Reports numbers measured at unit `done` of a stage.
    pub fn measure(&mut self, stage: &'static str, done: usize, values: &[(&'static str, f64)]) {
        (self.sink)(Event::Measure { stage, done, values: values.iter().copied().collect() });
    }

    /// Shows what the picture looks like at unit `done` of a stage.
    pub fn preview(&mut self, stage: &'static str, done: usize, total: usize, picture: Arc<Preview>) {
        (self.sink)(Event::Preview { stage, done, total, picture });
    }

    /// Says what was done differently than asked; it reaches the user and the recipe.
    pub fn warn(&mut self, code: &'static str, message: impl Into<String>) {
        (self.sink)(Event::Warning { code, message: message.into() });
    }

    /// The token of this run, for an engine or a worker thread.
    #[must_use]
    pub fn cancel_token(&self) -> &CancelToken {
        &self.cancel
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[test]
    fn a_cancelled_run_stops_at_its_next_step_and_reports_nothing_more() {
        let token = CancelToken::default();
        let mut seen = Vec::new();
        let mut sink = |event| seen.push(event);
        let mut progress = Progress::new(token.clone(), &mut sink);
        assert!(!progress.shows_previews());
        assert_eq!(progress.step("rows", 1, 2), Ok(()));
        token.cancel();
        assert_eq!(progress.step("rows", 2, 2), Err(Cancelled));
        assert_eq!(seen, [Event::Step { stage: "rows", done: 1, total: 2 }]);
    }

    #[test]
    fn a_watched_token_counts_its_checks_and_stops_at_the_one_it_is_told_to() {
        let checks = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&checks);
        let token = CancelToken::watched(move || counted.fetch_add(1, Ordering::Relaxed) >= 2).with_threads(3);
        let results = [0; 4].map(|_| token.check());
        assert_eq!(results, [Ok(()), Ok(()), Err(Cancelled), Err(Cancelled)]);
        assert_eq!((checks.load(Ordering::Relaxed), token.threads()), (4, 3));
        assert!(CancelToken::default().threads() > 0);
    }

    #[test]
    fn events_are_tagged_json() {
        let event = Event::Warning { code: "size_rounded", message: "width 500 became 504".into() };
        let json = serde_json::to_string(&event).expect("plain data");
        assert_eq!(json, r#"{"event":"warning","code":"size_rounded","message":"width 500 became 504"}"#);
        let picture = Arc::new(Preview { width: 1, height: 1, rgb: vec![0, 171, 255] });
        let event = Event::Preview { stage: "denoise", done: 1, total: 2, picture };
        let json = serde_json::to_string(&event).expect("plain data");
        let shown = r#""picture":{"width":1,"height":1,"rgb":"00abff"}}"#;
        assert_eq!(json, format!(r#"{{"event":"preview","stage":"denoise","done":1,"total":2,{shown}"#));
        let event = Event::Measure { stage: "optimise", done: 3, values: [("style", 0.5), ("content", 2.0)].into() };
        let json = serde_json::to_string(&event).expect("plain data");
        assert_eq!(json, r#"{"event":"measure","stage":"optimise","done":3,"values":{"content":2.0,"style":0.5}}"#);
    }
}
