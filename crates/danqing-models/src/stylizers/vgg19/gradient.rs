//! Down to the features and back to the picture: what an optimised picture needs of VGG-19.
//!
//! Equals `torch.autograd` 2.5.1 through the network of [`super::Vgg19`] up to `relu5_1`, to the tolerance of the tests of
//! `danqing_pipelines::restyle`'s mode `optimise`. Weights stay fixed; convolutions are packed twice, for both directions.

use danqing_nn::{
    Activation, Conv2d, Conv2dGradient, Engine, Epilogue, FeatureMap, Padding, PoolConfig, Shape, average_pool,
    average_pool_gradient, max_pool, max_pool_gradient, relu_gradient,
};
use danqing_weights::TensorFile;

use super::{CONVOLUTIONS, Convolution, Layer, NETWORK, misfit, reflected};
use crate::Error;
use crate::checkpoint::Checkpoint;

/// Convolutions up to the deepest style layer of Gatys et al., `conv5_1`.
const DEPTH: usize = 13;

/// What stands between blocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pooling {
    /// The largest of 2×2 pixels, as the network was trained; an odd last row or column is its own (`ceil_mode=True`).
    #[default]
    Max,
    /// The mean of 2×2 pixels, as Gatys et al. prefer; an odd last row or column is left out.
    Average,
}

/// VGG-19 up to `relu5_1`, forwards and backwards.
pub struct Vgg19Gradient {
    colour: Stage,
    stages: Vec<Stage>,
}

/// One convolution in both directions.
struct Stage {
    forward: Conv2d,
    gradient: Conv2dGradient,
}

/// What a forward pass keeps for the way back.
pub struct Pass {
    pooling: Pooling,
    input: Shape,
    /// Each convolution's output after its `ReLU`, as deep as asked.
    maps: Vec<FeatureMap>,
}

/// Adds what a loss says at a layer: gets the layer, its output and the gradient that has come from deeper layers, gives
/// the gradient at this layer, or none while there is none.
pub type AddSlope<'a> = &'a mut dyn FnMut(Layer, &FeatureMap, Option<FeatureMap>) -> Result<Option<FeatureMap>, Error>;

impl Vgg19Gradient {
    /// Packs the weights of `vgg_normalized.pth`; those of deeper layers are not read.
    ///
    /// # Errors
    /// [`Error::MissingTensor`] or [`Error::TensorShape`] for another file, [`Error::Engine`].
    pub fn load(engine: &Engine, file: &TensorFile) -> Result<Self, Error> {
        let checkpoint = Checkpoint::new(NETWORK, file, str::to_owned);
        let colour = stage(engine, &checkpoint, 0, [3, 3, 1, 1])?;
        let stages = CONVOLUTIONS[..DEPTH]
            .iter()
            .map(|c| stage(engine, &checkpoint, c.index, [c.output, c.input, 3, 3]))
            .collect::<Result<_, Error>>()?;
        Ok(Self { colour, stages })
    }

    /// Bytes of feature maps that [`Self::forward`] and [`Self::backward`] hold at most for a picture of this size.
    #[must_use]
    pub fn peak_bytes(height: usize, width: usize) -> usize {
        let side = |length: usize, block: u8| length.div_ceil(1 << (block - 1));
        let bytes = |c: &Convolution| 4 * side(height, c.block) * side(width, c.block) * c.output;
        let kept: usize = CONVOLUTIONS[..DEPTH].iter().map(bytes).sum();
        // On the way back through the second layer: the kept maps of the first two, and the gradients before and after
        // the convolution. On the way down, everything is kept. Larger is the latter.
        kept + 2 * bytes(&CONVOLUTIONS[1]) / 4
    }

    /// Runs down to `deepest` and keeps what the way back needs: `[1, h, w, 3]`, red, green and blue of `0.0..=1.0`.
    ///
    /// # Errors
    /// As [`Self::observe`].
    pub fn forward(
        &self,
        engine: &Engine,
        input: &FeatureMap,
        deepest: Layer,
        pooling: Pooling,
    ) -> Result<Pass, Error> {
        let mut pass = Pass { pooling, input: input.shape(), maps: Vec::with_capacity(deepest.position + 1) };
        self.observe(engine, input, deepest, pooling, &mut |_, map| {
            pass.maps.push(map);
            Ok(())
        })?;
        Ok(pass)
    }

    /// Runs down to `deepest` and shows each layer's output after its `ReLU`; keeps none of them.
    ///
    /// # Errors
    /// What `visit` returns; [`Error::InputShape`] for other than three channels or a layer beyond `relu5_1`;
    /// [`Error::Engine`] for a side that has less than 2 pixels at a layer, and for cancellation.
    pub fn observe(
        &self,
        engine: &Engine,
        input: &FeatureMap,
        deepest: Layer,
        pooling: Pooling,
        visit: &mut dyn FnMut(Layer, FeatureMap) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if input.shape().channels != 3 || deepest.position >= self.stages.len() {
            return Err(misfit(input));
        }
        let mut x = self.colour.forward.forward(engine, input)?; // [n, h, w, 3]
        for (position, (stage, c)) in self.stages.iter().zip(CONVOLUTIONS).enumerate().take(deepest.position + 1) {
            if is_halved(c) {
                x = pooling.forward(engine, &x)?; // [n, h/2, w/2, input]
            }
            x = stage.forward.forward_with(engine, &x, Epilogue::activation(Activation::Relu))?; // [n, h, w, output]
            visit(Layer { position, activated: true }, x.clone())?;
        }
        Ok(())
    }

    /// The gradient at the picture, `[1, h, w, 3]`; `add` is asked at each layer of the pass, deepest first.
    ///
    /// # Errors
    /// What `add` returns; [`Error::Engine`] for a gradient of another shape than its layer, and for cancellation.
    pub fn backward(&self, engine: &Engine, mut pass: Pass, add: AddSlope<'_>) -> Result<FeatureMap, Error> {
        let mut gradient: Option<FeatureMap> = None;
        while let Some(map) = pass.maps.pop() {
            let position = pass.maps.len();
            gradient = add(Layer { position, activated: true }, &map, gradient)?; // [n, h, w, output]
            let Some(slope) = gradient.take() else { continue };
            let slope = relu_gradient(engine, slope, &map)?; // [n, h, w, output]
            drop(map);
            let (stage, c) = (&self.stages[position], CONVOLUTIONS[position]);
            let before = pass.maps.last();
            let input = before.map_or(pass.input, FeatureMap::shape);
            gradient = Some(if let (true, Some(before)) = (is_halved(c), before) {
                let pooled = pass.pooling.out_shape(input);
                let slope = stage.gradient.forward(engine, pooled, &slope)?; // [n, h/2, w/2, input]
                pass.pooling.gradient(engine, before, &slope)? // [n, h, w, input]
            } else {
                stage.gradient.forward(engine, input, &slope)? // [n, h, w, input]
            });
        }
        match gradient {
            Some(slope) => Ok(self.colour.gradient.forward(engine, pass.input, &slope)?), // [n, h, w, 3]
            None => Ok(FeatureMap::filled(engine, pass.input, 0.0)?),
        }
    }
}

impl Pooling {
    fn config(self, shape: Shape) -> PoolConfig {
        let (bottom, right) = match self {
            Self::Max => (shape.height % 2, shape.width % 2),
            Self::Average => (0, 0),
        };
        PoolConfig { kernel: 2, stride: 2, padding: Padding { top: 0, bottom, left: 0, right } }
    }

    fn out_shape(self, shape: Shape) -> Shape {
        match self {
            Self::Max => shape.with_size(shape.height.div_ceil(2), shape.width.div_ceil(2)),
            Self::Average => shape.with_size(shape.height / 2, shape.width / 2),
        }
    }

    fn forward(self, engine: &Engine, x: &FeatureMap) -> Result<FeatureMap, Error> {
        let config = self.config(x.shape());
        Ok(match self {
            Self::Max => max_pool(engine, x, config)?,
            Self::Average => average_pool(engine, x, config)?,
        })
    }

    fn gradient(self, engine: &Engine, x: &FeatureMap, slope: &FeatureMap) -> Result<FeatureMap, Error> {
        let config = self.config(x.shape());
        Ok(match self {
            Self::Max => max_pool_gradient(engine, x, slope, config)?,
            Self::Average => average_pool_gradient(engine, x.shape(), slope, config)?,
        })
    }
}

/// Whether a convolution starts a block after a pooling.
fn is_halved(convolution: Convolution) -> bool {
    convolution.place == 1 && convolution.block > 1
}

fn stage(engine: &Engine, checkpoint: &Checkpoint<'_>, index: usize, shape: [usize; 4]) -> Result<Stage, Error> {
    let weight = checkpoint.weight(&format!("{index}.weight"), &shape)?;
    let bias = checkpoint.weight(&format!("{index}.bias"), &shape[..1])?;
    let config = if shape[2] == 1 { danqing_nn::Conv2dConfig::same(1) } else { reflected() };
    Ok(Stage {
        forward: Conv2d::new(engine, config, &weight, Some(&bias))?,
        gradient: Conv2dGradient::new(engine, config, &weight)?,
    })
}
