//! How the blocks of diffusion networks find and pack their weights.

use danqing_nn::{Conv2d, Conv2dConfig, Engine, GatedLinear, GroupNorm, LayerNorm, Linear, Weight};

use crate::{Error, checkpoint::Checkpoint};

/// Epsilon of every layer norm.
const LAYER_EPSILON: f32 = 1e-5;

pub(crate) struct Loader<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) checkpoint: &'a Checkpoint<'a>,
}

impl Loader<'_> {
    /// The convolution of that name with its bias.
    pub(crate) fn conv(
        &self,
        name: &str,
        [inputs, outputs]: [usize; 2],
        kernel: usize,
        config: Conv2dConfig,
    ) -> Result<Conv2d, Error> {
        let weight = self.weight(name, "weight", &[outputs, inputs, kernel, kernel])?;
        let bias = self.weight(name, "bias", &[outputs])?;
        let layer = Conv2d::new(self.engine, config, &weight, Some(&bias))?;
        self.checkpoint.packed(weight);
        Ok(layer)
    }

    /// A 3×3 convolution that keeps the size.
    pub(crate) fn conv3(&self, name: &str, channels: [usize; 2]) -> Result<Conv2d, Error> {
        self.conv(name, channels, 3, Conv2dConfig::same(3))
    }

    /// The linear layer of that name.
    pub(crate) fn linear(&self, name: &str, [inputs, outputs]: [usize; 2], has_bias: bool) -> Result<Linear, Error> {
        let weight = self.weight(name, "weight", &[outputs, inputs])?;
        let bias = has_bias.then(|| self.weight(name, "bias", &[outputs])).transpose()?;
        let layer = Linear::new(self.engine, &weight, bias.as_ref())?;
        self.checkpoint.packed(weight);
        Ok(layer)
    }

    /// The layer of that name with its bias, gated by GELU: `[inputs, outputs]` after gating.
    pub(crate) fn gated(&self, name: &str, [inputs, outputs]: [usize; 2]) -> Result<GatedLinear, Error> {
        let weight = self.weight(name, "weight", &[2 * outputs, inputs])?;
        let bias = self.weight(name, "bias", &[2 * outputs])?;
        if self.checkpoint.is_listing() {
            let both = Weight::new(&[2, 1], vec![1.0; 2])?;
            return Ok(GatedLinear::new(self.engine, &both, None)?);
        }
        let layer = GatedLinear::new(self.engine, &weight, Some(&bias))?;
        self.checkpoint.packed(weight);
        Ok(layer)
    }

    /// A linear layer with bias that the checkpoint holds as a 1×1 convolution.
    pub(crate) fn pointwise(&self, name: &str, channels: [usize; 2]) -> Result<Conv2d, Error> {
        self.conv(name, channels, 1, Conv2dConfig::default())
    }

    pub(crate) fn group_norm(
        &self,
        name: &str,
        channels: usize,
        (groups, epsilon): (usize, f32),
    ) -> Result<GroupNorm, Error> {
        let (weight, bias) = (self.weight(name, "weight", &[channels])?, self.weight(name, "bias", &[channels])?);
        let groups = if self.checkpoint.is_listing() { 1 } else { groups };
        Ok(GroupNorm::new(groups, epsilon, &weight, &bias)?)
    }

    pub(crate) fn layer_norm(&self, name: &str, channels: usize) -> Result<LayerNorm, Error> {
        let (weight, bias) = (self.weight(name, "weight", &[channels])?, self.weight(name, "bias", &[channels])?);
        Ok(LayerNorm::new(LAYER_EPSILON, &weight, &bias)?)
    }

    /// The tensor `name.part`. Large checkpoints take a while: the token is looked at before each.
    pub(crate) fn weight(&self, name: &str, part: &str, shape: &[usize]) -> Result<Weight, Error> {
        self.engine.cancel_token().check().map_err(danqing_nn::Error::from)?;
        self.checkpoint.weight_on(Some(self.engine), &format!("{name}.{part}"), shape)
    }
}
