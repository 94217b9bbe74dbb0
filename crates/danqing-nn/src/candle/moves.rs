//! Operators that move values: channels, borders, pixels.

use candle_core::Tensor;

use super::{OnDevice, give};
use crate::geometry::{Axis, OUTSIDE, Window};
use crate::{Error, FeatureMap, PadMode, Padding, Shape};

/// Dimensions of rows and columns in NCHW.
pub(super) const ROWS: usize = 2;
pub(super) const COLUMNS: usize = 3;

impl OnDevice<'_> {
    pub(crate) fn concat(self, maps: &[&FeatureMap], shape: Shape) -> Result<FeatureMap, Error> {
        let tensors = maps.iter().map(|map| self.take(map)).collect::<Result<Vec<_>, Error>>()?;
        give(shape, &Tensor::cat(&tensors, 1)?)
    }

    pub(crate) fn slice_channels(self, x: &FeatureMap, first: usize, shape: Shape) -> Result<FeatureMap, Error> {
        give(shape, &self.take(x)?.narrow(1, first, shape.channels)?)
    }

    pub(crate) fn pixel_shuffle(self, x: &FeatureMap, factor: usize, shape: Shape) -> Result<FeatureMap, Error> {
        let Shape { batch, height, width, .. } = x.shape();
        let parts = self.take(x)?.reshape(&[batch, shape.channels, factor, factor, height, width][..])?;
        let woven = parts.permute(&[0, 1, 4, 2, 5, 3][..])?.contiguous()?;
        give(shape, &woven.reshape((batch, shape.channels, shape.height, shape.width))?)
    }

    pub(crate) fn pixel_unshuffle(self, x: &FeatureMap, factor: usize, shape: Shape) -> Result<FeatureMap, Error> {
        let Shape { batch, height, width, channels } = shape;
        let parts = self.take(x)?.reshape(&[batch, x.shape().channels, height, factor, width, factor][..])?;
        let sorted = parts.permute(&[0, 1, 3, 5, 2, 4][..])?.contiguous()?;
        give(shape, &sorted.reshape((batch, channels, height, width))?)
    }

    pub(crate) fn pad(
        self,
        x: &FeatureMap,
        (rows, columns): (&Axis, &Axis),
        shape: Shape,
    ) -> Result<FeatureMap, Error> {
        let padded = self.select(&self.take(x)?, ROWS, &rows.sources)?;
        give(shape, &self.select(&padded, COLUMNS, &columns.sources)?)
    }

    pub(crate) fn crop(self, x: &FeatureMap, (top, left): (usize, usize), shape: Shape) -> Result<FeatureMap, Error> {
        let rows = self.take(x)?.narrow(ROWS, top, shape.height)?;
        give(shape, &rows.narrow(COLUMNS, left, shape.width)?)
    }

    /// `x` with a border.
    pub(super) fn padded(self, x: &Tensor, padding: Padding, mode: PadMode) -> Result<Tensor, Error> {
        let window = |before, after| Window { kernel: 1, stride: 1, dilation: 1, before, after, mode };
        let rows = window(padding.top, padding.bottom).axis("padding", x.dim(ROWS)?)?;
        let columns = window(padding.left, padding.right).axis("padding", x.dim(COLUMNS)?)?;
        self.select(&self.select(x, ROWS, &rows.sources)?, COLUMNS, &columns.sources)
    }

    /// The rows or columns `sources` of `x`; zeros for [`OUTSIDE`].
    pub(super) fn select(self, x: &Tensor, dimension: usize, sources: &[usize]) -> Result<Tensor, Error> {
        let length = x.dim(dimension)?;
        let zeros = sources.contains(&OUTSIDE);
        let x = if zeros { x.pad_with_zeros(dimension, 0, 1)? } else { x.clone() };
        let indices: Vec<u32> = sources.iter().map(|&n| n.min(length) as u32).collect();
        let indices = Tensor::from_vec(indices, sources.len(), self.device)?;
        Ok(x.contiguous()?.index_select(&indices, dimension)?)
    }
}
