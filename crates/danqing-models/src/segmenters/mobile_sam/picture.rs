//! Picture → tensor, as `SamPredictor.set_image` and `Sam.preprocess` do it (facebookresearch/segment-anything).

use super::{NETWORK, SIDE};
use crate::Error;

/// Mean and deviation of each channel, of values up to 255.
const MEAN: [f32; 3] = [123.675, 116.28, 103.53];
const DEVIATION: [f32; 3] = [58.395, 57.12, 57.375];

/// Width and height of a picture whose longer side is made 1024: `ResizeLongestSide.get_preprocess_shape`.
#[must_use]
pub fn scaled_size(width: usize, height: usize) -> (usize, usize) {
    let scale = SIDE as f64 / width.max(height).max(1) as f64;
    let side = |length: usize| ((length as f64 * scale + 0.5) as usize).clamp(1, SIDE);
    (side(width), side(height))
}

/// `[1024, 1024, 3]`: the picture in the upper left corner, normalised, zeros around it.
///
/// `rgb`: sRGB-encoded, `0.0..=1.0`, interleaved, of [`scaled_size`].
///
/// # Errors
/// [`Error::Length`] if `rgb` has another number of values, [`Error::InputShape`] for sides beyond 1024.
pub fn mobile_sam_input(rgb: &[f32], width: usize, height: usize) -> Result<Vec<f32>, Error> {
    if width == 0 || width > SIDE || height > SIDE {
        let actual = format!("{width}x{height}");
        return Err(Error::InputShape { network: NETWORK, actual, expected: "sides up to 1024".to_owned() });
    }
    let expected = width * height * 3;
    if rgb.len() != expected {
        return Err(Error::Length { what: "MobileSAM input", actual: rgb.len(), expected });
    }
    let mut made = vec![0.0; SIDE * SIDE * 3];
    for (row, line) in rgb.chunks_exact(width * 3).enumerate() {
        let slots = &mut made[row * SIDE * 3..][..width * 3];
        for (at, (slot, value)) in slots.iter_mut().zip(line).enumerate() {
            *slot = (value.clamp(0.0, 1.0) * 255.0 - MEAN[at % 3]) / DEVIATION[at % 3];
        }
    }
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longer_side_becomes_1024_and_the_rest_is_zero() {
        let sizes = [
            ((4000, 3000), (1024, 768)),
            ((10, 1000), (10, 1024)),
            ((1, 5000), (1, 1024)),
            ((1024, 1023), (1024, 1023)),
        ];
        for ((width, height), expected) in sizes {
            assert_eq!(scaled_size(width, height), expected);
        }
        let input = mobile_sam_input(&[1.0, 0.0, 0.5, 0.0, 0.0, 2.0], 1, 2).expect("two pixels");
        assert!((input[0] - (255.0 - 123.675) / 58.395).abs() < 1e-6);
        assert!((input[SIDE * 3 + 2] - (255.0 - 103.53) / 57.375).abs() < 1e-6, "values beyond white are white");
        assert_eq!((input[3], input[2 * SIDE * 3]), (0.0, 0.0));
        assert!(mobile_sam_input(&[0.0; 4], 1, 1).is_err() && mobile_sam_input(&[], 1025, 0).is_err());
    }
}
