//! The network that fills need.

use danqing_models::inpainters::Migan;
use danqing_nn::Engine;
use danqing_weights::ModelStore;

use crate::lazy_network::LazyNetwork;

/// Catalogue id of the inpainting network.
pub(crate) const MIGAN: &str = "migan-512-places2";

/// The inpainting network, loaded when the first fill needs it.
pub(crate) type Inpainter = LazyNetwork<Migan>;

/// Nothing is loaded yet.
pub(crate) fn inpainter(store: &ModelStore, engine: &Engine) -> Inpainter {
    LazyNetwork::new(store, engine, MIGAN, Migan::load)
}
