//! A network or operator with its inputs, ready to run.

use danqing_models::diffusion::{seeded_unit, seeded_values};
use danqing_nn::{Engine, FeatureMap, Shape, Weight};

use super::Error;

/// Inputs, by name, and what is done with them.
pub(super) struct Workload {
    pub(super) inputs: Vec<(&'static str, FeatureMap)>,
    pub(super) forward: Forward,
}

/// From the inputs, in their order, to the output.
type Forward = Box<dyn Fn(&Engine, &[&FeatureMap]) -> Result<FeatureMap, Error>>;

impl Workload {
    pub(super) fn new(
        inputs: Vec<(&'static str, FeatureMap)>,
        forward: impl Fn(&Engine, &[&FeatureMap]) -> Result<FeatureMap, Error> + 'static,
    ) -> Self {
        Self { inputs, forward: Box::new(forward) }
    }

    pub(super) fn run(&self, engine: &Engine) -> Result<FeatureMap, Error> {
        let inputs: Vec<_> = self.inputs.iter().map(|(_, map)| map).collect();
        (self.forward)(engine, &inputs)
    }
}

/// Values of −1..1 by name and index, NHWC.
pub(super) fn input(engine: &Engine, name: &str, shape: Shape) -> Result<FeatureMap, Error> {
    let values = (0..shape.elements()? as u64).map(|index| seeded_unit(name, index)).collect();
    Ok(FeatureMap::from_nhwc(engine, shape, values)?)
}

/// Weights by the rule of names.
pub(super) fn weight(name: &str, shape: &[usize]) -> Result<Weight, Error> {
    Ok(Weight::new(shape, seeded_values(name, shape))?)
}
