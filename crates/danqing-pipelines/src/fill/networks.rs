//! The networks that fills need, loaded on first use and kept.

use std::sync::{Arc, Mutex, PoisonError};

use danqing_capability::WeightUse;
use danqing_models::inpainters::Migan;
use danqing_nn::Engine;
use danqing_weights::ModelStore;

use super::Error;

/// Catalogue id of the inpainting network.
pub(crate) const MIGAN: &str = "migan-512-places2";

/// A network and where its weights came from.
pub(crate) struct Loaded {
    /// Ready to run.
    pub(crate) migan: Migan,
    /// For the recipe.
    pub(crate) weights: WeightUse,
}

/// Store, engine, and what has been loaded so far.
pub(crate) struct Networks {
    store: ModelStore,
    engine: Engine,
    migan: Mutex<Option<Arc<Loaded>>>,
}

impl Networks {
    /// Nothing is loaded yet.
    pub(crate) fn new(store: &ModelStore, engine: &Engine) -> Self {
        Self { store: store.clone(), engine: engine.clone(), migan: Mutex::new(None) }
    }

    /// What runs it.
    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The inpainting network.
    pub(crate) fn migan(&self) -> Result<Arc<Loaded>, Error> {
        let mut slot = self.migan.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(loaded) = &*slot {
            return Ok(Arc::clone(loaded));
        }
        let weights = self.store.open_tensors(MIGAN)?;
        let loaded = Arc::new(Loaded {
            migan: Migan::load(&self.engine, &weights.tensors)?,
            weights: WeightUse {
                id: MIGAN.into(),
                sha256: weights.sha256.to_string(),
                licence_class: weights.licence_class.to_string(),
            },
        });
        *slot = Some(Arc::clone(&loaded));
        Ok(loaded)
    }
}
