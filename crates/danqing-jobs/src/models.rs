//! The model store as fronts see it: rows of data in, progress out.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use danqing_capability::{CancelToken, Class, Classified, Failure, WeightUse};
use danqing_weights::catalogue::Entry;
use danqing_weights::{ModelStore, State, Status, StoreConfig, StoreError, Transferred};
use serde::Serialize;

use crate::{Prepared, Studio};

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

    fn new(status: Status<'_>) -> Self {
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

impl Studio {
    /// Everything in the catalogue.
    ///
    /// # Errors
    /// What the disk says.
    pub fn models(&self) -> Result<Vec<Model>, Failure> {
        let list = self.store().list().map_err(store_failure)?;
        Ok(list.into_iter().map(Model::new).collect())
    }

    /// The models that ids and packs name, each once.
    ///
    /// # Errors
    /// [`Error::Unknown`] with the names there are.
    pub fn models_named(&self, names: &[String]) -> Result<Vec<Model>, Failure> {
        let all = self.models()?;
        let mut named: Vec<Model> = Vec::new();
        for name in names {
            let found: Vec<_> = all.iter().filter(|m| m.id == *name || m.packs.contains(name)).collect();
            if found.is_empty() {
                let mut known = self.store().catalogue().packs();
                known.extend(all.iter().map(|m| m.id.as_str()));
                return Err(Error::Unknown { name: name.clone(), known: known.join(", ") }.into());
            }
            for model in found {
                if named.iter().all(|m| m.id != model.id) {
                    named.push(model.clone());
                }
            }
        }
        Ok(named)
    }

    /// Models that the job needs and that are not here.
    ///
    /// # Errors
    /// A damaged model, or what the disk says.
    pub fn missing(&self, prepared: &Prepared) -> Result<Vec<Model>, Failure> {
        self.missing_of(&prepared.job.weights)
    }

    pub(crate) fn refuse_missing(&self, weights: &[WeightUse]) -> Result<(), Failure> {
        let models = self.missing_of(weights)?;
        if models.is_empty() { Ok(()) } else { Err(Error::Missing { models }.into()) }
    }

    fn missing_of(&self, weights: &[WeightUse]) -> Result<Vec<Model>, Failure> {
        let names: Vec<_> = weights.iter().map(|w| w.id.clone()).collect();
        let mut missing = self.models_named(&names)?;
        if let Some(damaged) = missing.iter().find(|m| m.state == ModelState::Damaged) {
            return Err(Error::Damaged { id: damaged.id.clone(), path: damaged.path.display().to_string() }.into());
        }
        missing.retain(|model| !model.is_here());
        Ok(missing)
    }

    pub(crate) fn weight_use(&self, id: &str) -> Result<WeightUse, Failure> {
        let entry = self.store().catalogue().get(id).map_err(|e| store_failure(e.into()))?;
        let (sha256, licence_class) = (entry.sha256.to_string(), entry.licence_class.to_string());
        Ok(WeightUse { id: id.to_owned(), sha256, licence_class })
    }

    /// Fetches models or packs, whose licences the user has seen and agreed to.
    ///
    /// # Errors
    /// No network, a wrong sha256, a full disk, cancelled.
    pub fn pull(&self, names: &[String], seen: &mut dyn FnMut(&Transfer), cancel: &CancelToken) -> Result<(), Failure> {
        for model in self.models_named(names)? {
            if model.licence_class != "free" {
                self.store().accept_licence(&model.id).map_err(store_failure)?;
            }
        }
        let packs: Vec<_> = self.store().catalogue().packs().into_iter().map(str::to_owned).collect();
        for name in names {
            let mut report = reporter(seen, cancel);
            if packs.contains(name) {
                self.store().pull_pack(name, &mut report).map_err(store_failure)?;
            } else {
                self.store().pull(name, &mut report).map_err(store_failure)?;
            }
        }
        Ok(())
    }

    /// Reads a model's whole file and compares its sha256.
    ///
    /// # Errors
    /// Missing, damaged, cancelled, or what the disk says.
    pub fn verify(&self, id: &str, seen: &mut dyn FnMut(&Transfer), cancel: &CancelToken) -> Result<(), Failure> {
        let status = self.store().verify(id, &mut reporter(seen, cancel)).map_err(store_failure)?;
        let model = Model::new(status);
        match model.state {
            ModelState::Present => Ok(()),
            ModelState::Missing => Err(Error::Missing { models: vec![model] }.into()),
            ModelState::Damaged => Err(Error::Damaged { id: model.id, path: model.path.display().to_string() }.into()),
        }
    }

    /// Takes a model from a file the user has; it must be the very file of the catalogue.
    ///
    /// # Errors
    /// Another size or sha256, or what the disk says.
    pub fn import(
        &self,
        id: &str,
        file: &Path,
        seen: &mut dyn FnMut(&Transfer),
        cancel: &CancelToken,
    ) -> Result<PathBuf, Failure> {
        self.store().import(id, file, &mut reporter(seen, cancel)).map_err(store_failure)
    }

    /// Deletes a model's files; `false` if there were none.
    ///
    /// # Errors
    /// An unknown id, or what the disk says.
    pub fn remove(&self, id: &str) -> Result<bool, Failure> {
        self.store().remove(id).map_err(store_failure)
    }

    /// Where a model lies.
    ///
    /// # Errors
    /// An unknown id, or a model that is not here.
    pub fn path_of(&self, id: &str) -> Result<PathBuf, Failure> {
        self.store().path(id).map_err(store_failure)
    }
}

pub(crate) fn open_store(offline: bool) -> Result<ModelStore, StoreError> {
    ModelStore::open(StoreConfig::from_environment(offline)?)
}

fn reporter<'r>(
    seen: &'r mut dyn FnMut(&Transfer),
    cancel: &'r CancelToken,
) -> impl FnMut(Transferred<'_>) -> ControlFlow<()> + 'r {
    |now| {
        seen(&Transfer { id: now.id.to_owned(), stage: now.stage, done: now.done, total: now.total });
        if cancel.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// The store's errors under the contract's classes.
pub(crate) fn store_failure(error: StoreError) -> Failure {
    use danqing_weights::Class as Theirs;
    let class = match error.class() {
        Theirs::Caller => Class::Caller,
        Theirs::File => Class::File,
        Theirs::Limit => Class::Limit,
        Theirs::Unsupported => Class::Unsupported,
        Theirs::MissingModel => Class::MissingModel,
        Theirs::Environment => Class::Environment,
        Theirs::Cancelled => Class::Cancelled,
        _ => Class::Bug,
    };
    let hint = error.hint();
    let failure = Failure::new(class, error.to_string());
    match hint {
        Some(hint) => failure.with_hint(hint),
        None => failure,
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
