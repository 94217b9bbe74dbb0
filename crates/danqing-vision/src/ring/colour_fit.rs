//! One gain and one offset per channel.

use danqing_media::{Mask, Raster, SrgbF32};

use super::{Error, same_size};

/// Rounds of reweighting; the weights settle in a few.
const ROUNDS: usize = 8;
/// Tukey's constant: 95 % efficiency for normal errors.
const TUKEY: f64 = 4.685;
/// Median absolute deviation to standard deviation of normal errors.
const DEVIATION: f64 = 1.4826;
/// Least spread, half an 8-bit level, so that a perfect fit keeps its weights.
const LEAST_SPREAD: f64 = 0.5 / 255.0;
/// Standard deviation of colours below which the gain is drawn to 1: little contrast says little about gain.
const CONTRAST: f64 = 0.02;
/// Gains outside this range are no colour shift but another content.
const GAINS: (f64, f64) = (0.5, 2.0);

/// `corrected = gain * value + offset`, per channel of sRGB-encoded values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ColourFit {
    /// Factor of each channel, within `0.5..=2`.
    pub gain: [f32; 3],
    /// Added to each channel.
    pub offset: [f32; 3],
}

impl ColourFit {
    /// Changes nothing.
    pub const IDENTITY: Self = Self { gain: [1.0; 3], offset: [0.0; 3] };

    /// `fill` with the fit applied everywhere; values are not clamped.
    #[must_use]
    pub fn applied(&self, fill: &Raster<SrgbF32>) -> Raster<SrgbF32> {
        let mut made = fill.clone();
        for pixel in made.samples_mut().chunks_exact_mut(3) {
            for ((value, gain), offset) in pixel.iter_mut().zip(self.gain).zip(self.offset) {
                *value = gain * *value + offset;
            }
        }
        made
    }
}

/// The gain and offset that bring `fill` closest to `picture` where `ring` is not 0.
///
/// Robust least squares (Tukey's biweight, reweighted): pixels where the two show different things do not count. Where
/// the ring has little contrast the gain stays near 1.
///
/// # Errors
/// See [`Error`].
pub fn fit(picture: &Raster<SrgbF32>, fill: &Raster<SrgbF32>, ring: &Mask) -> Result<ColourFit, Error> {
    same_size(picture, "fill", fill)?;
    same_size(picture, "ring", ring)?;
    let places: Vec<usize> = (0..ring.samples().len()).filter(|at| ring.samples()[*at] != 0).collect();
    if places.is_empty() {
        return Err(Error::EmptyRing);
    }
    let mut found = ColourFit::IDENTITY;
    for channel in 0..3 {
        let pair = |at: &usize| {
            let sample = |r: &Raster<SrgbF32>| f64::from(r.samples()[3 * at + channel]);
            (sample(fill), sample(picture))
        };
        let pairs: Vec<(f64, f64)> = places.iter().map(pair).collect();
        let (gain, offset) = robust_line(&pairs);
        found.gain[channel] = gain as f32;
        found.offset[channel] = offset as f32;
    }
    Ok(found)
}

/// Line through pairs (x, y), insensitive to outliers.
fn robust_line(pairs: &[(f64, f64)]) -> (f64, f64) {
    // Start from the median difference: least squares over everything could start at the outliers.
    let mut line = (1.0, median(pairs.iter().map(|(x, y)| y - x).collect()));
    for _ in 0..ROUNDS {
        let residual = |(x, y): &(f64, f64)| y - (line.0 * x + line.1);
        let deviation = median(pairs.iter().map(|p| residual(p).abs()).collect());
        let scale = TUKEY * (DEVIATION * deviation).max(LEAST_SPREAD);
        let weight = |p: &(f64, f64)| {
            let u = residual(p) / scale;
            if u.abs() < 1.0 { (1.0 - u * u).powi(2) } else { 0.0 }
        };
        line = weighted_line(pairs, &pairs.iter().map(weight).collect::<Vec<_>>());
    }
    line
}

fn weighted_line(pairs: &[(f64, f64)], weights: &[f64]) -> (f64, f64) {
    let total: f64 = weights.iter().sum();
    let mean =
        |value: fn(&(f64, f64)) -> f64| pairs.iter().zip(weights).map(|(p, w)| w * value(p)).sum::<f64>() / total;
    let (mx, my) = (mean(|p| p.0), mean(|p| p.1));
    let (mut xx, mut xy) = (0.0, 0.0);
    for ((x, y), w) in pairs.iter().zip(weights) {
        xx += w * (x - mx) * (x - mx);
        xy += w * (x - mx) * (y - my);
    }
    let prior = total * CONTRAST * CONTRAST;
    let gain = ((xy + prior) / (xx + prior)).clamp(GAINS.0, GAINS.1);
    (gain, my - gain * mx)
}

fn median(mut values: Vec<f64>) -> f64 {
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f64::total_cmp).1
}
