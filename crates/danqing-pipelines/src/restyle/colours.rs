//! Whose colours the result has.

use danqing_capability::{CancelToken, Cancelled};
use danqing_media::color::{oklab_from_srgb, srgb_from_oklab};
use danqing_media::{Raster, Rect, SrgbF32};

use super::KeepColours;

/// Rows that are converted at once.
const BAND: usize = 16;

/// `painted` with the colours that were asked for.
pub(super) fn kept(
    painted: Raster<SrgbF32>,
    content: &Raster<SrgbF32>,
    keep: KeepColours,
    cancel: &CancelToken,
) -> Result<Raster<SrgbF32>, Cancelled> {
    match keep {
        KeepColours::No => Ok(painted),
        KeepColours::Luminance => lightness_alone(painted, content, cancel),
        KeepColours::Match => matched(painted, content, cancel),
    }
}

/// Lightness of `painted`, hue and chroma of `content`, in `OKLab`.
fn lightness_alone(
    mut painted: Raster<SrgbF32>,
    content: &Raster<SrgbF32>,
    cancel: &CancelToken,
) -> Result<Raster<SrgbF32>, Cancelled> {
    for y in (0..content.height()).step_by(BAND) {
        cancel.check()?;
        let band = Rect::new(0, y, content.width(), BAND);
        let (mut made, own) = (oklab_from_srgb(painted.crop(band)), oklab_from_srgb(content.crop(band)));
        for (pixel, own) in made.samples_mut().chunks_exact_mut(3).zip(own.samples().chunks_exact(3)) {
            pixel[1..].copy_from_slice(&own[1..]);
        }
        let mut made = srgb_from_oklab(made);
        made.samples_mut().iter_mut().for_each(|value| *value = value.clamp(0.0, 1.0));
        painted.paste(&made, 0, y);
    }
    Ok(painted)
}

/// `picture` with mean and covariance of the colours of `like`: `L·K⁻¹·(x − mean) + mean of like`, L and K the Cholesky
/// factors of the covariances.
///
/// Source: L. A. Gatys et al., "Controlling Perceptual Factors in Neural Style Transfer", CVPR 2017, section 5.1 and
/// supplement, "colour histogram matching" with the Cholesky transform.
pub(super) fn matched(
    mut picture: Raster<SrgbF32>,
    like: &Raster<SrgbF32>,
    cancel: &CancelToken,
) -> Result<Raster<SrgbF32>, Cancelled> {
    let (own, wanted) = (Palette::of(&picture, cancel)?, Palette::of(like, cancel)?);
    let (from, to) = (cholesky(own.covariance), cholesky(wanted.covariance));
    for y in 0..picture.height() {
        cancel.check()?;
        for pixel in picture.row_mut(y).chunks_exact_mut(3) {
            let centred = [0, 1, 2].map(|c| f64::from(pixel[c]) - own.mean[c]);
            // K·z = centred, solved forwards
            let mut z = [0.0; 3];
            for row in 0..3 {
                let known: f64 = (0..row).map(|column| from[row][column] * z[column]).sum();
                z[row] = (centred[row] - known) / from[row][row];
            }
            for (row, value) in pixel.iter_mut().enumerate() {
                let sum: f64 = (0..=row).map(|column| to[row][column] * z[column]).sum();
                *value = ((sum + wanted.mean[row]) as f32).clamp(0.0, 1.0);
            }
        }
    }
    Ok(picture)
}

/// Mean and covariance of the colours of a picture.
struct Palette {
    mean: [f64; 3],
    covariance: [[f64; 3]; 3],
}

impl Palette {
    fn of(picture: &Raster<SrgbF32>, cancel: &CancelToken) -> Result<Self, Cancelled> {
        let count = (picture.width() * picture.height()) as f64;
        let (mut mean, mut covariance) = ([0.0; 3], [[0.0; 3]; 3]);
        for y in 0..picture.height() {
            cancel.check()?;
            picture.row(y).chunks_exact(3).for_each(|p| (0..3).for_each(|c| mean[c] += f64::from(p[c]) / count));
        }
        for y in 0..picture.height() {
            cancel.check()?;
            for p in picture.row(y).chunks_exact(3) {
                let centred = [0, 1, 2].map(|c| f64::from(p[c]) - mean[c]);
                for row in 0..3 {
                    (0..3).for_each(|column| covariance[row][column] += centred[row] * centred[column] / count);
                }
            }
        }
        // A grey picture has no spread across grey: a little keeps its factor from being empty.
        (0..3).for_each(|c| covariance[c][c] += 1e-5);
        Ok(Self { mean, covariance })
    }
}

/// Lower triangular `L` with `L·Lᵀ = a`.
fn cholesky(a: [[f64; 3]; 3]) -> [[f64; 3]; 3] {
    let mut l = [[0.0_f64; 3]; 3];
    for row in 0..3 {
        for column in 0..=row {
            let known: f64 = (0..column).map(|k| l[row][k] * l[column][k]).sum();
            let left = a[row][column] - known;
            l[row][column] = if row == column { left.max(1e-12).sqrt() } else { left / l[column][column] };
        }
    }
    l
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noisy(base: [f32; 3], spread: [f32; 3], seed: usize) -> Raster<SrgbF32> {
        Raster::from_fn(60, 50, |x, y, s| {
            let hash = |k: usize| ((x * 7919 + y * 104_729 + k * 15_485_863 + seed * 31) % 101) as f32 / 101.0 - 0.5;
            let shared = hash(9);
            for c in 0..3 {
                s[c] = base[c] + spread[c] * (hash(c) + shared);
            }
        })
    }

    #[test]
    fn matched_colours_have_mean_and_covariance_of_the_other_picture() {
        let (a, b) = (noisy([0.6, 0.4, 0.3], [0.1, 0.2, 0.1], 1), noisy([0.3, 0.5, 0.6], [0.2, 0.1, 0.15], 2));
        let cancel = CancelToken::default();
        let palette = |picture: &Raster<SrgbF32>| Palette::of(picture, &cancel).expect("not cancelled");
        let (made, wanted) = (palette(&matched(a, &b, &cancel).expect("not cancelled")), palette(&b));
        for row in 0..3 {
            assert!((made.mean[row] - wanted.mean[row]).abs() < 1e-3);
            for column in 0..3 {
                assert!((made.covariance[row][column] - wanted.covariance[row][column]).abs() < 2e-4);
            }
        }
    }

    #[test]
    fn grey_pictures_and_single_pixels_do_no_harm() {
        let grey = Raster::from_fn(8, 8, |x, _, s| s.fill(x as f32 / 8.0));
        let one = Raster::filled(1, 1, 0.5);
        for (a, b) in [(&grey, &one), (&one, &grey), (&one, &one)] {
            let made = matched(a.clone(), b, &CancelToken::default()).expect("not cancelled");
            assert!(made.samples().iter().all(|v| (0.0..=1.0).contains(v)));
        }
    }

    #[test]
    fn luminance_keeps_hue_and_takes_lightness() {
        let content = noisy([0.5, 0.4, 0.35], [0.05; 3], 3);
        let grey = Raster::from_fn(60, 50, |x, _, s| s.fill(0.3 + x as f32 / 200.0));
        let made =
            kept(grey.clone(), &content, KeepColours::Luminance, &CancelToken::default()).expect("not cancelled");
        let made = oklab_from_srgb(made);
        let (own, painted) = (oklab_from_srgb(content), oklab_from_srgb(grey));
        let worst = |of: &Raster<danqing_media::OklabF32>, c: usize| {
            let pairs = made.samples().chunks_exact(3).zip(of.samples().chunks_exact(3));
            pairs.map(|(a, b)| (a[c] - b[c]).abs()).fold(0.0, f32::max)
        };
        assert!(worst(&painted, 0) < 1e-3 && worst(&own, 1) < 1e-3 && worst(&own, 2) < 1e-3);
    }
}
