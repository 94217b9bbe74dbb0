//! Colours of subject and background at pixels that show both, equal to pymatting 1.1.16
//! `estimate_foreground_ml(…, return_background=True)` within 1e-4.
//!
//! Source: T. Germer, T. Uelwer, S. Conrad, S. Harmeling, "Fast Multi-Level Foreground Estimation", 2020. Memory: two
//! pictures of the size given, and a third of that for the level before.

use danqing_capability::{Cancelled, Progress};
use danqing_media::{Raster, ScalarF32, Space, SrgbF32};

const REGULARISATION: f32 = 1e-5;
const SMALL_SIDE: usize = 32;
const SMALL_ROUNDS: usize = 10;
const LARGE_ROUNDS: usize = 2;

/// Estimated colours; where a layer is not seen at all they continue from the nearest place where it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Layers {
    /// Colours of the subject.
    pub foreground: Raster<SrgbF32>,
    /// Colours behind it.
    pub background: Raster<SrgbF32>,
}

/// Splits `picture` by `alpha` (of its size).
///
/// # Errors
/// [`Cancelled`].
pub fn foreground_and_background(
    picture: &Raster<SrgbF32>,
    alpha: &Raster<ScalarF32>,
    progress: &mut Progress<'_>,
) -> Result<Layers, Cancelled> {
    let (width, height) = picture.size();
    let start = |of: &dyn Fn(f32) -> bool| {
        Raster::<SrgbF32>::new(1, 1, mean_colour(picture, alpha, of).to_vec()).unwrap_or(Raster::filled(1, 1, 0.0))
    };
    let mut layers = Layers { foreground: start(&|a| a > 0.9), background: start(&|a| a < 0.1) };
    let levels = (width.max(height) as f64).log2().ceil() as i32;
    for level in 0..=levels {
        let side = |n: usize| match levels {
            0 => n,
            _ => (n as f64).powf(f64::from(level) / f64::from(levels)).round_ties_even() as usize,
        };
        let (w, h) = (side(width), side(height));
        layers.foreground = nearest(&layers.foreground, w, h);
        layers.background = nearest(&layers.background, w, h);
        let (small, opacity) = (nearest(picture, w, h), nearest(alpha, w, h));
        let rounds = if w <= SMALL_SIDE && h <= SMALL_SIDE { SMALL_ROUNDS } else { LARGE_ROUNDS };
        for _ in 0..rounds {
            round(&small, &opacity, &mut layers, progress)?;
        }
    }
    Ok(layers)
}

fn mean_colour(picture: &Raster<SrgbF32>, alpha: &Raster<ScalarF32>, belongs: &dyn Fn(f32) -> bool) -> [f32; 3] {
    let (mut sum, mut count) = ([0.0_f64; 3], 1e-5);
    let pixels = picture.samples().chunks_exact(3).zip(alpha.samples());
    for (colour, _) in pixels.filter(|(_, a)| belongs(**a)) {
        sum.iter_mut().zip(colour).for_each(|(s, v)| *s += f64::from(*v));
        count += 1.0;
    }
    sum.map(|s| (s / count) as f32)
}

/// pymatting's rule: source `floor(i · in / out)`.
fn nearest<S: Space>(from: &Raster<S>, width: usize, height: usize) -> Raster<S> {
    if from.size() == (width, height) {
        return from.clone();
    }
    let at = |i: usize, input: usize, output: usize| (i * input / output).min(input - 1);
    let mut made = Raster::filled(width, height, S::Sample::default());
    let columns: Vec<usize> = (0..width).map(|x| at(x, from.width(), width) * S::CHANNELS).collect();
    for y in 0..height {
        let source = from.row(at(y, from.height(), height));
        for (to, &x) in made.row_mut(y).chunks_exact_mut(S::CHANNELS).zip(&columns) {
            to.copy_from_slice(&source[x..x + S::CHANNELS]);
        }
    }
    made
}

/// One round over all pixels in row order, each from its neighbours' newest colours.
fn round(
    picture: &Raster<SrgbF32>,
    alpha: &Raster<ScalarF32>,
    layers: &mut Layers,
    progress: &mut Progress<'_>,
) -> Result<(), Cancelled> {
    let (width, height) = picture.size();
    for y in 0..height {
        if y % 64 == 0 {
            progress.step("colours", y, height)?;
        }
        let (above, below) = (y.saturating_sub(1) * width, (y + 1).min(height - 1) * width);
        for x in 0..width {
            let i = y * width + x;
            let neighbours =
                [y * width + x.saturating_sub(1), y * width + (x + 1).min(width - 1), above + x, below + x];
            let found = pixel(picture.samples(), alpha.samples(), layers, i, neighbours);
            layers.foreground.samples_mut()[i * 3..i * 3 + 3].copy_from_slice(&found[0]);
            layers.background.samples_mut()[i * 3..i * 3 + 3].copy_from_slice(&found[1]);
        }
    }
    Ok(())
}

/// Both colours of one pixel: they mix to what is seen and are like the neighbours', more so where alpha changes.
#[inline]
fn pixel(picture: &[f32], alpha: &[f32], layers: &Layers, i: usize, neighbours: [usize; 4]) -> [[f32; 3]; 2] {
    let (front, back) = (layers.foreground.samples(), layers.background.samples());
    let (a, b) = (alpha[i], 1.0 - alpha[i]);
    let weights = neighbours.map(|n| REGULARISATION + (a - alpha[n]).abs());
    let total: f32 = weights.iter().sum();
    let (aa, ab, bb) = (a * a + total, a * b, b * b + total);
    let scale = 1.0 / (aa * bb - ab * ab);
    let mut found = [[0.0; 3]; 2];
    for c in 0..3 {
        let seen = picture[i * 3 + c];
        let (mut f, mut g) = (a * seen, b * seen);
        for (n, weight) in neighbours.iter().zip(weights) {
            f += weight * front[n * 3 + c];
            g += weight * back[n * 3 + c];
        }
        found[0][c] = (scale * (bb * f - ab * g)).clamp(0.0, 1.0);
        found[1][c] = (scale * (aa * g - ab * f)).clamp(0.0, 1.0);
    }
    found
}
