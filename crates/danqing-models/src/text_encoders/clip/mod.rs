//! The text encoder of CLIP, as Stable Diffusion 1.x and 2.x use it.
//!
//! Equals `CLIPTextModel` of transformers 4.46.3 (`src/transformers/models/clip/modeling_clip.py`) in fp32, to the tolerance
//! of `tests/diffusion_golden.rs`. What skips layers goes through the final norm too, as in diffusers' `clip_skip`.
//!
//! Source: A. Radford et al., "Learning Transferable Visual Models From Natural Language Supervision", ICML 2021.

mod config;
mod layer;

use danqing_nn::{Engine, FeatureMap, LayerNorm, Shape, Weight};

use self::layer::Layer;
use super::TextEncoder;
use crate::diffusion::{Loader, Observe, TensorShape, Tensors};
use crate::{Error, checkpoint::Checkpoint};
pub use config::ClipTextConfig;

const NETWORK: &str = "CLIP text encoder";

/// The network with its weights, packed for one engine's tier.
pub struct ClipText {
    config: ClipTextConfig,
    token_embedding: Weight,
    position_embedding: Weight,
    layers: Vec<Layer>,
    final_norm: LayerNorm,
}

impl ClipText {
    /// Packs the weights.
    ///
    /// # Errors
    /// [`Error::MissingTensor`], [`Error::TensorShape`] or [`Error::Leftover`] for another network, [`Error::Engine`].
    pub fn load(engine: &Engine, tensors: Tensors<'_>, config: ClipTextConfig) -> Result<Self, Error> {
        let checkpoint = Checkpoint::of(NETWORK, tensors);
        let network = Self::read(&Loader { engine, checkpoint: &checkpoint }, config)?;
        checkpoint.finish_with(tensors)?;
        Ok(network)
    }

    /// Names and dimensions of all tensors that [`Self::load`] reads, by name.
    ///
    /// # Errors
    /// [`Error::Engine`].
    pub fn tensors(engine: &Engine, config: ClipTextConfig) -> Result<Vec<TensorShape>, Error> {
        let checkpoint = Checkpoint::listing(NETWORK);
        Self::read(&Loader { engine, checkpoint: &checkpoint }, config)?;
        Ok(checkpoint.listed())
    }

    fn read(loader: &Loader<'_>, config: ClipTextConfig) -> Result<Self, Error> {
        let embedding = |name: &str, count| {
            loader.weight(&format!("text_model.embeddings.{name}_embedding"), "weight", &[count, config.channels])
        };
        let layer = |index| Layer::load(loader, &format!("text_model.encoder.layers.{index}"), &config);
        Ok(Self {
            token_embedding: embedding("token", config.vocabulary)?,
            position_embedding: embedding("position", config.tokens)?,
            layers: (0..config.layers).map(layer).collect::<Result<_, _>>()?,
            final_norm: loader.layer_norm("text_model.final_layer_norm", config.channels)?,
            config,
        })
    }

    /// As [`TextEncoder::encode`]; `observe` sees the output of each layer.
    ///
    /// # Errors
    /// As [`TextEncoder::encode`], and the observer's.
    pub fn encode_observed(
        &self,
        engine: &Engine,
        tokens: &[u32],
        skipped: usize,
        observe: Observe<'_>,
    ) -> Result<FeatureMap, Error> {
        self.forward(engine, tokens, &[], skipped, observe)
    }

    fn forward(
        &self,
        engine: &Engine,
        tokens: &[u32],
        vectors: &[(usize, &[f32])],
        skipped: usize,
        observe: Observe<'_>,
    ) -> Result<FeatureMap, Error> {
        let mut x = self.embedded(engine, tokens, vectors, skipped)?;
        for (index, layer) in self.layers[..self.layers.len() - skipped].iter().enumerate() {
            x = layer.forward(engine, &x)?;
            observe(&format!("layers.{index}"), &x)?;
        }
        Ok(self.final_norm.forward(engine, &x)?)
    }

    /// Embeddings of tokens and places, `[1, 1, tokens, channels]`.
    fn embedded(
        &self,
        engine: &Engine,
        tokens: &[u32],
        vectors: &[(usize, &[f32])],
        skipped: usize,
    ) -> Result<FeatureMap, Error> {
        let ClipTextConfig { vocabulary, tokens: most, channels, layers, .. } = self.config;
        let unknown = tokens.iter().find(|&&token| token as usize >= vocabulary);
        if tokens.is_empty() || tokens.len() > most || unknown.is_some() || skipped >= layers {
            let actual = match unknown {
                Some(token) => format!("token {token}"),
                None => format!("{} tokens, {skipped} layers skipped", tokens.len()),
            };
            let expected = format!("1 to {most} tokens below {vocabulary}, fewer than {layers} layers skipped");
            return Err(Error::InputShape { network: NETWORK, actual, expected });
        }
        if let Some((_, vector)) = vectors.iter().find(|(_, vector)| vector.len() != channels) {
            let (actual, expected) = (format!("a vector of {}", vector.len()), format!("vectors of {channels}"));
            return Err(Error::InputShape { network: NETWORK, actual, expected });
        }
        let rows = |weight: &Weight, index: usize| weight.values()[index * channels..][..channels].to_vec();
        let mut values = Vec::with_capacity(tokens.len() * channels);
        for (place, &token) in tokens.iter().enumerate() {
            let own = vectors.iter().find(|(at, _)| *at == place).map(|(_, vector)| vector.to_vec());
            let word = own.unwrap_or_else(|| rows(&self.token_embedding, token as usize));
            let place = rows(&self.position_embedding, place);
            values.extend(word.iter().zip(place).map(|(word, place)| word + place));
        }
        Ok(FeatureMap::from_nhwc(engine, Shape::new(1, 1, tokens.len(), channels), values)?)
    }
}

impl TextEncoder for ClipText {
    fn tokens(&self) -> usize {
        self.config.tokens
    }

    fn channels(&self) -> usize {
        self.config.channels
    }

    fn encode_with(
        &self,
        engine: &Engine,
        tokens: &[u32],
        vectors: &[(usize, &[f32])],
        skipped: usize,
    ) -> Result<FeatureMap, Error> {
        self.forward(engine, tokens, vectors, skipped, &mut |_, _| Ok(()))
    }
}
