//! Group normalisation.

use std::sync::{Mutex, PoisonError};

use crate::cpu::{GroupMoments, Lines, group_moments, normalise};
use crate::elementwise::block_length;
use crate::epilogue::check_activation;
use crate::values::Target;
use crate::{Activation, Engine, Error, FeatureMap, Shape, Weight};

/// Values of a block whose moments are taken at once: they stay in the second-level cache for the second pass.
const BLOCK: usize = 1 << 14;

/// Equals `torch.nn.functional.group_norm`: `(x − mean) / sqrt(variance + epsilon) · w + b`, mean and variance (over n) of
/// each picture's groups of consecutive channels; fused with an activation where asked.
///
/// Sums of 32 values are `f32`, their sums `f64`: before the activation,
/// `|y − exact| ≤ 40 · eps · ((|x| + mean |x| of the group) / deviation · |w| + |b|)`.
#[derive(Clone, Debug)]
pub struct GroupNorm {
    groups: usize,
    epsilon: f32,
    weight: Vec<f32>,
    bias: Vec<f32>,
}

impl GroupNorm {
    /// With a weight and a bias per channel.
    ///
    /// # Errors
    /// [`Error::WeightShape`] unless both have as many values, a multiple of `groups`; [`Error::Setting`] for no groups or
    /// unless `epsilon` is a number ≥ 0.
    pub fn new(groups: usize, epsilon: f32, weight: &Weight, bias: &Weight) -> Result<Self, Error> {
        if groups == 0 {
            return Err(Error::Setting { what: "GroupNorm groups", actual: "0".into(), expected: "at least 1" });
        }
        check_epsilon("GroupNorm epsilon", epsilon)?;
        let channels = weight.values().len();
        if channels == 0 || !channels.is_multiple_of(groups) {
            return Err(weight.misfit("GroupNorm weight", "[channels], a multiple of the groups"));
        }
        let bias = bias.vector("GroupNorm bias", channels)?.to_vec();
        Ok(Self { groups, epsilon, weight: weight.values().to_vec(), bias })
    }

    /// Normalises.
    ///
    /// # Errors
    /// As [`Self::forward_with`].
    pub fn forward(&self, engine: &Engine, x: &FeatureMap) -> Result<FeatureMap, Error> {
        self.forward_with(engine, x, None)
    }

    /// Normalises and applies the activation.
    ///
    /// # Errors
    /// [`Error::Channels`], [`Error::Cancelled`], [`Error::OutOfMemory`].
    pub fn forward_with(
        &self,
        engine: &Engine,
        x: &FeatureMap,
        activation: Option<&Activation>,
    ) -> Result<FeatureMap, Error> {
        let (shape, channels) = (x.shape(), self.weight.len());
        if shape.channels != channels {
            return Err(Error::Channels { what: "GroupNorm", actual: shape.channels, expected: channels });
        }
        activation.map_or(Ok(()), |activation| check_activation(activation, channels))?;
        let lines = self.lines(engine, x)?;
        let (all, plane) = (x.values()?, shape.height * shape.width * channels);
        let mut out = Target::new(engine, shape)?;
        let length = block_length(channels);
        for (picture, line) in lines.iter().enumerate() {
            let start = picture * plane;
            out.fill_part(engine, start..start + plane, length, |index, to| {
                let from = all.block(engine, start + index * length, to.len())?;
                normalise(engine.tier(), &from, line.view(), activation, to);
                Ok(())
            })?;
        }
        out.give(engine)
    }

    /// Of each picture.
    fn lines(&self, engine: &Engine, x: &FeatureMap) -> Result<Vec<Line>, Error> {
        let Shape { batch, height, width, channels } = x.shape();
        let (all, plane) = (x.values()?, height * width * channels);
        let length = (BLOCK / channels).max(1) * channels;
        let per_picture = plane.div_ceil(length);
        let parts: Vec<Mutex<Vec<GroupMoments>>> = (0..batch * per_picture).map(|_| Mutex::default()).collect();
        engine.run(parts.len(), &|index| {
            let (picture, at) = (index / per_picture, index % per_picture * length);
            let mut moments = vec![GroupMoments::default(); self.groups];
            let block = all.block(engine, picture * plane + at, length.min(plane - at))?;
            group_moments(engine.tier(), &block, channels, &mut moments);
            *parts[index].lock().unwrap_or_else(PoisonError::into_inner) = moments;
            Ok(())
        })?;
        let mut lines = Vec::with_capacity(batch);
        for parts in parts.chunks(per_picture) {
            let mut total = vec![GroupMoments::default(); self.groups];
            for part in parts {
                let part = part.lock().unwrap_or_else(PoisonError::into_inner);
                total.iter_mut().zip(&*part).for_each(|(total, &part)| *total = total.join(part));
            }
            lines.push(self.line(&total));
        }
        Ok(lines)
    }

    fn line(&self, moments: &[GroupMoments]) -> Line {
        let per_group = self.weight.len() / self.groups;
        let mut line = Line { factor: Vec::new(), offset: Vec::new() };
        for (index, (&weight, &bias)) in self.weight.iter().zip(&self.bias).enumerate() {
            let GroupMoments { count, mean, squares } = moments[index / per_group];
            let factor = (f64::from(weight) / (squares / count + f64::from(self.epsilon)).sqrt()) as f32;
            line.factor.push(factor);
            line.offset.push((f64::from(bias) - mean * f64::from(factor)) as f32);
        }
        line
    }
}

/// What a picture's channels are normalised with.
struct Line {
    factor: Vec<f32>,
    offset: Vec<f32>,
}

impl Line {
    fn view(&self) -> Lines<'_> {
        Lines { factor: &self.factor, offset: &self.offset }
    }
}

pub(crate) fn check_epsilon(what: &'static str, epsilon: f32) -> Result<(), Error> {
    if epsilon.is_finite() && epsilon >= 0.0 {
        return Ok(());
    }
    Err(Error::Setting { what, actual: epsilon.to_string(), expected: "a number of at least 0" })
}
