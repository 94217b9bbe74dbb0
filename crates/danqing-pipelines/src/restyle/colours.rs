//! Whose colours the result has.

use danqing_media::color::{oklab_from_srgb, srgb_from_oklab};
use danqing_media::{Raster, SrgbF32};

use super::KeepColours;

/// `painted` with the colours that were asked for.
pub(super) fn kept(painted: Raster<SrgbF32>, content: &Raster<SrgbF32>, keep: KeepColours) -> Raster<SrgbF32> {
    match keep {
        KeepColours::No => painted,
        KeepColours::Luminance => lightness_alone(painted, content),
        KeepColours::Match => matched(painted, content),
    }
}

/// Lightness of `painted`, hue and chroma of `content`, in `OKLab`.
fn lightness_alone(painted: Raster<SrgbF32>, content: &Raster<SrgbF32>) -> Raster<SrgbF32> {
    let mut made = oklab_from_srgb(painted);
    let own = oklab_from_srgb(content.clone());
    for (pixel, own) in made.samples_mut().chunks_exact_mut(3).zip(own.samples().chunks_exact(3)) {
        pixel[1..].copy_from_slice(&own[1..]);
    }
    clamped(srgb_from_oklab(made))
}

/// `picture` with mean and covariance of the colours of `like`: `L·K⁻¹·(x − mean) + mean of like`, L and K the Cholesky
/// factors of the covariances.
///
/// Source: L. A. Gatys et al., "Controlling Perceptual Factors in Neural Style Transfer", CVPR 2017, section 5.1 and
/// supplement, "colour histogram matching" with the Cholesky transform.
pub(super) fn matched(mut picture: Raster<SrgbF32>, like: &Raster<SrgbF32>) -> Raster<SrgbF32> {
    let (own, wanted) = (Palette::of(&picture), Palette::of(like));
    let (from, to) = (cholesky(own.covariance), cholesky(wanted.covariance));
    for pixel in picture.samples_mut().chunks_exact_mut(3) {
        let centred = [0, 1, 2].map(|c| f64::from(pixel[c]) - own.mean[c]);
        // K·z = centred, solved forwards
        let mut z = [0.0; 3];
        for row in 0..3 {
            let known: f64 = (0..row).map(|column| from[row][column] * z[column]).sum();
            z[row] = (centred[row] - known) / from[row][row];
        }
        for (row, value) in pixel.iter_mut().enumerate() {
            let sum: f64 = (0..=row).map(|column| to[row][column] * z[column]).sum();
            *value = (sum + wanted.mean[row]) as f32;
        }
    }
    clamped(picture)
}

/// Mean and covariance of the colours of a picture.
struct Palette {
    mean: [f64; 3],
    covariance: [[f64; 3]; 3],
}

impl Palette {
    fn of(picture: &Raster<SrgbF32>) -> Self {
        let pixels = || picture.samples().chunks_exact(3).map(|p| [0, 1, 2].map(|c| f64::from(p[c])));
        let count = (picture.width() * picture.height()) as f64;
        let mut mean = [0.0; 3];
        pixels().for_each(|p| (0..3).for_each(|c| mean[c] += p[c] / count));
        let mut covariance = [[0.0; 3]; 3];
        for p in pixels() {
            for row in 0..3 {
                for column in 0..3 {
                    covariance[row][column] += (p[row] - mean[row]) * (p[column] - mean[column]) / count;
                }
            }
        }
        // A grey picture has no spread across grey: a little keeps its factor from being empty.
        (0..3).for_each(|c| covariance[c][c] += 1e-5);
        Self { mean, covariance }
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

fn clamped(mut picture: Raster<SrgbF32>) -> Raster<SrgbF32> {
    picture.samples_mut().iter_mut().for_each(|value| *value = value.clamp(0.0, 1.0));
    picture
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
        let (made, wanted) = (Palette::of(&matched(a, &b)), Palette::of(&b));
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
            assert!(matched(a.clone(), b).samples().iter().all(|v| (0.0..=1.0).contains(v)));
        }
    }

    #[test]
    fn luminance_keeps_hue_and_takes_lightness() {
        let content = noisy([0.5, 0.4, 0.35], [0.05; 3], 3);
        let grey = Raster::from_fn(60, 50, |x, _, s| s.fill(0.3 + x as f32 / 200.0));
        let made = oklab_from_srgb(kept(grey.clone(), &content, KeepColours::Luminance));
        let (own, painted) = (oklab_from_srgb(content), oklab_from_srgb(grey));
        let worst = |of: &Raster<danqing_media::OklabF32>, c: usize| {
            let pairs = made.samples().chunks_exact(3).zip(of.samples().chunks_exact(3));
            pairs.map(|(a, b)| (a[c] - b[c]).abs()).fold(0.0, f32::max)
        };
        assert!(worst(&painted, 0) < 1e-3 && worst(&own, 1) < 1e-3 && worst(&own, 2) < 1e-3);
    }
}
