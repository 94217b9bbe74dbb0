//! Eight lanes of AVX2 with FMA.

#[allow(clippy::wildcard_imports, reason = "intrinsics carry their own prefix")]
use std::arch::x86_64::*;

use super::bf16;
use super::lanes::Lanes;

/// One 256 bit register.
#[derive(Clone, Copy)]
pub(super) struct Avx2(__m256);

// SAFETY of every block below: the trait's contract says that values exist only where the instructions do, and that
// pointers are valid for the width; the intrinsics used have no alignment requirement.
impl Lanes for Avx2 {
    const WIDTH: usize = 8;
    const ROWS: usize = 6;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm256_set1_ps(value) })
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm256_loadu_ps(from) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: see above.
        unsafe { _mm256_storeu_ps(to, self.0) }
    }

    #[inline(always)]
    unsafe fn plus(self, other: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm256_add_ps(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn minus(self, other: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm256_sub_ps(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn times(self, other: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm256_mul_ps(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn over(self, other: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm256_div_ps(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn times_plus(self, other: Self, sum: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm256_fmadd_ps(self.0, other.0, sum.0) })
    }

    #[inline(always)]
    unsafe fn max_or(self, other: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm256_max_ps(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn min_or(self, other: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm256_min_ps(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn bits_to_exponent(self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm256_castsi256_ps(_mm256_slli_epi32::<23>(_mm256_castps_si256(self.0))) })
    }

    #[inline(always)]
    unsafe fn load_halves(from: *const f32) -> [Self; 2] {
        // SAFETY: see above. A bf16 is the upper half of an f32.
        unsafe {
            let words = _mm256_castps_si256(_mm256_loadu_ps(from));
            let high = _mm256_and_si256(words, _mm256_set1_epi32(bf16::HIGH as i32));
            [Self(_mm256_castsi256_ps(_mm256_slli_epi32::<16>(words))), Self(_mm256_castsi256_ps(high))]
        }
    }

    #[inline(always)]
    unsafe fn load_f16(from: *const f32) -> [Self; 2] {
        // SAFETY: see above; 16 bytes are read at a time. The tier has F16C.
        unsafe {
            let first = _mm256_cvtph_ps(_mm_loadu_si128(from.cast()));
            [Self(first), Self(_mm256_cvtph_ps(_mm_loadu_si128(from.add(4).cast())))]
        }
    }

    #[inline(always)]
    unsafe fn load_bytes(from: *const f32) -> [Self; 2] {
        // SAFETY: see above; 8 bytes are read at a time.
        unsafe {
            let first = _mm256_cvtepi8_epi32(_mm_loadl_epi64(from.cast()));
            let second = _mm256_cvtepi8_epi32(_mm_loadl_epi64(from.add(2).cast()));
            [Self(_mm256_cvtepi32_ps(first)), Self(_mm256_cvtepi32_ps(second))]
        }
    }

    #[inline(always)]
    unsafe fn rounded_to_bf16(self) -> Self {
        // SAFETY: see above. As `bf16::rounded`, lane by lane.
        unsafe {
            let bits = _mm256_castps_si256(self.0);
            let odd = _mm256_and_si256(_mm256_srli_epi32::<16>(bits), _mm256_set1_epi32(1));
            let up = _mm256_add_epi32(_mm256_add_epi32(bits, _mm256_set1_epi32(0x7fff)), odd);
            let quiet = _mm256_or_si256(bits, _mm256_set1_epi32(bf16::QUIET as i32));
            let is_nan = _mm256_cmp_ps::<_CMP_UNORD_Q>(self.0, self.0);
            let kept = _mm256_blendv_ps(_mm256_castsi256_ps(up), _mm256_castsi256_ps(quiet), is_nan);
            Self(_mm256_and_ps(kept, _mm256_castsi256_ps(_mm256_set1_epi32(bf16::HIGH as i32))))
        }
    }

    #[inline(always)]
    unsafe fn load_bf16(from: *const u16) -> Self {
        // SAFETY: see above; 16 bytes are read. A bf16 is the upper half of an f32.
        unsafe {
            let words = _mm256_cvtepu16_epi32(_mm_loadu_si128(from.cast()));
            Self(_mm256_castsi256_ps(_mm256_slli_epi32::<16>(words)))
        }
    }

    #[inline(always)]
    unsafe fn store_bf16(self, to: *mut u16) {
        // SAFETY: see above; 16 bytes are written. Halves of registers are packed apart, then brought together.
        unsafe {
            let words = _mm256_srli_epi32::<16>(_mm256_castps_si256(self.rounded_to_bf16().0));
            let packed = _mm256_permute4x64_epi64::<0b1000>(_mm256_packus_epi32(words, words));
            _mm_storeu_si128(to.cast(), _mm256_castsi256_si128(packed));
        }
    }

    #[inline(always)]
    unsafe fn store_f16(from: *const f32, to: *mut f32) {
        // SAFETY: see above; 16 bytes are written at a time. The tier has F16C.
        unsafe {
            for half in 0..2 {
                let halves = _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(Self::load(from.add(half * 8)).0);
                _mm_storeu_si128(to.add(half * 4).cast(), halves);
            }
        }
    }

    #[inline(always)]
    unsafe fn turn_square(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize) {
        // SAFETY: see above. Pairs of rows, then of pairs, then halves of registers change places.
        unsafe {
            let row = |index: usize| _mm256_loadu_ps(from.add(index * from_stride));
            let two = |index: usize| {
                let (a, b) = (row(index), row(index + 1));
                (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b))
            };
            let four = |index: usize| {
                let ((a, b), (c, d)) = (two(index), two(index + 2));
                let (low, high) = (_mm256_shuffle_ps::<0x44>(a, c), _mm256_shuffle_ps::<0xee>(a, c));
                [low, high, _mm256_shuffle_ps::<0x44>(b, d), _mm256_shuffle_ps::<0xee>(b, d)]
            };
            let (upper, lower) = (four(0), four(4));
            for index in 0..4 {
                let (a, b) = (upper[index], lower[index]);
                _mm256_storeu_ps(to.add(index * to_stride), _mm256_permute2f128_ps::<0x20>(a, b));
                _mm256_storeu_ps(to.add((index + 4) * to_stride), _mm256_permute2f128_ps::<0x31>(a, b));
            }
        }
    }

    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        // SAFETY: see above. Halves first, as the trait says.
        unsafe {
            let four = _mm_add_ps(_mm256_castps256_ps128(self.0), _mm256_extractf128_ps::<1>(self.0));
            let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
        }
    }
}
