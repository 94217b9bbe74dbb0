//! An installation at work: model store, engine, capabilities.

use std::path::{Path, PathBuf};

use danqing_capability::Failure;
use danqing_nn::{Engine, EngineConfig};
use danqing_weights::{ModelStore, StoreConfig};

use crate::Registry;
use crate::store::{open_store, store_failure};

/// What the user chooses for all runs.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Threads; `None` = one for each core.
    pub threads: Option<usize>,
    /// Never touch the network.
    pub offline: bool,
    /// Precision of networks: `f32`, `bf16` or `int8`; `None` = `DANQING_PRECISION`, else `f32`.
    pub precision: Option<String>,
}

/// Model store, engine and the capabilities built from them.
pub struct Studio {
    registry: Registry,
    store: ModelStore,
    engine: Engine,
    offline: bool,
}

impl Studio {
    /// Opens the store and starts the engine.
    ///
    /// # Errors
    /// A setting out of range, an unknown precision, or a store that can't be opened.
    pub fn open(settings: &Settings) -> Result<Self, Failure> {
        Self::with(settings, Registry::new)
    }

    /// With everything it keeps in `home`, knowing nothing of the environment.
    ///
    /// # Errors
    /// See [`Self::open`].
    pub fn in_folder(home: &Path, settings: &Settings) -> Result<Self, Failure> {
        let store = ModelStore::open(StoreConfig::in_folder(home, settings.offline)).map_err(store_failure)?;
        Self::of(store, settings, Registry::new)
    }

    /// One that only describes its capabilities: a single thread.
    ///
    /// # Errors
    /// See [`Self::open`].
    pub fn describing() -> Result<Self, Failure> {
        Self::open(&Settings { threads: Some(1), offline: true, ..Settings::default() })
    }

    /// With other capabilities than the built-in ones.
    ///
    /// # Errors
    /// See [`Self::open`].
    pub fn with(
        settings: &Settings,
        capabilities: impl FnOnce(&ModelStore, &Engine) -> Registry,
    ) -> Result<Self, Failure> {
        Self::of(open_store(settings.offline).map_err(store_failure)?, settings, capabilities)
    }

    fn of(
        store: ModelStore,
        settings: &Settings,
        capabilities: impl FnOnce(&ModelStore, &Engine) -> Registry,
    ) -> Result<Self, Failure> {
        let precision = settings.precision.as_deref().map(str::parse).transpose().map_err(Failure::from_error)?;
        let config = EngineConfig { threads: settings.threads, precision, ..EngineConfig::default() };
        let engine = Engine::new(config).map_err(Failure::from_error)?;
        let registry = capabilities(&store, &engine);
        Ok(Self { registry, store, engine, offline: settings.offline })
    }

    /// The capabilities.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Kernels and precision that run, as recipes keep them.
    #[must_use]
    pub fn backend(&self) -> String {
        self.engine.backend()
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(crate) fn store(&self) -> &ModelStore {
        &self.store
    }

    pub(crate) fn is_offline(&self) -> bool {
        self.offline
    }

    pub(crate) fn store_folder(&self) -> PathBuf {
        self.store.home().to_owned()
    }
}
