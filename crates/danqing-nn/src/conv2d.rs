//! Convolution.

use crate::cpu::{Dense, Depthwise, FewOutputs, KernelShape, Storage, Strided};
use crate::geometry::{Axis, Window};
use crate::resize::nearest;
use crate::{Engine, Epilogue, Error, FeatureMap, PadMode, Padding, Shape, Weight};

/// Settings of a [`Conv2d`]; the defaults are `PyTorch`'s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv2dConfig {
    /// Step of the window, rows and columns; at least 1.
    pub stride: usize,
    /// Pixels added around the picture.
    pub padding: Padding,
    /// Distance of neighbouring taps, rows and columns; at least 1.
    pub dilation: usize,
    /// Independent parts that the channels are cut into.
    pub groups: usize,
    /// What the added pixels hold.
    pub padding_mode: PadMode,
}

impl Default for Conv2dConfig {
    fn default() -> Self {
        Self { stride: 1, padding: Padding::default(), dilation: 1, groups: 1, padding_mode: PadMode::Zero }
    }
}

impl Conv2dConfig {
    /// Stride 1, padded with zeros so that an odd `kernel` keeps the picture's size.
    #[must_use]
    pub const fn same(kernel: usize) -> Self {
        let padding = Padding::symmetric(kernel / 2);
        Self { stride: 1, padding, dilation: 1, groups: 1, padding_mode: PadMode::Zero }
    }
}

/// Equals `torch.nn.functional.conv2d` after `pad` of the mode: `y[o] = bias[o] + Σ w[o, i, kh, kw] · x[i, …]`.
///
/// Error per value: `|y − exact| ≤ (K + 4) · eps · (|bias| + Σ |w·x|)`, K = terms of the sum. The order of the sum
/// depends on the layer alone. A padding zero times an infinite weight is NaN.
///
/// 3×3 layers of stride 1, dilation 1, one group and at least 16 in channels on the CPU, bf16 in AMX tiles aside, run by minimal
/// filtering, F(4×4, 3×3), where the map is large enough for that to be faster, unless the engine's
/// [`ConvolutionMethod`](crate::ConvolutionMethod) says otherwise. A value then depends, in its rounding, on its place in
/// a tile of 4×4 outputs, and shares its bound with them: `|y − exact| ≤ (in + 40) · eps · (|bias| + 600 · Σ m(w) · m(x))`,
/// the sum over in channels, `m` the largest magnitude of a channel's nine weights and of its 6×6 inputs that the tile
/// reads. That is the worst case; for random weights and inputs the error in the mean was 1.5 to 2.5 times the direct
/// method's. What is infinite or NaN in an input reaches every output that depends on it, and perhaps others of the same tile,
/// as NaN; finite inputs above 10³⁵ may too.
///
/// In [`Precision::Bf16`](crate::Precision::Bf16) weights and inputs are rounded to bfloat16 first, the bias is not:
/// `|y − exact| ≤ ((K + 4) · eps + 2⁻⁷ + 2⁻¹⁶) · (|bias| + Σ |w·x|)`, with the bound above in place of the first term where the
/// layer runs by minimal filtering, and `2⁻⁸ · |y|` where the result is a map of bf16; magnitudes of at least 2¹²⁷ · (2 − 2⁻⁸)
/// become infinite. Depthwise layers, and those of at least 16 in and at most 4 out channels, stay `f32`. By the definition every
/// tier adds the same exact products in the same order, so all give the same bits, but for AMX, which adds even and odd channels
/// of 32 apart and takes denormals as 0.
///
/// In [`Precision::Int8`](crate::Precision::Int8) those layers have weights ŵ = scale · q with whole q in −127..=127, the
/// nearest to w / scale, ties to even, and scale = max(max |w| of the output channel / 127, 2⁻¹²⁶), so `|ŵ − w| ≤ scale / 2`:
/// `|y − exact| ≤ (K + 4) · eps · (|bias| + Σ |ŵ·x|)` against ŵ, and against w `scale / 2 · Σ |x|` more, while `127 · Σ |x|`
/// is finite. An infinite input times a weight that became 0 is NaN. Layers that run by minimal filtering multiply with ŵ rounded to
/// `f32`, within their bound.
#[derive(Debug)]
pub struct Conv2d {
    config: Conv2dConfig,
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

impl Conv2d {
    /// Packs `weight` `[out, in / groups, height, width]` and `bias` `[out]`.
    ///
    /// # Errors
    /// [`Error::Setting`], [`Error::WeightShape`], [`Error::Cancelled`], [`Error::OutOfMemory`]; [`Error::NotFinite`] in
    /// int8.
    pub fn new(engine: &Engine, config: Conv2dConfig, weight: &Weight, bias: Option<&Weight>) -> Result<Self, Error> {
        let sides = weight.dimensions("Conv2d", "[out, in / groups, kh, kw]")?;
        Self::of_sides(engine, config, weight, sides, bias)
    }

    /// As [`Self::new`] of a weight with as many values as those sides, whatever its own.
    pub(crate) fn of_sides(
        engine: &Engine,
        config: Conv2dConfig,
        weight: &Weight,
        [out_channels, per_group, height, width]: [usize; 4],
        bias: Option<&Weight>,
    ) -> Result<Self, Error> {
        check_settings("Conv2d", config.stride, config.dilation, config.groups)?;
        if weight.values().is_empty() || out_channels % config.groups != 0 {
            return Err(weight.misfit("Conv2d", "[multiple of groups, in / groups, kh, kw], none 0"));
        }
        let shape = KernelShape { out_channels, in_channels: per_group * config.groups, groups: config.groups };
        let bias = bias.map(|bias| bias.vector("Conv2d bias", out_channels)).transpose()?;
        let layer = |path| Self { config, shape, kernel: (height, width), path };
        #[cfg(feature = "candle")]
        if let Some(device) = engine.device() {
            let is_depthwise = per_group == 1 && out_channels == config.groups && config.groups > 1;
            return Ok(layer(Path::Candle(device.kernel(
                (weight.values(), [out_channels, per_group, height, width]),
                bias,
                is_depthwise,
            )?)));
        }
        let weights = Strided::convolution(weight.values(), shape, height * width);
        let path = if per_group == 1 && out_channels == config.groups && config.groups > 1 {
            Path::Depthwise(Depthwise::pack(engine, out_channels, &weights, bias)?)
        } else if FewOutputs::fits(per_group, out_channels, config.groups) {
            Path::FewOutputs(FewOutputs::pack(engine, (per_group, out_channels), &weights, bias)?)
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
        if shape.channels != self.shape.in_channels {
            let expected = self.shape.in_channels;
            return Err(Error::Channels { what: "Conv2d", actual: shape.channels, expected });
        }
        let (rows, columns) = self.windows();
        let (height, width) = (rows.outputs("Conv2d", shape.height)?, columns.outputs("Conv2d", shape.width)?);
        let out = shape.with_size(height, width).with_channels(self.shape.out_channels);
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
        let out_shape = self.out_shape(x.shape())?;
        let (rows, columns) = self.axes(x.shape())?;
        self.forward_axes(engine, x, out_shape, (&rows, &columns), &epilogue)
    }

    /// Equals [`Self::forward_with`] on [`resize`](crate::resize)`(x, height, width, Nearest)`, to the bit; on the CPU the resized
    /// map is never made.
    ///
    /// # Errors
    /// As [`Self::forward_with`], and [`Error::TooSmall`] for a height or width of 0.
    #[cfg_attr(
        not(feature = "candle"),
        expect(clippy::needless_pass_by_value, reason = "an epilogue belongs to one call")
    )]
    pub fn forward_resized(
        &self,
        engine: &Engine,
        x: &FeatureMap,
        (height, width): (usize, usize),
        epilogue: Epilogue<'_>,
    ) -> Result<FeatureMap, Error> {
        #[cfg(feature = "candle")]
        if matches!(self.path, Path::Candle(_)) {
            let resized = crate::resize(engine, x, height, width, crate::Interpolation::Nearest)?;
            return self.forward_with(engine, &resized, epilogue);
        }
        let own = x.shape();
        let shape = own.with_size(height, width);
        shape.elements()?;
        let out_shape = self.out_shape(shape)?;
        let (rows, columns) = self.axes(shape)?;
        let axes = (rows.over(&nearest(own.height, height)), columns.over(&nearest(own.width, width)));
        self.forward_axes(engine, x, out_shape, (&axes.0, &axes.1), &epilogue)
    }

    /// Rows and columns over an input of `shape`.
    fn axes(&self, shape: Shape) -> Result<(Axis, Axis), Error> {
        let (rows, columns) = self.windows();
        Ok((rows.axis("Conv2d", shape.height)?, columns.axis("Conv2d", shape.width)?))
    }

    fn forward_axes(
        &self,
        engine: &Engine,
        x: &FeatureMap,
        out_shape: Shape,
        axes: (&Axis, &Axis),
        epilogue: &Epilogue<'_>,
    ) -> Result<FeatureMap, Error> {
        let axes = [axes];
        self.count(engine, out_shape);
        match &self.path {
            Path::Dense(dense) => {
                let out = (out_shape, engine.map_type(out_shape));
                dense.forward(engine, &[x], out, &axes, epilogue.finish(out_shape)?)
            }
            Path::Depthwise(depthwise) => depthwise.forward(engine, x, out_shape, &axes, epilogue.finish(out_shape)?),
            Path::FewOutputs(few) => few.forward(engine, x, out_shape, &axes, epilogue.finish(out_shape)?),
            #[cfg(feature = "candle")]
            Path::Candle(kernel) => kernel.conv2d(engine, x, &self.config, (out_shape, axes[0]), epilogue),
        }
    }

    /// Equals [`Self::forward_with`] on [`concat`](crate::concat)`(maps)`, to the bit; a dense layer reads the maps where
    /// they lie, so that a dense block's growing stack of maps is never copied.
    ///
    /// # Errors
    /// As [`Self::forward_with`], and [`Error::Shapes`] if pictures differ in size or number.
    pub fn forward_concat(
        &self,
        engine: &Engine,
        maps: &[&FeatureMap],
        epilogue: Epilogue<'_>,
    ) -> Result<FeatureMap, Error> {
        match (&self.path, maps) {
            (_, [one]) => self.forward_with(engine, one, epilogue),
            (Path::Dense(dense), [first, ..]) if dense.takes_parts(maps) => {
                let shape = crate::channels::concat_shape(maps, first.shape())?;
                let out_shape = self.out_shape(shape)?;
                let (rows, columns) = self.axes(shape)?;
                self.count(engine, out_shape);
                let out = (out_shape, engine.map_type(out_shape));
                dense.forward(engine, maps, out, &[(&rows, &columns)], epilogue.finish(out_shape)?)
            }
            _ => self.forward_with(engine, &crate::concat(engine, maps)?, epilogue),
        }
    }

    fn count(&self, engine: &Engine, out: Shape) {
        let terms = self.shape.in_channels / self.shape.groups * self.kernel.0 * self.kernel.1;
        engine.count(out.pixels() * out.channels * terms);
    }

    fn windows(&self) -> (Window, Window) {
        let Conv2dConfig { stride, padding, dilation, padding_mode: mode, .. } = self.config;
        let window = |kernel, before, after| Window { kernel, stride, dilation, before, after, mode };
        let rows = window(self.kernel.0, padding.top, padding.bottom);
        (rows, window(self.kernel.1, padding.left, padding.right))
    }
}

/// Refuses zeros and absurd values.
pub(crate) fn check_settings(what: &'static str, stride: usize, dilation: usize, groups: usize) -> Result<(), Error> {
    for value in [stride, dilation, groups] {
        if value == 0 || value > 1 << 24 {
            let actual = format!("stride {stride}, dilation {dilation}, groups {groups}");
            return Err(Error::Setting { what, actual, expected: "all from 1 to 2^24" });
        }
    }
    Ok(())
}
