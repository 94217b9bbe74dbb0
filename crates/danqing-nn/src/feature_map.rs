//! The tensor between layers.

use std::sync::Arc;

#[cfg(feature = "candle")]
use crate::candle::DeviceMap;
use crate::cpu::Buffer;
use crate::{Engine, Error, Shape};

/// Type of a map's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DType {
    /// 32 bit floats.
    F32,
}

/// Shape, type and values of one layer's output. Cheap to clone: clones share the values.
///
/// Values lie in the engine's arena, or on its device, and go back to it when the last clone is dropped.
#[derive(Clone, Debug)]
pub struct FeatureMap {
    shape: Shape,
    storage: Storage,
}

/// Where the values are: ours on the CPU or a device's; half precision will stand beside them.
#[derive(Clone, Debug)]
enum Storage {
    /// NHWC, contiguous.
    F32(Arc<Buffer>),
    #[cfg(feature = "candle")]
    Candle(Arc<DeviceMap>),
}

impl FeatureMap {
    /// From values in NHWC order.
    ///
    /// # Errors
    /// [`Error::Length`], [`Error::TooLarge`], [`Error::OutOfMemory`].
    #[cfg_attr(
        not(feature = "candle"),
        expect(clippy::needless_pass_by_value, reason = "a device backend takes the values without a copy")
    )]
    pub fn from_nhwc(engine: &Engine, shape: Shape, values: Vec<f32>) -> Result<Self, Error> {
        check_length(shape, values.len())?;
        on_device!(engine, |device| device.nhwc_map(shape, values));
        let mut buffer = engine.buffer(values.len())?;
        buffer.copy_from_slice(&values);
        Ok(Self::from_buffer(shape, buffer))
    }

    /// From values in NCHW order, as `PyTorch` stores them.
    ///
    /// # Errors
    /// As [`Self::from_nhwc`].
    pub fn from_nchw(engine: &Engine, shape: Shape, values: &[f32]) -> Result<Self, Error> {
        check_length(shape, values.len())?;
        on_device!(engine, |device| device.nchw_map(shape, values));
        let mut buffer = engine.buffer(values.len())?;
        let plane = shape.height * shape.width;
        let pictures = buffer.chunks_mut(plane * shape.channels).zip(values.chunks(plane * shape.channels));
        for (picture, planes) in pictures {
            for (channel, values) in planes.chunks(plane).enumerate() {
                let slots = picture[channel..].iter_mut().step_by(shape.channels);
                slots.zip(values).for_each(|(slot, &value)| *slot = value);
            }
        }
        Ok(Self::from_buffer(shape, buffer))
    }

    /// A map of one value everywhere.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::OutOfMemory`].
    pub fn filled(engine: &Engine, shape: Shape, value: f32) -> Result<Self, Error> {
        let elements = shape.elements()?;
        on_device!(engine, |device| device.filled(shape, value));
        let mut buffer = engine.buffer(elements)?;
        buffer.fill(value);
        Ok(Self::from_buffer(shape, buffer))
    }

    /// Batch, height, width, channels.
    #[must_use]
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Type of the values.
    #[must_use]
    pub fn dtype(&self) -> DType {
        match self.storage {
            Storage::F32(_) => DType::F32,
            #[cfg(feature = "candle")]
            Storage::Candle(_) => DType::F32,
        }
    }

    /// Values in NHWC order: without a copy on the CPU; of a device, copied once and kept as long as the map.
    ///
    /// # Errors
    /// None for `f32` on the CPU; a device may fail to copy.
    pub fn as_slice(&self) -> Result<&[f32], Error> {
        match &self.storage {
            Storage::F32(buffer) => Ok(buffer),
            #[cfg(feature = "candle")]
            Storage::Candle(map) => map.values(),
        }
    }

    /// Values in NHWC order.
    ///
    /// # Errors
    /// None on the CPU; a device may fail to copy.
    pub fn to_nhwc(&self) -> Result<Vec<f32>, Error> {
        match &self.storage {
            Storage::F32(buffer) => Ok(buffer.to_vec()),
            #[cfg(feature = "candle")]
            Storage::Candle(map) => map.to_nhwc(),
        }
    }

    /// Values in NCHW order.
    ///
    /// # Errors
    /// As [`Self::to_nhwc`].
    pub fn to_nchw(&self) -> Result<Vec<f32>, Error> {
        let Shape { height, width, channels, .. } = self.shape;
        #[cfg(feature = "candle")]
        if let Storage::Candle(map) = &self.storage {
            return map.to_nchw();
        }
        let values = self.as_slice()?;
        let mut planes = Vec::with_capacity(values.len());
        for picture in values.chunks(height * width * channels) {
            for channel in 0..channels {
                planes.extend(picture[channel..].iter().step_by(channels));
            }
        }
        Ok(planes)
    }

    /// The same values, in NHWC order, under another shape of as many elements; no copy on the CPU.
    ///
    /// # Errors
    /// [`Error::Length`], [`Error::TooLarge`]; a device may fail to copy.
    pub fn reshape(&self, shape: Shape) -> Result<Self, Error> {
        check_length(shape, self.shape.elements()?)?;
        match &self.storage {
            Storage::F32(buffer) => Ok(Self { shape, storage: Storage::F32(Arc::clone(buffer)) }),
            #[cfg(feature = "candle")]
            Storage::Candle(map) => Ok(Self::from_device(shape, map.reshape(shape)?)),
        }
    }

    pub(crate) fn from_buffer(shape: Shape, buffer: Buffer) -> Self {
        Self { shape, storage: Storage::F32(Arc::new(buffer)) }
    }

    #[cfg(feature = "candle")]
    pub(crate) fn from_device(shape: Shape, map: DeviceMap) -> Self {
        Self { shape, storage: Storage::Candle(Arc::new(map)) }
    }

    /// The device's map, if the values are on one.
    #[cfg(feature = "candle")]
    pub(crate) fn device_map(&self) -> Option<&DeviceMap> {
        match &self.storage {
            Storage::F32(_) => None,
            Storage::Candle(map) => Some(map),
        }
    }

    /// The values for writing: this map's own if nobody shares them, else a copy.
    pub(crate) fn into_buffer(self, engine: &Engine) -> Result<Buffer, Error> {
        let storage = match self.storage {
            Storage::F32(buffer) => Arc::try_unwrap(buffer).map_err(Storage::F32),
            #[cfg(feature = "candle")]
            device => Err(device),
        };
        match storage {
            Ok(own) => Ok(own),
            Err(storage) => {
                let shared = Self { shape: self.shape, storage };
                let values = shared.as_slice()?;
                let mut copy = engine.buffer(values.len())?;
                copy.copy_from_slice(values);
                Ok(copy)
            }
        }
    }
}

fn check_length(shape: Shape, actual: usize) -> Result<(), Error> {
    let expected = shape.elements()?;
    if actual == expected { Ok(()) } else { Err(Error::Length { what: "FeatureMap", actual, expected }) }
}
