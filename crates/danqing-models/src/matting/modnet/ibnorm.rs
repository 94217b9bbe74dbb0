//! Convolution, half batch and half instance normalisation, `ReLU`.

use danqing_nn::{Activation, Conv2d, Conv2dConfig, Engine, FeatureMap, InstanceNorm, Padding};
use danqing_nn::{activate, concat, slice_channels};

use crate::{Error, checkpoint::Checkpoint, folding::folded_conv};

/// `Conv2dIBNormRelu` of ZHKKKe/MODNet@28165a4:src/models/modnet.py. The batch half is folded into the convolution.
pub(super) struct ConvIbNorm {
    conv: Conv2d,
    /// Channels of the batch half; the others are normalised per picture.
    batch_half: usize,
    instance: InstanceNorm,
}

impl ConvIbNorm {
    /// `channels`: in and out.
    pub(super) fn load(
        engine: &Engine,
        checkpoint: &Checkpoint<'_>,
        name: &str,
        channels: [usize; 2],
        (kernel, stride): (usize, usize),
    ) -> Result<Self, Error> {
        let [inputs, outputs] = channels;
        let config = Conv2dConfig { stride, padding: Padding::symmetric(kernel / 2), ..Conv2dConfig::same(kernel) };
        let names = (format!("{name}.layers.0"), format!("{name}.layers.1.bnorm"));
        let shape = [outputs, inputs, kernel, kernel];
        let batch_half = outputs / 2;
        Ok(Self {
            conv: folded_conv(engine, checkpoint, (&names.0, &names.1), config, &shape)?,
            batch_half,
            instance: InstanceNorm::new(outputs - batch_half, 1e-5, None)?,
        })
    }

    /// `[1, h, w, in]` → `[1, h/stride, w/stride, out]`.
    pub(super) fn forward(&self, engine: &Engine, x: &FeatureMap) -> Result<FeatureMap, Error> {
        let x = self.conv.forward(engine, x)?;
        let rest = x.shape().channels - self.batch_half;
        let normed = self.instance.forward(engine, &slice_channels(engine, &x, self.batch_half, rest)?)?;
        let both = concat(engine, &[&slice_channels(engine, &x, 0, self.batch_half)?, &normed])?;
        Ok(activate(engine, both, &Activation::Relu)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::small_activations::{Outcome, assert_golden, engine, golden, input};
    use danqing_nn::Shape;

    #[test]
    fn both_halves_have_their_epsilon() -> Outcome {
        let (engine, file) = (engine(), golden());
        let checkpoint = Checkpoint::new("MODNet", &file, str::to_owned);
        let layer = ConvIbNorm::load(&engine, &checkpoint, "ibnorm", [4, 6], (1, 1))?;
        let x = input(&engine, "input.ibnorm", Shape::new(1, 3, 5, 4), 1.0);
        assert_golden(&layer.forward(&engine, &x)?, "ibnorm.output");
        Ok(())
    }
}
