//! Jobs that run now: how to stop each, and how far it has come.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use danqing_capability::{CancelToken, Preview};

use super::record::ProgressView;

/// Why a run was stopped from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// Somebody cancelled the job.
    Cancel = 1,
    /// Somebody paused the job.
    Pause = 2,
    /// The process ends.
    Shutdown = 3,
    /// It took longer than allowed.
    TimeLimit = 4,
}

/// Handle of one run.
#[derive(Clone)]
pub(super) struct Run {
    pub(super) token: CancelToken,
    why: Arc<AtomicU8>,
}

impl Run {
    /// One that stops by itself after `limit`.
    pub(super) fn new(limit: Option<Duration>) -> Self {
        let why = Arc::new(AtomicU8::new(0));
        let token = match limit.and_then(|limit| Instant::now().checked_add(limit)) {
            None => CancelToken::default(),
            Some(end) => {
                let why = Arc::clone(&why);
                CancelToken::watched(move || {
                    let is_over = Instant::now() >= end;
                    if is_over {
                        let _ = why.compare_exchange(0, Stop::TimeLimit as u8, Ordering::SeqCst, Ordering::SeqCst);
                    }
                    is_over
                })
            }
        };
        Self { token, why }
    }

    /// Stops it; the first reason counts.
    pub(super) fn stop(&self, why: Stop) {
        let _ = self.why.compare_exchange(0, why as u8, Ordering::SeqCst, Ordering::SeqCst);
        self.token.cancel();
    }

    /// Why it was stopped, if it was.
    pub(super) fn stopped(&self) -> Option<Stop> {
        let all = [Stop::Cancel, Stop::Pause, Stop::Shutdown, Stop::TimeLimit];
        all.into_iter().find(|stop| *stop as u8 == self.why.load(Ordering::SeqCst))
    }
}

/// A run, and what is known of it.
pub(super) struct Live {
    pub(super) run: Run,
    progress: Option<ProgressView>,
    /// The latest preview with its number, from 1. In memory only, and only the latest.
    preview: Option<(u64, Arc<Preview>)>,
}

impl From<Run> for Live {
    fn from(run: Run) -> Self {
        Self { run, progress: None, preview: None }
    }
}

/// All runs by the ids of their jobs.
#[derive(Default)]
pub(super) struct Running(Mutex<HashMap<String, Live>>);

pub(super) type Runs<'a> = MutexGuard<'a, HashMap<String, Live>>;

impl Running {
    /// While this is held, no run begins or ends.
    pub(super) fn held(&self) -> Runs<'_> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn progress(&self, id: &str) -> Option<ProgressView> {
        self.held().get(id).and_then(|live| live.progress.clone())
    }

    pub(super) fn set_progress(&self, id: &str, view: &ProgressView) {
        if let Some(live) = self.held().get_mut(id) {
            live.progress = Some(view.clone());
        }
    }

    pub(super) fn preview(&self, id: &str) -> Option<(u64, Arc<Preview>)> {
        self.held().get(id).and_then(|live| live.preview.clone())
    }

    /// Keeps the latest preview and gives its number.
    pub(super) fn set_preview(&self, id: &str, picture: Arc<Preview>) -> Option<u64> {
        let mut held = self.held();
        let live = held.get_mut(id)?;
        let number = live.preview.as_ref().map_or(1, |(number, _)| number + 1);
        live.preview = Some((number, picture));
        Some(number)
    }

    pub(super) fn stop_all(&self, why: Stop) {
        self.held().values().for_each(|live| live.run.stop(why));
    }
}

/// Steps of a run → what people see, not too often.
pub(super) struct Pace {
    stage: &'static str,
    began: Instant,
    told: Option<Instant>,
}

/// Time between two events of the same stage.
const BETWEEN: Duration = Duration::from_millis(200);

impl Default for Pace {
    fn default() -> Self {
        Self { stage: "", began: Instant::now(), told: None }
    }
}

impl Pace {
    /// The view of a step, where it is worth telling: the first and last of a stage, and some between.
    pub(super) fn seen(&mut self, stage: &'static str, done: usize, total: usize) -> Option<ProgressView> {
        let now = Instant::now();
        if stage != self.stage || done == 0 {
            *self = Self { stage, began: now, told: None };
        }
        if self.told.is_some_and(|told| now - told < BETWEEN) && done < total {
            return None;
        }
        self.told = Some(now);
        let fraction = share(done, total);
        let passed = (now - self.began).as_secs_f64();
        let eta_seconds = (fraction > 0.0).then(|| (passed * (1.0 / fraction - 1.0) * 10.0).round() / 10.0);
        Some(ProgressView { step: stage.to_owned(), fraction, eta_seconds })
    }
}

/// Share of a stage that is finished, 0 to 1.
pub(super) fn share(done: usize, total: usize) -> f64 {
    if total == 0 { 0.0 } else { (done as f64 / total as f64).min(1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_reason_counts() {
        let run = Run::new(None);
        assert_eq!((run.stopped(), run.token.is_cancelled()), (None, false));
        run.stop(Stop::Pause);
        run.stop(Stop::Shutdown);
        assert_eq!((run.stopped(), run.token.is_cancelled()), (Some(Stop::Pause), true));
    }

    #[test]
    fn only_the_latest_preview_is_kept_and_it_goes_with_the_run() {
        let running = Running::default();
        let picture = |byte| Arc::new(Preview { width: 1, height: 1, rgb: vec![byte; 3] });
        assert_eq!(running.set_preview("a", picture(1)), None, "it does not run");
        running.held().insert("a".to_owned(), Run::new(None).into());
        assert_eq!((running.preview("a"), running.set_preview("a", picture(1))), (None, Some(1)));
        assert_eq!(running.set_preview("a", picture(2)), Some(2));
        assert_eq!(running.preview("a"), Some((2, picture(2))));
        running.held().remove("a");
        assert_eq!(running.preview("a"), None);
    }

    #[test]
    fn a_run_beyond_its_time_stops_by_itself() {
        let run = Run::new(Some(Duration::ZERO));
        assert_eq!((run.token.is_cancelled(), run.stopped()), (true, Some(Stop::TimeLimit)));
        assert!(!Run::new(Some(Duration::from_hours(1))).token.is_cancelled());
    }

    #[test]
    fn first_and_last_steps_are_told_and_few_between() {
        let mut pace = Pace::default();
        let told = (0..=1000).filter_map(|done| pace.seen("rows", done, 1000)).collect::<Vec<_>>();
        assert_eq!((told[0].fraction, told[told.len() - 1].fraction), (0.0, 1.0));
        assert!(told.len() < 1000, "{}", told.len());
        assert_eq!(told[told.len() - 1].eta_seconds, Some(0.0));
        assert_eq!(pace.seen("write", 0, 0).map(|view| view.fraction), Some(0.0));
    }
}
