//! The networks that enlarge: those of the catalogue, kept once loaded, and files of the user's.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use danqing_capability::{CancelToken, WeightUse};
use danqing_models::upscalers::Upscaler;
use danqing_nn::Engine;
use danqing_weights::{ModelStore, Weights};

use super::Error;
use super::params::Model;
use crate::lazy_network::{LazyNetwork, Loaded};

/// Catalogue ids.
const X4PLUS: &str = "realesrgan-x4plus";
const X2PLUS: &str = "realesrgan-x2plus";
const ANIME: &str = "realesrgan-x4plus-anime";
const VIDEO: &str = "realesr-animevideov3";

/// All of them; each is loaded when it is first needed.
pub(super) struct Networks {
    engine: Engine,
    listed: Vec<(Model, LazyNetwork<Upscaler>)>,
    /// The file used last.
    file: Mutex<Option<Arc<Loaded<Upscaler>>>>,
}

/// Catalogue id of a model that is in the catalogue.
pub(super) fn id(model: &Model) -> Option<&'static str> {
    match model {
        Model::X4plus => Some(X4PLUS),
        Model::X2plus => Some(X2PLUS),
        Model::Anime => Some(ANIME),
        Model::Video => Some(VIDEO),
        Model::Auto | Model::File(_) => None,
    }
}

/// Scale of a model that is in the catalogue, known without its weights.
pub(super) fn listed_scale(model: &Model) -> Option<usize> {
    match model {
        Model::X4plus | Model::Anime | Model::Video => Some(4),
        Model::X2plus => Some(2),
        Model::Auto | Model::File(_) => None,
    }
}

impl Networks {
    pub(super) fn new(store: &ModelStore, engine: &Engine) -> Self {
        let listed = [Model::X4plus, Model::X2plus, Model::Anime, Model::Video].into_iter().filter_map(|model| {
            let lazy = LazyNetwork::new(store, engine, id(&model)?, |engine, file| Upscaler::load(engine, file, None));
            Some((model, lazy))
        });
        Self { engine: engine.clone(), listed: listed.collect(), file: Mutex::new(None) }
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The network of a model, loaded now or before.
    pub(super) fn get(&self, model: &Model, cancel: &CancelToken) -> Result<Arc<Loaded<Upscaler>>, Error> {
        if let Model::File(path) = model {
            return self.of_file(path, cancel);
        }
        let listed = self.listed.iter().find(|(known, _)| known == model);
        match listed {
            Some((_, network)) => Ok(network.get(cancel)?),
            None => Err(Error::OutOfRange { name: "model", actual: "auto".into(), expected: "a resolved model" }),
        }
    }

    /// Read again each time, as the file may have changed; packed again only if it has.
    fn of_file(&self, path: &Path, cancel: &CancelToken) -> Result<Arc<Loaded<Upscaler>>, Error> {
        let named = || path.display().to_string();
        let weights = Weights::of_file(path).map_err(|cause| Error::ModelFile { path: named(), cause })?;
        let mut slot = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let sha256 = weights.sha256.to_string();
        if let Some(kept) = slot.as_ref().filter(|kept| kept.weights.sha256 == sha256) {
            return Ok(Arc::clone(kept));
        }
        let engine = self.engine.with_cancel(cancel.clone());
        let network = Upscaler::load(&engine, &weights.tensors, weights.graph.as_ref())
            .map_err(|cause| Error::ModelContent { path: named(), cause })?;
        if network.scale() == 0 {
            return Err(Error::NoScale { path: named(), network: network.describe() });
        }
        let weights = WeightUse { id: weights.id, sha256, licence_class: weights.licence_class.to_string() };
        let loaded = Arc::new(Loaded { network, weights });
        *slot = Some(Arc::clone(&loaded));
        Ok(loaded)
    }
}
