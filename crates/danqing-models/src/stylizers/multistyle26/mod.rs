//! Multistyle: one small network for 26 styles, told apart by scale and offset of its instance normalisations alone.
//!
//! Equals `multistyle26.onnx` as onnxruntime 1.19.2 computes it in fp32, to the tolerance of
//! `tests/multistyle26_golden.rs`. Normalisation is over the whole picture, computed as it stands; the full-size maps of
//! the first layer never exist at once (see [`wide`]).
//!
//! Source: V. Dumoulin, J. Shlens, M. Kudlur, "A Learned Representation For Artistic Style", ICLR 2017, table 1, at a
//! quarter of its widths; the graph of `multistyle26.onnx`.

mod layer;
mod wide;

use danqing_nn::{Activation, Engine, FeatureMap, Interpolation, activate, add, resize};
use danqing_weights::TensorFile;

use self::layer::ConditionalLayer;
use crate::{Error, checkpoint::Checkpoint};

const NETWORK: &str = "multistyle26";
/// Styles the network knows.
pub const STYLES: usize = 26;
/// Channels between the contracting and the expanding half.
const WIDTH: usize = 32;
const RESIDUALS: usize = 6;
/// Height and width of inputs are multiples of this.
const MULTIPLE: usize = 4;

/// The network with its weights, packed for one engine's tier.
pub struct Multistyle26 {
    contract: [ConditionalLayer; 3],
    residuals: Vec<[ConditionalLayer; 2]>,
    expand: [ConditionalLayer; 3],
}

impl Multistyle26 {
    /// Packs the weights of `multistyle26.onnx`.
    ///
    /// # Errors
    /// [`Error::MissingTensor`], [`Error::TensorShape`] or [`Error::Leftover`] for another file, [`Error::Engine`].
    pub fn load(engine: &Engine, file: &TensorFile) -> Result<Self, Error> {
        let checkpoint = Checkpoint::new(NETWORK, file, str::to_owned);
        let load = |name: &str, kernel, stride, input, output| {
            ConditionalLayer::load(engine, &checkpoint, name, (kernel, stride), [output, input, kernel, kernel])
        };
        let same = |name: &str| load(name, 3, 1, WIDTH, WIDTH);
        let residual = |i| Ok([same(&format!("res.{i}.0"))?, same(&format!("res.{i}.1"))?]);
        let network = Self {
            contract: [
                load("contract.0", 9, 1, 3, WIDTH)?,
                load("contract.1", 3, 2, WIDTH, WIDTH)?,
                load("contract.2", 3, 2, WIDTH, WIDTH)?,
            ],
            residuals: (0..RESIDUALS).map(residual).collect::<Result<_, Error>>()?,
            expand: [load("expand.0", 3, 1, WIDTH, 8)?, load("expand.1", 3, 1, 8, 4)?, load("expand.2", 9, 1, 4, 3)?],
        };
        checkpoint.finish(|name| [".w", ".gamma", ".beta"].iter().any(|end| name.ends_with(end)))?;
        Ok(network)
    }

    /// Layers that a forward runs through, for progress bars.
    #[must_use]
    pub fn layers(&self) -> usize {
        self.contract.len() + 2 * self.residuals.len() + self.expand.len()
    }

    /// `[1, h, w, 3]`, red, green and blue of `0.0..=1.0`, h and w multiples of 4 and at least 16 → the same shape and
    /// range. `weights`: one share per style; they are used as they are and should add up to 1.
    ///
    /// # Errors
    /// [`Error::InputShape`], [`Error::Length`] for another number of weights; [`Error::Engine`], among them cancellation.
    pub fn forward(&self, engine: &Engine, input: &FeatureMap, weights: &[f32]) -> Result<FeatureMap, Error> {
        self.forward_observed(engine, input, weights, &mut |_, _| Ok(()))
    }

    /// As [`Self::forward`]; `observe` sees each layer's name and output. The output of `contract.0` is not shown: it
    /// never exists as a whole.
    ///
    /// # Errors
    /// As [`Self::forward`], and the observer's.
    pub fn forward_observed(
        &self,
        engine: &Engine,
        input: &FeatureMap,
        weights: &[f32],
        observe: &mut dyn FnMut(&str, &FeatureMap) -> Result<(), Error>,
    ) -> Result<FeatureMap, Error> {
        check(input, weights)?;
        let [first, second, third] = &self.contract;
        let sums = wide::contracted(engine, input, &first.styled(weights), second)?; // [1, h/2, w/2, 32]
        let x = relu(engine, second.styled(weights).normalised(engine, sums)?)?;
        observe("contract.1", &x)?;
        let mut x = relu(engine, third.styled(weights).forward(engine, &x)?)?; // [1, h/4, w/4, 32]
        observe("contract.2", &x)?;
        for (i, [first, second]) in self.residuals.iter().enumerate() {
            let inner = relu(engine, first.styled(weights).forward(engine, &x)?)?;
            x = add(engine, &x, &second.styled(weights).forward(engine, &inner)?)?;
            observe(&format!("res.{i}"), &x)?;
        }
        let [first, second, last] = &self.expand;
        x = relu(engine, first.styled(weights).forward(engine, &doubled(engine, &x)?)?)?; // [1, h/2, w/2, 8]
        observe("expand.0", &x)?;
        x = relu(engine, second.styled(weights).forward(engine, &doubled(engine, &x)?)?)?; // [1, h, w, 4]
        observe("expand.1", &x)?;
        let x = activate(engine, last.styled(weights).forward(engine, &x)?, &Activation::Sigmoid)?; // [1, h, w, 3]
        observe("expand.2", &x)?;
        Ok(x)
    }
}

fn relu(engine: &Engine, x: FeatureMap) -> Result<FeatureMap, Error> {
    Ok(activate(engine, x, &Activation::Relu)?)
}

fn doubled(engine: &Engine, x: &FeatureMap) -> Result<FeatureMap, Error> {
    Ok(resize(engine, x, x.shape().height * 2, x.shape().width * 2, Interpolation::Nearest)?)
}

fn check(input: &FeatureMap, weights: &[f32]) -> Result<(), Error> {
    if weights.len() != STYLES {
        return Err(Error::Length { what: "style weights", actual: weights.len(), expected: STYLES });
    }
    let shape = input.shape();
    let fits = |side: usize| side >= 16 && side.is_multiple_of(MULTIPLE);
    if shape.batch == 1 && shape.channels == 3 && fits(shape.height) && fits(shape.width) {
        return Ok(());
    }
    let expected = format!("1×h×w×3 (NHWC), h and w multiples of {MULTIPLE} and at least 16");
    Err(Error::InputShape { network: NETWORK, actual: shape.to_string(), expected })
}
