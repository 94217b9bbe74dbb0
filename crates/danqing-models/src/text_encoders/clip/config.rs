//! Sizes of the text encoder.

use danqing_nn::Activation;

/// Sizes of a `CLIPTextModel`.
#[derive(Clone, Debug, PartialEq)]
pub struct ClipTextConfig {
    /// Tokens known.
    pub vocabulary: usize,
    /// Most tokens of a text.
    pub tokens: usize,
    /// Channels of a token.
    pub channels: usize,
    /// Channels inside a layer's perceptron.
    pub inner: usize,
    /// Heads of each attention.
    pub heads: usize,
    /// Layers of the checkpoint.
    pub layers: usize,
    /// Of the perceptrons.
    pub activation: Activation,
}

impl ClipTextConfig {
    /// Stable Diffusion 1.x (openai/clip-vit-large-patch14: config.json, `text_config`).
    #[must_use]
    pub fn sd1() -> Self {
        Self {
            vocabulary: 49408,
            tokens: 77,
            channels: 768,
            inner: 3072,
            heads: 12,
            layers: 12,
            activation: Activation::GeluQuick,
        }
    }

    /// Stable Diffusion 2.x (`stabilityai/stable-diffusion-2-1`: `text_encoder/config.json`, whose checkpoint leaves out the
    /// last of the 24 layers).
    #[must_use]
    pub fn sd2() -> Self {
        Self { channels: 1024, inner: 4096, heads: 16, layers: 23, activation: Activation::Gelu, ..Self::sd1() }
    }
}
