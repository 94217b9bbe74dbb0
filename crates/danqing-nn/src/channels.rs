//! Operators that move channels; every value is copied exactly.

use crate::elementwise::block_length;
use crate::{Engine, Error, FeatureMap, Shape};

/// Equals `torch.cat(maps, dim=1)`: the channels of all maps, one after another.
///
/// # Errors
/// [`Error::Shapes`] if pictures differ in size or number, [`Error::Setting`] for no map, [`Error::TooLarge`],
/// [`Error::Cancelled`], [`Error::OutOfMemory`].
pub fn concat(engine: &Engine, maps: &[&FeatureMap]) -> Result<FeatureMap, Error> {
    let Some(first) = maps.first() else {
        return Err(Error::Setting { what: "concat", actual: "no map".into(), expected: "one map or more" });
    };
    let shape = concat_shape(maps, first.shape())?;
    let channels = shape.channels;
    let elements = shape.elements()?;
    on_device!(engine, |device| device.concat(maps, shape));
    if let Some(words) = maps.iter().map(|map| map.words()).collect::<Option<Vec<_>>>() {
        return Ok(concat(engine, &words.iter().collect::<Vec<_>>())?.into_pairs());
    }
    let maps = maps.iter().map(|map| map.widened(engine)).collect::<Result<Vec<_>, Error>>()?;
    let values = maps.iter().map(FeatureMap::as_slice).collect::<Result<Vec<_>, Error>>()?;
    let mut out = engine.buffer(elements)?;
    let length = block_length(channels);
    engine.fill(&mut out, length, |index, block| {
        let pixel = index * length / channels;
        for (row, pixel) in block.chunks_mut(channels).zip(pixel..) {
            let mut row = row;
            for (map, values) in maps.iter().zip(&values) {
                let count = map.shape().channels;
                let (part, rest) = row.split_at_mut(count);
                part.copy_from_slice(&values[pixel * count..][..count]);
                row = rest;
            }
        }
        Ok(())
    })?;
    Ok(FeatureMap::from_buffer(shape, out))
}

/// `first` with the channels of all maps, whose pictures must be of its size.
pub(crate) fn concat_shape(maps: &[&FeatureMap], first: Shape) -> Result<Shape, Error> {
    let mut channels = 0_usize;
    for map in maps {
        let expected = first.with_channels(map.shape().channels);
        if map.shape() != expected {
            return Err(Error::Shapes { what: "concat", actual: map.shape(), expected });
        }
        channels = channels.saturating_add(map.shape().channels);
    }
    Ok(first.with_channels(channels))
}

/// Equals `x[:, first..first + count]` in NCHW.
///
/// # Errors
/// [`Error::Channels`] if there are not that many, [`Error::TooSmall`] for none, [`Error::Cancelled`],
/// [`Error::OutOfMemory`].
pub fn slice_channels(engine: &Engine, x: &FeatureMap, first: usize, count: usize) -> Result<FeatureMap, Error> {
    let channels = x.shape().channels;
    let end = first.saturating_add(count);
    if end > channels {
        return Err(Error::Channels { what: "slice_channels", actual: channels, expected: end });
    }
    let shape = x.shape().with_channels(count);
    shape.elements()?;
    on_device!(engine, |device| device.slice_channels(x, first, shape));
    if let Some(words) = x.words().filter(|_| first.is_multiple_of(2) && count.is_multiple_of(2)) {
        return Ok(slice_channels(engine, &words, first / 2, count / 2)?.into_pairs());
    }
    let x = x.widened(engine)?;
    let values = x.as_slice()?;
    from_pixels(engine, shape, |pixel, row| {
        row.copy_from_slice(&values[pixel * channels + first..][..count]);
    })
}

/// Equals `torch.nn.functional.pixel_shuffle`: channel `c·f² + dy·f + dx` becomes pixel `(dy, dx)` of channel `c`.
///
/// # Errors
/// [`Error::Setting`] if the channels are no multiple of `factor²`, [`Error::TooLarge`], [`Error::Cancelled`],
/// [`Error::OutOfMemory`].
pub fn pixel_shuffle(engine: &Engine, x: &FeatureMap, factor: usize) -> Result<FeatureMap, Error> {
    let Shape { height, width, channels, .. } = x.shape();
    let square = square("pixel_shuffle factor", factor)?;
    if channels % square != 0 {
        let actual = format!("{channels} channels for factor {factor}");
        return Err(Error::Setting { what: "pixel_shuffle", actual, expected: "a multiple of factor² channels" });
    }
    let (out_height, out_width) = (grown(height, factor)?, grown(width, factor)?);
    let shape = x.shape().with_size(out_height, out_width).with_channels(channels / square);
    shape.elements()?;
    on_device!(engine, |device| device.pixel_shuffle(x, factor, shape));
    let x = x.widened(engine)?;
    let values = x.as_slice()?;
    from_pixels(engine, shape, |pixel, row| {
        let (line, column) = (pixel / out_width, pixel % out_width);
        let from = (line / factor * width + column / factor) * channels + line % factor * factor + column % factor;
        for (channel, slot) in row.iter_mut().enumerate() {
            *slot = values[from + channel * square];
        }
    })
}

/// Equals `torch.nn.functional.pixel_unshuffle`, the inverse of [`pixel_shuffle`].
///
/// # Errors
/// [`Error::Setting`] if height or width is no multiple of `factor`, [`Error::TooLarge`], [`Error::Cancelled`],
/// [`Error::OutOfMemory`].
pub fn pixel_unshuffle(engine: &Engine, x: &FeatureMap, factor: usize) -> Result<FeatureMap, Error> {
    let Shape { height, width, channels, .. } = x.shape();
    let square = square("pixel_unshuffle factor", factor)?;
    if height % factor != 0 || width % factor != 0 {
        let actual = format!("{height}×{width} for factor {factor}");
        return Err(Error::Setting { what: "pixel_unshuffle", actual, expected: "sides that are multiples of factor" });
    }
    let (out_height, out_width) = (height / factor, width / factor);
    let shape = x.shape().with_size(out_height, out_width).with_channels(grown(channels, square)?);
    shape.elements()?;
    on_device!(engine, |device| device.pixel_unshuffle(x, factor, shape));
    let x = x.widened(engine)?;
    let values = x.as_slice()?;
    from_pixels(engine, shape, |pixel, row| {
        let (line, column) = (pixel / out_width, pixel % out_width);
        for (index, slot) in row.iter_mut().enumerate() {
            let (channel, part) = (index / square, index % square);
            let pixel = (line * factor + part / factor) * width + column * factor + part % factor;
            *slot = values[pixel * channels + channel];
        }
    })
}

fn square(what: &'static str, factor: usize) -> Result<usize, Error> {
    factor.checked_mul(factor).filter(|&n| n > 0).ok_or_else(|| Error::Setting {
        what,
        actual: factor.to_string(),
        expected: "at least 1 and far below 2^32",
    })
}

fn grown(side: usize, factor: usize) -> Result<usize, Error> {
    side.checked_mul(factor).ok_or_else(|| Error::TooLarge { what: format!("{side} × {factor}") })
}

/// Makes a map pixel by pixel, in parallel; `pixel` counts over the whole batch.
pub(crate) fn from_pixels(
    engine: &Engine,
    shape: Shape,
    pixel: impl Fn(usize, &mut [f32]) + Sync,
) -> Result<FeatureMap, Error> {
    let mut out = engine.buffer(shape.elements()?)?;
    let length = block_length(shape.channels);
    engine.fill(&mut out, length, |index, block| {
        let first = index * length / shape.channels;
        block.chunks_mut(shape.channels).zip(first..).for_each(|(row, index)| pixel(index, row));
        Ok(())
    })?;
    Ok(FeatureMap::from_buffer(shape, out))
}
