//! Exact Euclidean distance transform, equal to `scipy.ndimage.distance_transform_edt` (squares are whole numbers, so
//! the only rounding is the final root) and to `cv2.distanceTransform(DIST_L2, DIST_MASK_PRECISE)` within 1e-3.
//!
//! Source: A. Meijster, J. Roerdink, W. Hesselink, "A general algorithm for computing distance transforms in linear
//! time", 2000.

use danqing_capability::{CancelToken, Cancelled};
use danqing_media::{Raster, ScalarF32, Space};

/// Squared distance where no target exists.
pub const NOWHERE: u64 = u64::MAX;

/// Distance in pixels of every pixel to the nearest zero sample (0 there); infinite if there is none.
///
/// # Errors
/// [`Cancelled`].
pub fn distance_to_zero<S: Space<Sample = u8>>(
    from: &Raster<S>,
    cancel: &CancelToken,
) -> Result<Raster<ScalarF32>, Cancelled> {
    let squares = squared_distances(from.width(), from.height(), |i| is_zero(from, i), cancel)?;
    rooted(from.size(), &squares, cancel)
}

/// Distance in pixels of every pixel to the nearest sample that is not zero (0 there); infinite if there is none.
///
/// # Errors
/// [`Cancelled`].
pub fn distance_to_nonzero<S: Space<Sample = u8>>(
    from: &Raster<S>,
    cancel: &CancelToken,
) -> Result<Raster<ScalarF32>, Cancelled> {
    let squares = squared_distances(from.width(), from.height(), |i| !is_zero(from, i), cancel)?;
    rooted(from.size(), &squares, cancel)
}

fn is_zero<S: Space<Sample = u8>>(from: &Raster<S>, pixel: usize) -> bool {
    from.samples()[pixel * S::CHANNELS..][..S::CHANNELS].iter().all(|&s| s == 0)
}

fn rooted(
    (width, height): (usize, usize),
    squares: &[u64],
    cancel: &CancelToken,
) -> Result<Raster<ScalarF32>, Cancelled> {
    let mut made = Raster::filled(width, height, f32::INFINITY);
    for (y, squares) in squares.chunks_exact(width.max(1)).enumerate() {
        cancel.check()?;
        for (to, &square) in made.row_mut(y).iter_mut().zip(squares) {
            if square != NOWHERE {
                *to = (square as f64).sqrt() as f32;
            }
        }
    }
    Ok(made)
}

/// Squared distance of every pixel (in row order) to the nearest one for which `is_target(index)`; [`NOWHERE`] if there
/// is none.
///
/// # Errors
/// [`Cancelled`].
pub fn squared_distances(
    width: usize,
    height: usize,
    is_target: impl Fn(usize) -> bool,
    cancel: &CancelToken,
) -> Result<Vec<u64>, Cancelled> {
    let mut squares = vec![NOWHERE; width * height];
    if squares.is_empty() {
        return Ok(squares);
    }
    let mut columns = column_distances(width, height, is_target, cancel)?;
    let mut parabolas = Vec::with_capacity(width);
    for (row, squares) in columns.chunks_exact_mut(width).zip(squares.chunks_exact_mut(width)) {
        cancel.check()?;
        lower_envelope(row, &mut parabolas);
        read_envelope(row, &parabolas, squares);
    }
    Ok(squares)
}

/// A column without target.
const NO_TARGET: u32 = u32::MAX;

/// Distance to the nearest target in the same column.
fn column_distances(
    width: usize,
    height: usize,
    is_target: impl Fn(usize) -> bool,
    cancel: &CancelToken,
) -> Result<Vec<u32>, Cancelled> {
    let mut distances = vec![NO_TARGET; width * height];
    for y in 0..height {
        cancel.check()?;
        for i in y * width..(y + 1) * width {
            let above = if i < width { NO_TARGET } else { distances[i - width] };
            distances[i] = if is_target(i) { 0 } else { above.saturating_add(1) };
        }
    }
    for y in (0..height - 1).rev() {
        cancel.check()?;
        for i in y * width..(y + 1) * width {
            distances[i] = distances[i].min(distances[i + width].saturating_add(1));
        }
    }
    Ok(distances)
}

/// The parabola of column `apex` is the lowest from column `from` on.
#[derive(Clone, Copy)]
struct Parabola {
    apex: usize,
    from: usize,
}

/// Parabolas `(x − apex)² + distance²` that are lowest somewhere, from left to right.
fn lower_envelope(distances: &[u32], parabolas: &mut Vec<Parabola>) {
    parabolas.clear();
    let value = |x: usize, apex: usize| x.abs_diff(apex) as u64 * x.abs_diff(apex) as u64 + square(distances[apex]);
    for apex in (0..distances.len()).filter(|&x| distances[x] != NO_TARGET) {
        while parabolas.last().is_some_and(|p| value(p.from, p.apex) > value(p.from, apex)) {
            parabolas.pop();
        }
        let from = parabolas.last().map_or(Some(0), |p| crossing(p.apex, apex, distances));
        if let Some(from) = from.filter(|&from| from < distances.len()) {
            parabolas.push(Parabola { apex, from });
        }
    }
}

/// First whole column right of where the parabola of `right` gets below that of `left` (`left < right`).
fn crossing(left: usize, right: usize, distances: &[u32]) -> Option<usize> {
    let (l, r) = (left as i64, right as i64);
    let numerator = r * r - l * l + square(distances[right]) as i64 - square(distances[left]) as i64;
    usize::try_from(numerator.div_euclid(2 * (r - l)) + 1).ok()
}

fn read_envelope(distances: &[u32], parabolas: &[Parabola], squares: &mut [u64]) {
    for (i, parabola) in parabolas.iter().enumerate() {
        let end = parabolas.get(i + 1).map_or(squares.len(), |next| next.from);
        for (x, to) in squares.iter_mut().enumerate().take(end).skip(parabola.from) {
            *to = x.abs_diff(parabola.apex).pow(2) as u64 + square(distances[parabola.apex]);
        }
    }
}

fn square(distance: u32) -> u64 {
    u64::from(distance) * u64::from(distance)
}

#[cfg(test)]
mod tests {
    use danqing_media::Mask8;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn equals_the_nearest_of_all_targets(
            width in 1_usize..24,
            height in 1_usize..24,
            seeds in prop::collection::vec(0_usize..576, 0..12),
        ) {
            let mut mask = Raster::<Mask8>::filled(width, height, 0);
            for seed in &seeds {
                mask.samples_mut()[seed % (width * height)] = 9;
            }
            let is_set = |i: usize| mask.samples()[i] != 0;
            let squares = squared_distances(width, height, is_set, &CancelToken::default()).expect("not cancelled");
            for (i, &square) in squares.iter().enumerate() {
                let nearest = seeds.iter().map(|seed| {
                    let target = seed % (width * height);
                    ((target % width).abs_diff(i % width).pow(2) + (target / width).abs_diff(i / width).pow(2)) as u64
                });
                prop_assert_eq!(square, nearest.min().unwrap_or(NOWHERE));
            }
        }
    }
}
