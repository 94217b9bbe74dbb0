//! A network that is loaded on first use and kept.

use std::sync::{Arc, Mutex, PoisonError};

use danqing_capability::{CancelToken, Class, Classified, WeightUse};
use danqing_nn::Engine;
use danqing_weights::{ModelStore, StoreError, TensorFile};

/// Packs a network's weights for an engine.
type Load<N> = fn(&Engine, &TensorFile) -> Result<N, danqing_models::Error>;

/// Store, engine, catalogue id, and the network once it has been asked for.
pub(crate) struct LazyNetwork<N> {
    id: &'static str,
    load: Load<N>,
    store: ModelStore,
    engine: Engine,
    slot: Mutex<Option<Arc<Loaded<N>>>>,
}

/// A network and where its weights came from.
pub(crate) struct Loaded<N> {
    /// Ready to run.
    pub(crate) network: N,
    /// For the recipe.
    pub(crate) weights: WeightUse,
}

impl<N> LazyNetwork<N> {
    /// Nothing is loaded yet; `id` is the catalogue's.
    pub(crate) fn new(store: &ModelStore, engine: &Engine, id: &'static str, load: Load<N>) -> Self {
        Self { id, load, store: store.clone(), engine: engine.clone(), slot: Mutex::new(None) }
    }

    /// What runs it.
    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The network, loaded now or before.
    pub(crate) fn get(&self, cancel: &CancelToken) -> Result<Arc<Loaded<N>>, NetworkError> {
        let mut slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(loaded) = &*slot {
            return Ok(Arc::clone(loaded));
        }
        let weights = self.store.open_tensors_while(self.id, &mut || !cancel.is_cancelled())?;
        let engine = self.engine.with_cancel(cancel.clone());
        let loaded = Arc::new(Loaded {
            network: (self.load)(&engine, &weights.tensors)?,
            weights: WeightUse {
                id: self.id.into(),
                sha256: weights.sha256.to_string(),
                licence_class: weights.licence_class.to_string(),
            },
        });
        *slot = Some(Arc::clone(&loaded));
        Ok(loaded)
    }
}

/// Why a network can't be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// It is not there or not readable.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file holds another network, or a damaged one.
    #[error(transparent)]
    Weights(#[from] danqing_models::Error),
}

impl Classified for NetworkError {
    fn class(&self) -> Class {
        match self {
            Self::Store(error) => class_of_weights(error.class()),
            Self::Weights(error) => error.class(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Store(error) => error.hint(),
            Self::Weights(error) => error.hint(),
        }
    }
}

/// The weights crate knows classes of its own, so that it depends on nothing.
pub(crate) fn class_of_weights(class: danqing_weights::Class) -> Class {
    match class {
        danqing_weights::Class::MissingModel => Class::MissingModel,
        danqing_weights::Class::Caller => Class::Caller,
        danqing_weights::Class::File => Class::File,
        danqing_weights::Class::Limit => Class::Limit,
        danqing_weights::Class::Unsupported => Class::Unsupported,
        danqing_weights::Class::Environment => Class::Environment,
        danqing_weights::Class::Cancelled => Class::Cancelled,
        _ => Class::Bug,
    }
}
