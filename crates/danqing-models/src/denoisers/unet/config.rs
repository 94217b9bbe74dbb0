//! Sizes of the UNet.

/// Sizes of a `UNet2DConditionModel` of the Stable Diffusion 1 and 2 families.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnetConfig {
    /// Channels of the input, see [`Denoiser::input_channels`](crate::denoisers::Denoiser::input_channels).
    pub in_channels: usize,
    /// Channels of the prediction.
    pub out_channels: usize,
    /// Channels of each level, the finest first.
    pub channels: Vec<usize>,
    /// Heads of the transformers of each level; 0 for a level without.
    pub heads: Vec<usize>,
    /// Heads of the transformer in the middle.
    pub middle_heads: usize,
    /// Residual blocks of each level on the way down; one more on the way up.
    pub layers: usize,
    /// Channels of a token of the text.
    pub context: usize,
    /// Groups of every normalisation.
    pub groups: usize,
    /// Whether transformers begin and end with linear layers instead of 1×1 convolutions: only the form of the weights.
    pub has_linear_projection: bool,
}

impl UnetConfig {
    /// Stable Diffusion 1.x (runwayml/stable-diffusion-v1-5: unet/config.json, where `attention_head_dim` is the number of
    /// heads).
    #[must_use]
    pub fn sd1() -> Self {
        Self {
            in_channels: 4,
            out_channels: 4,
            channels: vec![320, 640, 1280, 1280],
            heads: vec![8, 8, 8, 0],
            middle_heads: 8,
            layers: 2,
            context: 768,
            groups: 32,
            has_linear_projection: false,
        }
    }

    /// Its inpainting form, with mask and masked picture beside the latent (runwayml/stable-diffusion-inpainting).
    #[must_use]
    pub fn sd1_inpaint() -> Self {
        Self { in_channels: 9, ..Self::sd1() }
    }

    /// Its instruction form, with the picture beside the latent (timbrooks/instruct-pix2pix).
    #[must_use]
    pub fn pix2pix() -> Self {
        Self { in_channels: 8, ..Self::sd1() }
    }

    /// Stable Diffusion 2.x (stabilityai/stable-diffusion-2-1: unet/config.json).
    #[must_use]
    pub fn sd2() -> Self {
        Self { heads: vec![5, 10, 20, 0], middle_heads: 20, context: 1024, has_linear_projection: true, ..Self::sd1() }
    }

    /// Channels of the time embedding.
    pub(super) fn time(&self) -> usize {
        4 * self.channels.first().copied().unwrap_or(0)
    }
}
