//! 3×3 windows of the matting Laplacian.

use danqing_capability::{CancelToken, Cancelled};
use danqing_media::{Mask, Raster, SrgbF32};

use super::trimap::{BACKGROUND, SUBJECT};
use crate::bands;

/// Windows or pixels of one task.
const BLOCK: usize = 4096;
/// No window is centred here.
const NONE: u32 = u32::MAX;
/// Pixels of a window.
const AREA: f32 = 9.0;

/// Mean colour and inverse of the regularised covariance (xx, xy, xz, yy, yz, zz).
#[derive(Clone, Copy, Default)]
struct Window {
    centre: u32,
    mean: [f32; 3],
    inverse: [f32; 6],
}

/// The matting Laplacian, applied without being stored: only the windows that touch an unknown pixel.
pub(super) struct Laplacian<'a> {
    picture: &'a Raster<SrgbF32>,
    windows: Vec<Window>,
    /// Window by its centre.
    at: Vec<u32>,
    /// Unknown pixels in row order.
    pub(super) unknown: Vec<u32>,
    /// Diagonal at the unknown pixels.
    pub(super) diagonal: Vec<f32>,
    /// Plane fitted to a field in each window: slope and offset.
    planes: Vec<[f32; 4]>,
}

impl<'a> Laplacian<'a> {
    pub(super) fn new(
        picture: &'a Raster<SrgbF32>,
        trimap: &Mask,
        epsilon: f32,
        cancel: &CancelToken,
    ) -> Result<Self, Cancelled> {
        let (width, height) = picture.size();
        let is_unknown = |i: usize| !matches!(trimap.samples()[i], SUBJECT | BACKGROUND);
        let unknown: Vec<u32> = (0..width * height).filter(|&i| is_unknown(i)).map(|i| i as u32).collect();
        let mut at = vec![NONE; width * height];
        for &pixel in &unknown {
            for_each_centre(pixel as usize, width, height, |centre| at[centre] = 0);
        }
        let mut windows: Vec<Window> = Vec::new();
        for (centre, slot) in at.iter_mut().enumerate().filter(|(_, slot)| **slot != NONE) {
            *slot = windows.len() as u32;
            windows.push(Window { centre: centre as u32, ..Window::default() });
        }
        bands::for_each_row(
            &mut windows,
            BLOCK,
            cancel,
            || (),
            |(), _, windows| {
                for window in windows {
                    *window = measured(picture, window.centre, epsilon);
                }
            },
        )?;
        let planes = vec![[0.0; 4]; windows.len()];
        let mut laplacian = Self { picture, windows, at, unknown, diagonal: Vec::new(), planes };
        laplacian.diagonal = laplacian.unknown.iter().map(|&pixel| laplacian.diagonal_at(pixel as usize)).collect();
        Ok(laplacian)
    }

    /// `(L · field)` at the unknown pixels: a window says by how much the field is no linear function of colour in it.
    pub(super) fn apply(&mut self, field: &[f32], out: &mut [f32], cancel: &CancelToken) -> Result<(), Cancelled> {
        let width = self.picture.width();
        let (windows, picture) = (&self.windows, self.picture);
        bands::for_each_row(
            &mut self.planes,
            BLOCK,
            cancel,
            || (),
            |(), block, planes| {
                for (plane, window) in planes.iter_mut().zip(&windows[block * BLOCK..]) {
                    *plane = fitted(picture, window, field);
                }
            },
        )?;
        let (unknown, at, planes, height) = (&self.unknown, &self.at, &self.planes, self.picture.height());
        bands::for_each_row(
            out,
            BLOCK,
            cancel,
            || (),
            |(), block, out| {
                for (to, &pixel) in out.iter_mut().zip(&unknown[block * BLOCK..]) {
                    let (mut sum, mut count) = ([0.0_f32; 4], 0.0);
                    for_each_centre(pixel as usize, width, height, |centre| {
                        let plane = &planes[at[centre] as usize];
                        sum.iter_mut().zip(plane).for_each(|(s, v)| *s += v);
                        count += 1.0;
                    });
                    let colour = colour_at(picture, pixel as usize);
                    let fitted = sum[0] * colour[0] + sum[1] * colour[1] + sum[2] * colour[2] + sum[3];
                    *to = count * field[pixel as usize] - fitted;
                }
            },
        )
    }

    fn diagonal_at(&self, pixel: usize) -> f32 {
        let (width, height) = self.picture.size();
        let colour = colour_at(self.picture, pixel);
        let mut sum = 0.0;
        for_each_centre(pixel, width, height, |centre| {
            let window = &self.windows[self.at[centre] as usize];
            let away = [0, 1, 2].map(|c| colour[c] - window.mean[c]);
            let turned = product(&window.inverse, away);
            sum += 1.0 - (1.0 + dot(away, turned)) / AREA;
        });
        sum
    }
}

/// Centres of the windows that hold a pixel and lie wholly inside.
fn for_each_centre(pixel: usize, width: usize, height: usize, mut visit: impl FnMut(usize)) {
    let (x, y) = (pixel % width, pixel / width);
    for row in y.max(2) - 1..(y + 2).min(height.saturating_sub(1)) {
        for column in x.max(2) - 1..(x + 2).min(width.saturating_sub(1)) {
            visit(row * width + column);
        }
    }
}

fn colour_at(picture: &Raster<SrgbF32>, pixel: usize) -> [f32; 3] {
    let samples = &picture.samples()[pixel * 3..pixel * 3 + 3];
    [samples[0], samples[1], samples[2]]
}

fn pixels_of(centre: u32, width: usize) -> [usize; 9] {
    let first = centre as usize - width - 1;
    std::array::from_fn(|i| first + i / 3 * width + i % 3)
}

/// Statistics in `f64`: a flat window's covariance is far below the colours' rounding.
fn measured(picture: &Raster<SrgbF32>, centre: u32, epsilon: f32) -> Window {
    let colours = pixels_of(centre, picture.width()).map(|i| colour_at(picture, i).map(f64::from));
    let mean = [0, 1, 2].map(|c| colours.iter().map(|colour| colour[c]).sum::<f64>() / 9.0);
    let covariance = |a: usize, b: usize| {
        let sum: f64 = colours.iter().map(|colour| (colour[a] - mean[a]) * (colour[b] - mean[b])).sum();
        (sum + if a == b { f64::from(epsilon) } else { 0.0 }) / 9.0
    };
    let [xx, xy, xz] = [covariance(0, 0), covariance(0, 1), covariance(0, 2)];
    let [yy, yz, zz] = [covariance(1, 1), covariance(1, 2), covariance(2, 2)];
    let inverse = inverse([xx, xy, xz, yy, yz, zz]).map(|v| v as f32);
    Window { centre, mean: mean.map(|v| v as f32), inverse }
}

/// Of a symmetric positive matrix (xx, xy, xz, yy, yz, zz).
pub(super) fn inverse([xx, xy, xz, yy, yz, zz]: [f64; 6]) -> [f64; 6] {
    let minors = [yy * zz - yz * yz, xz * yz - xy * zz, xy * yz - xz * yy];
    let scale = 1.0 / (xx * minors[0] + xy * minors[1] + xz * minors[2]);
    let rest = [xx * zz - xz * xz, xy * xz - xx * yz, xx * yy - xy * xy];
    [minors[0], minors[1], minors[2], rest[0], rest[1], rest[2]].map(|v| v * scale)
}

fn product(m: &[f32; 6], [x, y, z]: [f32; 3]) -> [f32; 3] {
    [m[0] * x + m[1] * y + m[2] * z, m[1] * x + m[3] * y + m[4] * z, m[2] * x + m[4] * y + m[5] * z]
}

fn dot(a: [f32; 3], b: [f32; 3]) -> f32 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// The linear function of colour nearest to the field in the window (ridge regression).
fn fitted(picture: &Raster<SrgbF32>, window: &Window, field: &[f32]) -> [f32; 4] {
    let (mut total, mut moment) = (0.0_f32, [0.0_f32; 3]);
    for i in pixels_of(window.centre, picture.width()) {
        let (value, colour) = (field[i], colour_at(picture, i));
        total += value;
        for c in 0..3 {
            moment[c] += (colour[c] - window.mean[c]) * value;
        }
    }
    let slope = product(&window.inverse, moment.map(|v| v / AREA));
    [slope[0], slope[1], slope[2], total / AREA - dot(slope, window.mean)]
}
