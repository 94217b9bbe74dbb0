//! ncnn models: a text `.param` with the layers and a `.bin` with their weights, one after the other.
//!
//! Source: Tencent/ncnn@20240410, docs/developer-guide/param-and-model-file-structure.md, src/modelbin.cpp
//! (`ModelBinFromDataReader::load`) and the `load_model` of each layer in src/layer/.

mod bin;
mod param;

pub use param::{Layer, ParamValue};

use std::collections::BTreeMap;

use crate::TensorFile;
use crate::containers::{Limits, ParseError};

pub(crate) const NAME: &str = "ncnn";

/// Key of the metadata that says what the tensors were read from, kept when they are converted: ncnn's are named after
/// its layers and stand in their order.
pub const CONTAINER: &str = "container";

/// A `.param` and its `.bin`.
#[derive(Clone, Debug)]
pub struct Network {
    /// In the order of the file.
    pub layers: Vec<Layer>,
    /// `<layer>.weight`, `<layer>.bias` and so on; convolutions are [out, in / groups, height, width].
    pub tensors: TensorFile,
}

impl Network {
    /// The tensors alone.
    #[must_use]
    pub fn into_tensors(self) -> TensorFile {
        self.tensors
    }
}

/// Reads both files. The weights must be used up exactly by the layers.
///
/// # Errors
/// [`ParseError`]; quantised weights and layers whose weights this reader does not know are unsupported, by name.
pub fn read(param: &[u8], weights: Vec<u8>, limits: &Limits) -> Result<Network, ParseError> {
    limits.check_file(weights.len() as u64)?;
    let layers = param::read(param, limits)?;
    let tensors = bin::read(&layers, &weights, limits)?;
    let metadata = BTreeMap::from([(CONTAINER.to_owned(), NAME.to_owned())]);
    let tensors = TensorFile::new(weights, tensors, metadata)?;
    Ok(Network { layers, tensors })
}
