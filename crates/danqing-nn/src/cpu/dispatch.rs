//! Compiles a kernel once per tier and picks one at run time.

use super::lanes::Lanes;
use super::portable::Portable;
use crate::Tier;

/// Work written over [`Lanes`]. `run` must be `#[inline(always)]`: then its body is compiled with the tier's
/// instructions, plain loops included.
pub(super) trait Kernel {
    type Output;

    /// # Safety
    /// The processor has the instructions of `L`.
    unsafe fn run<L: Lanes>(self) -> Self::Output;
}

/// Runs `kernel` with the instructions of `tier`, which the engine has checked against the processor.
pub(super) fn dispatch<K: Kernel>(tier: Tier, kernel: K) -> K::Output {
    match tier {
        // SAFETY: no special instructions.
        Tier::Portable => unsafe { kernel.run::<Portable<8>>() },
        // SAFETY: an engine of this tier is made only where `Tier::detected` found the instructions.
        #[cfg(target_arch = "x86_64")]
        Tier::Avx2 => unsafe { on_avx2(kernel) },
        // SAFETY: no special instructions.
        #[cfg(test)]
        Tier::Avx512 | Tier::Amx if Tier::detected() < Tier::Avx512 => unsafe { kernel.run::<Portable<16>>() },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Tier::Avx512 | Tier::Amx => unsafe { on_avx512(kernel) },
        // SAFETY: no special instructions; other processors never get further than this tier.
        #[cfg(not(target_arch = "x86_64"))]
        _ => unsafe { kernel.run::<Portable<8>>() },
    }
}

/// Values of a row of a panel on a tier: two vectors.
pub(super) struct PanelWidth;

impl Kernel for PanelWidth {
    type Output = usize;

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) -> usize {
        2 * L::WIDTH
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn on_avx2<K: Kernel>(kernel: K) -> K::Output {
    // SAFETY: the caller has these instructions.
    unsafe { kernel.run::<super::avx2::Avx2>() }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx2,fma,f16c")]
unsafe fn on_avx512<K: Kernel>(kernel: K) -> K::Output {
    // SAFETY: the caller has these instructions.
    unsafe { kernel.run::<super::avx512::Avx512>() }
}
