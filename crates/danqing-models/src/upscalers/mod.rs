//! Networks that enlarge pictures: red, green and blue in `0.0..=1.0` in, the same at a multiple of the size out.
//!
//! Two families, whose size, scale and layout are read from any file's tensors, so that community checkpoints load:
//! [`RrdbNet`] (ESRGAN, Real-ESRGAN, BSRGAN …) and [`SrvggNet`] (Real-ESRGAN's compact networks).

mod layout;
mod rrdbnet;
mod srvgg;

use danqing_nn::{Engine, FeatureMap, Shape};
use danqing_weights::TensorFile;
use danqing_weights::containers::onnx::Graph;

use crate::Error;
use layout::Layout;
pub use rrdbnet::{RrdbConfig, RrdbNet};
pub use srvgg::{SrvggConfig, SrvggNet};

/// Red, green, blue.
const COLOURS: usize = 3;

/// Sees the output of every step of a forward: its number, from 0, and the map.
pub type Observe<'a> = &'a mut dyn FnMut(usize, &FeatureMap) -> Result<(), Error>;

/// A network of either family.
pub enum Upscaler {
    /// Residual-in-residual dense blocks: large, made for detail.
    Rrdb(Box<RrdbNet>),
    /// A plain chain of convolutions: small, made for speed.
    Srvgg(Box<SrvggNet>),
}

impl Upscaler {
    /// Finds out which network the file holds and packs its weights. Layers are found by their published names (with or
    /// without `params_ema.`, `params.` and the like); in ncnn files and in ONNX graphs, by their order.
    ///
    /// # Errors
    /// [`Error::OtherNetwork`] says what the file seems to hold; [`Error::MissingTensor`], [`Error::TensorShape`],
    /// [`Error::Leftover`] for a network that is nearly one of these; [`Error::Engine`].
    pub fn load(engine: &Engine, file: &TensorFile, graph: Option<&Graph>) -> Result<Self, Error> {
        match Layout::of(file, graph)? {
            Layout::Rrdb(config, names) => Ok(Self::Rrdb(Box::new(RrdbNet::load(engine, file, config, &names)?))),
            Layout::Srvgg(config, names) => Ok(Self::Srvgg(Box::new(SrvggNet::load(engine, file, config, &names)?))),
        }
    }

    /// Output pixels per input pixel, along each side.
    #[must_use]
    pub fn scale(&self) -> usize {
        match self {
            Self::Rrdb(network) => network.config().scale(),
            Self::Srvgg(network) => network.config().scale,
        }
    }

    /// Height and width of an input are multiples of this.
    #[must_use]
    pub fn multiple(&self) -> usize {
        match self {
            Self::Rrdb(network) => network.config().unshuffle,
            Self::Srvgg(_) => 1,
        }
    }

    /// How far, in input pixels, an input pixel can influence the output around it; what is farther away never does.
    #[must_use]
    pub fn reach(&self) -> usize {
        match self {
            Self::Rrdb(network) => network.config().reach(),
            Self::Srvgg(network) => network.config().reach(),
        }
    }

    /// Bytes of feature maps per input pixel at the forward's peak, weights not counted.
    #[must_use]
    pub fn bytes_per_pixel(&self) -> usize {
        match self {
            Self::Rrdb(network) => network.config().bytes_per_pixel(),
            Self::Srvgg(network) => network.config().bytes_per_pixel(),
        }
    }

    /// Family and size, e.g. `RRDBNet ×4, 23 blocks of 64`.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Rrdb(network) => network.config().to_string(),
            Self::Srvgg(network) => network.config().to_string(),
        }
    }

    /// Steps of a forward, for progress bars.
    #[must_use]
    pub fn steps(&self) -> usize {
        match self {
            Self::Rrdb(network) => network.steps(),
            Self::Srvgg(network) => network.steps(),
        }
    }

    /// `[1, height, width, 3]` → `[1, height·scale, width·scale, 3]`, about `0.0..=1.0`. `observe` sees every step's
    /// output, and its error ends the forward.
    ///
    /// # Errors
    /// [`Error::InputShape`], the observer's, [`Error::Engine`], among them cancellation.
    pub fn forward(&self, engine: &Engine, input: FeatureMap, observe: Observe<'_>) -> Result<FeatureMap, Error> {
        let (shape, multiple) = (input.shape(), self.multiple());
        let whole = |side: usize| side > 0 && side.is_multiple_of(multiple);
        if shape.channels != COLOURS || !whole(shape.height) || !whole(shape.width) {
            return Err(self.misfit(shape));
        }
        match self {
            Self::Rrdb(network) => network.forward(engine, input, observe),
            Self::Srvgg(network) => network.forward(engine, &input, observe),
        }
    }

    fn misfit(&self, shape: Shape) -> Error {
        let network = match self {
            Self::Rrdb(_) => rrdbnet::NETWORK,
            Self::Srvgg(_) => srvgg::NETWORK,
        };
        let expected = format!("n×h×w×{COLOURS} (NHWC), h and w multiples of {}", self.multiple());
        Error::InputShape { network, actual: shape.to_string(), expected }
    }
}
