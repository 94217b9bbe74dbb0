//! What people and programs see of a run: bars, sparse lines or JSON lines; errors with one hint.

mod bars;
mod numbers;

use std::io::{IsTerminal, Write};
use std::path::Path;

use danqing_capability::{Classified, Event, Failure};
use danqing_jobs::{Finished, Place, Transfer};
use serde_json::{Value, json};

pub(crate) use numbers::bytes_for_people;

use crate::language::{Language, translated};
use bars::Bars;

/// How much is said, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// Bars on a terminal, sparse lines elsewhere.
    People,
    /// Errors only.
    Quiet,
    /// JSON lines on standard output.
    Json,
    /// JSON lines on standard error, because standard output carries the picture.
    JsonOnError,
}

/// What became of a picture of a batch.
pub(crate) enum Ending<'a> {
    Done,
    Skipped,
    Failed(&'a Failure),
}

/// Says what happens, in one style and one language.
pub(crate) struct Report {
    style: Style,
    language: Language,
    bars: Option<Bars>,
}

impl Report {
    /// Bars only where standard error is a terminal.
    pub(crate) fn new(style: Style, language: Language) -> Self {
        let bars = (style == Style::People).then(|| Bars::new(std::io::stderr().is_terminal()));
        Self { style, language, bars }
    }

    /// A step or a warning of a run.
    pub(crate) fn event(&mut self, event: &Event) {
        if self.is_json() {
            return self.json(&serde_json::to_value(event).unwrap_or_default());
        }
        match event {
            Event::Step { stage, done, total } => {
                let known = stage_name(stage, self.language);
                self.step(known, *done as u64, Some(*total as u64), false);
            }
            Event::Warning { message, .. } => {
                self.line(&self.language.filled("report.warning", &[&self.in_language(message)]));
            }
            _ => {}
        }
    }

    /// A download, a check or an import.
    pub(crate) fn transfer(&mut self, transfer: &Transfer) {
        if self.is_json() {
            return self.json(&serde_json::to_value(transfer).unwrap_or_default());
        }
        let stage = stage_name(transfer.stage, self.language);
        let label = format!("{stage} {}", transfer.id);
        self.step(&label, transfer.done, transfer.total, true);
    }

    /// A sentence for people.
    pub(crate) fn say(&mut self, sentence: &str) {
        if !self.is_json() {
            self.line(sentence);
        }
    }

    /// The files of a run.
    pub(crate) fn finished(&mut self, finished: &[Finished]) {
        self.clear();
        if self.is_json() {
            let outputs = serde_json::to_value(finished).unwrap_or_default();
            return self.json(&json!({"event": "finished", "outputs": outputs}));
        }
        for one in finished {
            let mut line = self.written(one);
            // The size is said already.
            for (name, value) in one.facts.iter().filter(|(name, _)| !matches!(name.as_str(), "width" | "height")) {
                line.push_str(&numbers::fact(name, value, self.language));
            }
            self.line(&line);
        }
    }

    /// A picture of a batch has ended; only failures are lines of their own.
    pub(crate) fn picture_ended(&mut self, from: &Path, to: &Path, ending: &Ending<'_>, (done, total): (usize, usize)) {
        let (input, output) = (from.display().to_string(), to.display().to_string());
        if self.is_json() {
            let (status, message) = match ending {
                Ending::Done => ("done", None),
                Ending::Skipped => ("skipped", None),
                Ending::Failed(failure) => ("failed", Some(failure.to_string())),
            };
            return self.json(&json!({"event": "picture", "status": status, "input": input, "output": output,
                "message": message, "done": done, "total": total}));
        }
        if let Ending::Failed(failure) = ending {
            let text = failure.to_string();
            let text = text.strip_prefix(&format!("{input}: ")).unwrap_or(&text); // said by the line itself
            let message = one_line(&self.in_language(text));
            self.line(&self.language.filled("report.picture_failed", &[&input, &message]));
        }
        self.step(self.language.text("report.pictures"), done as u64, Some(total as u64), false);
    }

    /// How a batch ended.
    pub(crate) fn batch_finished(&mut self, done: usize, skipped: usize, failed: usize) {
        self.clear();
        if self.is_json() {
            return self.json(&json!({"event": "batch_finished", "done": done, "skipped": skipped, "failed": failed}));
        }
        let numbers = [done, skipped, failed].map(|n| n.to_string());
        self.line(&self.language.filled("report.batch_finished", &numbers.each_ref().map(String::as_str)));
    }

    /// Why it ended without a result: one line, one hint.
    pub(crate) fn failed(&mut self, failure: &Failure) {
        self.clear();
        let (message, hint) = (failure.to_string(), failure.hint());
        if self.is_json() {
            self.json(&json!({"event": "failed", "class": failure.class(), "message": message, "hint": hint}));
        }
        if self.style == Style::JsonOnError {
            return;
        }
        let message = one_line(&self.in_language(&message));
        eprintln!("{}", self.language.filled("report.error", &[&message]));
        if let Some(hint) = hint {
            eprintln!("{}", self.language.filled("report.hint", &[&one_line(&self.in_language(&hint))]));
        }
    }

    /// Takes the bar away before something else is printed.
    pub(crate) fn clear(&mut self) {
        if let Some(bars) = &mut self.bars {
            bars.clear();
        }
    }

    fn written(&self, one: &Finished) -> String {
        let (width, height, bytes) = (one.width.to_string(), one.height.to_string(), bytes_for_people(one.bytes));
        match &one.place {
            Place::Stream => self.language.filled("report.wrote_stream", &[&width, &height, &bytes]),
            place @ Place::File(_) => {
                self.language.filled("report.wrote", &[&place.to_string(), &width, &height, &bytes])
            }
        }
    }

    fn in_language(&self, message: &str) -> String {
        match self.language {
            Language::English => message.to_owned(),
            Language::Chinese => translated(message).unwrap_or_else(|| message.to_owned()),
        }
    }

    fn is_json(&self) -> bool {
        matches!(self.style, Style::Json | Style::JsonOnError)
    }

    fn step(&mut self, label: &str, done: u64, total: Option<u64>, bytes: bool) {
        if let Some(bars) = &mut self.bars {
            bars.step(label, done, total, bytes);
        }
    }

    fn line(&self, line: &str) {
        match &self.bars {
            Some(bars) => bars.line(line),
            None if self.style == Style::People => eprintln!("{line}"),
            None => {}
        }
    }

    /// A reader that has gone away is no reason to stop the work.
    fn json(&self, value: &Value) {
        let _ = match self.style {
            Style::Json => writeln!(std::io::stdout().lock(), "{value}"),
            _ => writeln!(std::io::stderr().lock(), "{value}"),
        };
    }
}

/// The stage in the language, where its name is known.
fn stage_name(stage: &'static str, language: Language) -> &'static str {
    language.known_text(&format!("stage.{}", stage.replace(' ', "_"))).unwrap_or(stage)
}

/// Messages of other programs may have several lines; an error has one.
fn one_line(message: &str) -> String {
    let mut joined = String::new();
    for line in message.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let between = if joined.is_empty() {
            ""
        } else if joined.ends_with(':') {
            " "
        } else {
            "; "
        };
        joined.push_str(between);
        joined.push_str(line);
    }
    joined
}
