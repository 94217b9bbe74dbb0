//! Operators on each value by itself.

use crate::cpu::{Addend, Buffer, activate_row, bf16_value};
use crate::epilogue::check_activation;
use crate::values::{Target, Values};
use crate::{Activation, Engine, Error, FeatureMap, Shape};

/// Values of one task, rounded to whole pixels.
const BLOCK: usize = 1 << 15;

/// Whole pixels of about [`BLOCK`] values.
pub(crate) fn block_length(channels: usize) -> usize {
    (BLOCK / channels).max(1) * channels
}

/// The map of a result that was computed in memory, brought to the engine's device if it has one.
#[cfg_attr(not(feature = "candle"), expect(clippy::unnecessary_wraps, reason = "a device may refuse its memory"))]
#[cfg_attr(not(feature = "candle"), allow(unused_variables, reason = "the engine is asked for its device"))]
pub(crate) fn give(engine: &Engine, shape: Shape, buffer: Buffer) -> Result<FeatureMap, Error> {
    on_device!(engine, |device| device.nhwc_map(shape, buffer.to_vec()));
    Ok(FeatureMap::from_buffer(shape, buffer))
}

/// `activation(x)`; works in place if nobody else holds `x` and it is `f32`. Error: see [`Activation`].
///
/// # Errors
/// [`Error::Channels`] for slopes that do not fit, [`Error::Cancelled`], [`Error::OutOfMemory`].
pub fn activate(engine: &Engine, x: FeatureMap, activation: &Activation) -> Result<FeatureMap, Error> {
    let shape = x.shape();
    check_activation(activation, shape.channels)?;
    on_device!(engine, |device| device.activate(&x, activation));
    let mut buffer = x.into_buffer(engine)?;
    engine.fill(&mut buffer, block_length(shape.channels), |_, block| {
        activate_row(engine.tier(), activation, block, shape.channels);
        Ok(())
    })?;
    Ok(FeatureMap::from_buffer(shape, buffer))
}

/// `a + b`, rounded once, and again where `a` is a map of bf16, whose type the result has; `b` has the shape of `a`, or one channel, one pixel or one picture for all.
///
/// # Errors
/// [`Error::Shapes`], [`Error::Cancelled`], [`Error::OutOfMemory`].
pub fn add(engine: &Engine, a: &FeatureMap, b: &FeatureMap) -> Result<FeatureMap, Error> {
    check_operands("add", a, b)?;
    on_device!(engine, |device| device.add(a, b));
    combine(engine, a, b, |a, b| a + b)
}

/// `a · b`, rounded as in [`add`]; `b` has the shape of `a`, or one channel, one pixel or one picture for all.
///
/// # Errors
/// [`Error::Shapes`], [`Error::Cancelled`], [`Error::OutOfMemory`].
pub fn multiply(engine: &Engine, a: &FeatureMap, b: &FeatureMap) -> Result<FeatureMap, Error> {
    check_operands("multiply", a, b)?;
    on_device!(engine, |device| device.multiply(a, b));
    combine(engine, a, b, |a, b| a * b)
}

fn check_operands(what: &'static str, a: &FeatureMap, b: &FeatureMap) -> Result<(), Error> {
    if Addend::fits(b.shape(), a.shape()) {
        return Ok(());
    }
    Err(Error::Shapes { what, actual: b.shape(), expected: a.shape() })
}

fn combine(
    engine: &Engine,
    a: &FeatureMap,
    b: &FeatureMap,
    join: impl Fn(f32, f32) -> f32 + Sync,
) -> Result<FeatureMap, Error> {
    let shape = a.shape();
    let (from, with) = (a.values()?, Addend::new(b, shape)?);
    let mut out = Target::of(engine, shape, a.dtype())?;
    let length = block_length(shape.channels);
    out.fill(engine, length, |index, block| {
        let start = index * length;
        let values = from.block(engine, start, block.len())?;
        for (pixel, (row, values)) in block.chunks_mut(shape.channels).zip(values.chunks(shape.channels)).enumerate() {
            match with.pixel(start / shape.channels + pixel) {
                Values::F32([other]) => {
                    row.iter_mut().zip(values).for_each(|(slot, &value)| *slot = join(value, *other));
                }
                Values::F32(others) => {
                    let pairs = values.iter().zip(others);
                    row.iter_mut().zip(pairs).for_each(|(slot, (&value, &other))| *slot = join(value, other));
                }
                Values::Bf16(others) => {
                    let pairs = values.iter().zip(others);
                    row.iter_mut().zip(pairs).for_each(|(slot, (&value, &bits))| *slot = join(value, bf16_value(bits)));
                }
            }
        }
        Ok(())
    })?;
    Ok(out.into_map())
}

/// `factor · x`, rounded once; in place if nobody else holds `x` and it is `f32`.
///
/// # Errors
/// [`Error::Cancelled`], [`Error::OutOfMemory`].
pub fn scale(engine: &Engine, x: FeatureMap, factor: f32) -> Result<FeatureMap, Error> {
    on_device!(engine, |device| device.affine(&x, factor, 0.0));
    change(engine, x, |value| value * factor)
}

/// `factor · a + b`, each operation rounded; in place if nobody else holds `a` and it is `f32`. `b` has the shape of `a`.
///
/// # Errors
/// [`Error::Shapes`], [`Error::Cancelled`], [`Error::OutOfMemory`].
pub fn add_scaled(engine: &Engine, a: FeatureMap, factor: f32, b: &FeatureMap) -> Result<FeatureMap, Error> {
    let shape = a.shape();
    if b.shape() != shape {
        return Err(Error::Shapes { what: "add_scaled", actual: b.shape(), expected: shape });
    }
    on_device!(engine, |device| device.add(&device.affine(&a, factor, 0.0)?, b));
    let with = b.values()?;
    let mut buffer = a.into_buffer(engine)?;
    engine.fill(&mut buffer, BLOCK, |index, block| {
        let others = with.block(engine, index * BLOCK, block.len())?;
        block.iter_mut().zip(&*others).for_each(|(value, &other)| *value = *value * factor + other);
        Ok(())
    })?;
    Ok(FeatureMap::from_buffer(shape, buffer))
}

/// `factor · x + offset`, each operation rounded; in place if nobody else holds `x` and it is `f32`.
///
/// # Errors
/// [`Error::Cancelled`], [`Error::OutOfMemory`].
pub fn affine(engine: &Engine, x: FeatureMap, factor: f32, offset: f32) -> Result<FeatureMap, Error> {
    on_device!(engine, |device| device.affine(&x, factor, offset));
    change(engine, x, |value| value * factor + offset)
}

/// `x` limited to `low..=high`, exact; NaN stays NaN; in place if nobody else holds `x` and it is `f32`.
///
/// # Errors
/// [`Error::Setting`] unless `low ≤ high`, [`Error::Cancelled`], [`Error::OutOfMemory`].
pub fn clamp(engine: &Engine, x: FeatureMap, low: f32, high: f32) -> Result<FeatureMap, Error> {
    if low <= high {
        on_device!(engine, |device| device.clamp(&x, low, high));
        return change(engine, x, |value| value.clamp(low, high));
    }
    Err(Error::Setting { what: "clamp range", actual: format!("{low}..={high}"), expected: "low ≤ high" })
}

fn change(engine: &Engine, x: FeatureMap, change: impl Fn(f32) -> f32 + Sync) -> Result<FeatureMap, Error> {
    let shape = x.shape();
    let mut buffer = x.into_buffer(engine)?;
    engine.fill(&mut buffer, BLOCK, |_, block| {
        for value in block {
            *value = change(*value);
        }
        Ok(())
    })?;
    Ok(FeatureMap::from_buffer(shape, buffer))
}
