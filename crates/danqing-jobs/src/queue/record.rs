//! Jobs as the queue keeps them: plain data.

use std::collections::BTreeMap;

use danqing_capability::{Class, Classified, Failure};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::content::StoredFile;
use crate::{Encoding, Notice};

/// Milliseconds since 1970, UTC.
pub type Moment = i64;

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Waits for its turn.
    Queued,
    /// Is worked on.
    Running,
    /// Waits until somebody resumes it.
    Paused,
    /// Has outputs.
    Done,
    /// Ended with an error.
    Failed,
    /// Was stopped by somebody.
    Cancelled,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Queued, Self::Running, Self::Paused, Self::Done, Self::Failed, Self::Cancelled];

    /// As it stands in requests, answers and the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// From its name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether nothing more will happen to it by itself.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }
}

/// What is asked for: a capability on pictures of the content store.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Submission {
    /// Capability id, e.g. `erase`.
    pub capability: String,
    /// Parameters by name; what is left out gets its default.
    #[serde(default)]
    pub params: Map<String, Value>,
    /// sha256 of each input, by port name: one or a list.
    #[serde(default)]
    pub inputs: BTreeMap<String, Contents>,
    /// How outputs become files.
    #[serde(default)]
    pub encoding: Encoding,
    /// Higher ones run first.
    #[serde(default)]
    pub priority: i32,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Id of the board it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub board: Option<String>,
}

/// One content, or several for a port that takes many.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Contents {
    /// Exactly one sha256.
    One(String),
    /// Any number, in order.
    Many(Vec<String>),
}

impl Contents {
    /// All of them, in order.
    #[must_use]
    pub fn as_slice(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

/// A job of the queue.
#[derive(Clone, Debug, PartialEq)]
pub struct JobRecord {
    /// Its name, unique for ever; later ones sort after earlier ones.
    pub id: String,
    /// Capability id.
    pub capability: String,
    /// Where it stands.
    pub state: State,
    /// Higher ones run first.
    pub priority: i32,
    /// How many are before it, for one that waits.
    pub position: Option<usize>,
    /// When it was asked for.
    pub created: Moment,
    /// When its last attempt began.
    pub started: Option<Moment>,
    /// When it ended.
    pub finished: Option<Moment>,
    /// Parameters as asked for.
    pub params: Map<String, Value>,
    /// Parameters as meant, once that is known.
    pub resolved: Option<Value>,
    /// Inputs by port name, in order.
    pub inputs: BTreeMap<String, Vec<StoredFile>>,
    /// How outputs are encoded, as asked for.
    pub encoding: Encoding,
    /// What it made.
    pub outputs: Vec<StoredOutput>,
    /// What was done differently than asked.
    pub warnings: Vec<Notice>,
    /// Why it failed.
    pub error: Option<StoredError>,
    /// Whether somebody marked it.
    pub favourite: bool,
    /// Id of the board it belongs to.
    pub board: Option<String>,
    /// What people call it.
    pub title: Option<String>,
    /// When it was deleted; its files stay until the rubbish is emptied.
    pub deleted: Option<Moment>,
    /// How often it was begun.
    pub attempts: u32,
}

/// One file that a job made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredOutput {
    /// Port name.
    pub name: String,
    /// Position among the outputs of that name, from 0.
    pub index: usize,
    /// The file.
    pub file: StoredFile,
    /// What was measured or decided.
    pub facts: BTreeMap<String, Value>,
}

/// An error as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredError {
    /// Name of its [`Class`].
    pub code: String,
    /// What happened, English.
    pub message: String,
    /// A way out, English.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl From<&Failure> for StoredError {
    fn from(failure: &Failure) -> Self {
        Self { code: class_name(failure.class()), message: failure.to_string(), hint: failure.hint() }
    }
}

/// As it stands in answers: `caller`, `missing_model`, …
#[must_use]
pub fn class_name(class: Class) -> String {
    match serde_json::to_value(class) {
        Ok(Value::String(name)) => name,
        _ => "bug".to_owned(),
    }
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Ending {
    /// With outputs.
    Done(Vec<StoredOutput>),
    /// With an error.
    Failed(StoredError),
    /// Somebody cancelled it.
    Cancelled,
    /// Somebody paused it.
    Paused,
    /// The process ends; it runs again with the next one.
    Requeued,
}

impl Ending {
    /// The state that follows.
    #[must_use]
    pub fn state(&self) -> State {
        match self {
            Self::Done(_) => State::Done,
            Self::Failed(_) => State::Failed,
            Self::Cancelled => State::Cancelled,
            Self::Paused => State::Paused,
            Self::Requeued => State::Queued,
        }
    }
}

/// What a list of jobs is narrowed to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only these states; any if empty.
    pub states: Vec<State>,
    /// Only this capability.
    pub capability: Option<String>,
    /// Only this board.
    pub board: Option<String>,
    /// Only favourites, or only others.
    pub favourite: Option<bool>,
    /// Every word occurs in title, capability, prompt or file names.
    pub search: Option<String>,
    /// Deleted ones instead of the others.
    pub deleted: bool,
    /// Only those asked for before this one.
    pub before: Option<String>,
    /// At most so many.
    pub limit: usize,
}

/// Changes of what people say about a job. `Some(None)` takes a value away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edit {
    /// Higher ones run first.
    pub priority: Option<i32>,
    /// Mark.
    pub favourite: Option<bool>,
    /// Board.
    pub board: Option<Option<String>>,
    /// Title.
    pub title: Option<Option<String>>,
}

/// A named collection of jobs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Board {
    /// Its name for programs.
    pub id: String,
    /// Its name for people.
    pub title: String,
    /// Jobs on it that are not deleted.
    pub count: usize,
}

/// The queue as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct QueueView {
    /// Whether no new job is begun.
    pub paused: bool,
    /// Ids of those that are worked on.
    pub running: Vec<String>,
    /// Ids of those that wait, in the order in which they will run.
    pub waiting: Vec<String>,
}

/// How far a running job has come.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProgressView {
    /// Name of the stage.
    pub step: String,
    /// Share of the stage that is finished, 0 to 1.
    pub fraction: f64,
    /// Seconds until the stage ends, where they can be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eta_seconds: Option<f64>,
}

/// Now.
pub(super) fn now() -> Moment {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_states_lead_back() {
        for state in State::ALL {
            assert_eq!(State::named(state.name()), Some(state));
            assert_eq!(serde_json::to_value(state).expect("plain"), state.name());
        }
        assert_eq!(State::named("ready"), None);
    }

    #[test]
    fn unknown_fields_of_a_submission_are_refused() {
        let error = serde_json::from_str::<Submission>(r#"{"capability":"x","input":{}}"#).expect_err("typo");
        assert!(error.to_string().contains("unknown field `input`"), "{error}");
    }
}
