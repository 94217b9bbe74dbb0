//! Transposition.

use crate::cpu::lanes::Lanes;

/// Rows and columns of [`Lanes::turn_square`].
const SIDE: usize = 8;

/// A matrix in memory, rows one after another.
#[derive(Clone, Copy)]
pub(super) struct Rows<P> {
    pub(super) first: P,
    /// Values from one row to the next.
    pub(super) stride: usize,
}

/// `to[column][row] = from[row][column]`.
///
/// # Safety
/// The processor has the instructions of `L`; `from` has `rows` of `columns` values, `to` `columns` of `rows`.
#[inline(always)]
pub(super) unsafe fn turn<L: Lanes>(from: Rows<*const f32>, (rows, columns): (usize, usize), to: Rows<*mut f32>) {
    for (row, column) in (0..rows).step_by(SIDE).flat_map(|row| (0..columns).step_by(SIDE).map(move |at| (row, at))) {
        let (height, width) = (SIDE.min(rows - row), SIDE.min(columns - column));
        // SAFETY: the part of `height` rows and `width` columns lies in both.
        unsafe {
            let from_part = from.first.add(row * from.stride + column);
            let to_part = to.first.add(column * to.stride + row);
            if (height, width) == (SIDE, SIDE) {
                L::turn_square(from_part, from.stride, to_part, to.stride);
            } else {
                for (r, c) in (0..height).flat_map(|r| (0..width).map(move |c| (r, c))) {
                    *to_part.add(c * to.stride + r) = *from_part.add(r * from.stride + c);
                }
            }
        }
    }
}
