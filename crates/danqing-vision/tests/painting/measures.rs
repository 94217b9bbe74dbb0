//! What is measured of a painted picture; `tools/quality/presets.py` measures the same on more photographs.

use danqing_capability::CancelToken;
use danqing_media::color::lab_from_srgb;
use danqing_media::{Raster, ScalarF32, SrgbF32};
use danqing_vision::blur::gaussian;
use danqing_vision::metrics::{Window, ssim};

/// Mean of √(a² + b²) in CIE L*a*b*.
pub(crate) fn mean_chroma(picture: &Raster<SrgbF32>) -> f32 {
    let lab = lab_from_srgb(picture.clone());
    let chroma = lab.samples().chunks_exact(3).map(|lab| lab[1].hypot(lab[2]));
    chroma.sum::<f32>() / (lab.samples().len() / 3) as f32
}

/// Share of the pixels whose L* lies within 4 of one of the six tones that fit the picture best (six means of its
/// histogram, found by Lloyd's algorithm from six equal parts).
pub(crate) fn in_steps(picture: &Raster<SrgbF32>) -> f32 {
    let mut tones: Vec<f32> = lab_from_srgb(picture.clone()).samples().chunks_exact(3).map(|lab| lab[0]).collect();
    tones.sort_by(f32::total_cmp);
    let mut centres: Vec<f32> = (0..6).map(|i| tones[(2 * i + 1) * tones.len() / 12]).collect();
    let nearest = |centres: &[f32], tone: f32| {
        let distances = centres.iter().map(|c| (c - tone).abs());
        distances.enumerate().min_by(|a, b| a.1.total_cmp(&b.1)).expect("six centres")
    };
    for _ in 0..40 {
        let mut sums = [(0.0_f64, 0_usize); 6];
        for &tone in &tones {
            let sum = &mut sums[nearest(&centres, tone).0];
            *sum = (sum.0 + f64::from(tone), sum.1 + 1);
        }
        for (centre, (sum, count)) in centres.iter_mut().zip(sums) {
            if count > 0 {
                *centre = (sum / count as f64) as f32;
            }
        }
    }
    tones.iter().filter(|&&tone| nearest(&centres, tone).1 <= 4.0).count() as f32 / tones.len() as f32
}

/// SSIM of two edge maps: slopes of L*, blurred a little, as shares of each picture's 98th percentile.
pub(crate) fn edge_agreement(a: &Raster<SrgbF32>, b: &Raster<SrgbF32>) -> f64 {
    ssim(&edges(a), &edges(b), Window::Gaussian, 1.0).expect("same size")
}

fn edges(picture: &Raster<SrgbF32>) -> Raster<ScalarF32> {
    let lab = lab_from_srgb(picture.clone());
    let (width, height) = picture.size();
    let sigma = 1.5 * ((width * height) as f32).sqrt() / 256.0;
    let light = Raster::<ScalarF32>::from_fn(width, height, |x, y, s| s[0] = lab.pixel(x, y)[0]);
    let soft = gaussian(&light, sigma, &CancelToken::default()).expect("not cancelled");
    let at = |x: usize, y: usize| soft.pixel(x.min(width - 1), y.min(height - 1))[0];
    let mut slopes = Raster::<ScalarF32>::from_fn(width, height, |x, y, s| {
        let (dx, dy) = (at(x + 1, y) - at(x.saturating_sub(1), y), at(x, y + 1) - at(x, y.saturating_sub(1)));
        s[0] = dx.hypot(dy);
    });
    let mut sorted = slopes.samples().to_vec();
    sorted.sort_by(f32::total_cmp);
    let most = sorted[sorted.len() * 98 / 100].max(1e-3);
    slopes.samples_mut().iter_mut().for_each(|v| *v = (*v / most).min(1.0));
    slopes
}
