//! Values on a device, and their way there and back.

use std::sync::OnceLock;

use candle_core::Tensor;

use super::{OnDevice, give};
use crate::{Error, FeatureMap, Shape};

/// A contiguous NCHW tensor and, once somebody has asked for it, its copy on the host.
#[derive(Debug)]
pub(crate) struct DeviceMap {
    pub(super) tensor: Tensor,
    /// NHWC.
    host: OnceLock<Vec<f32>>,
}

impl DeviceMap {
    pub(super) fn new(tensor: Tensor) -> Self {
        Self { tensor, host: OnceLock::new() }
    }

    /// NHWC values, copied at the first call.
    pub(crate) fn values(&self) -> Result<&[f32], Error> {
        if let Some(values) = self.host.get() {
            return Ok(values);
        }
        let values = self.to_nhwc()?;
        Ok(self.host.get_or_init(|| values))
    }

    pub(crate) fn to_nhwc(&self) -> Result<Vec<f32>, Error> {
        match self.host.get() {
            Some(values) => Ok(values.clone()),
            None => Ok(self.nhwc()?.flatten_all()?.to_vec1()?),
        }
    }

    pub(crate) fn to_nchw(&self) -> Result<Vec<f32>, Error> {
        Ok(self.tensor.flatten_all()?.to_vec1()?)
    }

    /// The same values in NHWC order under another shape of as many elements.
    pub(crate) fn reshape(&self, shape: Shape) -> Result<Self, Error> {
        nchw(&self.nhwc()?, shape).map(Self::new)
    }

    fn nhwc(&self) -> Result<Tensor, Error> {
        Ok(self.tensor.permute((0, 2, 3, 1))?.contiguous()?)
    }
}

fn nchw(values: &Tensor, shape: Shape) -> Result<Tensor, Error> {
    let Shape { batch, height, width, channels } = shape;
    Ok(values.reshape((batch, height, width, channels))?.permute((0, 3, 1, 2))?.contiguous()?)
}

impl OnDevice<'_> {
    /// The tensor of NHWC values.
    pub(super) fn upload(&self, shape: Shape, values: Vec<f32>) -> Result<Tensor, Error> {
        let length = values.len();
        nchw(&Tensor::from_vec(values, length, self.device)?, shape)
    }

    pub(crate) fn nhwc_map(self, shape: Shape, values: Vec<f32>) -> Result<FeatureMap, Error> {
        give(shape, &self.upload(shape, values)?)
    }

    pub(crate) fn nchw_map(self, shape: Shape, values: &[f32]) -> Result<FeatureMap, Error> {
        let Shape { batch, height, width, channels } = shape;
        give(shape, &Tensor::from_slice(values, (batch, channels, height, width), self.device)?)
    }

    pub(crate) fn filled(self, shape: Shape, value: f32) -> Result<FeatureMap, Error> {
        let Shape { batch, height, width, channels } = shape;
        give(shape, &Tensor::full(value, (batch, channels, height, width), self.device)?)
    }
}
