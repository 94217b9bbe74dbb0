//! Box blur: the mean of a square, equal to `cv2.blur` with `BORDER_REFLECT_101`.
//!
//! Exact for 8 bit; `f32` within 1e-6 of the range. Running sums: the time does not depend on the radius.

use danqing_capability::{CancelToken, Cancelled};
use danqing_media::{Raster, Space};

use super::Border;
use crate::{Sample, bands};

/// Mean of the `2 radius + 1` by `2 radius + 1` pixels around each pixel.
///
/// # Errors
/// [`Cancelled`].
pub fn boxed<S: Space<Sample: Sample>>(
    from: &Raster<S>,
    radius: usize,
    cancel: &CancelToken,
) -> Result<Raster<S>, Cancelled> {
    boxed_with(from, radius, Border::Reflect101, cancel)
}

/// [`boxed`] with another border.
///
/// # Errors
/// [`Cancelled`].
pub(crate) fn boxed_with<S: Space<Sample: Sample>>(
    from: &Raster<S>,
    radius: usize,
    border: Border,
    cancel: &CancelToken,
) -> Result<Raster<S>, Cancelled> {
    let (width, height) = from.size();
    if radius == 0 || from.bounds().is_empty() {
        return Ok(from.clone());
    }
    let stride = width * S::CHANNELS;
    let mut across = vec![0.0_f64; stride * height];
    bands::for_each_row(
        &mut across,
        stride,
        cancel,
        || (),
        |(), y, row| {
            sum_rows::<S>(from.row(y), radius, border, row);
        },
    )?;
    let scale = 1.0 / ((2 * radius + 1) as f64).powi(2);
    let mut made = Raster::filled(width, height, S::Sample::default());
    let at = |y: isize| &across[border.index(y, height) * stride..][..stride];
    let mut sums = first_sums(at, radius, stride);
    // One thread: running sums round differently from another start.
    for y in 0..height {
        cancel.check()?;
        made.row_mut(y).iter_mut().zip(&sums).for_each(|(to, &sum)| *to = S::Sample::from_f32((sum * scale) as f32));
        move_down(&mut sums, at, y, radius);
    }
    Ok(made)
}

/// Sums over the horizontal window of every pixel.
fn sum_rows<S: Space<Sample: Sample>>(row: &[S::Sample], radius: usize, border: Border, sums: &mut [f64]) {
    let (width, reach) = (row.len() / S::CHANNELS, radius as isize);
    for channel in 0..S::CHANNELS {
        let at = |x: isize| f64::from(row[border.index(x, width) * S::CHANNELS + channel].to_f32());
        let mut sum: f64 = (-reach..=reach).map(at).sum();
        for x in 0..width {
            sums[x * S::CHANNELS + channel] = sum;
            sum += at(x as isize + reach + 1) - at(x as isize - reach);
        }
    }
}

/// Sums over the vertical window of row 0.
fn first_sums<'a>(at: impl Fn(isize) -> &'a [f64], radius: usize, stride: usize) -> Vec<f64> {
    let mut sums = vec![0.0; stride];
    for y in -(radius as isize)..=radius as isize {
        sums.iter_mut().zip(at(y)).for_each(|(sum, v)| *sum += v);
    }
    sums
}

/// The sums of row `y` moved on to row `y + 1`.
fn move_down<'a>(sums: &mut [f64], at: impl Fn(isize) -> &'a [f64], y: usize, radius: usize) {
    let (enters, leaves) = (at(y as isize + radius as isize + 1), at(y as isize - radius as isize));
    for ((sum, enter), leave) in sums.iter_mut().zip(enters).zip(leaves) {
        *sum += enter - leave;
    }
}
