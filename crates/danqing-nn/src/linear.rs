//! Fully connected layer on every pixel.

use crate::{Conv2d, Conv2dConfig, Engine, Epilogue, Error, FeatureMap, Weight};

/// Equals `torch.nn.functional.linear` on each pixel's channels: `y = W·x + b`.
///
/// A vector is a map of 1×1 pixels, a sequence one of 1×length. Error per value as [`Conv2d`], K = inputs.
#[derive(Debug)]
pub struct Linear(Conv2d);

impl Linear {
    /// Packs `weight` `[out, in]` and `bias` `[out]`.
    ///
    /// # Errors
    /// [`Error::WeightShape`], [`Error::Cancelled`], [`Error::OutOfMemory`]; [`Error::NotFinite`] in int8.
    pub fn new(engine: &Engine, weight: &Weight, bias: Option<&Weight>) -> Result<Self, Error> {
        let [out, input] = weight.dimensions("Linear", "[out, in]")?;
        Ok(Self(Conv2d::of_sides(engine, Conv2dConfig::default(), weight, [out, input, 1, 1], bias)?))
    }

    /// Maps channels.
    ///
    /// # Errors
    /// As [`Self::forward_with`].
    pub fn forward(&self, engine: &Engine, x: &FeatureMap) -> Result<FeatureMap, Error> {
        self.0.forward(engine, x)
    }

    /// Maps channels and finishes.
    ///
    /// # Errors
    /// As [`Conv2d::forward_with`].
    pub fn forward_with(&self, engine: &Engine, x: &FeatureMap, epilogue: Epilogue<'_>) -> Result<FeatureMap, Error> {
        self.0.forward_with(engine, x, epilogue)
    }
}
