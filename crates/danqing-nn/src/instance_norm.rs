//! Instance normalisation.

use crate::channels::from_pixels;
use crate::moments::means;
use crate::{Engine, Error, FeatureMap, Shape, Weight};

/// Equals `torch.nn.functional.instance_norm` with batch statistics: `(x − mean) / sqrt(variance + epsilon) · w + b`
/// per picture and channel, the variance over n.
///
/// Mean and variance are summed in `f64` (two passes); `|y − exact| ≤ 8 · eps · (|x| + |mean|) / deviation · |w| + …`.
#[derive(Clone, Debug)]
pub struct InstanceNorm {
    channels: usize,
    epsilon: f32,
    affine: Option<(Vec<f32>, Vec<f32>)>,
}

impl InstanceNorm {
    /// With weight and bias per channel, or none.
    ///
    /// # Errors
    /// [`Error::WeightShape`]; [`Error::Setting`] unless `epsilon` is a number ≥ 0.
    pub fn new(channels: usize, epsilon: f32, affine: Option<(&Weight, &Weight)>) -> Result<Self, Error> {
        if !epsilon.is_finite() || epsilon < 0.0 {
            let actual = epsilon.to_string();
            return Err(Error::Setting { what: "InstanceNorm epsilon", actual, expected: "a number of at least 0" });
        }
        let affine = match affine {
            Some((weight, bias)) => Some((
                weight.vector("InstanceNorm weight", channels)?.to_vec(),
                bias.vector("InstanceNorm bias", channels)?.to_vec(),
            )),
            None => None,
        };
        Ok(Self { channels, epsilon, affine })
    }

    /// Normalises.
    ///
    /// # Errors
    /// [`Error::Channels`], [`Error::Cancelled`], [`Error::OutOfMemory`].
    pub fn forward(&self, engine: &Engine, x: &FeatureMap) -> Result<FeatureMap, Error> {
        let shape = x.shape();
        if shape.channels != self.channels {
            return Err(Error::Channels { what: "InstanceNorm", actual: shape.channels, expected: self.channels });
        }
        on_device!(engine, |device| device.instance_norm(x, self.epsilon, self.affine.as_ref()));
        let x = &x.widened(engine)?;
        let plane = shape.height * shape.width;
        let lines = self.lines(engine, x)?;
        let all = x.as_slice()?;
        from_pixels(engine, shape, |pixel, row| {
            let line = &lines[pixel / plane * 3 * shape.channels..][..3 * shape.channels];
            let values = &all[pixel * shape.channels..][..shape.channels];
            let (mean, line) = line.split_at(shape.channels);
            let (factor, offset) = line.split_at(shape.channels);
            for (channel, slot) in row.iter_mut().enumerate() {
                *slot = (values[channel] - mean[channel]) * factor[channel] + offset[channel];
            }
        })
    }

    /// Mean, factor and offset of every channel: `[batch, 3, channels]`.
    fn lines(&self, engine: &Engine, x: &FeatureMap) -> Result<Vec<f32>, Error> {
        let Shape { batch, height, width, channels } = x.shape();
        let all = x.as_slice()?;
        let mut lines = vec![0.0; batch * 3 * channels];
        for (picture, line) in lines.chunks_mut(3 * channels).enumerate() {
            let values = &all[picture * height * width * channels..][..height * width * channels];
            let averages = means(engine, values, channels, |_, value| value)?;
            let variances = means(engine, values, channels, |channel, value| (value - averages[channel]).powi(2))?;
            for channel in 0..channels {
                let deviation = (variances[channel] + f64::from(self.epsilon)).sqrt();
                let (weight, bias) = self.affine.as_ref().map_or((1.0, 0.0), |(w, b)| (w[channel], b[channel]));
                line[channel] = averages[channel] as f32;
                line[channels + channel] = (f64::from(weight) / deviation) as f32;
                line[2 * channels + channel] = bias;
            }
        }
        Ok(lines)
    }
}
