//! Tensors of a checkpoint, before a layer packs them.

use crate::Error;

/// One checkpoint tensor: dimensions in the checkpoint's order and its values.
#[derive(Clone, Debug, PartialEq)]
pub struct Weight {
    shape: Vec<usize>,
    values: Values,
}

/// Stored precision; quantised and half precision forms will stand beside `F32`. Layers of an engine in
/// [`crate::Precision::Bf16`] keep half as many bytes whatever this is, in [`crate::Precision::Int8`] a quarter.
#[derive(Clone, Debug, PartialEq)]
enum Values {
    F32(Vec<f32>),
}

impl Weight {
    /// From values in row-major order.
    ///
    /// # Errors
    /// [`Error::Length`] if there are more or fewer values than `shape` says, [`Error::TooLarge`] if `shape` overflows.
    pub fn new(shape: &[usize], values: Vec<f32>) -> Result<Self, Error> {
        let expected = elements(shape)?;
        if values.len() != expected {
            return Err(Error::Length { what: "Weight", actual: values.len(), expected });
        }
        Ok(Self { shape: shape.to_vec(), values: Values::F32(values) })
    }

    /// Dimensions.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Values in row-major order.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        let Values::F32(values) = &self.values;
        values
    }

    /// Dimensions as an array of known rank.
    pub(crate) fn dimensions<const R: usize>(&self, what: &'static str, expected: &str) -> Result<[usize; R], Error> {
        self.shape.as_slice().try_into().map_err(|_| self.misfit(what, expected))
    }

    /// The values of a vector of `length`; any shape with that many values, as checkpoints store `[1, C, 1, 1]` too.
    pub(crate) fn vector(&self, what: &'static str, length: usize) -> Result<&[f32], Error> {
        if self.values().len() == length { Ok(self.values()) } else { Err(self.misfit(what, &format!("[{length}]"))) }
    }

    pub(crate) fn misfit(&self, what: &'static str, expected: &str) -> Error {
        Error::WeightShape { what, actual: self.shape.clone(), expected: expected.to_owned() }
    }
}

fn elements(shape: &[usize]) -> Result<usize, Error> {
    shape
        .iter()
        .copied()
        .try_fold(1_usize, usize::checked_mul)
        .filter(|&n| n <= isize::MAX as usize / size_of::<f32>())
        .ok_or_else(|| Error::TooLarge { what: format!("{shape:?}") })
}
