//! What a layer does with its sums before it writes them.

use crate::cpu::{Addend, Finish};
use crate::{Activation, Error, FeatureMap, Shape};

/// `activation(sum + bias + residual) + skip`. Addends have the output's shape, or one channel,
/// one pixel (such as a time embedding) or one picture for all.
#[derive(Clone, Debug, Default)]
pub struct Epilogue<'a> {
    /// Added before the activation.
    pub residual: Option<&'a FeatureMap>,
    /// Applied to the sum.
    pub activation: Option<Activation>,
    /// Added after the activation.
    pub skip: Option<&'a FeatureMap>,
}

impl<'a> Epilogue<'a> {
    /// An activation alone.
    #[must_use]
    pub fn activation(activation: Activation) -> Self {
        Self { activation: Some(activation), ..Self::default() }
    }

    /// Adds `map` before the activation.
    #[must_use]
    pub fn with_residual(self, map: &'a FeatureMap) -> Self {
        Self { residual: Some(map), ..self }
    }

    /// Adds `map` after the activation.
    #[must_use]
    pub fn with_skip(self, map: &'a FeatureMap) -> Self {
        Self { skip: Some(map), ..self }
    }

    /// Refuses addends and slopes that do not fit an output of `shape`.
    pub(crate) fn check(&self, shape: Shape) -> Result<(), Error> {
        for (map, what) in [(self.residual, "residual"), (self.skip, "skip")] {
            if let Some(map) = map.filter(|map| !Addend::fits(map.shape(), shape)) {
                return Err(Error::Shapes { what, actual: map.shape(), expected: shape });
            }
        }
        self.activation.as_ref().map_or(Ok(()), |activation| check_activation(activation, shape.channels))
    }

    /// Checked against the output's shape.
    pub(crate) fn finish(&self, shape: Shape) -> Result<Finish<'_>, Error> {
        self.check(shape)?;
        Ok(Finish {
            residual: self.residual.map(|map| Addend::new(map, shape)).transpose()?,
            activation: self.activation.as_ref(),
            skip: self.skip.map(|map| Addend::new(map, shape)).transpose()?,
        })
    }
}

/// Refuses per-channel slopes of another number of channels.
pub(crate) fn check_activation(activation: &Activation, channels: usize) -> Result<(), Error> {
    match activation {
        Activation::PRelu(slopes) if slopes.len() != 1 && slopes.len() != channels => {
            Err(Error::Channels { what: "PRelu slopes", actual: slopes.len(), expected: channels })
        }
        _ => Ok(()),
    }
}
