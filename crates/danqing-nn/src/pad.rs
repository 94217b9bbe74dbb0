//! Borders: adding and cutting; every value is copied exactly.

use crate::channels::from_pixels;
use crate::geometry::{OUTSIDE, Window};
use crate::{Engine, Error, FeatureMap, PadMode, Padding, Shape};

/// Equals `torch.nn.functional.pad` with mode constant (0), reflect or replicate.
///
/// # Errors
/// [`Error::TooSmall`] if a reflection is longer than the picture, [`Error::TooLarge`], [`Error::Cancelled`],
/// [`Error::OutOfMemory`].
pub fn pad(engine: &Engine, x: &FeatureMap, padding: Padding, mode: PadMode) -> Result<FeatureMap, Error> {
    let Shape { height, width, channels, .. } = x.shape();
    let window = |before, after| Window { kernel: 1, stride: 1, dilation: 1, before, after, mode };
    let (rows, columns) = (window(padding.top, padding.bottom), window(padding.left, padding.right));
    let shape = x.shape().with_size(rows.outputs("pad", height)?, columns.outputs("pad", width)?);
    shape.elements()?;
    let (rows, columns) = (rows.axis("pad", height)?, columns.axis("pad", width)?);
    on_device!(engine, |device| device.pad(x, (&rows, &columns), shape));
    if let Some(words) = x.words() {
        return Ok(pad(engine, &words, padding, mode)?.into_pairs());
    }
    let values = x.as_slice()?;
    from_pixels(engine, shape, |pixel, row| {
        let (line, column) = (pixel / shape.width, pixel % shape.width);
        let (y, x) = (rows.sources[line % shape.height], columns.sources[column]);
        if y == OUTSIDE || x == OUTSIDE {
            row.fill(0.0);
        } else {
            let from = (line / shape.height * height + y) * width + x;
            row.copy_from_slice(&values[from * channels..][..channels]);
        }
    })
}

/// The `height`×`width` pixels from row `top` and column `left` on.
///
/// # Errors
/// [`Error::TooSmall`] if they are not all in the picture or none, [`Error::Cancelled`], [`Error::OutOfMemory`].
pub fn crop(
    engine: &Engine,
    x: &FeatureMap,
    (top, left): (usize, usize),
    (height, width): (usize, usize),
) -> Result<FeatureMap, Error> {
    let own = x.shape();
    for (start, length, side) in [(top, height, own.height), (left, width, own.width)] {
        let expected = start.saturating_add(length);
        if expected > side {
            return Err(Error::TooSmall { what: "crop", actual: side, expected });
        }
    }
    let shape = own.with_size(height, width);
    shape.elements()?;
    on_device!(engine, |device| device.crop(x, (top, left), shape));
    if let Some(words) = x.words() {
        return Ok(crop(engine, &words, (top, left), (height, width))?.into_pairs());
    }
    let values = x.as_slice()?;
    from_pixels(engine, shape, |pixel, row| {
        let (line, column) = (pixel / width, pixel % width);
        let from = (line / height * own.height + top + line % height) * own.width + left + column;
        row.copy_from_slice(&values[from * own.channels..][..own.channels]);
    })
}
