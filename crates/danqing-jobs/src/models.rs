//! Models as fronts see them: rows of plain data, and why they can't be used.

use std::path::PathBuf;

use danqing_capability::{Class, Classified, Failure};
use danqing_weights::catalogue::Entry;
use danqing_weights::{State, Status};
use serde::Serialize;

/// One entry of the catalogue and whether it is here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Model {
    /// Catalogue id.
    pub id: String,
    /// What it is for, e.g. `inpainter`.
    pub role: String,
    /// One line, English.
    pub title: String,
    /// One line, Chinese.
    pub title_zh: String,
    /// Licence as its maker states it.
    pub licence: String,
    /// `free`, `non-commercial` or `unclear`.
    pub licence_class: String,
    /// Bytes to fetch.
    pub bytes: u64,
    /// sha256 of the file, hex.
    pub sha256: String,
    /// What works once it is here.
    pub enables: String,
    /// Packs it belongs to.
    pub packs: Vec<String>,
    /// Whether it is here.
    pub state: ModelState,
    /// Where it is, or would be.
    pub path: PathBuf,
}

/// Whether a model's file is usable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelState {
    /// It is.
    Present,
    /// It is not here.
    Missing,
    /// It is here, and not what the catalogue states.
    Damaged,
}

/// How far a download, an unpacking or a check has come; an event like those of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename = "transfer")]
pub struct Transfer {
    /// Catalogue id.
    pub id: String,
    /// `download`, `unpack`, `verify` or `convert`.
    pub stage: &'static str,
    /// Bytes finished.
    pub done: u64,
    /// Bytes in this stage, where known.
    pub total: Option<u64>,
}

/// Why models can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// They have to be fetched first.
    #[error("models are missing: {}", listed(models))]
    Missing {
        /// Which.
        models: Vec<Model>,
    },
    /// The file is not what the catalogue states.
    #[error("model {id} is damaged: {path}")]
    Damaged {
        /// Catalogue id.
        id: String,
        /// The file.
        path: String,
    },
    /// Neither a model nor a pack.
    #[error("there is no model or pack named {name:?} (there are {known})")]
    Unknown {
        /// Name given.
        name: String,
        /// Names there are.
        known: String,
    },
}

impl Classified for Error {
    fn class(&self) -> Class {
        match self {
            Self::Missing { .. } => Class::MissingModel,
            Self::Damaged { .. } => Class::File,
            Self::Unknown { .. } => Class::Caller,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Missing { models } => {
                Some(format!("fetch with `danqing models pull {}`, or add --yes", pull_names(models)))
            }
            Self::Damaged { id, .. } => {
                Some(format!("fetch it again: `danqing models remove {id}`, then `danqing models pull {id}`"))
            }
            Self::Unknown { .. } => Some("`danqing models` lists them".to_owned()),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::from_error(error)
    }
}

/// `migan (28.1 MB, free, licence: MIT)`
fn listed(models: &[Model]) -> String {
    let shown =
        |m: &Model| format!("{} ({:.1} MB, {}, licence: {})", m.id, m.bytes as f64 / 1e6, m.licence_class, m.licence);
    models.iter().map(shown).collect::<Vec<_>>().join("; ")
}

/// The pack that brings them all, else their ids.
fn pull_names(models: &[Model]) -> String {
    let packs = models.first().map_or(&[][..], |m| m.packs.as_slice());
    match packs.iter().find(|pack| models.iter().all(|m| m.packs.contains(pack))) {
        Some(pack) => pack.clone(),
        None => models.iter().map(|m| m.id.as_str()).collect::<Vec<_>>().join(" "),
    }
}

impl Model {
    /// Whether it can be used as it is.
    #[must_use]
    pub fn is_here(&self) -> bool {
        self.state == ModelState::Present
    }

    pub(crate) fn new(status: Status<'_>) -> Self {
        let entry: &Entry = status.model;
        let state = match status.state {
            State::Present => ModelState::Present,
            State::Missing => ModelState::Missing,
            State::Damaged => ModelState::Damaged,
        };
        Self {
            id: entry.id.clone(),
            role: entry.role.clone(),
            title: entry.title.clone(),
            title_zh: entry.title_zh.clone(),
            licence: entry.licence.clone(),
            licence_class: entry.licence_class.to_string(),
            bytes: entry.size,
            sha256: entry.sha256.to_string(),
            enables: entry.enables.clone(),
            packs: entry.packs.clone(),
            state,
            path: status.path,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(id: &str, packs: &[&str]) -> Model {
        let text = String::new;
        Model {
            id: id.to_owned(),
            role: text(),
            title: text(),
            title_zh: text(),
            licence: "MIT".to_owned(),
            licence_class: "free".to_owned(),
            bytes: 28_079_181,
            sha256: text(),
            enables: text(),
            packs: packs.iter().map(ToString::to_string).collect(),
            state: ModelState::Missing,
            path: PathBuf::new(),
        }
    }

    #[test]
    fn a_missing_model_is_named_with_size_licence_and_command() {
        let error = Error::Missing { models: vec![model("migan", &["default"])] };
        assert_eq!(error.to_string(), "models are missing: migan (28.1 MB, free, licence: MIT)");
        assert_eq!(error.hint().as_deref(), Some("fetch with `danqing models pull default`, or add --yes"));
    }

    #[test]
    fn without_a_common_pack_the_ids_are_the_command() {
        let models = [model("a", &["default", "x"]), model("b", &["x"]), model("c", &[])];
        assert_eq!(pull_names(&models[..2]), "x");
        assert_eq!(pull_names(&models), "a b c");
    }
}
