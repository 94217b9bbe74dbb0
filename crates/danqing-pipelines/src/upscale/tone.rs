//! The tone anchor: the result's low frequencies are those of the picture, so that no network shifts a colour.

use danqing_capability::{CancelToken, Cancelled};
use danqing_media::{Raster, SrgbF32};
use danqing_vision::blur::gaussian;
use danqing_vision::resize::{Method, resized};

/// Pixels of the picture in one cell of the coarse grid, along each side.
const CELL: usize = 8;
/// Blur of the differences, cells: narrower ones would undo what the network made sharp.
const SIGMA: f32 = 1.5;
/// Largest correction of a sample.
const MOST: f32 = 0.1;

/// Mean absolute difference of the low frequencies, 0..=1, before and after.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shift {
    pub(super) before: f64,
    pub(super) after: f64,
}

/// Adds the blurred difference between `picture` and `made` to `made`.
pub(super) fn anchor(
    picture: &Raster<SrgbF32>,
    made: &mut Raster<SrgbF32>,
    cancel: &CancelToken,
) -> Result<Shift, Cancelled> {
    let difference = low_difference(picture, made, cancel)?;
    let before = mean(&difference);
    add_enlarged(made, &difference, cancel)?;
    let after = mean(&low_difference(picture, made, cancel)?);
    Ok(Shift { before, after })
}

/// What is missing in `made`, on the coarse grid.
fn low_difference(
    picture: &Raster<SrgbF32>,
    made: &Raster<SrgbF32>,
    cancel: &CancelToken,
) -> Result<Raster<SrgbF32>, Cancelled> {
    let cells = |side: usize| (side / CELL).max(1);
    let (width, height) = (cells(picture.width()), cells(picture.height()));
    let mut wanted = resized(picture, width, height, Method::Area, cancel)?;
    let actual = resized(made, width, height, Method::Area, cancel)?;
    for (wanted, actual) in wanted.samples_mut().iter_mut().zip(actual.samples()) {
        *wanted -= actual;
    }
    gaussian(&wanted, SIGMA, cancel)
}

fn mean(difference: &Raster<SrgbF32>) -> f64 {
    difference.samples().iter().map(|&v| f64::from(v.abs())).sum::<f64>() / difference.samples().len() as f64
}

/// Bilinear between cells, row by row.
fn add_enlarged(made: &mut Raster<SrgbF32>, cells: &Raster<SrgbF32>, cancel: &CancelToken) -> Result<(), Cancelled> {
    let (width, height) = made.size();
    let columns: Vec<_> = (0..width).map(|x| between(x, width, cells.width())).collect();
    for y in 0..height {
        cancel.check()?;
        let (low, high, part) = between(y, height, cells.height());
        let (above, below) = (cells.row(low), cells.row(high));
        let row: Vec<f32> = above.iter().zip(below).map(|(a, b)| a + (b - a) * part).collect();
        for (pixel, &(low, high, part)) in made.row_mut(y).chunks_exact_mut(3).zip(&columns) {
            for (channel, sample) in pixel.iter_mut().enumerate() {
                let (a, b) = (row[low * 3 + channel], row[high * 3 + channel]);
                *sample += (a + (b - a) * part).clamp(-MOST, MOST);
            }
        }
    }
    Ok(())
}

/// The two cells around a pixel's centre, and the share of the second.
fn between(at: usize, length: usize, cells: usize) -> (usize, usize, f32) {
    let position = ((at as f64 + 0.5) * cells as f64 / length as f64 - 0.5).max(0.0);
    let low = (position as usize).min(cells - 1);
    (low, (low + 1).min(cells - 1), (position - low as f64) as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tint_goes_and_edges_stay() {
        let scene = |x: f64, y: f64, s: &mut [f32]| {
            let edge = if x + 0.2 * y > 0.6 { 0.7 } else { 0.2 };
            s.copy_from_slice(&[edge, edge * 0.5 + 0.2 * y as f32, 0.4]);
        };
        let at = |n: usize, side: usize| (n as f64 + 0.5) / side as f64;
        let picture = Raster::<SrgbF32>::from_fn(160, 120, |x, y, s| scene(at(x, 160), at(y, 120), s));
        let right = Raster::<SrgbF32>::from_fn(480, 360, |x, y, s| scene(at(x, 480), at(y, 360), s));
        let mut tinted = right.clone();
        tinted.samples_mut().chunks_mut(3).for_each(|p| (p[0], p[2]) = (p[0] + 0.03, p[2] - 0.02));
        let shift = anchor(&picture, &mut tinted, &CancelToken::default()).expect("not cancelled");
        assert!(shift.before > 0.015 && shift.after < 0.001, "{shift:?}");
        let worst = tinted.samples().iter().zip(right.samples()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 0.01, "{worst}");
    }
}
