//! What the tests of the capabilities share.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::sync::Arc;

use danqing_capability::{CancelToken, Progress};
use danqing_media::{Medium, Picture};
use danqing_nn::{Engine, EngineConfig};
use danqing_weights::{ModelStore, StoreConfig};

/// The store that `make test` filled.
pub(crate) fn store() -> ModelStore {
    ModelStore::open(StoreConfig::from_environment(true).expect("a home folder")).expect("a store")
}

/// Every core, the best tier.
pub(crate) fn engine() -> Engine {
    Engine::new(EngineConfig::default()).expect("an engine")
}

/// As an input.
pub(crate) fn medium(picture: Picture) -> Medium {
    Medium::Picture(Arc::new(picture))
}

/// Runs with a progress that nobody listens to.
pub(crate) fn progress_ignored<T>(run: impl FnOnce(&mut Progress<'_>) -> T) -> T {
    let mut ignore = |_| {};
    run(&mut Progress::new(CancelToken::default(), &mut ignore))
}

/// Random numbers that are the same on every machine (splitmix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// A whole number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: usize, high: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        low + ((z ^ (z >> 31)) % (high - low + 1) as u64) as usize
    }
}
