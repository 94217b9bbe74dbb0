//! Laplacian pyramid blending.

use danqing_capability::{Cancelled, Progress};
use danqing_media::{Raster, ScalarF32, SrgbF32};

use super::{Error, mix_row, same_size};

/// Shorter side below which a level is not halved again.
const LEAST_SIDE: usize = 4;
/// Burt and Adelson's generating kernel with a = 3/8, the binomial one.
const TAPS: [f32; 5] = [1.0 / 16.0, 4.0 / 16.0, 6.0 / 16.0, 4.0 / 16.0, 1.0 / 16.0];

/// One level of a pyramid.
struct Plane<const N: usize> {
    width: usize,
    height: usize,
    samples: Vec<[f32; N]>,
}

/// Blends every octave over a width of its own, so that low frequencies change slowly and texture at once.
///
/// The transition lies where the coverage passes one half, and the result fades into the picture's own pixels below
/// that, so that a coverage of 0 leaves them untouched. Both pictures must be valid everywhere; where the fill has
/// nothing to say it should equal the picture. At most `octaves` halvings (8 are plenty).
///
/// # Errors
/// See [`Error`].
pub fn multiband(
    picture: &Raster<SrgbF32>,
    fill: &Raster<SrgbF32>,
    coverage: &Raster<ScalarF32>,
    octaves: usize,
    progress: &mut Progress<'_>,
) -> Result<Raster<SrgbF32>, Error> {
    same_size(picture, "fill", fill)?;
    same_size(picture, "coverage", coverage)?;
    let mut made = picture.clone();
    if picture.bounds().is_empty() {
        return Ok(made);
    }
    let change = blended_change(picture, fill, coverage, octaves, progress)?;
    let stride = picture.width();
    let mut shares = vec![0.0; stride];
    for y in 0..picture.height() {
        shares.iter_mut().zip(coverage.row(y)).for_each(|(s, c)| *s = (2.0 * c).min(1.0));
        let changed = change.samples[y * stride..(y + 1) * stride].as_flattened().iter().zip(picture.row(y));
        let target: Vec<f32> = changed.map(|(change, own)| own + change).collect();
        mix_row(made.row_mut(y), &target, &shares);
    }
    Ok(made)
}

/// What blending adds to the picture. The blend is linear, so `fill - picture` blended into nothing is all there is.
fn blended_change(
    picture: &Raster<SrgbF32>,
    fill: &Raster<SrgbF32>,
    coverage: &Raster<ScalarF32>,
    octaves: usize,
    progress: &mut Progress<'_>,
) -> Result<Plane<3>, Cancelled> {
    let (width, height) = picture.size();
    let pairs = picture.samples().as_chunks::<3>().0.iter().zip(fill.samples().as_chunks::<3>().0);
    let mut fine =
        Plane { width, height, samples: pairs.map(|(p, f)| [f[0] - p[0], f[1] - p[1], f[2] - p[2]]).collect() };
    let inside = coverage.samples().iter().map(|c| [f32::from(u8::from(*c >= 0.5))]);
    let mut mask = Plane { width, height, samples: inside.collect() };
    let mut bands = Vec::new();
    while bands.len() < octaves && fine.width.min(fine.height) >= 2 * LEAST_SIDE {
        progress.step("blend", bands.len(), 2 * octaves)?;
        let (coarse, coarse_mask) = (halved(&fine), halved(&mask));
        let smooth = doubled(&coarse, fine.width, fine.height);
        subtract(&mut fine, &smooth);
        bands.push((std::mem::replace(&mut fine, coarse), std::mem::replace(&mut mask, coarse_mask)));
    }
    scale(&mut fine, &mask);
    let count = bands.len();
    while let Some((mut band, mask)) = bands.pop() {
        progress.step("blend", 2 * count - bands.len(), 2 * octaves)?;
        scale(&mut band, &mask);
        let smooth = doubled(&fine, band.width, band.height);
        add(&mut band, &smooth);
        fine = band;
    }
    Ok(fine)
}

fn scale(plane: &mut Plane<3>, mask: &Plane<1>) {
    plane.samples.iter_mut().zip(&mask.samples).for_each(|(s, m)| *s = s.map(|v| v * m[0]));
}

fn subtract(plane: &mut Plane<3>, other: &Plane<3>) {
    plane.samples.iter_mut().zip(&other.samples).for_each(|(s, o)| (0..3).for_each(|i| s[i] -= o[i]));
}

fn add(plane: &mut Plane<3>, other: &Plane<3>) {
    plane.samples.iter_mut().zip(&other.samples).for_each(|(s, o)| (0..3).for_each(|i| s[i] += o[i]));
}

/// Smoothed with [`TAPS`] (borders mirrored), every second pixel kept.
fn halved<const N: usize>(fine: &Plane<N>) -> Plane<N> {
    let (width, height) = (fine.width.div_ceil(2), fine.height.div_ceil(2));
    let mut rows = vec![[0.0; N]; width * fine.height];
    for y in 0..fine.height {
        let row = &fine.samples[y * fine.width..(y + 1) * fine.width];
        for x in 0..width {
            rows[y * width + x] = weighted(|i| row[mirrored(2 * x + i, fine.width)]);
        }
    }
    let mut samples = vec![[0.0; N]; width * height];
    for (at, sample) in samples.iter_mut().enumerate() {
        let (x, y) = (at % width, at / width);
        *sample = weighted(|i| rows[mirrored(2 * y + i, fine.height) * width + x]);
    }
    Plane { width, height, samples }
}

fn weighted<const N: usize>(sample: impl Fn(usize) -> [f32; N]) -> [f32; N] {
    let mut sum = [0.0; N];
    for (i, tap) in TAPS.iter().enumerate() {
        sum.iter_mut().zip(sample(i)).for_each(|(s, v)| *s += tap * v);
    }
    sum
}

/// Position `shifted - 2`, mirrored about the first and last pixel.
fn mirrored(shifted: usize, length: usize) -> usize {
    let last = length - 1;
    let position = shifted.abs_diff(2);
    if position <= last { position } else { (2 * last).saturating_sub(position) }
}

/// Twice the size: even pixels from three coarse ones (1 6 1)/8, odd ones from two (4 4)/8, as [`TAPS`] interpolate.
fn doubled<const N: usize>(coarse: &Plane<N>, width: usize, height: usize) -> Plane<N> {
    let mut rows = vec![[0.0; N]; width * coarse.height];
    for y in 0..coarse.height {
        let row = &coarse.samples[y * coarse.width..(y + 1) * coarse.width];
        for x in 0..width {
            rows[y * width + x] = between(x, coarse.width, |i| row[i]);
        }
    }
    let mut samples = vec![[0.0; N]; width * height];
    for (at, sample) in samples.iter_mut().enumerate() {
        let (x, y) = (at % width, at / width);
        *sample = between(y, coarse.height, |i| rows[i * width + x]);
    }
    Plane { width, height, samples }
}

fn between<const N: usize>(position: usize, length: usize, sample: impl Fn(usize) -> [f32; N]) -> [f32; N] {
    let here = position / 2;
    let next = (here + 1).min(length - 1);
    let (a, b, c) = (sample(here.saturating_sub(1)), sample(here), sample(next));
    let mut out = [0.0; N];
    for (i, o) in out.iter_mut().enumerate() {
        *o = if position.is_multiple_of(2) { (a[i] + 6.0 * b[i] + c[i]) / 8.0 } else { b[i].midpoint(c[i]) };
    }
    out
}
