//! AdaIN: the statistics of a picture's features are exchanged for a style's, and the features decoded to a picture.
//!
//! Equals `adaptive_instance_normalization` and `decoder` of naoto0804/pytorch-AdaIN with `decoder.pth`, as torch 2.5.1
//! computes them in fp32, to the tolerance of `tests/adain_golden.rs`.
//!
//! Source: X. Huang, S. Belongie, "Arbitrary Style Transfer in Real-Time with Adaptive Instance Normalization",
//! ICCV 2017, sections 5 and 6; naoto0804/pytorch-AdaIN@00c7c61:net.py, function.py, test.py.

mod exchange;

use danqing_nn::{Activation, Conv2d, Engine, Epilogue, FeatureMap};
use danqing_weights::TensorFile;

pub use self::exchange::{Exchange, Style};
use super::vgg19::{convolution, reflected};
use crate::{Error, checkpoint::Checkpoint};

const NETWORK: &str = "AdaIN decoder";
/// Channels of `relu4_1`.
const FEATURES: usize = 512;

/// Number in the checkpoint, channels in and out, and whether the map is doubled behind it.
const LAYERS: [(usize, usize, usize, bool); 9] = [
    (1, FEATURES, 256, true),
    (5, 256, 256, false),
    (8, 256, 256, false),
    (11, 256, 256, false),
    (14, 256, 128, true),
    (18, 128, 128, false),
    (21, 128, 64, true),
    (25, 64, 64, false),
    (28, 64, 3, false),
];

/// The decoder with its weights, packed for one engine's tier.
pub struct Decoder {
    /// One per entry of [`LAYERS`].
    convolutions: Vec<Conv2d>,
}

impl Decoder {
    /// Pixels of a picture per feature pixel, along one axis.
    pub const STRIDE: usize = 8;

    /// Packs the weights of `decoder.pth`.
    ///
    /// # Errors
    /// [`Error::MissingTensor`], [`Error::TensorShape`] or [`Error::Leftover`] for another file, [`Error::Engine`].
    pub fn load(engine: &Engine, file: &TensorFile) -> Result<Self, Error> {
        let checkpoint = Checkpoint::new(NETWORK, file, str::to_owned);
        let load = |&(index, input, output, _): &(usize, usize, usize, bool)| {
            convolution(engine, &checkpoint, index, [output, input, 3, 3], reflected())
        };
        let convolutions = LAYERS.iter().map(load).collect::<Result<_, Error>>()?;
        checkpoint.finish(|_| true)?;
        Ok(Self { convolutions })
    }

    /// `[n, h, w, 512]`, like `relu4_1` → `[n, 8h, 8w, 3]`, about `0.0..=1.0`.
    ///
    /// # Errors
    /// [`Error::InputShape`] for other channels; [`Error::Engine`] for a side of less than 2, and for cancellation.
    pub fn forward(&self, engine: &Engine, features: &FeatureMap) -> Result<FeatureMap, Error> {
        self.forward_observed(engine, features, &mut |_, _| Ok(()))
    }

    /// As [`Self::forward`]; `observe` sees each convolution's number and output, after its activation.
    ///
    /// # Errors
    /// As [`Self::forward`], and the observer's.
    pub fn forward_observed(
        &self,
        engine: &Engine,
        features: &FeatureMap,
        observe: &mut dyn FnMut(usize, &FeatureMap) -> Result<(), Error>,
    ) -> Result<FeatureMap, Error> {
        if features.shape().channels != FEATURES {
            let (actual, expected) = (features.shape().to_string(), format!("n×h×w×{FEATURES} (NHWC)"));
            return Err(Error::InputShape { network: NETWORK, actual, expected });
        }
        let mut x = features.clone(); // [n, h, w, 512]
        let mut size = (x.shape().height, x.shape().width);
        for (convolution, (index, _, output, doubled)) in self.convolutions.iter().zip(LAYERS) {
            let activation = if output == 3 { Epilogue::default() } else { Epilogue::activation(Activation::Relu) };
            x = convolution.forward_resized(engine, &x, size, activation)?; // [n, h, w, output]
            observe(index, &x)?;
            if doubled {
                size = (2 * size.0, 2 * size.1);
            }
        }
        Ok(x)
    }
}
