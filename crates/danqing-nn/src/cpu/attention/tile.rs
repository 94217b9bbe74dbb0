//! The register tile of attention: a few rows times one or two vectors of queries.

use crate::cpu::lanes::Lanes;

/// `to[row] = Σ a[k][row] · b[k]` over `depth`, for 1 to `L::ROWS` rows of C vectors, plus what `to` held times `shrunk`,
/// where given; each sum in the order of `k`.
///
/// # Safety
/// The processor has the instructions of `L`; `a` has `depth` rows of `rows` values, `b` as many of C vectors, `to` has
/// `rows` of C vectors.
#[inline(always)]
pub(super) unsafe fn product<L: Lanes, const C: usize>(
    rows: usize,
    (a, b, depth): (*const f32, *const f32, usize),
    shrunk: Option<[L; C]>,
    to: *mut f32,
) {
    // SAFETY: passed on; the tile has `rows` rows.
    unsafe {
        match rows {
            1 => tile::<L, 1, C>(a, b, depth, shrunk, to),
            2 => tile::<L, 2, C>(a, b, depth, shrunk, to),
            3 => tile::<L, 3, C>(a, b, depth, shrunk, to),
            // Heights that a tier has not are not compiled for it.
            4 if L::ROWS >= 4 => tile::<L, 4, C>(a, b, depth, shrunk, to),
            5 if L::ROWS >= 5 => tile::<L, 5, C>(a, b, depth, shrunk, to),
            6 if L::ROWS >= 6 => tile::<L, 6, C>(a, b, depth, shrunk, to),
            7 if L::ROWS >= 7 => tile::<L, 7, C>(a, b, depth, shrunk, to),
            8 if L::ROWS >= 8 => tile::<L, 8, C>(a, b, depth, shrunk, to),
            _ => debug_assert!(false, "bands are at most `L::ROWS` high"),
        }
    }
}

/// [`product`] for R rows.
#[inline(always)]
unsafe fn tile<L: Lanes, const R: usize, const C: usize>(
    mut a: *const f32,
    mut b: *const f32,
    depth: usize,
    shrunk: Option<[L; C]>,
    to: *mut f32,
) {
    // SAFETY: see `product`; `a` and `b` advance one row per step.
    unsafe {
        let mut sums = [[L::splat(0.0); C]; R];
        if let Some(shrunk) = shrunk {
            for row in 0..R {
                for column in 0..C {
                    sums[row][column] = L::load(to.add((row * C + column) * L::WIDTH)).times(shrunk[column]);
                }
            }
        }
        for _ in 0..depth {
            let mut vectors = [L::splat(0.0); C];
            for column in 0..C {
                vectors[column] = L::load(b.add(column * L::WIDTH));
            }
            for row in 0..R {
                let value = L::splat(*a.add(row));
                for column in 0..C {
                    sums[row][column] = value.times_plus(vectors[column], sums[row][column]);
                }
            }
            (a, b) = (a.add(R), b.add(C * L::WIDTH));
        }
        for row in 0..R {
            for column in 0..C {
                sums[row][column].store(to.add((row * C + column) * L::WIDTH));
            }
        }
    }
}
