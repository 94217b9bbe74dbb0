//! Operators over pixels: resize, pooling, means and instance normalisation.

use candle_core::Tensor;

use super::moves::{COLUMNS, ROWS};
use super::{OnDevice, give};
use crate::geometry::{Axis, OUTSIDE};
use crate::pooling::Reduce;
use crate::resize::Between;
use crate::{Error, FeatureMap, Interpolation, Shape};

impl OnDevice<'_> {
    pub(crate) fn resize(
        self,
        x: &FeatureMap,
        shape: Shape,
        (rows, columns): (&[Between], &[Between]),
        interpolation: Interpolation,
    ) -> Result<FeatureMap, Error> {
        let tensor = self.take(x)?;
        let is_nearest = interpolation == Interpolation::Nearest;
        let tensor = self.sampled(&tensor, COLUMNS, columns, is_nearest)?;
        give(shape, &self.sampled(&tensor, ROWS, rows, is_nearest)?)
    }

    /// One axis of a resize: the same positions and shares as on the CPU.
    fn sampled(self, x: &Tensor, dimension: usize, places: &[Between], is_nearest: bool) -> Result<Tensor, Error> {
        let low: Vec<usize> = places.iter().map(|place| place.low).collect();
        let below = self.select(x, dimension, &low)?;
        if is_nearest {
            return Ok(below);
        }
        let high: Vec<usize> = places.iter().map(|place| place.high).collect();
        let above = self.select(x, dimension, &high)?;
        let mut sizes = [1; 4];
        sizes[dimension] = places.len();
        let share = |part: fn(&Between) -> f32| {
            let values = places.iter().map(part).collect::<Vec<f32>>();
            Tensor::from_vec(values, &sizes[..], self.device)
        };
        let below = below.broadcast_mul(&share(|place| 1.0 - place.part)?)?;
        Ok(below.add(&above.broadcast_mul(&share(|place| place.part)?)?)?)
    }

    pub(crate) fn pool(
        self,
        x: &FeatureMap,
        shape: Shape,
        (rows, columns): (&Axis, &Axis),
        reduce: Reduce,
    ) -> Result<FeatureMap, Error> {
        let tensor = self.take(x)?;
        let mut total: Option<Tensor> = None;
        for row in taps(rows, reduce) {
            let line = self.select(&tensor, ROWS, &row)?;
            for column in taps(columns, reduce) {
                let value = self.select(&line, COLUMNS, &column)?;
                total = Some(match total {
                    None => value,
                    Some(total) if reduce == Reduce::Mean => total.add(&value)?,
                    Some(total) => larger(&total, &value)?,
                });
            }
        }
        let total = total.unwrap_or(tensor);
        let area = (rows.taps.len() * columns.taps.len()) as f32;
        let total = if reduce == Reduce::Mean { total.broadcast_div(&Tensor::new(area, self.device)?)? } else { total };
        give(shape, &total)
    }

    pub(crate) fn global_average_pool(self, x: &FeatureMap) -> Result<FeatureMap, Error> {
        give(x.shape().with_size(1, 1), &mean(&self.take(x)?)?)
    }

    pub(crate) fn instance_norm(
        self,
        x: &FeatureMap,
        epsilon: f32,
        affine: Option<&(Vec<f32>, Vec<f32>)>,
    ) -> Result<FeatureMap, Error> {
        let tensor = self.take(x)?;
        let centred = tensor.broadcast_sub(&mean(&tensor)?)?;
        let variance = mean(&centred.sqr()?)?;
        let factor = variance.affine(1.0, f64::from(epsilon))?.sqrt()?.recip()?;
        let line = |values: &[f32]| Tensor::from_slice(values, (1, values.len(), 1, 1), self.device);
        let y = match affine {
            Some((weight, bias)) => {
                let factor = factor.broadcast_mul(&line(weight)?)?;
                centred.broadcast_mul(&factor)?.broadcast_add(&line(bias)?)?
            }
            None => centred.broadcast_mul(&factor)?,
        };
        give(x.shape(), &y)
    }
}

/// For each tap, the position it reads for every output. A maximum reads another pixel of its window in place of one
/// outside: nothing changes.
fn taps(axis: &Axis, reduce: Reduce) -> Vec<Vec<usize>> {
    let count = axis.taps.len();
    let read = |window: &[usize], tap: usize| match reduce {
        Reduce::Max if window[tap] == OUTSIDE => window.iter().copied().min().unwrap_or(OUTSIDE),
        _ => window[tap],
    };
    (0..count).map(|tap| axis.sources.chunks(count).map(|window| read(window, tap)).collect()).collect()
}

/// The larger of both; NaN if one is.
fn larger(a: &Tensor, b: &Tensor) -> Result<Tensor, Error> {
    let larger = b.le(a)?.where_cond(a, b)?;
    Ok(a.eq(a)?.where_cond(&larger, a)?)
}

/// Mean over the picture, rows first so that errors grow with the sides and not with the area.
fn mean(x: &Tensor) -> Result<Tensor, Error> {
    Ok(x.mean_keepdim(COLUMNS)?.mean_keepdim(ROWS)?)
}
