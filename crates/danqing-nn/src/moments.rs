//! Mean and variance of channels, over one map or over many parts of a larger one.

use std::sync::{Mutex, PoisonError};

use crate::elementwise::block_length;
use crate::{Engine, Error, FeatureMap};

/// Equals `x.mean(dim=(0, 2, 3))` and `x.var(dim=(0, 2, 3))` in `f64` (two passes): the moments of parts, [`Self::join`]ed,
/// are those of the whole to 1e-12 of its mean square, whatever the parts.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments {
    /// Pixels.
    count: f64,
    /// Per channel.
    means: Vec<f64>,
    /// Sum of squared deviations from the mean, per channel.
    squares: Vec<f64>,
}

impl Moments {
    /// Of every pixel of a map.
    ///
    /// # Errors
    /// [`Error::Cancelled`]; a device may fail to copy.
    pub fn of(engine: &Engine, x: &FeatureMap) -> Result<Self, Error> {
        let x = x.widened(engine)?;
        let (channels, values) = (x.shape().channels, x.as_slice()?);
        let averages = means(engine, values, channels, |_, value| value)?;
        let variances = means(engine, values, channels, |channel, value| (value - averages[channel]).powi(2))?;
        let count = x.shape().pixels() as f64;
        Ok(Self { count, means: averages, squares: variances.into_iter().map(|v| v * count).collect() })
    }

    /// Of the pixels of both; of one alone where there is no other yet.
    ///
    /// Source: T. F. Chan, G. H. Golub, R. J. `LeVeque`, "Algorithms for Computing the Sample Variance", 1983, eq. 2.1.
    ///
    /// # Errors
    /// [`Error::Channels`].
    pub fn join(self, other: Option<Self>) -> Result<Self, Error> {
        let Some(other) = other else { return Ok(self) };
        let (actual, expected) = (other.means.len(), self.means.len());
        if actual != expected {
            return Err(Error::Channels { what: "Moments", actual, expected });
        }
        let count = self.count + other.count;
        let share = other.count / count;
        let mut joined = Self { count, ..self.clone() };
        for channel in 0..expected {
            let distance = other.means[channel] - self.means[channel];
            joined.means[channel] += distance * share;
            joined.squares[channel] += other.squares[channel] + distance * distance * self.count * share;
        }
        Ok(joined)
    }

    /// Per channel.
    #[must_use]
    pub fn means(&self) -> &[f64] {
        &self.means
    }

    /// Per channel, over n (`correction=0`).
    pub fn variances(&self) -> impl Iterator<Item = f64> {
        self.squares.iter().map(|square| square / self.count)
    }

    /// Per channel, over n − 1 (`correction=1`); 0 for a single pixel.
    pub fn unbiased_variances(&self) -> impl Iterator<Item = f64> {
        self.squares.iter().map(|square| square / (self.count - 1.0).max(1.0))
    }
}

/// `factors[c] · x + offsets[c]`, each operation rounded; in place if nobody else holds `x`.
///
/// # Errors
/// [`Error::Channels`] unless there is one factor and one offset per channel, [`Error::Cancelled`],
/// [`Error::OutOfMemory`].
pub fn affine_channels(engine: &Engine, x: FeatureMap, factors: &[f32], offsets: &[f32]) -> Result<FeatureMap, Error> {
    let shape = x.shape();
    for actual in [factors.len(), offsets.len()] {
        if actual != shape.channels {
            return Err(Error::Channels { what: "affine_channels", actual, expected: shape.channels });
        }
    }
    let mut buffer = x.into_buffer(engine)?;
    engine.fill(&mut buffer, block_length(shape.channels), |_, block| {
        for pixel in block.chunks_mut(shape.channels) {
            let lines = factors.iter().zip(offsets);
            pixel.iter_mut().zip(lines).for_each(|(value, (factor, offset))| *value = *value * factor + offset);
        }
        Ok(())
    })?;
    on_device!(engine, |device| device.nhwc_map(shape, buffer.to_vec()));
    Ok(FeatureMap::from_buffer(shape, buffer))
}

/// Pixels whose terms are summed by one task; task sums are then added in order.
const PIXELS: usize = 4096;

/// Mean over the pixels of a picture of `term(channel, value)`, for each channel.
pub(crate) fn means(
    engine: &Engine,
    values: &[f32],
    channels: usize,
    term: impl Fn(usize, f64) -> f64 + Sync,
) -> Result<Vec<f64>, Error> {
    let length = PIXELS * channels;
    let parts: Vec<Mutex<Vec<f64>>> = values.chunks(length).map(|_| Mutex::default()).collect();
    engine.run(parts.len(), &|index| {
        let mut sums = vec![0.0_f64; channels];
        for pixel in values[index * length..].chunks(channels).take(PIXELS) {
            for (channel, (sum, &value)) in sums.iter_mut().zip(pixel).enumerate() {
                *sum += term(channel, f64::from(value));
            }
        }
        *parts[index].lock().unwrap_or_else(PoisonError::into_inner) = sums;
        Ok(())
    })?;
    let mut totals = vec![0.0_f64; channels];
    for part in parts {
        let part = part.into_inner().unwrap_or_else(PoisonError::into_inner);
        totals.iter_mut().zip(part).for_each(|(total, sum)| *total += sum);
    }
    let count = (values.len() / channels) as f64;
    Ok(totals.into_iter().map(|total| total / count).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EngineConfig, Shape, crop};

    fn map(engine: &Engine) -> FeatureMap {
        let values = (0..90 * 70 * 3).map(|i| ((i * 7919) % 1000) as f32 * 0.01 + (i % 3) as f32 * 100.0).collect();
        FeatureMap::from_nhwc(engine, Shape::new(1, 90, 70, 3), values).expect("a map")
    }

    #[test]
    fn joined_parts_have_the_moments_of_the_whole() {
        let engine = Engine::new(EngineConfig { threads: Some(2), ..EngineConfig::default() }).expect("an engine");
        let x = map(&engine);
        let whole = Moments::of(&engine, &x).expect("moments");
        let mut joined = None;
        for (at, size) in [((0, 0), (1, 70)), ((1, 0), (89, 13)), ((1, 13), (89, 57))] {
            let part = crop(&engine, &x, at, size).expect("inside");
            joined = Some(Moments::of(&engine, &part).and_then(|m| m.join(joined)).expect("joins"));
        }
        let joined = joined.expect("three parts");
        for channel in 0..3 {
            assert!((joined.means[channel] - whole.means[channel]).abs() < 1e-9);
            assert!((joined.squares[channel] / whole.squares[channel] - 1.0).abs() < 1e-9);
        }
        let values: Vec<f64> = x.as_slice().expect("on the CPU").iter().step_by(3).map(|&v| f64::from(v)).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (values.len() - 1) as f64;
        assert!((whole.means()[0] - mean).abs() < 1e-9);
        assert!((whole.unbiased_variances().next().expect("three") / variance - 1.0).abs() < 1e-9);
    }

    #[test]
    fn each_channel_gets_its_own_line_and_misfits_are_named() {
        let engine = Engine::new(EngineConfig { threads: Some(1), ..EngineConfig::default() }).expect("an engine");
        let x = FeatureMap::from_nhwc(&engine, Shape::new(1, 1, 2, 2), vec![1.0, 2.0, 3.0, 4.0]).expect("a map");
        let y = affine_channels(&engine, x.clone(), &[2.0, -1.0], &[0.5, 10.0]).expect("fits");
        assert_eq!(y.to_nhwc().expect("on the CPU"), [2.5, 8.0, 6.5, 6.0]);
        let error = affine_channels(&engine, x, &[1.0], &[0.0, 0.0]).expect_err("one of two");
        assert_eq!(error, Error::Channels { what: "affine_channels", actual: 1, expected: 2 });
    }
}
