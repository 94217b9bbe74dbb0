//! Low-rank additions: equal to what `load_lora_weights` of diffusers 0.31.0 adds, to the tolerance of the pipelines'
//! `tests/diffusion/adapters.rs`; convolutions (`LoCon`) as KohakuBlueleaf/LyCORIS `lycoris/modules/locon.py` rebuilds them.
//!
//! Source: E. Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", ICLR 2022: `W + weight · alpha / rank · up · down`.

use std::collections::BTreeMap;

use danqing_nn::{Engine, FeatureMap, Shape, matmul};
use danqing_weights::TensorFile;

use super::Part;
use super::names::{Role, other, place};
use crate::Error;

const NETWORK: &str = "LoRA";
const EXPECTED: &str = "a LoRA or LoCon of Stable Diffusion 1 or 2";

/// One file: an addition to the weights of many layers.
pub struct Lora {
    layers: BTreeMap<(Part, String), Layer>,
}

/// An addition to one layer.
#[derive(Default)]
struct Layer {
    down: Option<Matrix>,
    up: Option<Matrix>,
    middle: Option<Matrix>,
    alpha: Option<f32>,
}

struct Matrix {
    name: String,
    shape: Vec<usize>,
    values: Vec<f32>,
}

impl Lora {
    /// Reads what the tensors are by their names.
    ///
    /// # Errors
    /// [`Error::OtherNetwork`] for another kind of file, [`Error::MissingTensor`] for half a layer.
    pub fn new(file: &TensorFile) -> Result<Self, Error> {
        let foreign = |actual: &str| Error::OtherNetwork { actual: actual.to_owned(), expected: EXPECTED };
        let mut layers: BTreeMap<(Part, String), Layer> = BTreeMap::new();
        for view in file.iter() {
            if let Some(what) = other(view.name()) {
                return Err(foreign(what));
            }
            let Some((part, key, role)) = place(view.name()) else {
                return Err(foreign(&crate::foreign::describe(file)));
            };
            let layer = layers.entry((part, key)).or_default();
            let values = crate::error::values(view)?;
            let slot = match role {
                Role::Alpha => {
                    layer.alpha = values.first().copied();
                    continue;
                }
                Role::Down => &mut layer.down,
                Role::Up => &mut layer.up,
                Role::Middle => &mut layer.middle,
            };
            *slot = Some(Matrix { name: view.name().to_owned(), shape: view.shape().to_vec(), values });
        }
        if layers.is_empty() {
            return Err(foreign(&crate::foreign::describe(file)));
        }
        let lora = Self { layers };
        lora.layers.iter().try_for_each(|((_, key), layer)| layer.halves(key).map(|_| ()))?;
        Ok(lora)
    }

    /// Bytes that it takes in memory.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let matrices = self.layers.values().flat_map(|layer| [&layer.down, &layer.up, &layer.middle]).flatten();
        matrices.map(|matrix| size_of_val(matrix.values.as_slice())).sum()
    }

    /// Layers it adds to.
    pub fn layers(&self) -> impl Iterator<Item = (Part, &str)> {
        self.layers.keys().map(|(part, key)| (*part, key.as_str()))
    }

    /// Adds `weight` times what the file has for the layer `key` to a weight of dimensions `shape`; false if it has nothing.
    ///
    /// # Errors
    /// [`Error::TensorShape`] for a layer of another size, [`Error::Engine`].
    pub(super) fn add(
        &self,
        engine: &Engine,
        (part, key): (Part, &str),
        weight: f32,
        (shape, values): (&[usize], &mut [f32]),
    ) -> Result<bool, Error> {
        let Some(layer) = self.layers.get(&(part, key.to_owned())) else { return Ok(false) };
        let added = layer.product(engine, key, shape)?;
        values.iter_mut().zip(added).for_each(|(value, added)| *value += weight * added);
        Ok(true)
    }
}

impl Layer {
    fn halves(&self, key: &str) -> Result<(&Matrix, &Matrix), Error> {
        let missing = |half: &str| Error::MissingTensor {
            network: NETWORK,
            name: format!("{key} {half}"),
            shape: Vec::new(),
            others: 1,
        };
        let down = self.down.as_ref().ok_or_else(|| missing("down"))?;
        Ok((down, self.up.as_ref().ok_or_else(|| missing("up"))?))
    }

    /// `alpha / rank · up · down` for a weight of dimensions `shape`.
    fn product(&self, engine: &Engine, key: &str, shape: &[usize]) -> Result<Vec<f32>, Error> {
        let (down, up) = self.halves(key)?;
        let rank = down.shape.first().copied().unwrap_or(0);
        let outputs = shape.first().copied().unwrap_or(0);
        let inputs: usize = shape.iter().skip(1).product();
        let lower = match &self.middle {
            None => down.values.clone(),
            Some(middle) => middle.times(down)?,
        };
        for (matrix, actual, expected) in [(up, up.values.len(), [outputs, rank]), (down, lower.len(), [rank, inputs])]
        {
            if actual != expected[0] * expected[1] || rank == 0 {
                let (name, actual) = (matrix.name.clone(), matrix.shape.clone());
                return Err(Error::TensorShape { network: NETWORK, name, actual, expected: expected.to_vec() });
            }
        }
        let up = FeatureMap::from_nhwc(engine, Shape::new(1, 1, outputs, rank), up.values.clone())?;
        let lower = FeatureMap::from_nhwc(engine, Shape::new(1, 1, rank, inputs), lower)?;
        let mut product = matmul(engine, &up, &lower)?.to_nhwc()?; // [outputs, inputs]
        let scale = self.alpha.map_or(1.0, |alpha| alpha / rank as f32);
        for value in &mut product {
            *value *= scale;
        }
        Ok(product)
    }
}

impl Matrix {
    /// The kernel between both ranks (`[rank, rank, h, w]`) times `down` (`[rank, inputs, 1, 1]`): `[rank, inputs, h, w]`.
    fn times(&self, down: &Self) -> Result<Vec<f32>, Error> {
        let (rank, area) = (self.shape.first().copied().unwrap_or(0), self.shape.iter().skip(2).product::<usize>());
        let inputs = down.shape.get(1).copied().unwrap_or(0);
        if self.values.len() != rank * rank * area || down.values.len() != rank * inputs {
            let (name, actual) = (self.name.clone(), self.shape.clone());
            return Err(Error::TensorShape { network: NETWORK, name, actual, expected: vec![rank, rank, 3, 3] });
        }
        let mut made = vec![0.0; rank * inputs * area];
        for (a, rows) in made.chunks_exact_mut((inputs * area).max(1)).enumerate() {
            for b in 0..rank {
                let kernel = &self.values[(a * rank + b) * area..][..area];
                for (input, to) in rows.chunks_exact_mut(area).enumerate() {
                    let factor = down.values[b * inputs + input];
                    to.iter_mut().zip(kernel).for_each(|(to, kernel)| *to += factor * kernel);
                }
            }
        }
        Ok(made)
    }
}

#[cfg(test)]
mod tests {
    use danqing_nn::EngineConfig;

    use super::*;

    fn file(tensors: &[(&str, &[usize], &[f32])]) -> TensorFile {
        let owned = tensors.iter().map(|(name, shape, values)| ((*name).to_owned(), shape.to_vec(), values.to_vec()));
        TensorFile::from_f32(owned).unwrap()
    }

    fn engine() -> Engine {
        Engine::new(EngineConfig { threads: Some(1), ..EngineConfig::default() }).unwrap()
    }

    #[test]
    fn a_product_is_scaled_by_alpha_over_rank() {
        let lora = Lora::new(&file(&[
            ("lora_unet_conv_in.lora_down.weight", &[2, 3], &[1.0, 2.0, 3.0, 0.0, 1.0, 0.0]),
            ("lora_unet_conv_in.lora_up.weight", &[1, 2], &[10.0, 100.0]),
            ("lora_unet_conv_in.alpha", &[], &[1.0]),
        ]))
        .unwrap();
        let mut values = [1.0; 3];
        let place = (Part::Denoiser, "conv_in");
        assert_eq!(lora.add(&engine(), place, 2.0, (&[1, 3], &mut values)), Ok(true));
        assert_eq!(values, [1.0 + 10.0, 1.0 + 120.0, 1.0 + 30.0]);
        assert_eq!(lora.add(&engine(), (Part::Text, "conv_in"), 1.0, (&[1, 3], &mut values)), Ok(false));
        let error = lora.add(&engine(), place, 1.0, (&[2, 3], &mut [0.0; 6])).unwrap_err().to_string();
        assert!(error.contains("`lora_unet_conv_in.lora_up.weight` is [1, 2], expected [2, 2]"), "{error}");
    }

    /// `Σ up[o, a] · middle[a, b, k] · down[b, i]`, as `LyCORIS`' `rebuild_tucker`.
    #[test]
    fn a_convolution_taken_apart_is_put_together() {
        let lora = Lora::new(&file(&[
            ("lora_unet_conv_in.lora_down.weight", &[2, 1, 1, 1], &[3.0, 5.0]),
            ("lora_unet_conv_in.lora_mid.weight", &[2, 2, 1, 2], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]),
            ("lora_unet_conv_in.lora_up.weight", &[1, 2, 1, 1], &[1.0, 10.0]),
        ]))
        .unwrap();
        let mut values = [0.0; 2];
        lora.add(&engine(), (Part::Denoiser, "conv_in"), 1.0, (&[1, 1, 1, 2], &mut values)).unwrap();
        assert_eq!(values, [(3.0 + 15.0) + 10.0 * (15.0 + 35.0), (6.0 + 20.0) + 10.0 * (18.0 + 40.0)]);
    }

    #[test]
    fn other_files_are_refused_by_name() {
        let refused = |name: &str| Lora::new(&file(&[(name, &[1], &[0.0])])).err().unwrap().to_string();
        assert_eq!(refused("lora_unet_a.hada_w1_a"), format!("the file holds a LoHa, expected {EXPECTED}"));
        assert!(refused("lora_te2_a.alpha").contains("a LoRA of Stable Diffusion XL"));
        assert!(refused("conv.weight").contains(EXPECTED));
        assert!(refused("lora_unet_a.lora_up.weight").contains("`a down`"));
    }
}
