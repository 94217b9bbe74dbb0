//! `StyleGAN`'s resampling filters.

use crate::pad::crop;
use crate::{Conv2d, Conv2dConfig, ConvTranspose2d, ConvTranspose2dConfig, Engine, Error, FeatureMap, Padding, Weight};

/// A small filter applied to every channel alike, up- or downsampling by a whole factor; built for one channel count.
///
/// Source: T. Karras et al., "Analyzing and Improving the Image Quality of `StyleGAN`", `upfirdn2d`.
#[derive(Debug)]
pub struct Fir(Path);

#[derive(Debug)]
enum Path {
    /// A transposed convolution and the pixels to cut from the top and left of its result.
    Up {
        layer: ConvTranspose2d,
        skip: (usize, usize),
        factor: usize,
    },
    Down(Conv2d),
}

/// Outer product of `taps` with itself, normalised to sum 1: `[n, n]`, as `StyleGAN`'s `setup_filter`.
///
/// # Errors
/// [`Error::Setting`] if there are no taps or their sum is 0 or not a number.
pub fn fir_filter(taps: &[f32]) -> Result<Weight, Error> {
    let sum: f64 = taps.iter().map(|&tap| f64::from(tap)).sum();
    if sum == 0.0 || !sum.is_finite() {
        let actual = format!("{taps:?}");
        return Err(Error::Setting { what: "filter", actual, expected: "taps with a sum other than 0" });
    }
    let outer = |y: &f32, x: &f32| (f64::from(*y) * f64::from(*x) / (sum * sum)) as f32;
    let values = taps.iter().flat_map(|y| taps.iter().map(move |x| outer(y, x))).collect();
    Weight::new(&[taps.len(), taps.len()], values)
}

/// Equals `upfirdn2d.upsample2d(x, filter, up=factor)`: zeros between pixels, filter times `factor²`, same phase.
///
/// # Errors
/// [`Error::Setting`], [`Error::WeightShape`], [`Error::OutOfMemory`].
pub fn fir_upsample(engine: &Engine, channels: usize, factor: usize, filter: &Weight) -> Result<Fir, Error> {
    let [height, width] = filter.dimensions("fir_upsample", "[height, width]")?;
    check_filter(factor, height, width)?;
    let gain = (factor * factor) as f32;
    // A transposed convolution stamps the filter at every pixel, as upfirdn2d does between its zeros; with padding
    // (kernel + factor − 1) / 2 its first output is position kernel − 1 − padding of the full result.
    let weight = repeated(filter, channels, |values| values.iter().map(|v| v * gain).collect())?;
    let before = |kernel: usize| (kernel - factor) / 2;
    let padding = before(height.min(width));
    let groups = channels;
    let config = ConvTranspose2dConfig { stride: factor, padding, groups, ..ConvTranspose2dConfig::default() };
    let layer = ConvTranspose2d::new(engine, config, &weight, None)?;
    Ok(Fir(Path::Up { layer, skip: (before(height) - padding, before(width) - padding), factor }))
}

/// Equals `upfirdn2d.downsample2d(x, filter, down=factor)`: filtered, every `factor`-th pixel kept.
///
/// # Errors
/// [`Error::Setting`], [`Error::WeightShape`], [`Error::OutOfMemory`].
pub fn fir_downsample(engine: &Engine, channels: usize, factor: usize, filter: &Weight) -> Result<Fir, Error> {
    let [height, width] = filter.dimensions("fir_downsample", "[height, width]")?;
    check_filter(factor, height, width)?;
    let flipped = repeated(filter, channels, |values| values.iter().rev().copied().collect())?;
    let extra = |kernel: usize| kernel - factor;
    let padding = Padding {
        top: extra(height).div_ceil(2),
        bottom: extra(height) / 2,
        left: extra(width).div_ceil(2),
        right: extra(width) / 2,
    };
    let config = Conv2dConfig { stride: factor, padding, groups: channels, ..Conv2dConfig::default() };
    Ok(Fir(Path::Down(Conv2d::new(engine, config, &flipped, None)?)))
}

fn check_filter(factor: usize, height: usize, width: usize) -> Result<(), Error> {
    if (1..=height.min(width)).contains(&factor) {
        return Ok(());
    }
    let actual = format!("{factor} for a filter of {height}×{width}");
    Err(Error::Setting { what: "resampling factor", actual, expected: "from 1 to the filter's side" })
}

/// The filter for each channel: `[channels, 1, height, width]`.
fn repeated(filter: &Weight, channels: usize, change: impl Fn(&[f32]) -> Vec<f32>) -> Result<Weight, Error> {
    let one = change(filter.values());
    let [height, width] = filter.dimensions("filter", "[height, width]")?;
    Weight::new(&[channels, 1, height, width], one.repeat(channels))
}

impl Fir {
    /// Filters every channel.
    ///
    /// # Errors
    /// [`Error::Channels`], [`Error::TooSmall`], [`Error::TooLarge`], [`Error::Cancelled`], [`Error::OutOfMemory`].
    pub fn forward(&self, engine: &Engine, x: &FeatureMap) -> Result<FeatureMap, Error> {
        match &self.0 {
            Path::Down(conv) => conv.forward(engine, x),
            Path::Up { layer, skip, factor } => {
                let (height, width) = (x.shape().height * factor, x.shape().width * factor);
                let y = layer.forward(engine, x)?;
                if y.shape() == x.shape().with_size(height, width) {
                    return Ok(y);
                }
                crop(engine, &y, *skip, (height, width))
            }
        }
    }
}
