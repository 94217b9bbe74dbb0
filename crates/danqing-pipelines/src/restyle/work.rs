//! What every mode is given and gives back.

use danqing_capability::WeightUse;
use danqing_media::{Raster, SrgbF32};
use danqing_models::stylizers::{Decoder, Multistyle26, Vgg19, Vgg19Gradient};
use danqing_nn::Engine;
use danqing_weights::ModelStore;
use serde_json::Value;

use super::Params;
use crate::lazy_network::LazyNetwork;

/// Catalogue id of the encoder.
pub(super) const VGG19: &str = "adain-vgg19";
/// Catalogue id of the decoder of `transfer`.
pub(super) const DECODER: &str = "adain-decoder";
/// Catalogue id of the gallery.
pub(super) const MULTISTYLE26: &str = "multistyle26";

/// The networks of all modes, each loaded when it is first needed.
pub(super) struct Networks {
    /// Encoder of `transfer`.
    pub(super) vgg19: LazyNetwork<Vgg19>,
    /// Decoder of `transfer`.
    pub(super) decoder: LazyNetwork<Decoder>,
    /// The 26 styles of `gallery`.
    pub(super) multistyle26: LazyNetwork<Multistyle26>,
    /// The encoder forwards and backwards, of `optimise`.
    pub(super) vgg19_gradient: LazyNetwork<Vgg19Gradient>,
}

impl Networks {
    pub(super) fn new(store: &ModelStore, engine: &Engine) -> Self {
        Self {
            vgg19: LazyNetwork::new(store, engine, VGG19, Vgg19::load),
            decoder: LazyNetwork::new(store, engine, DECODER, Decoder::load),
            multistyle26: LazyNetwork::new(store, engine, MULTISTYLE26, Multistyle26::load),
            vgg19_gradient: LazyNetwork::new(store, &engine.in_f32(), VGG19, Vgg19Gradient::load),
        }
    }
}

/// One picture to repaint.
#[derive(Clone, Copy)]
pub(super) struct Work<'a> {
    /// The picture.
    pub(super) content: &'a Raster<SrgbF32>,
    /// The style pictures, in their order; none for names.
    pub(super) arts: &'a [Raster<SrgbF32>],
    /// Resolved: the mode is decided, gallery styles have their numbers, the seed is drawn.
    pub(super) params: &'a Params,
}

/// What a mode made.
pub(super) struct Painted {
    /// As large as the content, `0.0..=1.0`.
    pub(super) picture: Raster<SrgbF32>,
    /// Networks that took part.
    pub(super) weights: Vec<WeightUse>,
    /// What was measured or decided, for the recipe.
    pub(super) facts: Vec<(&'static str, Value)>,
    /// Whether `keep_structure` has been followed already.
    pub(super) structure_kept: bool,
    /// Whether `keep_colours` has been followed already.
    pub(super) colours_kept: bool,
    /// How much of it is taken in the end, the rest being the content; 1 where the mode has followed `strength` itself.
    pub(super) share: f32,
}

impl Painted {
    /// A picture whose structure and colours are still to be kept, made without a network.
    pub(super) fn new(picture: Raster<SrgbF32>) -> Self {
        Self { picture, weights: Vec::new(), facts: Vec::new(), structure_kept: false, colours_kept: false, share: 1.0 }
    }
}
