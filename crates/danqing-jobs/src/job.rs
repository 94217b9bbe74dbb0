//! What was meant: a request with everything decided. Plain data, so that a queue can keep it.

use std::collections::BTreeMap;

use danqing_capability::{Event, WeightUse};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Encoding, Place};

/// A request after validation: parameters meant, inputs identified, models known, outputs checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// Capability id.
    pub capability: String,
    /// Its version.
    pub version: u32,
    /// Resolved parameters.
    pub params: Value,
    /// Inputs by port name, in order.
    pub inputs: BTreeMap<String, Vec<InputRecord>>,
    /// Models that this run will load.
    pub weights: Vec<WeightUse>,
    /// What was done differently than asked, so far.
    pub notices: Vec<Notice>,
    /// Where outputs go, by port name.
    pub outputs: BTreeMap<String, Place>,
    /// How they are encoded; the format is decided.
    pub encoding: Encoding,
    /// Whether existing files may be replaced.
    pub overwrite: bool,
}

/// One input as the recipe keeps it. Content, not place, is its identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputRecord {
    /// sha256 of the file, hex.
    pub sha256: String,
    /// Where it was, as given.
    pub path: Place,
    /// Bytes of the file.
    pub bytes: u64,
    /// Pixels per row, upright.
    pub width: usize,
    /// Rows, upright.
    pub height: usize,
}

/// Something done differently than asked; see [`Event::Warning`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// When it was noticed.
    pub phase: Phase,
    /// Stable identifier.
    pub code: String,
    /// Sentence for the user, English.
    pub message: String,
}

/// When something was noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// From what was typed to what was meant: not repeated when a recipe runs again.
    Resolve,
    /// While it ran.
    Run,
}

impl Notice {
    /// The notice in an event, if it is one.
    #[must_use]
    pub fn from_event(phase: Phase, event: &Event) -> Option<Self> {
        match event {
            Event::Warning { code, message } => {
                Some(Self { phase, code: (*code).to_owned(), message: message.clone() })
            }
            _ => None,
        }
    }
}
