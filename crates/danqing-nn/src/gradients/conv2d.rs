//! Gradient of a convolution with respect to its input.

use crate::conv2d::check_settings;
use crate::cpu::{Dense, FewOutputs, Finish, KernelShape, Storage, Strided};
use crate::geometry::{Axis, OUTSIDE, Spread, Window};
use crate::{Conv2dConfig, DType, Engine, Error, FeatureMap, PadMode, Padding, Shape, Weight};

/// Equals `torch.ops.aten.convolution_backward`'s input gradient of the [`crate::Conv2d`] of the same settings and
/// weight, through `pad` of its mode: the adjoint of the convolution, mirrored and repeated borders included.
///
/// The inside is one gathered convolution with the kernel turned round (each input pixel sums the outputs that read
/// it); what the padding's pixels would get is computed beside it and folded onto the pixels that they copy.
///
/// In `f32` whatever the engine's precision. Error per value as [`crate::Conv2d`]: `|y − exact| ≤ (K + 4) · eps · Σ |w·gradient|`, K = terms of the sum.
#[derive(Debug)]
pub struct Conv2dGradient {
    config: Conv2dConfig,
    shape: KernelShape,
    kernel: (usize, usize),
    path: Path,
}

#[derive(Debug)]
enum Path {
    Dense(Dense),
    FewOutputs(FewOutputs),
}

/// One axis per phase, all phases of one kind: inside the picture, or its border.
type Phases = Vec<Axis>;

/// The padded positions that are no input positions, and what input position each copies.
struct Border {
    positions: Vec<usize>,
    targets: Vec<usize>,
}

impl Conv2dGradient {
    /// Packs the convolution's `weight` `[out, in / groups, height, width]`.
    ///
    /// # Errors
    /// [`Error::Setting`], [`Error::WeightShape`], [`Error::Cancelled`], [`Error::OutOfMemory`].
    pub fn new(engine: &Engine, config: Conv2dConfig, weight: &Weight) -> Result<Self, Error> {
        const WHAT: &str = "Conv2dGradient";
        let [out_channels, per_group, height, width] = weight.dimensions(WHAT, "[out, in / groups, kh, kw]")?;
        check_settings(WHAT, config.stride, config.dilation, config.groups)?;
        if weight.values().is_empty() || out_channels % config.groups != 0 {
            return Err(weight.misfit(WHAT, "[multiple of groups, in / groups, kh, kw], none 0"));
        }
        if config.stride > LARGEST_STRIDE {
            let actual = config.stride.to_string();
            return Err(Error::Setting { what: "Conv2dGradient stride", actual, expected: "from 1 to 64" });
        }
        // The gradient's input channels are the convolution's outputs.
        let shape =
            KernelShape { out_channels: per_group * config.groups, in_channels: out_channels, groups: config.groups };
        let (rows, columns) = spreads(config, (height, width));
        let mut phases = Vec::new();
        for (y, x) in (0..config.stride).flat_map(|y| (0..config.stride).map(move |x| (y, x))) {
            let (rows, columns) = (rows.taps(y), columns.taps(x));
            phases.push(rows.iter().flat_map(|y| columns.iter().map(move |x| y * width + x)).collect::<Vec<_>>());
        }
        let weights = Strided::transposed(weight.values(), shape, height * width, phases);
        let path = if FewOutputs::fits(out_channels, shape.out_channels, config.groups) {
            Path::FewOutputs(FewOutputs::pack(engine, (out_channels, shape.out_channels), &weights, None)?)
        } else {
            Path::Dense(Dense::pack(engine, Storage::F32, shape, &weights, None)?)
        };
        Ok(Self { config, shape, kernel: (height, width), path })
    }

    /// The gradient at an input of `shape`, from the `gradient` at the convolution's output.
    ///
    /// # Errors
    /// [`Error::Channels`], [`Error::Shapes`] unless the convolution makes `gradient`'s shape of `shape`;
    /// [`Error::TooSmall`], [`Error::OtherTier`], [`Error::Cancelled`], [`Error::OutOfMemory`].
    pub fn forward(&self, engine: &Engine, shape: Shape, gradient: &FeatureMap) -> Result<FeatureMap, Error> {
        const WHAT: &str = "Conv2dGradient";
        if shape.channels != self.shape.out_channels {
            let expected = self.shape.out_channels;
            return Err(Error::Channels { what: WHAT, actual: shape.channels, expected });
        }
        let (rows, columns) = self.windows();
        let (height, width) = (rows.outputs(WHAT, shape.height)?, columns.outputs(WHAT, shape.width)?);
        let expected = shape.with_size(height, width).with_channels(self.shape.in_channels);
        if gradient.shape() != expected {
            return Err(Error::Shapes { what: WHAT, actual: gradient.shape(), expected });
        }
        let (row_phases, column_phases) = (self.phases(height, rows, shape.height), {
            let width = gradient.shape().width;
            self.phases(width, columns, shape.width)
        });
        let inside = |window: &Window, length: usize| (window.before..window.before + length).collect::<Vec<_>>();
        let (all_rows, all_columns) = (inside(&rows, shape.height), inside(&columns, shape.width));
        let part = |rows: &[usize], columns: &[usize]| {
            let (y, x) = (chosen(&row_phases, rows), chosen(&column_phases, columns));
            self.part(engine, shape.with_size(rows.len(), columns.len()), gradient, &y, &x)
        };
        let result = part(&all_rows, &all_columns)?;
        let (row_border, column_border) = (Border::new(&rows, shape.height), Border::new(&columns, shape.width));
        if row_border.positions.is_empty() && column_border.positions.is_empty() {
            return Ok(result);
        }
        let mut buffer = result.into_buffer(engine)?;
        let row_targets: Vec<usize> = (0..shape.height).collect();
        let column_targets: Vec<usize> = (0..shape.width).collect();
        if !row_border.positions.is_empty() {
            let columns = [&all_columns[..], &column_border.positions].concat();
            let targets = [&column_targets[..], &column_border.targets].concat();
            fold(&mut buffer, shape, &part(&row_border.positions, &columns)?, (&row_border.targets, &targets))?;
        }
        if !column_border.positions.is_empty() {
            let strip = part(&all_rows, &column_border.positions)?;
            fold(&mut buffer, shape, &strip, (&row_targets, &column_border.targets))?;
        }
        Ok(FeatureMap::from_buffer(shape, buffer))
    }

    /// The gradient at some padded positions.
    fn part(
        &self,
        engine: &Engine,
        shape: Shape,
        gradient: &FeatureMap,
        rows: &Phases,
        columns: &Phases,
    ) -> Result<FeatureMap, Error> {
        let axes: Vec<(&Axis, &Axis)> = rows.iter().flat_map(|y| columns.iter().map(move |x| (y, x))).collect();
        let finish = Finish { residual: None, activation: None, skip: None };
        match &self.path {
            Path::Dense(dense) => dense.forward(engine, &[gradient], (shape, DType::F32), &axes, finish),
            Path::FewOutputs(few) => few.forward(engine, gradient, shape, &axes, finish),
        }
    }

    /// The axis of each phase over all padded positions.
    fn phases(&self, outputs: usize, window: Window, input: usize) -> Phases {
        let Conv2dConfig { stride, dilation, .. } = self.config;
        let padded = window.before + input + window.after;
        let axis = |phase: usize| {
            let spread = Spread { kernel: window.kernel, stride, dilation, padding: 0, output_padding: 0 };
            spread.axis(phase, padded, outputs)
        };
        (0..stride).map(axis).collect()
    }

    fn windows(&self) -> (Window, Window) {
        let Conv2dConfig { stride, padding, dilation, padding_mode: mode, .. } = self.config;
        let Padding { top, bottom, left, right } = padding;
        let window = |kernel, before, after| Window { kernel, stride, dilation, before, after, mode };
        (window(self.kernel.0, top, bottom), window(self.kernel.1, left, right))
    }
}

/// Most phases per axis: each has its own weights and taps.
const LARGEST_STRIDE: usize = 64;

fn spreads(config: Conv2dConfig, kernel: (usize, usize)) -> (Spread, Spread) {
    let Conv2dConfig { stride, dilation, .. } = config;
    let spread = |kernel| Spread { kernel, stride, dilation, padding: 0, output_padding: 0 };
    (spread(kernel.0), spread(kernel.1))
}

impl Border {
    fn new(window: &Window, input: usize) -> Self {
        let mut border = Self { positions: Vec::new(), targets: Vec::new() };
        if window.mode == PadMode::Zero {
            return border;
        }
        let padded = window.before + input + window.after;
        let inside = window.before..window.before + input;
        for position in (0..padded).filter(|position| !inside.contains(position)) {
            let target = window.source(position, input);
            if target != OUTSIDE {
                border.positions.push(position);
                border.targets.push(target);
            }
        }
        border
    }
}

/// The phases cut to `positions`, which become outputs 0, 1, ….
fn chosen(phases: &Phases, positions: &[usize]) -> Phases {
    let cut = |axis: &Axis| {
        let taps = axis.taps.len();
        let mut part = Axis { taps: axis.taps.clone(), outputs: Vec::new(), sources: Vec::new(), step: None };
        for (index, position) in positions.iter().enumerate() {
            if let Ok(at) = axis.outputs.binary_search(position) {
                part.outputs.push(index);
                part.sources.extend_from_slice(&axis.sources[at * taps..][..taps]);
            }
        }
        part
    };
    phases.iter().map(cut).collect()
}

/// Adds each pixel of `strip` to the pixel of `to` that its row and column name.
fn fold(to: &mut [f32], shape: Shape, strip: &FeatureMap, (rows, columns): (&[usize], &[usize])) -> Result<(), Error> {
    let Shape { height, width, channels, .. } = shape;
    let mut pixels = strip.as_slice()?.chunks(channels);
    for picture in 0..shape.batch {
        for y in rows {
            for (x, values) in columns.iter().zip(&mut pixels) {
                let at = ((picture * height + y) * width + x) * channels;
                to[at..][..channels].iter_mut().zip(values).for_each(|(slot, value)| *slot += value);
            }
        }
    }
    Ok(())
}
