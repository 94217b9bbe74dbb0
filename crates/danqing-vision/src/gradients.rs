//! Grey values and image gradients: `grey` equals `cv2.cvtColor(RGB2GRAY)`, `sobel` and `scharr` equal `cv2.Sobel` and
//! `cv2.Scharr` with a 16-bit result; all exact.
//!
//! Source: opencv/opencv@4.11.0 `modules/imgproc/src/color_rgb.simd.hpp` (15-bit BT.601 weights), `deriv.cpp`.

use danqing_capability::{CancelToken, Cancelled};
use danqing_media::{Gray8, Raster, Srgb8};

use crate::blur::Border;

/// BT.601 luma of encoded samples: `(9798 R + 19235 G + 3735 B + 2¹⁴) >> 15`.
///
/// # Errors
/// [`Cancelled`].
pub fn grey(from: &Raster<Srgb8>, cancel: &CancelToken) -> Result<Raster<Gray8>, Cancelled> {
    let mut made = Raster::filled(from.width(), from.height(), 0);
    for y in 0..from.height() {
        cancel.check()?;
        for (to, rgb) in made.row_mut(y).iter_mut().zip(from.row(y).chunks_exact(3)) {
            let [r, g, b] = [rgb[0], rgb[1], rgb[2]].map(u32::from);
            *to = ((9798 * r + 19235 * g + 3735 * b + (1 << 14)) >> 15) as u8;
        }
    }
    Ok(made)
}

/// Derivative kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Operator {
    /// Sobel 3×3.
    #[default]
    Sobel3,
    /// Sobel 5×5.
    Sobel5,
    /// Sobel 7×7, results divided by 16 (ties to even), so that they fit 16 bit; OpenCV's Canny does the same.
    Sobel7,
    /// Scharr 3×3.
    Scharr,
}

impl Operator {
    /// Smoothing half, derivative half.
    fn kernels(self) -> (&'static [i32], &'static [i32]) {
        match self {
            Self::Sobel3 => (&[1, 2, 1], &[-1, 0, 1]),
            Self::Sobel5 => (&[1, 4, 6, 4, 1], &[-1, -2, 0, 2, 1]),
            Self::Sobel7 => (&[1, 6, 15, 20, 15, 6, 1], &[-1, -4, -5, 0, 5, 4, 1]),
            Self::Scharr => (&[3, 10, 3], &[-1, 0, 1]),
        }
    }

    fn sample(self, sum: i32) -> i16 {
        let scaled = if self == Self::Sobel7 { (f64::from(sum) / 16.0).round_ties_even() as i32 } else { sum };
        scaled.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16
    }
}

/// Horizontal and vertical derivative of every pixel, in row order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gradients {
    /// Pixels per row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Towards the right.
    pub dx: Vec<i16>,
    /// Downwards.
    pub dy: Vec<i16>,
}

/// Both derivatives of a grey picture.
///
/// # Errors
/// [`Cancelled`].
pub fn gradients(
    from: &Raster<Gray8>,
    operator: Operator,
    border: Border,
    cancel: &CancelToken,
) -> Result<Gradients, Cancelled> {
    let (width, height) = from.size();
    let mut made = Gradients { width, height, dx: vec![0; width * height], dy: vec![0; width * height] };
    if from.bounds().is_empty() {
        return Ok(made);
    }
    let (smooth, derive) = operator.kernels();
    let radius = smooth.len() / 2;
    let columns: Vec<usize> =
        (0..width + 2 * radius).map(|x| border.index(x as isize - radius as isize, width)).collect();
    let (mut smoothed, mut derived) = (vec![0_i32; columns.len()], vec![0_i32; columns.len()]);
    for y in 0..height {
        cancel.check()?;
        sum_columns(from, y, (smooth, derive), border, &columns, (&mut smoothed, &mut derived));
        let row = y * width..(y + 1) * width;
        for (x, (dx, dy)) in made.dx[row.clone()].iter_mut().zip(&mut made.dy[row]).enumerate() {
            *dx = operator.sample(dot(derive, &smoothed[x..]));
            *dy = operator.sample(dot(smooth, &derived[x..]));
        }
    }
    Ok(made)
}

/// `cv2.Sobel` of both directions with `BORDER_REFLECT_101`.
///
/// # Errors
/// [`Cancelled`].
pub fn sobel(from: &Raster<Gray8>, cancel: &CancelToken) -> Result<Gradients, Cancelled> {
    gradients(from, Operator::Sobel3, Border::Reflect101, cancel)
}

/// `cv2.Scharr` of both directions with `BORDER_REFLECT_101`.
///
/// # Errors
/// [`Cancelled`].
pub fn scharr(from: &Raster<Gray8>, cancel: &CancelToken) -> Result<Gradients, Cancelled> {
    gradients(from, Operator::Scharr, Border::Reflect101, cancel)
}

/// The vertical pass around row `y`: smoothed and derived sums of every (padded) column.
fn sum_columns(
    from: &Raster<Gray8>,
    y: usize,
    (smooth, derive): (&[i32], &[i32]),
    border: Border,
    columns: &[usize],
    (smoothed, derived): (&mut [i32], &mut [i32]),
) {
    smoothed.fill(0);
    derived.fill(0);
    let radius = smooth.len() as isize / 2;
    for (i, (&s, &d)) in smooth.iter().zip(derive).enumerate() {
        let row = from.row(border.index(y as isize + i as isize - radius, from.height()));
        for ((a, b), &x) in smoothed.iter_mut().zip(derived.iter_mut()).zip(columns) {
            *a += s * i32::from(row[x]);
            *b += d * i32::from(row[x]);
        }
    }
}

fn dot(kernel: &[i32], values: &[i32]) -> i32 {
    kernel.iter().zip(values).map(|(k, v)| k * v).sum()
}
