//! U²-Net: finds the salient object of a picture with a U-Net of U-Nets.
//!
//! Equals `u2netp.onnx` as onnxruntime 1.19 computes it in fp32 to the tolerance of `tests/u2net_golden.rs`. Widths come
//! from the file: U²-NetP, U²-Net and IS-Net checkpoints (`.pth`, `.safetensors`) and their ONNX exports load alike.
//!
//! Source: X. Qin, Z. Zhang, C. Huang, M. Dehghan, O. Zaiane, M. Jagersand, "U²-Net: Going Deeper with Nested
//! U-Structure for Salient Object Detection", Pattern Recognition 2020; xuebinqin/U-2-Net@53dc9da:model/u2net.py.
//! IS-Net: X. Qin et al., "Highly Accurate Dichotomous Image Segmentation", ECCV 2022 (its first convolution halves the
//! picture and the first side output is the mask).

mod names;
mod rsu;

use danqing_nn::{
    Activation, Conv2d, Conv2dConfig, Engine, Epilogue, FeatureMap, Interpolation, activate, concat, resize,
};
use danqing_weights::TensorFile;

use self::rsu::{Rsu, halved, outputs_of, resized_like};
use crate::{Error, checkpoint::Checkpoint, folding};

const NETWORK: &str = "U²-Net";
/// Height and width are multiples of this.
const MULTIPLE: usize = 32;

/// How a picture becomes input; see [`super::segmenter_input`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Normalisation {
    /// Divided by its largest sample, then `ImageNet`'s mean and deviation (U²-Net).
    ImageNet,
    /// Minus one half (IS-Net).
    Half,
}

/// The network with its weights, packed for one engine's tier.
pub struct U2Net {
    first: Option<Conv2d>,
    stages: Vec<Rsu>,
    sides: Vec<Conv2d>,
    fuse: Option<Conv2d>,
}

impl U2Net {
    /// Packs the weights of a U²-Net or IS-Net of any width.
    ///
    /// # Errors
    /// [`Error::MissingTensor`], [`Error::TensorShape`] or [`Error::Leftover`] for another file, [`Error::Engine`].
    pub fn load(engine: &Engine, file: &TensorFile) -> Result<Self, Error> {
        let wrapper = folding::wrapper_of(file);
        let numbered = folding::numbered_names(file, &names::in_order());
        let checkpoint = Checkpoint::new(NETWORK, file, move |name| {
            let own = format!("{wrapper}{name}");
            if file.get(&own).is_some() { own } else { numbered.get(name).cloned().unwrap_or(own) }
        });
        let first = load_first(engine, &checkpoint)?;
        let mut width = first.as_ref().map_or(3, |(_, width)| *width);
        let (mut stages, mut widths) = (Vec::new(), Vec::new());
        for (i, (stage, layers)) in names::STAGES.into_iter().enumerate() {
            if i >= 6 {
                width += widths[10 - i]; // the encoder's map of the same size, beside what comes from below
            }
            stages.push(Rsu::load(engine, &checkpoint, stage, layers, width)?);
            width = outputs_of(&checkpoint, &format!("{stage}.rebnconvin.conv_s1.weight"))?;
            widths.push(width);
        }
        let sides = [10, 9, 8, 7, 6, 5].into_iter().enumerate().map(|(i, stage)| {
            let (weight, bias) = (format!("side{}.weight", i + 1), format!("side{}.bias", i + 1));
            let weight = checkpoint.weight(&weight, &[1, widths[stage], 3, 3])?;
            Ok(Conv2d::new(engine, Conv2dConfig::same(3), &weight, Some(&checkpoint.weight(&bias, &[1])?))?)
        });
        let sides = sides.collect::<Result<Vec<_>, Error>>()?;
        let fuse = if first.is_some() {
            None
        } else {
            let weight = checkpoint.weight("outconv.weight", &[1, 6, 1, 1])?;
            let bias = checkpoint.weight("outconv.bias", &[1])?;
            Some(Conv2d::new(engine, Conv2dConfig::same(1), &weight, Some(&bias))?)
        };
        checkpoint.finish(|name| {
            let name = name.strip_prefix("module.").unwrap_or(name);
            name.starts_with("stage") && !name.ends_with("num_batches_tracked")
        })?;
        Ok(Self { first: first.map(|(conv, _)| conv), stages, sides, fuse })
    }

    /// Side of the square that the network was trained on.
    #[must_use]
    pub fn side(&self) -> usize {
        if self.first.is_some() { 1024 } else { 320 }
    }

    /// What the network expects of its input.
    #[must_use]
    pub fn normalisation(&self) -> Normalisation {
        if self.first.is_some() { Normalisation::Half } else { Normalisation::ImageNet }
    }

    /// Mask of the salient object: `[1, height, width, 3]` as [`super::segmenter_input`] makes it → `[1, height, width,
    /// 1]` of `0.0..=1.0`. Height and width are multiples of 32 (64 for IS-Net); trained on [`Self::side`] squared.
    ///
    /// # Errors
    /// [`Error::InputShape`]; [`Error::Engine`], among them cancellation.
    pub fn forward(&self, engine: &Engine, input: &FeatureMap) -> Result<FeatureMap, Error> {
        self.forward_observed(engine, input, &mut |_, _| Ok(()))
    }

    /// As [`Self::forward`]; `observe` sees the output of each stage by its published name, and the mask as `mask`.
    ///
    /// # Errors
    /// As [`Self::forward`], and the observer's.
    pub fn forward_observed(
        &self,
        engine: &Engine,
        input: &FeatureMap,
        observe: &mut dyn FnMut(&'static str, &FeatureMap) -> Result<(), Error>,
    ) -> Result<FeatureMap, Error> {
        self.check_input(input)?;
        let mut x = match &self.first {
            Some(first) => first.forward(engine, input)?, // [1, h/2, w/2, 64]
            None => input.clone(),                        // [1, h, w, 3]
        };
        let mut maps: Vec<FeatureMap> = Vec::with_capacity(self.stages.len());
        for (i, (stage, (name, _))) in self.stages.iter().zip(names::STAGES).enumerate() {
            if i > 0 && i < 6 {
                x = halved(engine, &x)?; // [1, h/2^i, w/2^i, c]
            } else if i >= 6 {
                let skip = &maps[10 - i];
                x = concat(engine, &[&resized_like(engine, &x, skip)?, skip])?; // [1, h/2^(10-i), …, c + c']
            }
            x = stage.forward(engine, &x)?;
            observe(name, &x)?;
            maps.push(x.clone());
        }
        let mask = self.mask(engine, input, &maps)?;
        observe("mask", &mask)?;
        Ok(mask)
    }

    /// Side outputs of the decoder's stages and the deepest one, fused.
    fn mask(&self, engine: &Engine, input: &FeatureMap, maps: &[FeatureMap]) -> Result<FeatureMap, Error> {
        let Some(fuse) = &self.fuse else {
            let (shape, bilinear) = (input.shape(), Interpolation::Bilinear { align_corners: false });
            let side = self.sides[0].forward(engine, &maps[10])?; // [1, h/2, w/2, 1]
            let side = resize(engine, &side, shape.height, shape.width, bilinear)?; // [1, h, w, 1]
            return Ok(activate(engine, side, &Activation::Sigmoid)?);
        };
        let mut sides: Vec<FeatureMap> = Vec::with_capacity(6);
        for (side, stage) in self.sides.iter().zip([10, 9, 8, 7, 6, 5]) {
            let map = side.forward(engine, &maps[stage])?; // [1, h/2^i, w/2^i, 1]
            let map = sides.first().map_or(Ok(map.clone()), |first| resized_like(engine, &map, first))?;
            sides.push(map); // [1, h, w, 1]
        }
        let all = concat(engine, &sides.iter().collect::<Vec<_>>())?; // [1, h, w, 6]
        Ok(fuse.forward_with(engine, &all, Epilogue::activation(Activation::Sigmoid))?) // [1, h, w, 1]
    }

    fn check_input(&self, input: &FeatureMap) -> Result<(), Error> {
        let shape = input.shape();
        let multiple = if self.first.is_some() { 2 * MULTIPLE } else { MULTIPLE };
        let whole = |side: usize| side > 0 && side.is_multiple_of(multiple);
        if shape.batch == 1 && shape.channels == 3 && whole(shape.height) && whole(shape.width) {
            return Ok(());
        }
        let expected = format!("1×h×w×3 (NHWC), h and w multiples of {multiple}");
        Err(Error::InputShape { network: NETWORK, actual: shape.to_string(), expected })
    }
}

/// IS-Net's first convolution and its width.
fn load_first(engine: &Engine, checkpoint: &Checkpoint<'_>) -> Result<Option<(Conv2d, usize)>, Error> {
    let Some(&[width, ..]) = checkpoint.shape("conv_in.weight") else { return Ok(None) };
    let weight = checkpoint.weight("conv_in.weight", &[width, 3, 3, 3])?;
    let bias = checkpoint.weight("conv_in.bias", &[width])?;
    let config = Conv2dConfig { stride: 2, ..Conv2dConfig::same(3) };
    Ok(Some((Conv2d::new(engine, config, &weight, Some(&bias))?, width)))
}
