//! MODNet: opacity of the people in a picture, without a trimap.
//!
//! Equals `modnet.onnx` as onnxruntime 1.19 computes it in fp32 to the tolerance of `tests/modnet_golden.rs`. Loads the
//! published checkpoint (`.ckpt`) and its ONNX exports.
//!
//! Source: Z. Ke, J. Sun, K. Li, Q. Yan, R. Lau, "MODNet: Real-Time Trimap-Free Portrait Matting via Objective
//! Decomposition", AAAI 2022; ZHKKKe/MODNet@28165a4:src/models/modnet.py. Not here: the two outputs that only training
//! uses.

mod backbone;
mod ibnorm;

use danqing_nn::{
    Activation, Conv2d, Conv2dConfig, Engine, Epilogue, FeatureMap, Interpolation, Linear, Weight, concat,
    global_average_pool, multiply, resize,
};
use danqing_weights::TensorFile;

use self::backbone::Backbone;
use self::ibnorm::ConvIbNorm;
use crate::{Error, checkpoint::Checkpoint, folding};

const NETWORK: &str = "MODNet";
/// Height and width are multiples of this.
const MULTIPLE: usize = 32;
/// Channels of the detail branch.
const DETAIL: usize = 32;

/// The network with its weights, packed for one engine's tier.
pub struct ModNet {
    backbone: Backbone,
    squeeze: (Linear, Linear),
    /// `lr_branch`: `conv_lr16x`, `conv_lr8x`.
    semantic: [ConvIbNorm; 2],
    /// `hr_branch`: to detail channels and down, at a half and a quarter of the size.
    enter: [ConvIbNorm; 4],
    quarter: Vec<ConvIbNorm>,
    half: Vec<ConvIbNorm>,
    /// `f_branch`: `conv_lr4x`, `conv_f2x`, `conv_f.0`.
    fusion: [ConvIbNorm; 3],
    alpha: Conv2d,
}

impl ModNet {
    /// Packs the weights of the published network.
    ///
    /// # Errors
    /// [`Error::MissingTensor`], [`Error::TensorShape`] or [`Error::Leftover`] for another file, [`Error::Engine`].
    pub fn load(engine: &Engine, file: &TensorFile) -> Result<Self, Error> {
        let wrapper = folding::wrapper_of(file);
        let numbered = folding::numbered_names(file, &backbone::names_in_order());
        let checkpoint = Checkpoint::new(NETWORK, file, move |name| {
            let own = format!("{wrapper}{name}");
            if file.get(&own).is_some() { own } else { numbered.get(name).cloned().unwrap_or(own) }
        });
        let conv = |name: &str, channels, kernel, stride| {
            ConvIbNorm::load(engine, &checkpoint, name, channels, (kernel, stride))
        };
        let d = DETAIL;
        let network = Self {
            backbone: Backbone::load(engine, &checkpoint)?,
            squeeze: load_squeeze(engine, &checkpoint, file)?,
            semantic: [
                conv("lr_branch.conv_lr16x", [backbone::LAST, 96], 5, 1)?,
                conv("lr_branch.conv_lr8x", [96, 32], 5, 1)?,
            ],
            enter: [
                conv("hr_branch.tohr_enc2x", [16, d], 1, 1)?,
                conv("hr_branch.conv_enc2x", [d + 3, d], 3, 2)?,
                conv("hr_branch.tohr_enc4x", [24, d], 1, 1)?,
                conv("hr_branch.conv_enc4x", [2 * d, 2 * d], 3, 1)?,
            ],
            quarter: vec![
                conv("hr_branch.conv_hr4x.0", [3 * d + 3, 2 * d], 3, 1)?,
                conv("hr_branch.conv_hr4x.1", [2 * d, 2 * d], 3, 1)?,
                conv("hr_branch.conv_hr4x.2", [2 * d, d], 3, 1)?,
            ],
            half: vec![
                conv("hr_branch.conv_hr2x.0", [2 * d, 2 * d], 3, 1)?,
                conv("hr_branch.conv_hr2x.1", [2 * d, d], 3, 1)?,
                conv("hr_branch.conv_hr2x.2", [d, d], 3, 1)?,
                conv("hr_branch.conv_hr2x.3", [d, d], 3, 1)?,
            ],
            fusion: [
                conv("f_branch.conv_lr4x", [32, d], 5, 1)?,
                conv("f_branch.conv_f2x", [2 * d, d], 3, 1)?,
                conv("f_branch.conv_f.0", [d + 3, d / 2], 3, 1)?,
            ],
            alpha: load_alpha(engine, &checkpoint)?,
        };
        checkpoint.finish(|name| {
            let name = name.strip_prefix("module.").unwrap_or(name);
            let training = ["lr_branch.conv_lr.", "hr_branch.conv_hr."].iter().any(|part| name.starts_with(part));
            // The published checkpoint names the backbone twice; one of them is read.
            let doubled = name.starts_with("lr_branch.backbone.");
            ["lr_branch.", "hr_branch.", "f_branch."].iter().any(|branch| name.starts_with(branch))
                && !training
                && !doubled
                && !name.ends_with("num_batches_tracked")
        })?;
        Ok(network)
    }

    /// Opacity: `[1, height, width, 3]` as [`super::matting_input`] makes it → `[1, height, width, 1]` of `0.0..=1.0`.
    /// Height and width are multiples of 32; trained on 512×512.
    ///
    /// # Errors
    /// [`Error::InputShape`]; [`Error::Engine`], among them cancellation.
    pub fn forward(&self, engine: &Engine, input: &FeatureMap) -> Result<FeatureMap, Error> {
        self.forward_observed(engine, input, &mut |_, _| Ok(()))
    }

    /// As [`Self::forward`]; `observe` sees `enc2x`, `enc4x`, `enc32x`, `lr8x`, `hr2x`, `f2x` and `matte`.
    ///
    /// # Errors
    /// As [`Self::forward`], and the observer's.
    pub fn forward_observed(
        &self,
        engine: &Engine,
        input: &FeatureMap,
        observe: &mut dyn FnMut(&'static str, &FeatureMap) -> Result<(), Error>,
    ) -> Result<FeatureMap, Error> {
        check_input(input)?;
        let encoded = self.backbone.forward(engine, input)?;
        observe("enc2x", &encoded.half)?;
        observe("enc4x", &encoded.quarter)?;
        observe("enc32x", &encoded.deepest)?;
        let semantic = self.semantic(engine, &encoded.deepest)?; // [1, h/8, w/8, 32]
        observe("lr8x", &semantic)?;
        let detail = self.detail(engine, input, &encoded, &semantic)?; // [1, h/2, w/2, 32]
        observe("hr2x", &detail)?;
        let coarse = self.fusion[0].forward(engine, &doubled(engine, &semantic)?)?; // [1, h/4, w/4, 32]
        let coarse = doubled(engine, &coarse)?; // [1, h/2, w/2, 32]
        let fused = self.fusion[1].forward(engine, &concat(engine, &[&coarse, &detail])?)?; // [1, h/2, w/2, 32]
        observe("f2x", &fused)?;
        let fused = concat(engine, &[&doubled(engine, &fused)?, input])?; // [1, h, w, 35]
        let fused = self.fusion[2].forward(engine, &fused)?; // [1, h, w, 16]
        let matte = self.alpha.forward_with(engine, &fused, Epilogue::activation(Activation::Sigmoid))?; // [1, h, w, 1]
        observe("matte", &matte)?;
        Ok(matte)
    }

    /// Where people are: squeeze and excitation, then up to an eighth of the size.
    fn semantic(&self, engine: &Engine, deepest: &FeatureMap) -> Result<FeatureMap, Error> {
        let mean = global_average_pool(engine, deepest)?; // [1, 1, 1, 1280]
        let small = self.squeeze.0.forward_with(engine, &mean, Epilogue::activation(Activation::Relu))?; // [1, 1, 1, 320]
        let gate = self.squeeze.1.forward_with(engine, &small, Epilogue::activation(Activation::Sigmoid))?;
        let (height, width) = (deepest.shape().height, deepest.shape().width);
        let gate = resize(engine, &gate, height, width, Interpolation::Nearest)?; // [1, h/32, w/32, 1280]
        let x = multiply(engine, deepest, &gate)?; // [1, h/32, w/32, 1280]
        let x = self.semantic[0].forward(engine, &doubled(engine, &x)?)?; // [1, h/16, w/16, 96]
        self.semantic[1].forward(engine, &doubled(engine, &x)?) // [1, h/8, w/8, 32]
    }

    /// What lies at their edges.
    fn detail(
        &self,
        engine: &Engine,
        input: &FeatureMap,
        encoded: &backbone::Encoded,
        semantic: &FeatureMap,
    ) -> Result<FeatureMap, Error> {
        let (half, quarter) = (scaled(engine, input, 1, 2)?, scaled(engine, input, 1, 4)?); // [1, h/2, …, 3], [1, h/4, …, 3]
        let skip = self.enter[0].forward(engine, &encoded.half)?; // [1, h/2, w/2, 32]
        let mut x = self.enter[1].forward(engine, &concat(engine, &[&half, &skip])?)?; // [1, h/4, w/4, 32]
        let encoded = self.enter[2].forward(engine, &encoded.quarter)?; // [1, h/4, w/4, 32]
        x = self.enter[3].forward(engine, &concat(engine, &[&x, &encoded])?)?; // [1, h/4, w/4, 64]
        x = concat(engine, &[&x, &doubled(engine, semantic)?, &quarter])?; // [1, h/4, w/4, 99]
        for conv in &self.quarter {
            x = conv.forward(engine, &x)?; // [1, h/4, w/4, 64 → 64 → 32]
        }
        x = concat(engine, &[&doubled(engine, &x)?, &skip])?; // [1, h/2, w/2, 64]
        for conv in &self.half {
            x = conv.forward(engine, &x)?; // [1, h/2, w/2, 64 → 32 → 32 → 32]
        }
        Ok(x)
    }
}

fn check_input(input: &FeatureMap) -> Result<(), Error> {
    let shape = input.shape();
    let whole = |side: usize| side > 0 && side.is_multiple_of(MULTIPLE);
    if shape.batch == 1 && shape.channels == 3 && whole(shape.height) && whole(shape.width) {
        return Ok(());
    }
    let expected = format!("1×h×w×3 (NHWC), h and w multiples of {MULTIPLE}");
    Err(Error::InputShape { network: NETWORK, actual: shape.to_string(), expected })
}

/// Two linear layers without bias; exports keep them transposed, under numbers.
fn load_squeeze(engine: &Engine, checkpoint: &Checkpoint<'_>, file: &TensorFile) -> Result<(Linear, Linear), Error> {
    let (wide, small) = (backbone::LAST, backbone::LAST / 4);
    let layer = |name: &str, [outputs, inputs]: [usize; 2]| {
        let exported = file.iter().find(|view| is_number(view.name()) && view.shape() == [inputs, outputs]);
        let weight = match exported.filter(|_| checkpoint.shape(name).is_none()) {
            Some(view) => {
                let values = crate::error::values(view)?;
                let turned = (0..outputs * inputs).map(|i| values[i % inputs * outputs + i / inputs]).collect();
                Weight::new(&[outputs, inputs], turned)?
            }
            None => checkpoint.weight(name, &[outputs, inputs])?,
        };
        Ok::<_, Error>(Linear::new(engine, &weight, None)?)
    };
    Ok((
        layer("lr_branch.se_block.fc.0.weight", [small, wide])?,
        layer("lr_branch.se_block.fc.2.weight", [wide, small])?,
    ))
}

fn is_number(name: &str) -> bool {
    let digits = name.strip_prefix("onnx::MatMul_").unwrap_or(name);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

fn load_alpha(engine: &Engine, checkpoint: &Checkpoint<'_>) -> Result<Conv2d, Error> {
    let weight = checkpoint.weight("f_branch.conv_f.1.layers.0.weight", &[1, DETAIL / 2, 1, 1])?;
    let bias = checkpoint.weight("f_branch.conv_f.1.layers.0.bias", &[1])?;
    Ok(Conv2d::new(engine, Conv2dConfig::default(), &weight, Some(&bias))?)
}

fn doubled(engine: &Engine, x: &FeatureMap) -> Result<FeatureMap, Error> {
    scaled(engine, x, 2, 1)
}

fn scaled(engine: &Engine, x: &FeatureMap, times: usize, over: usize) -> Result<FeatureMap, Error> {
    let shape = x.shape();
    let (height, width) = (shape.height * times / over, shape.width * times / over);
    Ok(resize(engine, x, height, width, Interpolation::Bilinear { align_corners: false })?)
}
