//! Closed-form matting, equal to pymatting 1.1.16 `estimate_alpha_cf` within 2e-3 where `pull` is 0 (both stop
//! at a tolerance; sums are `f32` here).
//!
//! Source: A. Levin, D. Lischinski, Y. Weiss, "A Closed-Form Solution to Natural Image Matting", 2008; known pixels are
//! eliminated as in L. Grady et al., "Random Walks for Interactive Alpha-Matting", 2005. Only the unknown pixels take
//! part; memory is about 60 bytes for each of them and 4 for every pixel.

use danqing_capability::{Cancelled, Progress};
use danqing_media::{Mask, Raster, ScalarF32, SrgbF32};

use super::trimap::{BACKGROUND, SUBJECT};
use super::window::Laplacian;

/// How alpha is found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// Regularisation of the windows' covariance: larger = smoother, noise matters less.
    pub epsilon: f32,
    /// Weight of the guess at unknown pixels; 0 = the guess is only where the search starts.
    pub pull: f32,
    /// Most steps of the conjugate gradients.
    pub iterations: usize,
    /// The search ends when the residual is this share of the first one.
    pub tolerance: f32,
}

impl Default for Options {
    /// pymatting's epsilon; its tolerance within `f32`.
    fn default() -> Self {
        Self { epsilon: 1e-7, pull: 0.0, iterations: 10_000, tolerance: 1e-6 }
    }
}

/// Alpha of the unknown pixels of `trimap` (255 subject, 0 background, else unknown), `0.0..=1.0`; `guess` says where to
/// start, and by `pull` where to stay.
///
/// All three have one size.
///
/// # Errors
/// [`Cancelled`].
pub fn closed_form(
    picture: &Raster<SrgbF32>,
    trimap: &Mask,
    guess: &Raster<ScalarF32>,
    options: &Options,
    progress: &mut Progress<'_>,
) -> Result<Raster<ScalarF32>, Cancelled> {
    let cancel = progress.cancel_token().clone();
    let mut alpha = guess.clone();
    for (value, &known) in alpha.samples_mut().iter_mut().zip(trimap.samples()) {
        *value = match known {
            SUBJECT => 1.0,
            BACKGROUND => 0.0,
            _ => value.clamp(0.0, 1.0),
        };
    }
    let mut laplacian = Laplacian::new(picture, trimap, options.epsilon, &cancel)?;
    if laplacian.unknown.is_empty() {
        return Ok(alpha);
    }
    let found = solved(&mut laplacian, alpha.samples(), options, progress)?;
    for (&pixel, value) in laplacian.unknown.iter().zip(found) {
        alpha.samples_mut()[pixel as usize] = value.clamp(0.0, 1.0);
    }
    Ok(alpha)
}

/// Conjugate gradients with the diagonal as preconditioner, from `start` on; values of the unknown pixels.
fn solved(
    laplacian: &mut Laplacian<'_>,
    start: &[f32],
    options: &Options,
    progress: &mut Progress<'_>,
) -> Result<Vec<f32>, Cancelled> {
    let cancel = progress.cancel_token().clone();
    let unknown = laplacian.unknown.clone();
    let mut x: Vec<f32> = unknown.iter().map(|&pixel| start[pixel as usize]).collect();
    let mut product = vec![0.0; x.len()];
    laplacian.apply(start, &mut product, &cancel)?;
    // The pull is towards the start, so it does not take part in the first residual.
    let mut residual: Vec<f32> = product.iter().map(|v| -v).collect();
    let scale: Vec<f32> = laplacian.diagonal.iter().map(|d| 1.0 / (d + options.pull).max(1e-12)).collect();
    let mut direction = vec![0.0; x.len()];
    let mut field = vec![0.0; start.len()];
    let enough = f64::from(options.tolerance).powi(2) * dot(&residual, &residual);
    let mut before = 0.0;
    for step in 0..options.iterations {
        if dot(&residual, &residual) <= enough {
            break;
        }
        let gain: f64 = residual.iter().zip(&scale).map(|(r, s)| f64::from(r * r * s)).sum();
        let keep = if step == 0 { 0.0 } else { gain / before };
        before = gain;
        for ((d, r), s) in direction.iter_mut().zip(&residual).zip(&scale) {
            *d = r * s + keep as f32 * *d;
        }
        for (&pixel, &d) in unknown.iter().zip(&direction) {
            field[pixel as usize] = d;
        }
        laplacian.apply(&field, &mut product, &cancel)?;
        product.iter_mut().zip(&direction).for_each(|(p, d)| *p += options.pull * d);
        let bend = dot(&direction, &product);
        if bend <= 0.0 {
            break; // rounding is all that is left
        }
        let length = (gain / bend) as f32;
        x.iter_mut().zip(&direction).for_each(|(x, d)| *x += length * d);
        residual.iter_mut().zip(&product).for_each(|(r, p)| *r -= length * p);
        progress.step("matting", step, options.iterations)?;
    }
    Ok(x)
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}
