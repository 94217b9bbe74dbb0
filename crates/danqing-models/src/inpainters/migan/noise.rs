//! The noise that training froze.

use danqing_nn::{Engine, FeatureMap, Shape, Weight};

use crate::Error;

/// One square of noise, the same for every channel; repeated for pictures larger than the network was trained on and
/// cut for smaller ones.
pub(super) struct NoiseMap {
    native: FeatureMap,
}

impl NoiseMap {
    /// `weight`: `[side, side]`.
    pub(super) fn new(engine: &Engine, weight: &Weight) -> Result<Self, Error> {
        let side = weight.shape()[0];
        let native = FeatureMap::from_nhwc(engine, Shape::new(1, side, side, 1), weight.values().to_vec())?;
        Ok(Self { native })
    }

    /// `[1, height, width, 1]`.
    pub(super) fn map(&self, engine: &Engine, height: usize, width: usize) -> Result<FeatureMap, Error> {
        let shape = self.native.shape();
        if (shape.height, shape.width) == (height, width) {
            return Ok(self.native.clone());
        }
        let native = self.native.as_slice()?;
        let mut values = Vec::with_capacity(height * width);
        for y in 0..height {
            let row = &native[y % shape.height * shape.width..][..shape.width];
            values.extend(row.iter().cycle().take(width));
        }
        Ok(FeatureMap::from_nhwc(engine, Shape::new(1, height, width, 1), values)?)
    }
}

#[cfg(test)]
mod tests {
    use danqing_nn::EngineConfig;

    use super::*;

    #[test]
    fn larger_maps_repeat_and_smaller_ones_are_cut() -> Result<(), Error> {
        let engine = Engine::new(EngineConfig::default())?;
        let noise = NoiseMap::new(&engine, &Weight::new(&[2, 2], vec![1.0, 2.0, 3.0, 4.0])?)?;
        assert_eq!(noise.map(&engine, 3, 3)?.to_nhwc()?, [1.0, 2.0, 1.0, 3.0, 4.0, 3.0, 1.0, 2.0, 1.0]);
        assert_eq!(noise.map(&engine, 2, 2)?.to_nhwc()?, [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(noise.map(&engine, 1, 2)?.to_nhwc()?, [1.0, 2.0]);
        Ok(())
    }
}
