//! Convolution, then instance normalisation with the scale and offset of a mix of styles.

use danqing_nn::{Conv2d, Conv2dConfig, Engine, FeatureMap, Moments, PadMode, Padding, affine_channels};

use super::STYLES;
use crate::{Error, checkpoint::Checkpoint};

/// Added to variances.
const EPSILON: f64 = 1e-5;

/// A convolution without bias, and each style's scale and offset.
pub(super) struct ConditionalLayer {
    pub(super) convolution: Conv2d,
    /// `[style, channel]`
    scales: Vec<f32>,
    /// `[style, channel]`
    offsets: Vec<f32>,
    channels: usize,
}

impl ConditionalLayer {
    pub(super) fn load(
        engine: &Engine,
        checkpoint: &Checkpoint<'_>,
        name: &str,
        (kernel, stride): (usize, usize),
        shape: [usize; 4],
    ) -> Result<Self, Error> {
        let weight = checkpoint.weight(&format!("{name}.w"), &shape)?;
        let channels = shape[0];
        let per_style = |what: &str| checkpoint.weight(&format!("{name}.norm.{what}"), &[STYLES, channels]);
        let config = Conv2dConfig {
            stride,
            padding: Padding::symmetric(kernel / 2),
            padding_mode: PadMode::Reflect,
            ..Conv2dConfig::default()
        };
        Ok(Self {
            convolution: Conv2d::new(engine, config, &weight, None)?,
            scales: per_style("gamma")?.values().to_vec(),
            offsets: per_style("beta")?.values().to_vec(),
            channels,
        })
    }

    /// With the scale and offset of a mix of styles.
    pub(super) fn styled(&self, weights: &[f32]) -> NormalisedLayer<'_> {
        let mixed = |per_style: &[f32]| -> Vec<f64> {
            let of = |channel: usize| {
                let terms = weights.iter().zip(per_style[channel..].iter().step_by(self.channels));
                terms.map(|(&weight, &value)| f64::from(weight) * f64::from(value)).sum()
            };
            (0..self.channels).map(of).collect()
        };
        NormalisedLayer { layer: self, scales: mixed(&self.scales), offsets: mixed(&self.offsets) }
    }
}

/// A layer whose style is decided.
pub(super) struct NormalisedLayer<'a> {
    pub(super) layer: &'a ConditionalLayer,
    scales: Vec<f64>,
    offsets: Vec<f64>,
}

impl NormalisedLayer<'_> {
    /// Convolved and normalised, not activated.
    pub(super) fn forward(&self, engine: &Engine, x: &FeatureMap) -> Result<FeatureMap, Error> {
        self.normalised(engine, self.layer.convolution.forward(engine, x)?)
    }

    /// Normalised over the whole map.
    pub(super) fn normalised(&self, engine: &Engine, sums: FeatureMap) -> Result<FeatureMap, Error> {
        let moments = Moments::of(engine, &sums)?;
        self.normalised_by(engine, sums, &moments)
    }

    /// Normalised by given moments: of a part, by those of the whole.
    pub(super) fn normalised_by(
        &self,
        engine: &Engine,
        sums: FeatureMap,
        moments: &Moments,
    ) -> Result<FeatureMap, Error> {
        let channels = moments.means().iter().zip(moments.variances()).zip(self.scales.iter().zip(&self.offsets));
        let lines = channels.map(|((mean, variance), (scale, offset))| {
            let factor = scale / (variance + EPSILON).sqrt();
            (factor as f32, (offset - mean * factor) as f32)
        });
        let (factors, offsets): (Vec<f32>, Vec<f32>) = lines.unzip();
        Ok(affine_channels(engine, sums, &factors, &offsets)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diffusion::seeded_values;
    use crate::small_activations::{Outcome, assert_golden, engine, norm_input};
    use danqing_nn::Weight;

    #[test]
    fn it_normalises_with_its_epsilon() -> Outcome {
        let engine = engine();
        let convolution =
            Conv2d::new(&engine, Conv2dConfig::default(), &Weight::new(&[12, 12, 1, 1], vec![0.0; 144])?, None)?;
        let (scales, offsets) = (seeded_values("norm.weight", &[12]), seeded_values("norm.bias", &[12]));
        let layer = ConditionalLayer { convolution, scales, offsets, channels: 12 };
        assert_golden(&layer.styled(&[1.0]).normalised(&engine, norm_input(&engine, false))?, "moments.1e-05");
        Ok(())
    }
}
