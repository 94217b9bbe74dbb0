//! Sixteen lanes of AVX-512F.

#[allow(clippy::wildcard_imports, reason = "intrinsics carry their own prefix")]
use std::arch::x86_64::*;

use super::bf16;
use super::lanes::Lanes;

/// One 512 bit register.
#[derive(Clone, Copy)]
pub(super) struct Avx512(__m512);

// SAFETY of every block below: the trait's contract says that values exist only where the instructions do, and that
// pointers are valid for the width; the intrinsics used have no alignment requirement.
impl Lanes for Avx512 {
    const WIDTH: usize = 16;
    const ROWS: usize = 8;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm512_set1_ps(value) })
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm512_loadu_ps(from) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: see above.
        unsafe { _mm512_storeu_ps(to, self.0) }
    }

    #[inline(always)]
    unsafe fn plus(self, other: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm512_add_ps(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn minus(self, other: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm512_sub_ps(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn times(self, other: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm512_mul_ps(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn over(self, other: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm512_div_ps(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn times_plus(self, other: Self, sum: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm512_fmadd_ps(self.0, other.0, sum.0) })
    }

    #[inline(always)]
    unsafe fn max_or(self, other: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm512_max_ps(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn min_or(self, other: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm512_min_ps(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn store_f16(from: *const f32, to: *mut f32) {
        // SAFETY: see above; 32 bytes are written at a time.
        unsafe {
            for half in 0..2 {
                let halves = _mm512_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(Self::load(from.add(half * 16)).0);
                _mm256_storeu_si256(to.add(half * 8).cast(), halves);
            }
        }
    }

    #[inline(always)]
    unsafe fn turn_square(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize) {
        // SAFETY: passed on; the tier has AVX2.
        unsafe { super::avx2::Avx2::turn_square(from, from_stride, to, to_stride) }
    }

    #[inline(always)]
    unsafe fn bits_to_exponent(self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm512_castsi512_ps(_mm512_slli_epi32::<23>(_mm512_castps_si512(self.0))) })
    }

    #[inline(always)]
    unsafe fn load_halves(from: *const f32) -> [Self; 2] {
        // SAFETY: see above. A bf16 is the upper half of an f32.
        unsafe {
            let words = _mm512_castps_si512(_mm512_loadu_ps(from));
            let high = _mm512_and_si512(words, _mm512_set1_epi32(bf16::HIGH as i32));
            [Self(_mm512_castsi512_ps(_mm512_slli_epi32::<16>(words))), Self(_mm512_castsi512_ps(high))]
        }
    }

    #[inline(always)]
    unsafe fn load_f16(from: *const f32) -> [Self; 2] {
        // SAFETY: see above; 32 bytes are read at a time.
        unsafe {
            let first = _mm512_cvtph_ps(_mm256_loadu_si256(from.cast()));
            [Self(first), Self(_mm512_cvtph_ps(_mm256_loadu_si256(from.add(8).cast())))]
        }
    }

    #[inline(always)]
    unsafe fn load_bytes(from: *const f32) -> [Self; 2] {
        // SAFETY: see above; 16 bytes are read at a time.
        unsafe {
            let first = _mm512_cvtepi8_epi32(_mm_loadu_si128(from.cast()));
            let second = _mm512_cvtepi8_epi32(_mm_loadu_si128(from.add(4).cast()));
            [Self(_mm512_cvtepi32_ps(first)), Self(_mm512_cvtepi32_ps(second))]
        }
    }

    #[inline(always)]
    unsafe fn rounded_to_bf16(self) -> Self {
        // SAFETY: see above. As `bf16::rounded`, lane by lane.
        unsafe {
            let bits = _mm512_castps_si512(self.0);
            let odd = _mm512_and_si512(_mm512_srli_epi32::<16>(bits), _mm512_set1_epi32(1));
            let up = _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), odd);
            let is_nan = _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(self.0, self.0);
            let kept = _mm512_mask_or_epi32(up, is_nan, bits, _mm512_set1_epi32(bf16::QUIET as i32));
            Self(_mm512_castsi512_ps(_mm512_and_si512(kept, _mm512_set1_epi32(bf16::HIGH as i32))))
        }
    }

    #[inline(always)]
    unsafe fn load_bf16(from: *const u16) -> Self {
        // SAFETY: see above; 32 bytes are read. A bf16 is the upper half of an f32.
        unsafe {
            let words = _mm512_cvtepu16_epi32(_mm256_loadu_si256(from.cast()));
            Self(_mm512_castsi512_ps(_mm512_slli_epi32::<16>(words)))
        }
    }

    #[inline(always)]
    unsafe fn store_bf16(self, to: *mut u16) {
        // SAFETY: see above; 32 bytes are written.
        unsafe {
            let words = _mm512_srli_epi32::<16>(_mm512_castps_si512(self.rounded_to_bf16().0));
            _mm256_storeu_si256(to.cast(), _mm512_cvtepi32_epi16(words));
        }
    }

    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        // SAFETY: see above.
        unsafe { _mm512_reduce_add_ps(self.0) }
    }
}
