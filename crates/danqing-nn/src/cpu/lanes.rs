//! The few vector operations that kernels are written in.

/// A vector of `f32`; one implementation per tier.
///
/// Every method is `#[inline(always)]`, so that it becomes one instruction inside [`super::dispatch`]'s
/// `#[target_feature]` functions.
///
/// # Safety
/// Values of an implementation may be made only where its instructions exist; `load` and `store` need `WIDTH` valid
/// values behind the pointer (no alignment), the `_first` forms only `count`, at most `WIDTH`.
pub(super) trait Lanes: Copy {
    /// Values per vector.
    const WIDTH: usize;
    /// Output pixels per register tile of the dense kernel (two vectors of channels each).
    const ROWS: usize;

    /// The same value in every lane.
    unsafe fn splat(value: f32) -> Self;
    /// Reads `WIDTH` values.
    unsafe fn load(from: *const f32) -> Self;
    /// Writes `WIDTH` values.
    unsafe fn store(self, to: *mut f32);
    /// `self + other`.
    unsafe fn plus(self, other: Self) -> Self;
    /// `self − other`.
    unsafe fn minus(self, other: Self) -> Self;
    /// `self · other`.
    unsafe fn times(self, other: Self) -> Self;
    /// `self / other`.
    unsafe fn over(self, other: Self) -> Self;
    /// `self · other + sum`, rounded once where the tier can.
    unsafe fn times_plus(self, other: Self, sum: Self) -> Self;
    /// The larger one; `other` if either is NaN.
    unsafe fn max_or(self, other: Self) -> Self;
    /// The smaller one; `other` if either is NaN.
    unsafe fn min_or(self, other: Self) -> Self;
    /// The lane's bits 23 places up: its lowest bits become the exponent.
    unsafe fn bits_to_exponent(self) -> Self;

    /// Reads `WIDTH` words of two bf16 each: the low halves as one vector, the high halves as another.
    unsafe fn load_halves(from: *const f32) -> [Self; 2];
    /// Reads `2 · WIDTH` values of half precision: the first `WIDTH` as one vector, the others as another.
    unsafe fn load_f16(from: *const f32) -> [Self; 2];
    /// Reads `2 · WIDTH` bytes, signed: the first `WIDTH` as one vector, the others as another.
    unsafe fn load_bytes(from: *const f32) -> [Self; 2];
    /// The nearest bf16, ties to even; NaN stays NaN.
    unsafe fn rounded_to_bf16(self) -> Self;

    /// Reads `WIDTH` bf16 values, which have no alignment.
    unsafe fn load_bf16(from: *const u16) -> Self;
    /// Writes the nearest bf16 of each lane, as [`Self::rounded_to_bf16`].
    unsafe fn store_bf16(self, to: *mut u16);

    /// Transposes eight rows of eight values: `to[column][row] = from[row][column]`, strides from one row to the next.
    #[inline(always)]
    unsafe fn turn_square(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize) {
        // SAFETY: eight rows of eight values to read and to write by the caller's promise.
        unsafe {
            for index in 0..64 {
                *to.add(index % 8 * to_stride + index / 8) = *from.add(index / 8 * from_stride + index % 8);
            }
        }
    }

    /// Writes `2 · WIDTH` values of half precision, which each is one of, in the order of [`Self::load_f16`].
    #[inline(always)]
    unsafe fn store_f16(from: *const f32, to: *mut f32) {
        // SAFETY: `2 · WIDTH` values to read and room for as many halves by the caller's promise.
        unsafe {
            for index in 0..2 * Self::WIDTH {
                to.cast::<u16>().add(index).write(super::f16::bits(*from.add(index)));
            }
        }
    }

    /// Reads `count` values, the rest is 0.
    #[inline(always)]
    unsafe fn load_first(from: *const f32, count: usize) -> Self {
        let mut lanes = [0.0_f32; 16];
        // SAFETY: `count` values are valid by the trait's contract, and at most 16.
        unsafe {
            std::ptr::copy_nonoverlapping(from, lanes.as_mut_ptr(), count.min(Self::WIDTH));
            Self::load(lanes.as_ptr())
        }
    }

    /// Writes the first `count` values.
    #[inline(always)]
    unsafe fn store_first(self, to: *mut f32, count: usize) {
        let mut lanes = [0.0_f32; 16];
        // SAFETY: `count` values are valid by the trait's contract, and at most 16.
        unsafe {
            self.store(lanes.as_mut_ptr());
            std::ptr::copy_nonoverlapping(lanes.as_ptr(), to, count.min(Self::WIDTH));
        }
    }

    /// Reads `count` bf16 values, the rest is 0.
    #[inline(always)]
    unsafe fn load_first_bf16(from: *const u16, count: usize) -> Self {
        let mut lanes = [0_u16; 16];
        // SAFETY: `count` values are valid by the trait's contract, and at most 16.
        unsafe {
            std::ptr::copy_nonoverlapping(from, lanes.as_mut_ptr(), count.min(Self::WIDTH));
            Self::load_bf16(lanes.as_ptr())
        }
    }

    /// Writes the nearest bf16 of the first `count` lanes.
    #[inline(always)]
    unsafe fn store_first_bf16(self, to: *mut u16, count: usize) {
        let mut lanes = [0_u16; 16];
        // SAFETY: `count` values are valid by the trait's contract, and at most 16.
        unsafe {
            self.store_bf16(lanes.as_mut_ptr());
            std::ptr::copy_nonoverlapping(lanes.as_ptr(), to, count.min(Self::WIDTH));
        }
    }

    /// Sum of the lanes, halves first: a fixed order.
    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        let mut lanes = [0.0_f32; 16];
        // SAFETY: 16 lanes are room for every width.
        unsafe { self.store(lanes.as_mut_ptr()) };
        let mut width = Self::WIDTH;
        while width > 1 {
            width /= 2;
            for lane in 0..width {
                lanes[lane] += lanes[lane + width];
            }
        }
        lanes[0]
    }
}
