//! What a studio does with its model store: list, fetch, check, import, remove.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use danqing_capability::{CancelToken, Class, Failure, WeightUse};
use danqing_weights::{ModelStore, StoreConfig, StoreError, Transferred};

use crate::models::Error;
use crate::{Model, ModelState, Prepared, Studio, Transfer};

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
#[expect(clippy::needless_pass_by_value, reason = "the shape that `map_err` takes")]
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
