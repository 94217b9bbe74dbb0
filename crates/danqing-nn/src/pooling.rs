//! Windows reduced to one value.

use crate::channels::from_pixels;
use crate::conv2d::check_settings;
use crate::geometry::{Axis, OUTSIDE, Window};
use crate::{Engine, Error, FeatureMap, PadMode, Padding, Shape};

/// A square window. Padding never takes part in a maximum; in an average it counts as zeros (`PyTorch`'s
/// `count_include_pad=True`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolConfig {
    /// Side of the window.
    pub kernel: usize,
    /// Step of the window.
    pub stride: usize,
    /// Pixels added around the picture; less than the kernel.
    pub padding: Padding,
}

impl PoolConfig {
    /// Windows side by side.
    #[must_use]
    pub const fn tiles(kernel: usize) -> Self {
        Self { kernel, stride: kernel, padding: Padding::symmetric(0) }
    }
}

/// Equals `torch.nn.functional.max_pool2d`, exact; a NaN in the window gives NaN.
///
/// # Errors
/// [`Error::Setting`], [`Error::TooSmall`], [`Error::TooLarge`], [`Error::Cancelled`], [`Error::OutOfMemory`].
pub fn max_pool(engine: &Engine, x: &FeatureMap, config: PoolConfig) -> Result<FeatureMap, Error> {
    let largest = |slot: &mut f32, value: f32| {
        if value > *slot || value.is_nan() {
            *slot = value;
        }
    };
    pool(engine, x, config, f32::NEG_INFINITY, largest, |_| {})
}

/// Equals `torch.nn.functional.avg_pool2d`; `|y − exact| ≤ (kernel² + 1) · eps · mean |x|`.
///
/// # Errors
/// As [`max_pool`].
pub fn average_pool(engine: &Engine, x: &FeatureMap, config: PoolConfig) -> Result<FeatureMap, Error> {
    let area = (config.kernel as f32) * (config.kernel as f32);
    pool(engine, x, config, 0.0, |slot, value| *slot += value, |row| row.iter_mut().for_each(|sum| *sum /= area))
}

/// Mean of each channel over the picture, `[batch, 1, 1, channels]`; summed in `f64`, so rounded once.
///
/// # Errors
/// [`Error::Cancelled`], [`Error::OutOfMemory`].
pub fn global_average_pool(engine: &Engine, x: &FeatureMap) -> Result<FeatureMap, Error> {
    let Shape { height, width, channels, .. } = x.shape();
    let plane = height * width;
    let mut out = engine.buffer(x.shape().batch * channels)?;
    engine.fill(&mut out, channels, |picture, row| {
        let mut sums = vec![0.0_f64; channels];
        for pixel in x.values()[picture * plane * channels..][..plane * channels].chunks(channels) {
            sums.iter_mut().zip(pixel).for_each(|(sum, &value)| *sum += f64::from(value));
        }
        row.iter_mut().zip(sums).for_each(|(slot, sum)| *slot = (sum / plane as f64) as f32);
        Ok(())
    })?;
    Ok(FeatureMap::from_buffer(x.shape().with_size(1, 1), out))
}

fn pool(
    engine: &Engine,
    x: &FeatureMap,
    config: PoolConfig,
    start: f32,
    take: impl Fn(&mut f32, f32) + Sync,
    finish: impl Fn(&mut [f32]) + Sync,
) -> Result<FeatureMap, Error> {
    check_settings("pooling", config.stride, config.kernel, 1)?;
    let Padding { top, bottom, left, right } = config.padding;
    if top.max(bottom).max(left).max(right) >= config.kernel {
        let actual = format!("{:?}", config.padding);
        return Err(Error::Setting { what: "pooling padding", actual, expected: "less than the kernel" });
    }
    let (rows, columns) = (axis(config, x.shape().height, top, bottom)?, axis(config, x.shape().width, left, right)?);
    let shape = x.shape().with_size(rows.outputs.len(), columns.outputs.len());
    from_pixels(engine, shape, |pixel, row| {
        let (line, column) = (pixel / shape.width, pixel % shape.width);
        row.fill(start);
        let picture = line / shape.height * x.shape().height;
        for &y in &rows.sources[line % shape.height * config.kernel..][..config.kernel] {
            for &at in &columns.sources[column * config.kernel..][..config.kernel] {
                if y != OUTSIDE && at != OUTSIDE {
                    let from = ((picture + y) * x.shape().width + at) * shape.channels;
                    row.iter_mut().zip(&x.values()[from..]).for_each(|(slot, &value)| take(slot, value));
                }
            }
        }
        finish(row);
    })
}

fn axis(config: PoolConfig, input: usize, before: usize, after: usize) -> Result<Axis, Error> {
    let PoolConfig { kernel, stride, .. } = config;
    Window { kernel, stride, dilation: 1, before, after, mode: PadMode::Zero }.axis("pooling", input)
}
