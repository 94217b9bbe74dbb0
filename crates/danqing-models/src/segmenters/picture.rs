//! Picture → tensor for segmenters, as U²-Net and IS-Net publish it
//! (xuebinqin/U-2-Net@53dc9da:data_loader.py, `ToTensorLab`; xuebinqin/DIS, `GOSNormalize`).

use super::u2net::Normalisation;
use crate::Error;

/// Input of a segmenter: `[height, width, 3]`, every channel minus its mean, over its deviation.
///
/// `rgb`: sRGB-encoded, `0.0..=1.0`, interleaved; values beyond are cut. U²-Net was trained on pictures divided by their
/// largest sample, so that is done first.
///
/// # Errors
/// [`Error::Length`] if `rgb` holds no whole number of pixels.
pub fn segmenter_input(rgb: &[f32], normalisation: Normalisation) -> Result<Vec<f32>, Error> {
    let (pixels, rest) = rgb.as_chunks::<3>();
    if !rest.is_empty() {
        let expected = pixels.len() * 3;
        return Err(Error::Length { what: "segmenter input", actual: rgb.len(), expected });
    }
    let (mean, deviation, by_largest) = match normalisation {
        Normalisation::ImageNet => ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225], true),
        Normalisation::Half => ([0.5; 3], [1.0; 3], false),
    };
    let largest = rgb.iter().fold(0.0_f32, |largest, &v| largest.max(v.clamp(0.0, 1.0)));
    let scale = if by_largest && largest > 0.0 { 1.0 / largest } else { 1.0 };
    let channel = |pixel: &[f32; 3], c: usize| (pixel[c].clamp(0.0, 1.0) * scale - mean[c]) / deviation[c];
    Ok(pixels.iter().flat_map(|pixel| [0, 1, 2].map(|c| channel(pixel, c))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_scaled_to_their_largest_sample_and_centred() {
        let input = segmenter_input(&[0.5, 0.25, 0.0, -1.0, 0.0, 0.0], Normalisation::ImageNet).expect("two pixels");
        let expected = [(1.0 - 0.485) / 0.229, (0.5 - 0.456) / 0.224, -0.406 / 0.225, -0.485 / 0.229];
        assert!(input.iter().zip(expected).all(|(a, b): (&f32, f32)| (a - b).abs() < 1e-6), "{input:?}");
        assert_eq!(segmenter_input(&[0.25, 1.0, 0.0], Normalisation::Half).expect("one"), [-0.25, 0.5, -0.5]);
    }

    #[test]
    fn half_a_pixel_is_refused() {
        let error = segmenter_input(&[0.0; 4], Normalisation::Half).expect_err("4 of 3");
        assert_eq!(error.to_string(), "segmenter input: 4 values, expected 3");
    }
}
