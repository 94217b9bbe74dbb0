//! MobileNetV2, the encoder.

use danqing_nn::{Activation, Conv2d, Conv2dConfig, Engine, Epilogue, FeatureMap};

use crate::{Error, checkpoint::Checkpoint, folding::folded_conv};

/// Expansion, output channels, repetitions, stride of the first one: table 2 of "MobileNetV2: Inverted Residuals and
/// Linear Bottlenecks" (M. Sandler et al., 2018).
const BLOCKS: [(usize, usize, usize, usize); 7] =
    [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)];
const FIRST: usize = 32;
/// Channels of the deepest map.
pub(super) const LAST: usize = 1280;
/// Where the checkpoint keeps it.
const NAME: &str = "backbone.model.features";

/// `min(max(x, 0), 6)`.
fn relu6() -> Activation {
    Activation::LeakyRelu { slope: 0.0, gain: 1.0, clamp: Some(6.0) }
}

/// Expand 1×1 → depthwise 3×3 → project 1×1, added to the input where shapes agree.
struct InvertedResidual {
    expand: Option<Conv2d>,
    depthwise: Conv2d,
    project: Conv2d,
    adds: bool,
}

impl InvertedResidual {
    fn forward(&self, engine: &Engine, x: &FeatureMap) -> Result<FeatureMap, Error> {
        let bend = || Epilogue::activation(relu6());
        let wide = match &self.expand {
            Some(expand) => expand.forward_with(engine, x, bend())?, // [1, h, w, 6 c]
            None => x.clone(),
        };
        let wide = self.depthwise.forward_with(engine, &wide, bend())?; // [1, h/s, w/s, 6 c]
        let epilogue = if self.adds { Epilogue::default().with_residual(x) } else { Epilogue::default() };
        Ok(self.project.forward_with(engine, &wide, epilogue)?) // [1, h/s, w/s, c']
    }
}

/// Encoder maps that the branches use.
pub(super) struct Encoded {
    /// `[1, h/2, w/2, 16]`.
    pub(super) half: FeatureMap,
    /// `[1, h/4, w/4, 24]`.
    pub(super) quarter: FeatureMap,
    /// `[1, h/32, w/32, 1280]`.
    pub(super) deepest: FeatureMap,
}

pub(super) struct Backbone {
    first: Conv2d,
    blocks: Vec<InvertedResidual>,
    last: Conv2d,
}

/// Layer names inside a block: expansion, depthwise, projection with their normalisations.
fn layers(expansion: usize) -> [(usize, usize); 3] {
    if expansion == 1 { [(0, 0), (0, 1), (3, 4)] } else { [(0, 1), (3, 4), (6, 7)] }
}

/// Published names of all convolutions, in the order in which the graph runs.
pub(super) fn names_in_order() -> Vec<String> {
    let mut names = vec![format!("{NAME}.0.0")];
    let mut index = 1;
    for (expansion, _, repetitions, _) in BLOCKS {
        for _ in 0..repetitions {
            let parts = layers(expansion).into_iter().skip(usize::from(expansion == 1));
            names.extend(parts.map(|(conv, _)| format!("{NAME}.{index}.conv.{conv}")));
            index += 1;
        }
    }
    names.push(format!("{NAME}.{index}.0"));
    names
}

impl Backbone {
    pub(super) fn load(engine: &Engine, checkpoint: &Checkpoint<'_>) -> Result<Self, Error> {
        let conv = |name: &str, (conv, norm): (usize, usize), config: Conv2dConfig, shape: &[usize]| {
            let (conv, norm) = (format!("{NAME}.{name}{conv}"), format!("{NAME}.{name}{norm}"));
            folded_conv(engine, checkpoint, (&conv, &norm), config, shape)
        };
        let halving = Conv2dConfig { stride: 2, ..Conv2dConfig::same(3) };
        let first = conv("0.", (0, 1), halving, &[FIRST, 3, 3, 3])?;
        let (mut blocks, mut inputs, mut index) = (Vec::new(), FIRST, 1);
        for (expansion, outputs, repetitions, stride) in BLOCKS {
            for repetition in 0..repetitions {
                let (wide, name) = (inputs * expansion, format!("{index}.conv."));
                let stride = if repetition == 0 { stride } else { 1 };
                let [expand, depthwise, project] = layers(expansion);
                let spread = Conv2dConfig { stride, groups: wide, ..Conv2dConfig::same(3) };
                let point = Conv2dConfig::default();
                blocks.push(InvertedResidual {
                    expand: (expansion > 1).then(|| conv(&name, expand, point, &[wide, inputs, 1, 1])).transpose()?,
                    depthwise: conv(&name, depthwise, spread, &[wide, 1, 3, 3])?,
                    project: conv(&name, project, point, &[outputs, wide, 1, 1])?,
                    adds: stride == 1 && inputs == outputs,
                });
                (inputs, index) = (outputs, index + 1);
            }
        }
        let last = conv(&format!("{index}."), (0, 1), Conv2dConfig::default(), &[LAST, inputs, 1, 1])?;
        Ok(Self { first, blocks, last })
    }

    pub(super) fn forward(&self, engine: &Engine, input: &FeatureMap) -> Result<Encoded, Error> {
        let bend = || Epilogue::activation(relu6());
        let mut x = self.first.forward_with(engine, input, bend())?; // [1, h/2, w/2, 32]
        let (mut half, mut quarter) = (x.clone(), x.clone());
        for (i, block) in self.blocks.iter().enumerate() {
            x = block.forward(engine, &x)?;
            match i {
                0 => half = x.clone(),    // [1, h/2, w/2, 16]
                2 => quarter = x.clone(), // [1, h/4, w/4, 24]
                _ => {}
            }
        }
        let deepest = self.last.forward_with(engine, &x, bend())?; // [1, h/32, w/32, 1280]
        Ok(Encoded { half, quarter, deepest })
    }
}
