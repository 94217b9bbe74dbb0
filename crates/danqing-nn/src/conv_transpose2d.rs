//! Transposed convolution.

use crate::conv2d::check_settings;
use crate::cpu::{Dense, Depthwise, FewOutputs, KernelShape, Storage, Strided};
use crate::geometry::{Axis, Spread};
use crate::{Engine, Epilogue, Error, FeatureMap, Shape, Weight};

/// Settings of a [`ConvTranspose2d`]; the defaults are `PyTorch`'s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvTranspose2dConfig {
    /// Distance of neighbouring inputs in the output, rows and columns; at least 1.
    pub stride: usize,
    /// Pixels cut from each side of the full result.
    pub padding: usize,
    /// Pixels added at the bottom and right, less than the stride or the dilation.
    pub output_padding: usize,
    /// Distance of neighbouring taps; at least 1.
    pub dilation: usize,
    /// Independent parts that the channels are cut into.
    pub groups: usize,
}

impl Default for ConvTranspose2dConfig {
    fn default() -> Self {
        Self { stride: 1, padding: 0, output_padding: 0, dilation: 1, groups: 1 }
    }
}

/// Equals `torch.nn.functional.conv_transpose2d`. Computed as one small convolution per output phase.
///
/// Error per value as [`crate::Conv2d`], K = terms that reach the output.
#[derive(Debug)]
pub struct ConvTranspose2d {
    config: ConvTranspose2dConfig,
    shape: KernelShape,
    kernel: (usize, usize),
    path: Path,
}

#[derive(Debug)]
enum Path {
    Dense(Dense),
    Depthwise(Depthwise),
    FewOutputs(FewOutputs),
    #[cfg(feature = "candle")]
    Candle(crate::candle::Kernel),
}

impl ConvTranspose2d {
    /// Packs `weight` `[in, out / groups, height, width]` and `bias` `[out]`.
    ///
    /// # Errors
    /// [`Error::Setting`], [`Error::WeightShape`], [`Error::Cancelled`], [`Error::OutOfMemory`]; [`Error::NotFinite`] in
    /// int8.
    pub fn new(
        engine: &Engine,
        config: ConvTranspose2dConfig,
        weight: &Weight,
        bias: Option<&Weight>,
    ) -> Result<Self, Error> {
        const WHAT: &str = "ConvTranspose2d";
        let [in_channels, per_group, height, width] = weight.dimensions(WHAT, "[in, out / groups, kh, kw]")?;
        check_settings(WHAT, config.stride, config.dilation, config.groups)?;
        check_phases(&config)?;
        if weight.values().is_empty() || in_channels % config.groups != 0 {
            return Err(weight.misfit(WHAT, "[multiple of groups, out / groups, kh, kw], none 0"));
        }
        let out_channels = per_group * config.groups;
        let shape = KernelShape { out_channels, in_channels, groups: config.groups };
        let bias = bias.map(|bias| bias.vector("ConvTranspose2d bias", out_channels)).transpose()?;
        let layer = |path| Self { config, shape, kernel: (height, width), path };
        #[cfg(feature = "candle")]
        if let Some(device) = engine.device() {
            let is_depthwise = per_group == 1 && in_channels == config.groups && config.groups > 1;
            return Ok(layer(Path::Candle(device.kernel(
                (weight.values(), [in_channels, per_group, height, width]),
                bias,
                is_depthwise,
            )?)));
        }
        let phases = phase_taps(&config, (height, width));
        let weights = Strided::transposed(weight.values(), shape, height * width, phases);
        let path = if per_group == 1 && in_channels == config.groups && config.groups > 1 {
            Path::Depthwise(Depthwise::pack(engine, in_channels, &weights, bias)?)
        } else if FewOutputs::fits(in_channels, out_channels, config.groups) {
            Path::FewOutputs(FewOutputs::pack(engine, (in_channels, out_channels), &weights, bias)?)
        } else {
            Path::Dense(Dense::pack(engine, Storage::of(engine, weight.values())?, shape, &weights, bias)?)
        };
        Ok(layer(path))
    }

    /// Shape of the result for an input of `shape`.
    ///
    /// # Errors
    /// [`Error::Channels`], [`Error::TooSmall`], [`Error::TooLarge`].
    pub fn out_shape(&self, shape: Shape) -> Result<Shape, Error> {
        shape.elements()?;
        if shape.channels != self.shape.in_channels {
            let expected = self.shape.in_channels;
            return Err(Error::Channels { what: "ConvTranspose2d", actual: shape.channels, expected });
        }
        let (rows, columns) = spreads(&self.config, self.kernel);
        let height = rows.outputs("ConvTranspose2d", shape.height)?;
        let out = shape.with_size(height, columns.outputs("ConvTranspose2d", shape.width)?);
        let out = out.with_channels(self.shape.out_channels);
        out.elements().map(|_| out)
    }

    /// Convolves.
    ///
    /// # Errors
    /// As [`Self::forward_with`].
    pub fn forward(&self, engine: &Engine, x: &FeatureMap) -> Result<FeatureMap, Error> {
        self.forward_with(engine, x, Epilogue::default())
    }

    /// Convolves and finishes.
    ///
    /// # Errors
    /// As [`Self::out_shape`]; [`Error::Shapes`] for an addend that does not fit; [`Error::OtherTier`],
    /// [`Error::Cancelled`], [`Error::OutOfMemory`].
    #[expect(clippy::needless_pass_by_value, reason = "an epilogue belongs to one call")]
    pub fn forward_with(&self, engine: &Engine, x: &FeatureMap, epilogue: Epilogue<'_>) -> Result<FeatureMap, Error> {
        let shape = x.shape();
        let out_shape = self.out_shape(shape)?;
        let (rows, columns) = spreads(&self.config, self.kernel);
        let rows = rows.axes("ConvTranspose2d", shape.height)?;
        let columns = columns.axes("ConvTranspose2d", shape.width)?;
        let axes: Vec<(&Axis, &Axis)> = rows.iter().flat_map(|y| columns.iter().map(move |x| (y, x))).collect();
        let terms = self.shape.out_channels / self.shape.groups * self.kernel.0 * self.kernel.1;
        engine.count(shape.pixels() * shape.channels * terms);
        match &self.path {
            Path::Dense(dense) => {
                let out = (out_shape, engine.map_type(out_shape));
                dense.forward(engine, &[x], out, &axes, epilogue.finish(out_shape)?)
            }
            Path::Depthwise(depthwise) => depthwise.forward(engine, x, out_shape, &axes, epilogue.finish(out_shape)?),
            Path::FewOutputs(few) => few.forward(engine, x, out_shape, &axes, epilogue.finish(out_shape)?),
            #[cfg(feature = "candle")]
            Path::Candle(kernel) => {
                kernel.conv_transpose2d(engine, x, &self.config, (out_shape, &rows, &columns), &epilogue)
            }
        }
    }
}

/// Most output phases per axis: each has its own weights and taps.
const LARGEST_STRIDE: usize = 64;

fn check_phases(config: &ConvTranspose2dConfig) -> Result<(), Error> {
    if config.stride > LARGEST_STRIDE {
        let actual = config.stride.to_string();
        return Err(Error::Setting { what: "ConvTranspose2d stride", actual, expected: "from 1 to 64" });
    }
    if config.output_padding < config.stride.max(config.dilation) {
        return Ok(());
    }
    Err(Error::Setting {
        what: "ConvTranspose2d output_padding",
        actual: config.output_padding.to_string(),
        expected: "less than the stride or the dilation",
    })
}

fn spreads(config: &ConvTranspose2dConfig, kernel: (usize, usize)) -> (Spread, Spread) {
    let ConvTranspose2dConfig { stride, padding, output_padding, dilation, .. } = *config;
    let spread = |kernel| Spread { kernel, stride, dilation, padding, output_padding };
    (spread(kernel.0), spread(kernel.1))
}

/// Positions in the kernel that each phase uses, phases and taps in the order of [`Spread::axes`].
fn phase_taps(config: &ConvTranspose2dConfig, kernel: (usize, usize)) -> Vec<Vec<usize>> {
    let (rows, columns) = spreads(config, kernel);
    let mut phases = Vec::with_capacity(config.stride * config.stride);
    for row in 0..config.stride {
        for column in 0..config.stride {
            let (rows, columns) = (rows.taps(row), columns.taps(column));
            phases.push(rows.iter().flat_map(|y| columns.iter().map(move |x| y * kernel.1 + x)).collect());
        }
    }
    phases
}
