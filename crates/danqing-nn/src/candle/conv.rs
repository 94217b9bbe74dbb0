//! Convolutions on the device.

use candle_core::Tensor;

use super::moves::{COLUMNS, ROWS};
use super::{OnDevice, name};
use crate::geometry::Axis;
use crate::{Conv2dConfig, ConvTranspose2dConfig, Engine, Epilogue, Error, FeatureMap, PadMode, Padding, Shape};

/// Weights of a convolution or a transposed one, on the device.
#[derive(Debug)]
pub(crate) struct Kernel {
    /// In the checkpoint's layout.
    weight: Tensor,
    /// For one filter per channel: the weights of each tap, `[1, channels, 1, 1]`.
    taps: Option<Vec<Tensor>>,
    /// `[1, channels, 1, 1]`.
    bias: Option<Tensor>,
}

impl OnDevice<'_> {
    /// Takes weights of four dimensions and a bias of the output's channels.
    pub(crate) fn kernel(
        self,
        (weight, sides): (&[f32], [usize; 4]),
        bias: Option<&[f32]>,
        is_depthwise: bool,
    ) -> Result<Kernel, Error> {
        let tensor = Tensor::from_slice(weight, &sides, self.device)?;
        let line = |values: &[f32]| Tensor::from_slice(values, (1, values.len(), 1, 1), self.device);
        let bias = bias.map(line).transpose()?;
        let area = sides[2] * sides[3];
        let tap = |tap: usize| line(&weight.iter().skip(tap).step_by(area).copied().collect::<Vec<f32>>());
        let taps = if is_depthwise { Some((0..area).map(tap).collect::<Result<Vec<_>, _>>()?) } else { None };
        Ok(Kernel { weight: tensor, taps, bias })
    }

    /// `Σ tap · x[sources of the tap]`, with the rows and columns that each tap reads.
    fn depthwise(
        self,
        x: &Tensor,
        taps: &[Tensor],
        rows: &[Vec<usize>],
        columns: &[Vec<usize>],
    ) -> Result<Tensor, Error> {
        let mut sum: Option<Tensor> = None;
        for (row, taps) in rows.iter().zip(taps.chunks(columns.len())) {
            let line = self.select(x, ROWS, row)?;
            for (column, tap) in columns.iter().zip(taps) {
                let product = self.select(&line, COLUMNS, column)?.broadcast_mul(tap)?;
                sum = Some(match sum {
                    Some(sum) => sum.add(&product)?,
                    None => product,
                });
            }
        }
        sum.ok_or_else(|| Error::Device { reason: "a depthwise layer without taps".into() })
    }
}

impl Kernel {
    pub(crate) fn conv2d(
        &self,
        engine: &Engine,
        x: &FeatureMap,
        config: &Conv2dConfig,
        (shape, (rows, columns)): (Shape, (&Axis, &Axis)),
        epilogue: &Epilogue<'_>,
    ) -> Result<FeatureMap, Error> {
        let device = self.home(engine)?;
        epilogue.check(shape)?;
        let x = device.take(x)?;
        let sums = match &self.taps {
            Some(taps) => device.depthwise(&x, taps, &reads(&[rows]), &reads(&[columns]))?,
            None => {
                let Conv2dConfig { stride, padding, dilation, groups, padding_mode } = *config;
                let is_even = padding == Padding::symmetric(padding.top) && padding_mode == PadMode::Zero;
                let (x, edge) = if is_even { (x, padding.top) } else { (device.padded(&x, padding, padding_mode)?, 0) };
                x.conv2d(&self.weight, edge, stride, dilation, groups)?
            }
        };
        device.finish(self.biased(sums)?, epilogue, shape)
    }

    pub(crate) fn conv_transpose2d(
        &self,
        engine: &Engine,
        x: &FeatureMap,
        config: &ConvTranspose2dConfig,
        (shape, rows, columns): (Shape, &[Axis], &[Axis]),
        epilogue: &Epilogue<'_>,
    ) -> Result<FeatureMap, Error> {
        let device = self.home(engine)?;
        epilogue.check(shape)?;
        let x = device.take(x)?;
        let ConvTranspose2dConfig { stride, padding, output_padding, dilation, groups } = *config;
        let sums = if let Some(taps) = &self.taps {
            let (rows, columns): (Vec<&Axis>, Vec<&Axis>) = (rows.iter().collect(), columns.iter().collect());
            device.depthwise(&x, taps, &reads(&rows), &reads(&columns))?
        } else {
            let pairs = x.chunk(groups, 1)?.into_iter().zip(self.weight.chunk(groups, 0)?);
            let spread = |(x, weight): (Tensor, Tensor)| {
                let (x, weight) = (x.contiguous()?, weight.contiguous()?);
                x.conv_transpose2d(&weight, padding, output_padding, stride, dilation)
            };
            Tensor::cat(&pairs.map(spread).collect::<Result<Vec<_>, _>>()?, 1)?
        };
        device.finish(self.biased(sums)?, epilogue, shape)
    }

    /// The device of `engine`, if the weights are there.
    fn home<'a>(&self, engine: &'a Engine) -> Result<OnDevice<'a>, Error> {
        let own = self.weight.device();
        engine
            .device()
            .filter(|there| there.device.same_device(own))
            .ok_or_else(|| Error::OtherDevice { packed: name(own).to_owned(), engine: engine.backend() })
    }

    fn biased(&self, sums: Tensor) -> Result<Tensor, Error> {
        match &self.bias {
            Some(bias) => Ok(sums.broadcast_add(bias)?),
            None => Ok(sums),
        }
    }
}

/// For each tap, the position it reads for every output of all phases; [`OUTSIDE`](crate::geometry::OUTSIDE) where the
/// tap does not meet the output.
fn reads(phases: &[&Axis]) -> Vec<Vec<usize>> {
    let taps = phases.iter().flat_map(|axis| &axis.taps).max().map_or(0, |last| last + 1);
    let outputs = phases.iter().map(|axis| axis.outputs.len()).sum();
    let mut reads = vec![vec![crate::geometry::OUTSIDE; outputs]; taps];
    for axis in phases {
        for (output, sources) in axis.outputs.iter().zip(axis.sources.chunks(axis.taps.len().max(1))) {
            for (&tap, &source) in axis.taps.iter().zip(sources) {
                reads[tap][*output] = source;
            }
        }
    }
    reads
}
