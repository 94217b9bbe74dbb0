//! Progress on standard error: a bar with ETA on a terminal, sparse lines elsewhere.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::bytes_for_people;

/// Between two lines where there is no terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// One bar for the stage that is going on.
pub(crate) struct Bars {
    bar: Option<(String, ProgressBar)>,
    terminal: bool,
    last_line: Instant,
}

impl Bars {
    pub(crate) fn new(terminal: bool) -> Self {
        Self { bar: None, terminal, last_line: Instant::now() }
    }

    /// `done` of `total` of what `label` says; a new label begins a new bar.
    pub(crate) fn step(&mut self, label: &str, done: u64, total: Option<u64>, bytes: bool) {
        if !self.terminal {
            return self.sparse(label, done, total, bytes);
        }
        if self.bar.as_ref().is_none_or(|(current, _)| current != label) {
            self.clear();
            self.bar = Some((label.to_owned(), bar(label, total, bytes)));
        }
        if let Some((_, bar)) = &self.bar {
            bar.set_position(done);
        }
    }

    /// A line above the bar.
    pub(crate) fn line(&self, line: &str) {
        match &self.bar {
            Some((_, bar)) => bar.suspend(|| eprintln!("{line}")),
            None => eprintln!("{line}"),
        }
    }

    /// Takes the bar away.
    pub(crate) fn clear(&mut self) {
        if let Some((_, bar)) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    fn sparse(&mut self, label: &str, done: u64, total: Option<u64>, bytes: bool) {
        if self.last_line.elapsed() < LINE_INTERVAL {
            return;
        }
        self.last_line = Instant::now();
        let shown = |n: u64| if bytes { bytes_for_people(n) } else { n.to_string() };
        match total {
            Some(total) => eprintln!("{label} {}/{}", shown(done), shown(total)),
            None => eprintln!("{label} {}", shown(done)),
        }
    }
}

fn bar(label: &str, total: Option<u64>, bytes: bool) -> ProgressBar {
    let template = match (total.is_some(), bytes) {
        (true, true) => "{prefix} [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec} ETA {eta}",
        (true, false) => "{prefix} [{bar:30}] {pos}/{len} ETA {eta}",
        (false, true) => "{prefix} {spinner} {bytes} {bytes_per_sec}",
        (false, false) => "{prefix} {spinner} {pos}",
    };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr_with_hz(10));
    bar.with_prefix(label.to_owned()).with_style(style.progress_chars("=> "))
}
