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
    pool(engine, x, config, Reduce::Max)
}

/// Equals `torch.nn.functional.avg_pool2d`; `|y − exact| ≤ (kernel² + 1) · eps · mean |x|`.
///
/// # Errors
/// As [`max_pool`].
pub fn average_pool(engine: &Engine, x: &FeatureMap, config: PoolConfig) -> Result<FeatureMap, Error> {
    pool(engine, x, config, Reduce::Mean)
}

/// Mean of each channel over the picture, `[batch, 1, 1, channels]`; summed in `f64`, so rounded once.
///
/// # Errors
/// [`Error::Cancelled`], [`Error::OutOfMemory`].
pub fn global_average_pool(engine: &Engine, x: &FeatureMap) -> Result<FeatureMap, Error> {
    let Shape { height, width, channels, .. } = x.shape();
    on_device!(engine, |device| device.global_average_pool(x));
    let x = x.widened(engine)?;
    let (plane, values) = (height * width, x.as_slice()?);
    let mut out = engine.buffer(x.shape().batch * channels)?;
    engine.fill(&mut out, channels, |picture, row| {
        let mut sums = vec![0.0_f64; channels];
        for pixel in values[picture * plane * channels..][..plane * channels].chunks(channels) {
            sums.iter_mut().zip(pixel).for_each(|(sum, &value)| *sum += f64::from(value));
        }
        row.iter_mut().zip(sums).for_each(|(slot, sum)| *slot = (sum / plane as f64) as f32);
        Ok(())
    })?;
    Ok(FeatureMap::from_buffer(x.shape().with_size(1, 1), out))
}

/// What a window becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reduce {
    Max,
    Mean,
}

impl Reduce {
    fn start(self) -> f32 {
        match self {
            Self::Max => f32::NEG_INFINITY,
            Self::Mean => 0.0,
        }
    }

    /// Takes the values of one more pixel.
    fn take(self, row: &mut [f32], values: &[f32]) {
        let pairs = row.iter_mut().zip(values);
        match self {
            Self::Max => pairs.filter(|(slot, value)| *value > slot || value.is_nan()).for_each(|(slot, v)| *slot = *v),
            Self::Mean => pairs.for_each(|(slot, value)| *slot += value),
        }
    }

    fn finish(self, row: &mut [f32], kernel: usize) {
        if self == Self::Mean {
            let area = (kernel as f32) * (kernel as f32);
            for sum in row {
                *sum /= area;
            }
        }
    }
}

fn pool(engine: &Engine, x: &FeatureMap, config: PoolConfig, reduce: Reduce) -> Result<FeatureMap, Error> {
    let (rows, columns) = axes(config, x.shape())?;
    let shape = out_shape(x.shape(), (&rows, &columns))?;
    on_device!(engine, |device| device.pool(x, shape, (&rows, &columns), reduce));
    let x = x.widened(engine)?;
    let (start, values) = (reduce.start(), x.as_slice()?);
    from_pixels(engine, shape, |pixel, row| {
        let (line, column) = (pixel / shape.width, pixel % shape.width);
        row.fill(start);
        let picture = line / shape.height * x.shape().height;
        for &y in &rows.sources[line % shape.height * config.kernel..][..config.kernel] {
            for &at in &columns.sources[column * config.kernel..][..config.kernel] {
                if y != OUTSIDE && at != OUTSIDE {
                    let from = ((picture + y) * x.shape().width + at) * shape.channels;
                    reduce.take(row, &values[from..]);
                }
            }
        }
        reduce.finish(row, config.kernel);
    })
}

/// Rows and columns of the windows over an input of `shape`.
pub(crate) fn axes(config: PoolConfig, shape: Shape) -> Result<(Axis, Axis), Error> {
    check_settings("pooling", config.stride, config.kernel, 1)?;
    let Padding { top, bottom, left, right } = config.padding;
    if top.max(bottom).max(left).max(right) >= config.kernel {
        let actual = format!("{:?}", config.padding);
        return Err(Error::Setting { what: "pooling padding", actual, expected: "less than the kernel" });
    }
    Ok((axis(config, shape.height, top, bottom)?, axis(config, shape.width, left, right)?))
}

/// Shape of the pooled map.
pub(crate) fn out_shape(shape: Shape, (rows, columns): (&Axis, &Axis)) -> Result<Shape, Error> {
    let pooled = shape.with_size(rows.outputs.len(), columns.outputs.len());
    pooled.elements().map(|_| pooled)
}

fn axis(config: PoolConfig, input: usize, before: usize, after: usize) -> Result<Axis, Error> {
    let PoolConfig { kernel, stride, .. } = config;
    Window { kernel, stride, dilation: 1, before, after, mode: PadMode::Zero }.axis("pooling", input)
}
