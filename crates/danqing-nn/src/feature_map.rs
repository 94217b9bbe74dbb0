//! The tensor between layers.

use std::sync::{Arc, OnceLock};

#[cfg(feature = "candle")]
use crate::candle::DeviceMap;
use crate::cpu::{Buffer, widen};
use crate::values::{Target, Values};
use crate::{Engine, Error, Shape, Tier};

/// Values of a task that widens.
const BLOCK: usize = 1 << 15;

/// Type of a map's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DType {
    /// 32 bit floats.
    F32,
    /// bfloat16: the upper half of an `f32`, 8 bits of precision. Made by layers of engines in
    /// [`Precision::Bf16`](crate::Precision::Bf16), of an even number of channels.
    Bf16,
}

impl DType {
    /// Values in the place of one `f32`.
    pub(crate) const fn per_word(self) -> usize {
        match self {
            Self::F32 => 1,
            Self::Bf16 => 2,
        }
    }
}

/// Shape, type and values of one layer's output. Cheap to clone: clones share the values.
///
/// Values lie in the engine's arena, or on its device, and go back to it when the last clone is dropped.
#[derive(Clone, Debug)]
pub struct FeatureMap {
    shape: Shape,
    storage: Storage,
}

/// Where the values are: ours on the CPU, NHWC and contiguous, or a device's.
#[derive(Clone, Debug)]
enum Storage {
    F32(Arc<Buffer>),
    /// Words of two values. An even number of channels, so that no word belongs to two pixels.
    Bf16(Arc<Buffer>, Widened),
    #[cfg(feature = "candle")]
    Candle(Arc<DeviceMap>),
}

/// Values of bf16 as `f32`, for those who ask for a slice; clones of a map share them.
type Widened = Arc<OnceLock<Buffer>>;

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
            Storage::Bf16(..) => DType::Bf16,
            #[cfg(feature = "candle")]
            Storage::Candle(_) => DType::F32,
        }
    }

    /// Values in NHWC order: without a copy for `f32` on the CPU; of bf16 or a device, copied once and kept as long as the map.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] for a copy of bf16; a device may fail to copy.
    pub fn as_slice(&self) -> Result<&[f32], Error> {
        match &self.storage {
            Storage::F32(buffer) => Ok(buffer),
            Storage::Bf16(words, widened) => {
                if widened.get().is_none() {
                    // Another thread may be faster, with the same values.
                    let _ = widened.set(widened_words(words)?);
                }
                Ok(widened.get().map_or(&[], |buffer| buffer))
            }
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
            Storage::Bf16(words, _) => {
                let bits = words.halves();
                let mut values = vec![0.0; bits.len()];
                widen(Tier::Portable, bits, &mut values);
                Ok(values)
            }
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
        let copy;
        let values = if self.dtype() == DType::Bf16 {
            copy = self.to_nhwc()?;
            &copy
        } else {
            self.as_slice()?
        };
        let mut planes = Vec::with_capacity(values.len());
        for picture in values.chunks(height * width * channels) {
            for channel in 0..channels {
                planes.extend(picture[channel..].iter().step_by(channels));
            }
        }
        Ok(planes)
    }

    /// The values in another type, as `torch.Tensor.to(dtype)`: widened exactly, or rounded to nearest with ties to even.
    ///
    /// # Errors
    /// [`Error::Channels`] for bf16 of an odd number of channels; [`Error::Setting`] for bf16 on a device; [`Error::Cancelled`],
    /// [`Error::OutOfMemory`].
    pub fn to_dtype(&self, engine: &Engine, dtype: DType) -> Result<Self, Error> {
        if dtype == DType::F32 || self.dtype() == dtype {
            return if dtype == DType::F32 { self.widened(engine) } else { Ok(self.clone()) };
        }
        #[cfg(feature = "candle")]
        if self.device_map().is_some() {
            let actual = "bf16".to_owned();
            return Err(Error::Setting { what: "type of a map on a device", actual, expected: "f32" });
        }
        if !self.shape.channels.is_multiple_of(2) {
            let expected = self.shape.channels + 1;
            return Err(Error::Channels { what: "a map of bf16", actual: self.shape.channels, expected });
        }
        let values = self.as_slice()?;
        let mut half = Target::of(engine, self.shape, dtype)?;
        half.fill(engine, BLOCK, |index, to| {
            to.copy_from_slice(&values[index * BLOCK..][..to.len()]);
            Ok(())
        })?;
        Ok(half.into_map())
    }

    /// The same values, in NHWC order, under another shape of as many elements; no copy on the CPU, unless bf16 gets an odd
    /// number of channels and so becomes `f32`.
    ///
    /// # Errors
    /// [`Error::Length`], [`Error::TooLarge`], [`Error::OutOfMemory`]; a device may fail to copy.
    pub fn reshape(&self, shape: Shape) -> Result<Self, Error> {
        check_length(shape, self.shape.elements()?)?;
        match &self.storage {
            Storage::F32(buffer) => Ok(Self { shape, storage: Storage::F32(Arc::clone(buffer)) }),
            Storage::Bf16(words, _) if !shape.channels.is_multiple_of(2) => {
                Ok(Self::from_buffer(shape, widened_words(words)?))
            }
            storage @ Storage::Bf16(..) => Ok(Self { shape, storage: storage.clone() }),
            #[cfg(feature = "candle")]
            Storage::Candle(map) => Ok(Self::from_device(shape, map.reshape(shape)?)),
        }
    }

    pub(crate) fn from_buffer(shape: Shape, buffer: Buffer) -> Self {
        Self { shape, storage: Storage::F32(Arc::new(buffer)) }
    }

    /// Of words that hold one value of `dtype` or two.
    pub(crate) fn from_words(shape: Shape, dtype: DType, words: Buffer) -> Self {
        let storage = match dtype {
            DType::F32 => Storage::F32(Arc::new(words)),
            DType::Bf16 => Storage::Bf16(Arc::new(words), Widened::default()),
        };
        Self { shape, storage }
    }

    /// The values in their type; of a device, as [`Self::as_slice`].
    #[cfg_attr(not(feature = "candle"), expect(clippy::unnecessary_wraps, reason = "a device may fail to copy"))]
    pub(crate) fn values(&self) -> Result<Values<'_>, Error> {
        match &self.storage {
            Storage::F32(buffer) => Ok(Values::F32(buffer)),
            Storage::Bf16(words, _) => Ok(Values::Bf16(words.halves())),
            #[cfg(feature = "candle")]
            Storage::Candle(map) => map.values().map(Values::F32),
        }
    }

    /// A map of bf16 as one of its words, pairs of channels: for what moves whole pixels or multiplies pairs.
    pub(crate) fn words(&self) -> Option<Self> {
        let Storage::Bf16(words, _) = &self.storage else { return None };
        let shape = self.shape.with_channels(self.shape.channels / 2);
        Some(Self { shape, storage: Storage::F32(Arc::clone(words)) })
    }

    /// What [`Self::words`] undoes: words as the pairs of bf16 that they are.
    pub(crate) fn into_pairs(self) -> Self {
        let shape = self.shape.with_channels(2 * self.shape.channels);
        let Storage::F32(words) = self.storage else { return self };
        Self { shape, storage: Storage::Bf16(words, Widened::default()) }
    }

    /// As `f32`: this map, or a copy of bf16.
    pub(crate) fn widened(&self, engine: &Engine) -> Result<Self, Error> {
        let Storage::Bf16(words, _) = &self.storage else { return Ok(self.clone()) };
        let bits = words.halves();
        let mut buffer = engine.buffer(bits.len())?;
        engine.fill(&mut buffer, BLOCK, |index, to| {
            widen(engine.tier(), &bits[index * BLOCK..][..to.len()], to);
            Ok(())
        })?;
        Ok(Self::from_buffer(self.shape, buffer))
    }

    #[cfg(feature = "candle")]
    pub(crate) fn from_device(shape: Shape, map: DeviceMap) -> Self {
        Self { shape, storage: Storage::Candle(Arc::new(map)) }
    }

    /// The device's map, if the values are on one.
    #[cfg(feature = "candle")]
    pub(crate) fn device_map(&self) -> Option<&DeviceMap> {
        match &self.storage {
            Storage::F32(_) | Storage::Bf16(..) => None,
            Storage::Candle(map) => Some(map),
        }
    }

    /// The values as `f32` for writing: this map's own if nobody shares them, else a copy.
    pub(crate) fn into_buffer(self, engine: &Engine) -> Result<Buffer, Error> {
        let own = if self.dtype() == DType::Bf16 { self.widened(engine)? } else { self };
        let shape = own.shape;
        let shared = match own.storage {
            Storage::F32(buffer) => match Arc::try_unwrap(buffer) {
                Ok(buffer) => return Ok(buffer),
                Err(shared) => Storage::F32(shared),
            },
            #[cfg(feature = "candle")]
            device @ Storage::Candle(_) => device,
            half @ Storage::Bf16(..) => half,
        };
        let shared = Self { shape, storage: shared };
        let values = shared.as_slice()?;
        let mut copy = engine.buffer(values.len())?;
        copy.copy_from_slice(values);
        Ok(copy)
    }
}

/// Values of bf16 as `f32`, without an engine.
fn widened_words(words: &Buffer) -> Result<Buffer, Error> {
    let mut buffer = words.another(2 * words.len())?;
    widen(Tier::Portable, words.halves(), &mut buffer);
    Ok(buffer)
}

fn check_length(shape: Shape, actual: usize) -> Result<(), Error> {
    let expected = shape.elements()?;
    if actual == expected { Ok(()) } else { Err(Error::Length { what: "FeatureMap", actual, expected }) }
}
