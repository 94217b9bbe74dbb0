//! AMX tiles: sixteen rows of 64 bytes, and products of bf16 pairs with `f32` sums, after Intel's "Architecture Instruction
//! Set Extensions Programming Reference", chapter 3. The intrinsics are not stable, the instructions are.
//!
//! A product of tiles rounds each pair's sum apart from the sum of the step, and takes denormals as zeros.

/// Rows of a tile; also its values of `f32` size in a row.
pub(super) const SIDE: usize = 16;
/// Values of `f32` size in a tile.
pub(super) const TILE: usize = SIDE * SIDE;
/// Rows and columns of sums that [`Tiles::multiply`] holds, two tiles each way. Three by two would need nine registers of
/// eight: six sums, two tiles of weights and one of pixels.
pub(super) const BLOCK: usize = 2 * SIDE;

/// Whether the processor multiplies bf16 tiles and the system lets this process do so. Asks the system once.
pub(crate) fn has_tiles() -> bool {
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    {
        static ANSWER: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
        // Miri has neither the instructions nor the assembly that asks for them.
        *ANSWER.get_or_init(|| !cfg!(miri) && system::permits())
    }
    #[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
    false
}

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod system {
    use std::arch::asm;
    use std::arch::x86_64::{__cpuid, __cpuid_count};

    /// `arch_prctl` and its request for permission to use a state component (Linux 5.16, `asm/prctl.h`).
    const ARCH_PRCTL: i64 = 158;
    const ARCH_REQ_XCOMP_PERM: u64 = 0x1023;
    /// The component of the tiles' contents.
    const XTILEDATA: u64 = 18;
    /// Bits of CPUID leaf 7, register edx.
    const AMX_BF16: u32 = 1 << 22;
    const AMX_TILE: u32 = 1 << 24;

    pub(super) fn permits() -> bool {
        let has_leaf = __cpuid(0).eax >= 7;
        let features = if has_leaf { __cpuid_count(7, 0).edx } else { 0 };
        features & (AMX_BF16 | AMX_TILE) == AMX_BF16 | AMX_TILE && asks()
    }

    /// Asks the kernel for the tiles, for all threads of the process, those to come included. A kernel that does not know
    /// the request, or a processor state it has not enabled, is a refusal.
    fn asks() -> bool {
        let answer: i64;
        // SAFETY: a system call that takes two numbers and touches no memory of ours.
        unsafe {
            asm!("syscall", inlateout("rax") ARCH_PRCTL => answer, in("rdi") ARCH_REQ_XCOMP_PERM, in("rsi") XTILEDATA,
                out("rcx") _, out("r11") _, options(nostack));
        }
        answer == 0
    }
}

/// This thread's tiles, set to eight of sixteen rows of 64 bytes; given back when dropped.
pub(super) struct Tiles {
    is_real: bool,
}

impl Tiles {
    /// For an engine of [`crate::Tier::Amx`].
    pub(super) fn new() -> Self {
        let is_real = has_tiles();
        // Only tests make such an engine elsewhere: the product is then the plain one below.
        assert!(is_real || cfg!(test), "an engine of tier amx without tiles");
        #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
        if is_real {
            let mut config = Config { palette: 1, start: 0, reserved: [0; 14], bytes: [0; 16], rows: [0; 16] };
            config.bytes[..8].fill(64);
            config.rows[..8].fill(16);
            // SAFETY: the process may use tiles; the configuration is a valid one of palette 1.
            unsafe { std::arch::asm!("ldtilecfg [{}]", in(reg) &raw const config, options(nostack, readonly)) };
        }
        Self { is_real }
    }

    /// Adds to `sums`, 32 rows of 32 values: each row of pixels times each column of weights.
    ///
    /// Both hold `steps` times two tiles, of sixteen pairs: `pixels` is `[step, half of the rows, row, pair]`, `weights`
    /// `[step, half of the columns, pair, column]`.
    ///
    /// # Panics
    /// If a slice is short.
    #[inline(always)]
    pub(super) fn multiply(&self, pixels: &[f32], weights: &[f32], sums: &mut [f32], steps: usize) {
        assert!(pixels.len() >= steps * 2 * TILE && weights.len() >= steps * 2 * TILE && sums.len() >= BLOCK * BLOCK);
        assert!(steps > 0);
        #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
        if self.is_real {
            // SAFETY: lengths as asserted; tiles are configured as long as `self` lives, and it never leaves its thread.
            unsafe { multiply(pixels.as_ptr(), weights.as_ptr(), sums.as_mut_ptr(), steps) };
            return;
        }
        plain(pixels, weights, sums, steps);
    }
}

impl Drop for Tiles {
    fn drop(&mut self) {
        #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
        if self.is_real {
            // SAFETY: the process may use tiles; nobody else's are in use on this thread.
            unsafe { std::arch::asm!("tilerelease", options(nostack, nomem)) };
        }
    }
}

/// What `ldtilecfg` reads.
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
#[repr(C, align(64))]
struct Config {
    palette: u8,
    start: u8,
    reserved: [u8; 14],
    /// Bytes of a row, per tile.
    bytes: [u16; 16],
    rows: [u8; 16],
}

/// [`Tiles::multiply`] on the processor's tiles: sums in 0–3, pixels in 4 and 5, weights in 6 and 7.
///
/// # Safety
/// As many values as [`Tiles::multiply`] says; `steps` above 0; tiles are configured.
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
#[inline(always)]
unsafe fn multiply(pixels: *const f32, weights: *const f32, sums: *mut f32, steps: usize) {
    // SAFETY: by the caller's promise. No compiled code uses tile registers.
    unsafe {
        std::arch::asm!(
            "tileloadd tmm0, [{sums} + {row}*1]",
            "tileloadd tmm1, [{sums} + {row}*1 + 64]",
            "tileloadd tmm2, [{below} + {row}*1]",
            "tileloadd tmm3, [{below} + {row}*1 + 64]",
            "2:",
            "tileloadd tmm4, [{pixels} + {packed}*1]",
            "tileloadd tmm6, [{weights} + {packed}*1]",
            "tileloadd tmm5, [{pixels} + {packed}*1 + 1024]",
            "tileloadd tmm7, [{weights} + {packed}*1 + 1024]",
            "tdpbf16ps tmm0, tmm4, tmm6",
            "tdpbf16ps tmm2, tmm5, tmm6",
            "tdpbf16ps tmm1, tmm4, tmm7",
            "tdpbf16ps tmm3, tmm5, tmm7",
            "add {pixels}, 2048",
            "add {weights}, 2048",
            "dec {steps}",
            "jnz 2b",
            "tilestored [{sums} + {row}*1], tmm0",
            "tilestored [{sums} + {row}*1 + 64], tmm1",
            "tilestored [{below} + {row}*1], tmm2",
            "tilestored [{below} + {row}*1 + 64], tmm3",
            sums = in(reg) sums,
            below = in(reg) sums.add(SIDE * BLOCK),
            row = in(reg) BLOCK * size_of::<f32>(),
            packed = in(reg) SIDE * size_of::<f32>(),
            pixels = inout(reg) pixels => _,
            weights = inout(reg) weights => _,
            steps = inout(reg) steps => _,
            options(nostack),
        );
    }
}

/// [`Tiles::multiply`] in plain Rust, each step rounded as the instruction does; denormals are kept.
fn plain(pixels: &[f32], weights: &[f32], sums: &mut [f32], steps: usize) {
    let halves = |pair: f32| [f32::from_bits(pair.to_bits() << 16), f32::from_bits(pair.to_bits() & super::bf16::HIGH)];
    for step in 0..steps {
        for (row, column) in (0..BLOCK).flat_map(|row| (0..BLOCK).map(move |column| (row, column))) {
            let from = &pixels[(step * 2 + row / SIDE) * TILE + row % SIDE * SIDE..][..SIDE];
            let weights = &weights[(step * 2 + column / SIDE) * TILE + column % SIDE..];
            let mut parts = [0.0_f32; 2];
            for (&x, &w) in from.iter().zip(weights.iter().step_by(SIDE)) {
                let (x, w) = (halves(x), halves(w));
                parts = [x[0].mul_add(w[0], parts[0]), x[1].mul_add(w[1], parts[1])];
            }
            sums[row * BLOCK + column] += parts[0] + parts[1];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::bf16::pair;

    /// `[step, half, row, pair]` of a matrix, or with rows and pairs changed over.
    fn packed(steps: usize, is_weights: bool, value: impl Fn(usize, usize) -> f32) -> Vec<f32> {
        let mut words = vec![0.0; steps * 2 * TILE];
        for (line, k) in (0..BLOCK).flat_map(|line| (0..steps * SIDE).map(move |k| (line, k))) {
            let place = if is_weights { k % SIDE * SIDE + line % SIDE } else { line % SIDE * SIDE + k % SIDE };
            words[(k / SIDE * 2 + line / SIDE) * TILE + place] = pair(value(line, 2 * k), value(line, 2 * k + 1));
        }
        words
    }

    #[test]
    fn a_block_of_tiles_is_the_matrix_product() {
        // Small integers: exact in bf16 and in every order of the sum.
        let x = |row: usize, k: usize| ((row * 7 + k * 3) % 11) as f32 - 5.0;
        let w = |column: usize, k: usize| ((column * 5 + k * 13) % 17) as f32 - 8.0;
        // Miri takes seconds for a step.
        for steps in if cfg!(miri) { 1..=1 } else { 1..=5 } {
            let (pixels, weights) = (packed(steps, false, x), packed(steps, true, w));
            let mut sums: Vec<f32> = (0..BLOCK * BLOCK).map(|index| index as f32).collect();
            Tiles::new().multiply(&pixels, &weights, &mut sums, steps);
            for (index, &sum) in sums.iter().enumerate() {
                let (row, column) = (index / BLOCK, index % BLOCK);
                let exact: f32 = (0..steps * 2 * SIDE).map(|k| x(row, k) * w(column, k)).sum();
                assert_eq!(sum, index as f32 + exact, "row {row}, column {column}, {steps} steps");
            }
        }
    }

    #[test]
    fn what_is_no_number_stays_in_its_row_and_column() {
        let x = |row: usize, k: usize| if (row, k) == (3, 4) { f32::NAN } else { 1.0 };
        let w = |column: usize, k: usize| if (column, k) == (20, 7) { f32::INFINITY } else { 1.0 };
        let mut sums = vec![0.0; BLOCK * BLOCK];
        Tiles::new().multiply(&packed(1, false, x), &packed(1, true, w), &mut sums, 1);
        for (index, &sum) in sums.iter().enumerate() {
            match (index / BLOCK, index % BLOCK) {
                (3, _) => assert!(sum.is_nan()),
                (_, 20) => assert_eq!(sum, f32::INFINITY),
                _ => assert_eq!(sum, 32.0),
            }
        }
    }
}
