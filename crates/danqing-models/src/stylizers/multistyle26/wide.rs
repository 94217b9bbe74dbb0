//! The first two layers of a large picture, in bands of rows.
//!
//! The first layer has 32 channels at full size: 1 GiB for a picture of 8 megapixels. Its moments are therefore taken in a
//! first pass, band by band, and each band is made again when the second layer, which halves the size, wants it.

use danqing_nn::{Engine, FeatureMap, Moments, PadMode, Padding, Shape, crop, pad};

use super::layer::{ConditionalLayer, NormalisedLayer};
use super::relu;
use crate::Error;

/// Pixels of a band, about; the band's maps then take 64 MiB each.
const BAND_PIXELS: usize = 1 << 19;
/// Pixels that the first convolution's window reaches beyond its centre.
const REACH: usize = 4;

/// `[1, h, w, 3]` → sums of the second layer, `[1, h/2, w/2, 32]`, not normalised.
pub(super) fn contracted(
    engine: &Engine,
    input: &FeatureMap,
    first: &NormalisedLayer<'_>,
    second: &ConditionalLayer,
) -> Result<FeatureMap, Error> {
    let Shape { height, width, .. } = input.shape();
    let mirrored = pad(engine, input, Padding::symmetric(REACH), PadMode::Reflect)?; // [1, h + 8, w + 8, 3]
    let bands = bands(height, width);
    let mut moments = None;
    for &(top, bottom) in &bands {
        let sums = sums(engine, &mirrored, first, (top, bottom))?;
        moments = Some(Moments::of(engine, &sums)?.join(moments)?);
    }
    let Some(moments) = moments else { return Err(Error::Length { what: "bands", actual: 0, expected: 1 }) };
    let mut rows = Vec::new();
    let mut shape = input.shape();
    for &(top, bottom) in &bands {
        // The second layer reads one row beyond each of its rows; its own border mirrors.
        let (above, below) = (top.saturating_sub(2), (bottom + 2).min(height));
        let sums = sums(engine, &mirrored, first, (above, below))?;
        let x = relu(engine, first.normalised_by(engine, sums, &moments)?)?; // [1, below − above, w, 32]
        let x = second.convolution.forward(engine, &x)?; // [1, (below − above) / 2, w / 2, 32]
        shape = x.shape().with_size(height / 2, x.shape().width);
        let x = crop(engine, &x, ((top - above) / 2, 0), ((bottom - top) / 2, x.shape().width))?;
        rows.extend_from_slice(x.as_slice()?);
    }
    Ok(FeatureMap::from_nhwc(engine, shape, rows)?)
}

/// Rows `top..bottom` of the first convolution.
fn sums(
    engine: &Engine,
    mirrored: &FeatureMap,
    first: &NormalisedLayer<'_>,
    (top, bottom): (usize, usize),
) -> Result<FeatureMap, Error> {
    let width = mirrored.shape().width;
    let seen = crop(engine, mirrored, (top, 0), (bottom - top + 2 * REACH, width))?; // [1, rows + 8, w + 8, 3]
    let sums = first.layer.convolution.forward(engine, &seen)?; // [1, rows + 8, w + 8, 32], the padding wrong
    Ok(crop(engine, &sums, (REACH, REACH), (bottom - top, width - 2 * REACH))?) // [1, rows, w, 32]
}

/// Rows from an even one to an even one, together all of them.
fn bands(height: usize, width: usize) -> Vec<(usize, usize)> {
    let rows = (BAND_PIXELS / width.max(1)).next_multiple_of(2).max(16);
    (0..height).step_by(rows).map(|top| (top, (top + rows).min(height))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_cover_every_row_once_and_start_even() {
        for (height, width) in [(16, 16), (4000, 3000), (20, 1_000_000), (2160, 3840)] {
            let bands = bands(height, width);
            assert_eq!((bands[0].0, bands[bands.len() - 1].1), (0, height));
            assert!(bands.windows(2).all(|pair| pair[0].1 == pair[1].0 && pair[0].1 % 2 == 0));
        }
        assert!(bands(2160, 3840).len() > 10);
    }
}
