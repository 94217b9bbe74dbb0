//! The coarsest level of encoder and decoder: attention between two residual blocks.

use danqing_nn::{Attention, Engine, Epilogue, FeatureMap, GroupNorm, Linear};

use super::NORM_EPSILON;
use crate::Error;
use crate::diffusion::{Loader, ResnetBlock};

/// `UNetMidBlock2D` with one attention block of one head.
pub(super) struct Middle {
    first: ResnetBlock,
    attention: SelfAttention,
    second: ResnetBlock,
}

impl Middle {
    pub(super) fn load(loader: &Loader<'_>, name: &str, channels: usize, groups: usize) -> Result<Self, Error> {
        let norm = (groups, NORM_EPSILON);
        let resnet = |index| ResnetBlock::load(loader, &format!("{name}.resnets.{index}"), [channels; 2], None, norm);
        let attention = SelfAttention::load(loader, &format!("{name}.attentions.0"), channels, groups)?;
        Ok(Self { first: resnet(0)?, attention, second: resnet(1)? })
    }

    pub(super) fn forward(&self, engine: &Engine, x: &FeatureMap) -> Result<FeatureMap, Error> {
        let x = self.first.forward(engine, x, None)?;
        let x = self.attention.forward(engine, &x)?;
        self.second.forward(engine, &x, None)
    }
}

/// Every pixel to every pixel, with one head of all channels.
struct SelfAttention {
    norm: GroupNorm,
    to_q: Linear,
    to_k: Linear,
    to_v: Linear,
    to_out: Linear,
}

impl SelfAttention {
    fn load(loader: &Loader<'_>, name: &str, channels: usize, groups: usize) -> Result<Self, Error> {
        let linear = |part: &str| loader.linear(&format!("{name}.{part}"), [channels; 2], true);
        Ok(Self {
            norm: loader.group_norm(&format!("{name}.group_norm"), channels, (groups, NORM_EPSILON))?,
            to_q: linear("to_q")?,
            to_k: linear("to_k")?,
            to_v: linear("to_v")?,
            to_out: linear("to_out.0")?,
        })
    }

    fn forward(&self, engine: &Engine, x: &FeatureMap) -> Result<FeatureMap, Error> {
        let h = self.norm.forward(engine, x)?;
        let (q, k) = (self.to_q.forward(engine, &h)?, self.to_k.forward(engine, &h)?); // [n, h, w, c]
        let v = self.to_v.forward(engine, &h)?;
        let seen = Attention::new(1).forward(engine, &q, &k, &v)?;
        Ok(self.to_out.forward_with(engine, &seen, Epilogue::default().with_skip(x))?)
    }
}
