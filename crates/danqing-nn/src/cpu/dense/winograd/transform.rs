//! The one-dimensional transforms of F(4, 3): four outputs of three taps from six products.
//!
//! The polynomials are evaluated at 0, ±5/8, ±3/2 and infinity. These points come from a search over ±a, ±b: every
//! constant of the input's and the output's transform is exact in `f32`, and the error in the mean is about half that of
//! the usual 0, ±1, ±2 (B. Barabasz, A. Anderson, K. Soodhalter, D. Gregg, "Error Analysis and Improving the Accuracy of
//! Winograd Convolution for Deep Neural Networks", 2018, shows why points matter).

use crate::cpu::lanes::Lanes;

/// Outputs of a tile along one axis.
pub(super) const OUTPUTS: usize = 4;
/// Inputs of a tile, and products, along one axis.
pub(super) const SIDE: usize = 6;
/// Taps along one axis.
pub(super) const TAPS: usize = 3;
/// Products of a tile.
pub(super) const POSITIONS: usize = SIDE * SIDE;

const A: f32 = 0.625;
const B: f32 = 1.5;
const A2: f32 = A * A;
const B2: f32 = B * B;
/// Reciprocals of the distances to the other points.
const AT_0: f32 = 1.0 / (A2 * B2);
const AT_A: f32 = 1.0 / (2.0 * A2 * (A2 - B2));
const AT_B: f32 = 1.0 / (2.0 * B2 * (B2 - A2));

/// Inputs at the six points.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
pub(super) unsafe fn input_line<L: Lanes>(x: [L; SIDE]) -> [L; SIDE] {
    // SAFETY: passed on from the caller.
    unsafe {
        let (even_a, even_b) = (x[2].times_plus(L::splat(-B2), x[4]), x[2].times_plus(L::splat(-A2), x[4]));
        let odd_a = x[1].times_plus(L::splat(-B2), x[3]).times(L::splat(A));
        let odd_b = x[1].times_plus(L::splat(-A2), x[3]).times(L::splat(B));
        [
            outer([x[0], x[2], x[4]]),
            even_a.plus(odd_a),
            even_a.minus(odd_a),
            even_b.plus(odd_b),
            even_b.minus(odd_b),
            outer([x[1], x[3], x[5]]),
        ]
    }
}

/// The product of all points but 0, or of all but infinity.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
unsafe fn outer<L: Lanes>([first, middle, last]: [L; 3]) -> L {
    // SAFETY: passed on from the caller.
    unsafe { first.times_plus(L::splat(A2 * B2), middle.times_plus(L::splat(-(A2 + B2)), last)) }
}

/// Weights at the six points.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
pub(super) unsafe fn weight_line<L: Lanes>(w: [L; TAPS]) -> [L; SIDE] {
    // SAFETY: passed on from the caller.
    unsafe {
        let even_a = w[2].times_plus(L::splat(A2 * AT_A), w[0].times(L::splat(AT_A)));
        let even_b = w[2].times_plus(L::splat(B2 * AT_B), w[0].times(L::splat(AT_B)));
        let (odd_a, odd_b) = (w[1].times(L::splat(A * AT_A)), w[1].times(L::splat(B * AT_B)));
        [
            w[0].times(L::splat(AT_0)),
            even_a.plus(odd_a),
            even_a.minus(odd_a),
            even_b.plus(odd_b),
            even_b.minus(odd_b),
            w[2],
        ]
    }
}

/// Outputs of the products at the six points.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
pub(super) unsafe fn output_line<L: Lanes>(m: [L; SIDE]) -> [L; OUTPUTS] {
    // SAFETY: passed on from the caller.
    unsafe {
        let (sum_a, difference_a) = (m[1].plus(m[2]), m[1].minus(m[2]));
        let (sum_b, difference_b) = (m[3].plus(m[4]), m[3].minus(m[4]));
        [
            m[0].plus(sum_a.plus(sum_b)),
            difference_a.times_plus(L::splat(A), difference_b.times(L::splat(B))),
            sum_a.times_plus(L::splat(A2), sum_b.times(L::splat(B2))),
            difference_a.times_plus(L::splat(A2 * A), difference_b.times_plus(L::splat(B2 * B), m[5])),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::portable::Portable;

    /// Every product of one input and one tap by itself: the transforms are linear in both.
    #[test]
    fn six_products_are_four_outputs_of_three_taps() {
        for (input, tap) in (0..SIDE).flat_map(|input| (0..TAPS).map(move |tap| (input, tap))) {
            let unit = |at: usize, index: usize| if at == index { 1.0 } else { 0.0 };
            // SAFETY: portable lanes need no instructions, and `first` has room for them.
            let y: [f32; OUTPUTS] = unsafe {
                let x = input_line(std::array::from_fn(|at| Portable::<8>::splat(unit(at, input))));
                let w = weight_line(std::array::from_fn(|at| Portable::<8>::splat(unit(at, tap))));
                output_line(std::array::from_fn(|at| x[at].times(w[at]))).map(|lanes| {
                    let mut first = [0.0; 8];
                    lanes.store(first.as_mut_ptr());
                    first[0]
                })
            };
            for (output, y) in y.into_iter().enumerate() {
                let exact = unit(output + tap, input);
                assert!((y - exact).abs() < 3e-6, "input {input}, tap {tap}, output {output}: {y}, exact {exact}");
            }
        }
    }
}
