//! Statistics of features, exchanged.

use danqing_nn::{Engine, FeatureMap, Moments, affine_channels};

use crate::Error;

/// Added to variances, as `calc_mean_std` of the published code does.
const EPSILON: f64 = 1e-5;

/// What is left of a style picture: mean and deviation of each channel of `relu4_1`.
#[derive(Clone, Debug, PartialEq)]
pub struct Style {
    means: Vec<f64>,
    deviations: Vec<f64>,
}

impl Style {
    /// From the moments of a picture's features.
    #[must_use]
    pub fn new(moments: &Moments) -> Self {
        let deviations = moments.unbiased_variances().map(|variance| (variance + EPSILON).sqrt()).collect();
        Self { means: moments.means().to_vec(), deviations }
    }
}

/// `alpha · ((x − mean) / deviation · style deviation + style mean) + (1 − alpha) · x`: one line per channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Exchange {
    factors: Vec<f32>,
    offsets: Vec<f32>,
}

impl Exchange {
    /// From the picture's own statistics to a mix of styles; weights are divided by their sum, which is more than 0.
    #[must_use]
    pub fn new(own: &Style, styles: &[(Style, f64)], alpha: f64) -> Self {
        let total: f64 = styles.iter().map(|(_, weight)| weight).sum();
        let mixed = |of: fn(&Style) -> &Vec<f64>, channel: usize| -> f64 {
            styles.iter().map(|(style, weight)| of(style)[channel] * weight / total).sum()
        };
        let lines = (0..own.means.len()).map(|channel| {
            let factor = mixed(|s| &s.deviations, channel) / own.deviations[channel];
            let offset = mixed(|s| &s.means, channel) - own.means[channel] * factor;
            ((alpha * factor + 1.0 - alpha) as f32, (alpha * offset) as f32)
        });
        let (factors, offsets) = lines.unzip();
        Self { factors, offsets }
    }

    /// The features with exchanged statistics.
    ///
    /// # Errors
    /// [`Error::Engine`]: other channels, cancellation.
    pub fn apply(&self, engine: &Engine, features: FeatureMap) -> Result<FeatureMap, Error> {
        Ok(affine_channels(engine, features, &self.factors, &self.offsets)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::small_activations::{self, Outcome, SMALL, assert_golden, input};
    use danqing_nn::{EngineConfig, Shape};

    #[test]
    fn small_features_are_exchanged_with_the_epsilon_of_the_published_code() -> Outcome {
        let engine = small_activations::engine();
        let content = input(&engine, "input.content", Shape::new(1, 4, 5, 3), SMALL);
        let style = input(&engine, "input.style", Shape::new(1, 6, 3, 3), 4.0 * SMALL);
        let style = Style::new(&Moments::of(&engine, &style)?);
        let own = Style::new(&Moments::of(&engine, &content)?);
        assert_golden(&Exchange::new(&own, &[(style, 1.0)], 1.0).apply(&engine, content)?, "adain.output");
        Ok(())
    }

    #[test]
    fn exchanged_features_have_the_mixed_statistics() {
        let engine = Engine::new(EngineConfig { threads: Some(1), ..EngineConfig::default() }).expect("an engine");
        let map = |scale: f32, offset: f32| {
            let values = (0..64).map(|i| ((i * 29) % 64) as f32 * scale + offset).collect();
            FeatureMap::from_nhwc(&engine, Shape::new(1, 8, 8, 1), values).expect("a map")
        };
        let style = |map: &FeatureMap| Style::new(&Moments::of(&engine, map).expect("moments"));
        let (own, one, two) = (map(1.0, 0.0), map(2.0, 5.0), map(4.0, -3.0));
        let mix = [(style(&one), 3.0), (style(&two), 1.0)];
        let made = style(&Exchange::new(&style(&own), &mix, 1.0).apply(&engine, own.clone()).expect("fits"));
        let expected = |of: fn(&Style) -> f64| of(&mix[0].0) * 0.75 + of(&mix[1].0) * 0.25;
        assert!((made.means[0] / expected(|s| s.means[0]) - 1.0).abs() < 1e-5);
        assert!((made.deviations[0] / expected(|s| s.deviations[0]) - 1.0).abs() < 1e-5);
        let none = Exchange::new(&style(&own), &mix, 0.0).apply(&engine, own.clone()).expect("fits");
        assert_eq!(none.to_nhwc().expect("on the CPU"), own.to_nhwc().expect("on the CPU"), "alpha 0 changes nothing");
    }
}
