//! Picture ↔ tensor for inpainters, as MI-GAN's published exporter does it
//! (Picsart-AI-Research/MI-GAN@ca4df2e:scripts/create_onnx_pipeline.py, `preprocess` and `postprocess`).

use crate::Error;

/// Input of an inpainter: `[height, width, 4]`, channels keep − ½ (½ = keep, −½ = hole) and red, green, blue in
/// `-1.0..=1.0`, 0 inside the hole.
///
/// `rgb`: sRGB-encoded, `0.0..=1.0`, interleaved; what lies under the hole is not read into the result.
/// `hole`: one value per pixel, 0 = keep; every other value is hole, so that no pixel that may change leaks in.
///
/// # Errors
/// [`Error::Length`] if `rgb` does not hold three values per value of `hole`.
pub fn inpainter_input(rgb: &[f32], hole: &[u8]) -> Result<Vec<f32>, Error> {
    if rgb.len() != hole.len() * 3 {
        return Err(Error::Length { what: "inpainter input", actual: rgb.len(), expected: hole.len() * 3 });
    }
    let (pixels, _) = rgb.as_chunks::<3>();
    let channels = pixels.iter().zip(hole).flat_map(|(pixel, &hole)| match hole {
        0 => [0.5, pixel[0] * 2.0 - 1.0, pixel[1] * 2.0 - 1.0, pixel[2] * 2.0 - 1.0],
        _ => [-0.5, 0.0, 0.0, 0.0],
    });
    Ok(channels.collect())
}

/// sRGB-encoded samples in `0.0..=1.0` from an inpainter's output of about `-1.0..=1.0`; values beyond are cut.
#[must_use]
pub fn picture_from_output(output: &[f32]) -> Vec<f32> {
    output.iter().map(|value| (value * 0.5 + 0.5).clamp(0.0, 1.0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_carry_nothing_and_partial_ones_count() {
        let rgb = [0.0, 0.5, 1.0, 0.3, 0.3, 0.3, f32::NAN, 9.0, -9.0];
        let input = inpainter_input(&rgb, &[0, 1, 255]).expect("three pixels");
        assert_eq!(input, [0.5, -1.0, 0.0, 1.0, -0.5, 0.0, 0.0, 0.0, -0.5, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn a_hole_of_another_size_is_refused_with_both_numbers() {
        let error = inpainter_input(&[0.0; 7], &[0, 0]).expect_err("7 of 6");
        assert_eq!(error.to_string(), "inpainter input: 7 values, expected 6");
    }

    #[test]
    fn output_is_scaled_and_cut() {
        assert_eq!(picture_from_output(&[-1.0, 0.0, 1.0, 1.6, -2.0]), [0.0, 0.5, 1.0, 1.0, 0.0]);
    }
}
