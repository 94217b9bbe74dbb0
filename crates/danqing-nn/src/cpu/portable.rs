//! Lanes in plain Rust, for every processor.

use super::lanes::Lanes;
use super::{bf16, f16};

/// W values, 8 or 16; the compiler uses whatever vectors the target's baseline has. Sixteen serve only tests, which run
/// the wide tiers' tiling with them where the processor lacks the instructions.
#[derive(Clone, Copy)]
pub(super) struct Portable<const W: usize>([f32; W]);

/// Lane by lane.
macro_rules! lanewise {
    ($a:expr, $b:expr, $x:ident, $y:ident => $result:expr) => {{
        let (a, b) = ($a.0, $b.0);
        let mut lanes = [0.0_f32; W];
        let mut lane = 0;
        while lane < W {
            let ($x, $y) = (a[lane], b[lane]);
            lanes[lane] = $result;
            lane += 1;
        }
        Portable(lanes)
    }};
}

// SAFETY: see the trait's contract for pointers; there are no special instructions.
impl<const W: usize> Lanes for Portable<W> {
    const WIDTH: usize = W;
    const ROWS: usize = if W == 8 { 3 } else { 8 };

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        Self([value; W])
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the contract gives W valid values; arrays of f32 have f32's alignment.
        Self(unsafe { from.cast::<[f32; W]>().read() })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: as in `load`.
        unsafe { to.cast::<[f32; W]>().write(self.0) }
    }

    #[inline(always)]
    unsafe fn plus(self, other: Self) -> Self {
        lanewise!(self, other, a, b => a + b)
    }

    #[inline(always)]
    unsafe fn minus(self, other: Self) -> Self {
        lanewise!(self, other, a, b => a - b)
    }

    #[inline(always)]
    unsafe fn times(self, other: Self) -> Self {
        lanewise!(self, other, a, b => a * b)
    }

    #[inline(always)]
    unsafe fn over(self, other: Self) -> Self {
        lanewise!(self, other, a, b => a / b)
    }

    #[inline(always)]
    unsafe fn times_plus(self, other: Self, sum: Self) -> Self {
        let product = lanewise!(self, other, a, b => a * b);
        lanewise!(product, sum, a, b => a + b)
    }

    #[inline(always)]
    unsafe fn max_or(self, other: Self) -> Self {
        lanewise!(self, other, a, b => if a > b { a } else { b })
    }

    #[inline(always)]
    unsafe fn min_or(self, other: Self) -> Self {
        lanewise!(self, other, a, b => if a < b { a } else { b })
    }

    #[inline(always)]
    unsafe fn bits_to_exponent(self) -> Self {
        lanewise!(self, self, a, _b => f32::from_bits(a.to_bits() << 23))
    }

    #[inline(always)]
    unsafe fn load_halves(from: *const f32) -> [Self; 2] {
        // SAFETY: passed on.
        let words = unsafe { Self::load(from) };
        let low = lanewise!(words, words, a, _b => f32::from_bits(a.to_bits() << 16));
        [low, lanewise!(words, words, a, _b => f32::from_bits(a.to_bits() & bf16::HIGH))]
    }

    #[inline(always)]
    unsafe fn load_f16(from: *const f32) -> [Self; 2] {
        // SAFETY: the contract gives 2·W valid halves; they have no alignment.
        unsafe { from.cast::<[[u16; W]; 2]>().read_unaligned() }.map(|halves| Self(halves.map(f16::value)))
    }

    #[inline(always)]
    unsafe fn load_bytes(from: *const f32) -> [Self; 2] {
        // SAFETY: the contract gives 2·W valid bytes; they have no alignment.
        unsafe { from.cast::<[[i8; W]; 2]>().read() }.map(|bytes| Self(bytes.map(f32::from)))
    }

    #[inline(always)]
    unsafe fn load_bf16(from: *const u16) -> Self {
        // SAFETY: the contract gives W valid values; they have no alignment.
        let halves = unsafe { from.cast::<[u16; W]>().read_unaligned() };
        Self(halves.map(bf16::value))
    }

    #[inline(always)]
    unsafe fn store_bf16(self, to: *mut u16) {
        // SAFETY: the contract gives W places; they have no alignment.
        unsafe { to.cast::<[u16; W]>().write_unaligned(self.0.map(bf16::bits)) }
    }

    #[inline(always)]
    unsafe fn rounded_to_bf16(self) -> Self {
        lanewise!(self, self, a, _b => bf16::rounded(a))
    }
}
