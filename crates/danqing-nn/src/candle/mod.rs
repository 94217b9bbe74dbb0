//! The device backend: maps as candle tensors on CUDA or Metal (feature `candle`; `cuda` and `metal` add the devices).
//!
//! Tensors are contiguous NCHW `f32`. Attention, group, layer and RMS norm, GEGLU and products of maps still compute on
//! our CPU kernels, their maps brought over and back; every other operator runs on the device. Maps made by an engine of
//! another device, or on the CPU, are brought over through host memory when an operator meets them.
//! Layers must be built by an engine of the device they run on.
//!
//! What differs from the CPU kernels:
//! - Sums are `f32` in candle's order, so bounds that speak of `f64` sums don't hold: instance norm and global average
//!   are within `(height + width + 8) · eps` of their terms' magnitude.
//! - The cancel token is looked at before each operation, not inside.
//! - Convolutions unfold the picture (im2col) on some devices: more memory, not counted by `Engine::memory`.
//! - Depthwise layers are a sum over taps of shifted pictures; grouped transposed ones run group by group.
//!
//! Only candle's CPU device is tested. The `cuda` and `metal` features need their toolkits to build; what they compute,
//! and how fast, has not been measured.

mod conv;
mod map;
mod moves;
mod sample;
mod values;

use candle_core::{Device as Candle, DeviceLocation, Tensor};
pub(crate) use conv::Kernel;
pub(crate) use map::DeviceMap;

use crate::{Engine, Error, FeatureMap, Shape};

/// Where an engine's maps lie and its layers run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Device {
    /// Our own kernels on the processor.
    #[default]
    Cpu,
    /// A device that candle runs.
    Candle(CandleDevice),
}

/// A device that candle runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CandleDevice {
    /// Candle's own CPU kernels: for tests.
    Cpu,
    /// NVIDIA card of this number; only with the feature `cuda`.
    Cuda(usize),
    /// Apple graphics of this number; only with the feature `metal`.
    Metal(usize),
}

impl Device {
    /// `None` for our own kernels.
    pub(crate) fn open(self) -> Result<Option<Candle>, Error> {
        let Self::Candle(device) = self else { return Ok(None) };
        Ok(Some(match device {
            CandleDevice::Cpu => Candle::Cpu,
            CandleDevice::Cuda(number) => Candle::new_cuda(number)?,
            CandleDevice::Metal(number) => Candle::new_metal(number)?,
        }))
    }
}

/// Name in recipes, without the precision.
pub(crate) fn name(device: &Candle) -> &'static str {
    match device.location() {
        DeviceLocation::Cpu => "candle-cpu",
        DeviceLocation::Cuda { .. } => "candle-cuda",
        DeviceLocation::Metal { .. } => "candle-metal",
    }
}

impl From<candle_core::Error> for Error {
    fn from(error: candle_core::Error) -> Self {
        Self::Device { reason: error.to_string() }
    }
}

/// An engine and its device; its methods are the operators, on operands that the callers have checked.
#[derive(Clone, Copy)]
pub(crate) struct OnDevice<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) device: &'a Candle,
}

impl OnDevice<'_> {
    /// The tensor of an operand on this device. Every operation starts here, so the cancel token is checked here.
    fn take(&self, x: &FeatureMap) -> Result<Tensor, Error> {
        self.engine.cancel_token().check()?;
        match x.device_map() {
            Some(map) if map.tensor.device().same_device(self.device) => Ok(map.tensor.clone()),
            _ => self.upload(x.shape(), x.to_nhwc()?),
        }
    }
}

/// The map of a result; refuses a tensor of another shape than the operator promised.
fn give(shape: Shape, tensor: &Tensor) -> Result<FeatureMap, Error> {
    let Shape { batch, height, width, channels } = shape;
    if tensor.dims() != [batch, channels, height, width] {
        let reason = format!("a result of {:?} (NCHW), expected {shape}", tensor.dims());
        return Err(Error::Device { reason });
    }
    Ok(FeatureMap::from_device(shape, DeviceMap::new(tensor.contiguous()?)))
}
