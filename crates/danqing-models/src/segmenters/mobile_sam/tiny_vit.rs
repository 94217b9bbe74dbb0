//! The encoder: `TinyViT` of 5 million weights on a square of 1024, and the neck that makes its map an embedding
//! (`mobile_sam/modeling/tiny_vit_sam.py`; sizes: `build_sam_vit_t` of `mobile_sam/build_sam.py`).

use danqing_nn::{Activation, Conv2d, Conv2dConfig, Engine, Epilogue, FeatureMap, LayerNorm};

use super::window::WindowBlock;
use super::{Observer, WIDTH, norm_2d};
use crate::Error;
use crate::diffusion::Loader;
use crate::folding::folded_conv;

/// Channels, blocks, heads and side of the windows of each stage.
const CHANNELS: [usize; 4] = [64, 128, 160, 320];
const DEPTHS: [usize; 4] = [2, 2, 6, 2];
const HEADS: [usize; 4] = [2, 4, 5, 10];
const WINDOWS: [usize; 4] = [7, 7, 14, 7];
/// Channels inside an inverted bottleneck, per channel outside.
const EXPANSION: usize = 4;

pub(super) struct TinyVit {
    patch: [Conv2d; 2],
    convolutions: Vec<Bottleneck>,
    stages: Vec<Vec<WindowBlock>>,
    /// Between the stages.
    merging: Vec<Merging>,
    neck: (Conv2d, LayerNorm, Conv2d, LayerNorm),
}

impl TinyVit {
    pub(super) fn load(loader: &Loader<'_>) -> Result<Self, Error> {
        let halving = Conv2dConfig { stride: 2, ..Conv2dConfig::same(3) };
        let patch = |index: usize, channels: [usize; 2]| {
            conv(loader, &format!("image_encoder.patch_embed.seq.{index}"), channels, 3, halving)
        };
        let layer = |stage: usize| format!("image_encoder.layers.{stage}");
        let block = |stage: usize, index: usize| format!("{}.blocks.{index}", layer(stage));
        let stage = |stage: usize| {
            let sizes = (CHANNELS[stage], HEADS[stage], WINDOWS[stage]);
            (0..DEPTHS[stage]).map(|index| WindowBlock::load(loader, &block(stage, index), sizes)).collect()
        };
        let merging = |stage: usize| {
            let channels = [CHANNELS[stage], CHANNELS[stage + 1]];
            // The last stage keeps the size, so that the embedding has 64×64 places.
            let stride = if stage == 2 { 1 } else { 2 };
            Merging::load(loader, &format!("{}.downsample", layer(stage)), channels, stride)
        };
        let bottleneck = |index| Bottleneck::load(loader, &block(0, index), CHANNELS[0]);
        let neck = |index: usize, inputs: usize, kernel: usize| {
            let name = format!("image_encoder.neck.{index}");
            let weight = loader.weight(&name, "weight", &[WIDTH, inputs, kernel, kernel])?;
            Ok::<_, Error>(Conv2d::new(loader.engine, Conv2dConfig::same(kernel), &weight, None)?)
        };
        Ok(Self {
            patch: [patch(0, [3, 32])?, patch(2, [32, CHANNELS[0]])?],
            convolutions: (0..DEPTHS[0]).map(bottleneck).collect::<Result<_, _>>()?,
            stages: (1..4).map(stage).collect::<Result<_, _>>()?,
            merging: (0..3).map(merging).collect::<Result<_, _>>()?,
            neck: (
                neck(0, CHANNELS[3], 1)?,
                norm_2d(loader, "image_encoder.neck.1", WIDTH)?,
                neck(2, WIDTH, 3)?,
                norm_2d(loader, "image_encoder.neck.3", WIDTH)?,
            ),
        })
    }

    /// `[1, 1024, 1024, 3]` → `[1, 64, 64, 256]`.
    pub(super) fn forward(
        &self,
        engine: &Engine,
        input: &FeatureMap,
        observe: Observer<'_>,
    ) -> Result<FeatureMap, Error> {
        let x = self.patch[0].forward_with(engine, input, gelu())?; // [1, 512, 512, 32]
        let mut x = self.patch[1].forward(engine, &x)?; // [1, 256, 256, 64]
        observe("patch_embed", &x)?;
        for block in &self.convolutions {
            x = block.forward(engine, &x)?;
        }
        x = self.merging[0].forward(engine, &x)?; // [1, 128, 128, 128]
        observe("layers.0", &x)?;
        for (index, stage) in self.stages.iter().enumerate() {
            for block in stage {
                x = block.forward(engine, &x)?;
            }
            if let Some(merging) = self.merging.get(index + 1) {
                x = merging.forward(engine, &x)?; // [1, 64, 64, 160], then [1, 64, 64, 320]
            }
            observe(["layers.1", "layers.2", "layers.3"][index], &x)?;
        }
        let (reduce, first, smooth, second) = &self.neck;
        let x = first.forward(engine, &reduce.forward(engine, &x)?)?; // [1, 64, 64, 256]
        let x = second.forward(engine, &smooth.forward(engine, &x)?)?;
        observe("neck", &x)?;
        Ok(x)
    }
}

/// `MBConv`: wide, depthwise, narrow, and the input added before the last activation.
struct Bottleneck {
    widen: Conv2d,
    depthwise: Conv2d,
    narrow: Conv2d,
}

impl Bottleneck {
    fn load(loader: &Loader<'_>, name: &str, channels: usize) -> Result<Self, Error> {
        let wide = EXPANSION * channels;
        let part = |part: &str| format!("{name}.{part}");
        Ok(Self {
            widen: conv(loader, &part("conv1"), [channels, wide], 1, Conv2dConfig::default())?,
            depthwise: depthwise(loader, &part("conv2"), wide, 1)?,
            narrow: conv(loader, &part("conv3"), [wide, channels], 1, Conv2dConfig::default())?,
        })
    }

    fn forward(&self, engine: &Engine, x: &FeatureMap) -> Result<FeatureMap, Error> {
        let wide = self.widen.forward_with(engine, x, gelu())?; // [1, h, w, 4c]
        let wide = self.depthwise.forward_with(engine, &wide, gelu())?;
        Ok(self.narrow.forward_with(engine, &wide, gelu().with_residual(x))?) // [1, h, w, c]
    }
}

/// `PatchMerging`: to the channels of the next stage, and to half its size.
struct Merging {
    first: Conv2d,
    depthwise: Conv2d,
    last: Conv2d,
}

impl Merging {
    fn load(loader: &Loader<'_>, name: &str, [inputs, outputs]: [usize; 2], stride: usize) -> Result<Self, Error> {
        let part = |part: &str| format!("{name}.{part}");
        Ok(Self {
            first: conv(loader, &part("conv1"), [inputs, outputs], 1, Conv2dConfig::default())?,
            depthwise: depthwise(loader, &part("conv2"), outputs, stride)?,
            last: conv(loader, &part("conv3"), [outputs, outputs], 1, Conv2dConfig::default())?,
        })
    }

    fn forward(&self, engine: &Engine, x: &FeatureMap) -> Result<FeatureMap, Error> {
        let x = self.first.forward_with(engine, x, gelu())?;
        let x = self.depthwise.forward_with(engine, &x, gelu())?;
        Ok(self.last.forward(engine, &x)?)
    }
}

pub(super) fn gelu<'a>() -> Epilogue<'a> {
    Epilogue::activation(Activation::Gelu)
}

/// `Conv2d_BN`.
fn conv(
    loader: &Loader<'_>,
    name: &str,
    [inputs, outputs]: [usize; 2],
    kernel: usize,
    config: Conv2dConfig,
) -> Result<Conv2d, Error> {
    let names = (format!("{name}.c"), format!("{name}.bn"));
    let shape = [outputs, inputs / config.groups, kernel, kernel];
    folded_conv(loader.engine, loader.checkpoint, (&names.0, &names.1), config, &shape)
}

/// `Conv2d_BN` of 3×3 with a group for each channel.
pub(super) fn depthwise(loader: &Loader<'_>, name: &str, channels: usize, stride: usize) -> Result<Conv2d, Error> {
    let config = Conv2dConfig { stride, groups: channels, ..Conv2dConfig::same(3) };
    conv(loader, name, [channels, channels], 3, config)
}
