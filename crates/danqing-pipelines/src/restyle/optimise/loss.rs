//! How far a picture is from showing the content and being painted in the style, and which way is nearer.
//!
//! Equals PyTorch 2.5.1's losses and gradients of `tools/golden/gatys.py` to the tolerance of the tests: equations 1 and
//! 3 to 5 of L. Gatys et al. 2016 with means for sums and without their constant factors, on the network of
//! [`danqing_models::stylizers::vgg19`]. Content is the mean squared difference of `relu4_2` to the picture's; style is the
//! mean, over `relu1_1`, `relu2_1`, `relu3_1`, `relu4_1` and `relu5_1`, of the mean squared difference of the Gram matrices (over
//! the number of pixels) to the style's. All layers are taken after their `ReLU`, as in the authors' own code
//! (leongatys/PytorchNeuralStyleTransfer@be6c8e2:NeuralStyleTransfer.ipynb), which weighs a style layer of C channels
//! with 1/C²: on this network that leaves hardly anything of the deep layers, so here all weigh the same, as in the paper.
//! Smoothness is the mean squared difference of neighbouring pixels.

use danqing_models::stylizers::Vgg19Gradient;
use danqing_models::stylizers::vgg19::{Layer, Pooling};
use danqing_nn::{Engine, FeatureMap, add, gram, gram_gradient, scale};
use serde::Serialize;

use super::vector::dot;
use crate::restyle::Error;

/// Blocks whose first convolution says how a picture is painted.
const STYLE_BLOCKS: [u8; 5] = [1, 2, 3, 4, 5];
/// Block and place of what a picture shows.
const CONTENT: (u8, u8) = (4, 2);

/// The parts of a loss, each times its weight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(super) struct Terms {
    pub(super) content: f64,
    pub(super) style: f64,
    pub(super) tv: f64,
}

impl Terms {
    pub(super) fn total(&self) -> f64 {
        self.content + self.style + self.tv
    }
}

/// The weight of each part.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weights {
    pub(super) content: f64,
    pub(super) style: f64,
    pub(super) tv: f64,
}

/// Gram matrices of `relu1_1` to `relu5_1`.
pub(super) type Grams = Vec<Vec<f32>>;

/// A network and how its blocks are joined.
#[derive(Clone, Copy)]
pub(super) struct Critic<'a> {
    pub(super) network: &'a Vgg19Gradient,
    pub(super) engine: &'a Engine,
    pub(super) pooling: Pooling,
}

/// What a picture is measured against.
pub(super) struct Loss<'a> {
    critic: Critic<'a>,
    weights: Weights,
    /// Minus the content's features.
    content: FeatureMap,
    style: Grams,
}

impl Critic<'_> {
    /// Gram matrices of a picture, `[1, h, w, 3]`, and its features at `relu4_2`.
    pub(super) fn look(&self, picture: &FeatureMap) -> Result<(Grams, FeatureMap), Error> {
        let (mut grams, mut content) = (Grams::new(), None);
        self.network.observe(self.engine, picture, deepest()?, self.pooling, &mut |layer, map| {
            if is_style(layer) {
                grams.push(gram(self.engine, &map)?.to_nhwc()?);
            }
            if is_content(layer) {
                content = Some(map);
            }
            Ok(())
        })?;
        Ok((grams, content.ok_or(Error::Bug { what: "the network has no relu4_2" })?))
    }
}

impl<'a> Loss<'a> {
    /// Towards the content's features and the style's matrices, as [`Critic::look`] gives them.
    pub(super) fn new(critic: Critic<'a>, weights: Weights, content: FeatureMap, style: Grams) -> Result<Self, Error> {
        let content = scale(critic.engine, content, -1.0)?;
        Ok(Self { critic, weights, content, style })
    }

    /// The loss at a picture, `[1, h, w, 3]`, and its gradient in the same order.
    pub(super) fn at(&self, picture: &FeatureMap) -> Result<(Terms, Vec<f32>), Error> {
        let Critic { network, engine, pooling } = self.critic;
        let pass = network.forward(engine, picture, deepest()?, pooling)?;
        let mut terms = Terms::default();
        let gradient = network.backward(engine, pass, &mut |layer, map, mut slope| {
            if is_content(layer) {
                slope = Some(self.content_slope(map, slope, &mut terms)?);
            }
            if is_style(layer) {
                slope = Some(self.style_slope(layer, map, slope.as_ref(), &mut terms)?);
            }
            Ok(slope)
        })?;
        let mut gradient = gradient.to_nhwc()?;
        terms.tv = self.add_smoothness(picture, &mut gradient)?;
        Ok((terms, gradient))
    }

    fn content_slope(
        &self,
        map: &FeatureMap,
        upstream: Option<FeatureMap>,
        terms: &mut Terms,
    ) -> Result<FeatureMap, danqing_models::Error> {
        let engine = self.critic.engine;
        let difference = add(engine, map, &self.content)?;
        let values = difference.as_slice()?;
        let weight = self.weights.content / values.len() as f64;
        terms.content = weight * dot(values, values);
        let slope = scale(engine, difference, (2.0 * weight) as f32)?;
        Ok(match upstream {
            Some(upstream) => add(engine, &upstream, &slope)?,
            None => slope,
        })
    }

    fn style_slope(
        &self,
        layer: Layer,
        map: &FeatureMap,
        upstream: Option<&FeatureMap>,
        terms: &mut Terms,
    ) -> Result<FeatureMap, danqing_models::Error> {
        let engine = self.critic.engine;
        let matrix = gram(engine, map)?;
        let target = &self.style[usize::from(layer.convolution().block) - 1];
        let weight = self.weights.style / (STYLE_BLOCKS.len() * target.len()) as f64;
        let difference: Vec<f32> = matrix.as_slice()?.iter().zip(target).map(|(g, a)| g - a).collect();
        terms.style += weight * dot(&difference, &difference);
        let slope = difference.iter().map(|d| (2.0 * weight * f64::from(*d)) as f32).collect();
        let slope = FeatureMap::from_nhwc(engine, matrix.shape(), slope)?;
        Ok(gram_gradient(engine, map, &slope, upstream)?)
    }

    /// Adds the gradient of the smoothness; gives its loss.
    fn add_smoothness(&self, picture: &FeatureMap, gradient: &mut [f32]) -> Result<f64, Error> {
        let shape = picture.shape();
        let (values, row) = (picture.as_slice()?, shape.width * shape.channels);
        let pairs = 2 * values.len() - row - shape.height * shape.channels;
        let weight = self.weights.tv / pairs as f64;
        if self.weights.tv == 0.0 || pairs == 0 {
            return Ok(0.0);
        }
        let mut sum = 0.0;
        for at in 0..values.len() {
            let mut pull = |other: usize| {
                let difference = f64::from(values[other]) - f64::from(values[at]);
                sum += difference * difference;
                let slope = (2.0 * weight * difference) as f32;
                gradient[other] += slope;
                gradient[at] -= slope;
            };
            if at % row + shape.channels < row {
                pull(at + shape.channels);
            }
            if at + row < values.len() {
                pull(at + row);
            }
        }
        Ok(weight * sum)
    }
}

fn is_style(layer: Layer) -> bool {
    layer.convolution().place == 1 && STYLE_BLOCKS.contains(&layer.convolution().block)
}

fn is_content(layer: Layer) -> bool {
    (layer.convolution().block, layer.convolution().place) == CONTENT
}

fn deepest() -> Result<Layer, Error> {
    Layer::new(5, 1, true).ok_or(Error::Bug { what: "the network has no relu5_1" })
}
