//! Buffers between pages that may not be touched: a kernel that reads or writes one value outside of one ends the test.

use std::arch::asm;
use std::ptr::NonNull;

use crate::Error;

/// Which end of a buffer lies at a forbidden page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guard {
    /// The value before the first.
    Before,
    /// The value after the last.
    Behind,
}

const PAGE: usize = 4096;

/// Memory of its own for one buffer.
#[derive(Debug)]
pub(super) struct Guarded {
    first: NonNull<f32>,
    mapping: usize,
    bytes: usize,
}

// SAFETY: it owns its memory and has no interior mutability.
unsafe impl Send for Guarded {}
// SAFETY: as above.
unsafe impl Sync for Guarded {}

impl Guarded {
    /// `length` values, all NaN, so that what is read before it is written shows.
    pub(super) fn new(length: usize, guard: Guard) -> Result<Self, Error> {
        let inside = (length.max(1) * size_of::<f32>()).next_multiple_of(PAGE);
        let bytes = inside + 2 * PAGE;
        let refused = || Error::OutOfMemory { bytes };
        // Private and anonymous (0x22), not yet readable (0); then the inside may be read and written (3).
        let mapping = system_call(9, [0, bytes, 0, 0x22, usize::MAX, 0]).ok_or_else(refused)?;
        system_call(10, [mapping + PAGE, inside, 3, 0, 0, 0]).ok_or_else(refused)?;
        let behind = mapping + PAGE + inside - length * size_of::<f32>();
        let first = if guard == Guard::Before { mapping + PAGE } else { behind };
        let first = NonNull::new(first as *mut f32).ok_or_else(refused)?;
        // SAFETY: `length` values lie in the mapping's inside, aligned to their size.
        unsafe { std::slice::from_raw_parts_mut(first.as_ptr(), length).fill(f32::NAN) };
        Ok(Self { first, mapping, bytes })
    }

    pub(super) fn first(&self) -> NonNull<f32> {
        self.first
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        let _ = system_call(11, [self.mapping, self.bytes, 0, 0, 0, 0]);
    }
}

/// `mmap`, `mprotect` or `munmap` by its number; `None` if it fails.
fn system_call(number: usize, arguments: [usize; 6]) -> Option<usize> {
    let [a, b, c, d, e, f] = arguments;
    let answer: isize;
    // SAFETY: callers name memory of their own, or none.
    unsafe {
        asm!("syscall", inlateout("rax") number as isize => answer, in("rdi") a, in("rsi") b, in("rdx") c, in("r10") d,
            in("r8") e, in("r9") f, out("rcx") _, out("r11") _, options(nostack));
    }
    usize::try_from(answer).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Activation, Attention, Conv2d, Conv2dConfig, ConvTranspose2d, ConvTranspose2dConfig, Engine, Epilogue,
        FeatureMap, GatedLinear, GroupNorm, Interpolation, LayerNorm, PadMode, PoolConfig, Precision, Shape, Tier,
        Weight, average_pool, geglu, gram, matmul, resize,
    };

    fn wave(shape: &[usize], step: f32) -> Result<Weight, Error> {
        let count: usize = shape.iter().product();
        Weight::new(shape, (0..count).map(|index| (index as f32 * step).fract() * 2.0 - 1.0).collect())
    }

    /// Of bf16 in an engine of bf16, where the channels are even.
    fn map(engine: &Engine, shape: Shape) -> Result<FeatureMap, Error> {
        let map = FeatureMap::from_nhwc(engine, shape, wave(&[shape.elements()?], 0.618_034)?.values().to_vec())?;
        map.to_dtype(engine, engine.map_type(shape))
    }

    /// Runs `work` in every precision, on every tier this processor has and on AMX's packing, with both guards; results must
    /// have values everywhere.
    fn everywhere(work: impl Fn(&Engine) -> Result<FeatureMap, Error>) -> Result<(), Error> {
        let tiers = Tier::ALL.into_iter().filter(|&tier| tier != Tier::Avx2 || Tier::detected() >= tier);
        for (tier, precision) in tiers.flat_map(|tier| Precision::ALL.map(|precision| (tier, precision))) {
            for guard in [Guard::Before, Guard::Behind] {
                let engine = Engine::with_any_tier(tier, precision)?.guarded(guard);
                let y = work(&engine)?;
                let at = y.as_slice()?.iter().position(|value| !value.is_finite());
                assert_eq!(at, None, "{tier} {precision} {guard:?}: no value");
            }
        }
        Ok(())
    }

    /// Reads one value outside of a buffer: `before` or `behind`.
    #[test]
    #[ignore = "run by a_value_outside_ends_the_process"]
    fn a_value_outside_is_read() -> Result<(), Error> {
        let side = std::env::var("DANQING_GUARD").unwrap_or_default();
        let guard = if side == "before" { Guard::Before } else { Guard::Behind };
        let engine = Engine::with_any_tier(Tier::Portable, Precision::F32)?.guarded(guard);
        let buffer = engine.buffer(5)?;
        // SAFETY: not safe, which is the point: the address lies in a forbidden page, or this test's caller fails.
        let value = unsafe { buffer.as_ptr().offset(if side == "before" { -1 } else { 5 }).read_volatile() };
        println!("read {value}");
        Ok(())
    }

    #[test]
    #[cfg_attr(miri, ignore = "system calls in assembly; Miri checks every access anyway")]
    fn a_value_outside_ends_the_process() -> Result<(), Box<dyn std::error::Error>> {
        use std::os::unix::process::ExitStatusExt;
        for side in ["before", "behind"] {
            let test = ["--exact", "cpu::guard::tests::a_value_outside_is_read", "--nocapture", "--ignored"];
            let mut child = std::process::Command::new(std::env::current_exe()?);
            let output = child.args(test).env("DANQING_GUARD", side).output()?;
            assert_eq!(output.status.signal(), Some(11), "{side}: {}", String::from_utf8_lossy(&output.stdout));
        }
        Ok(())
    }

    #[test]
    #[cfg_attr(miri, ignore = "system calls in assembly; Miri checks every access anyway")]
    fn convolutions_stay_in_their_buffers() -> Result<(), Error> {
        for (input, output, groups, kernel, mode) in [
            (1, 1, 1, 3, PadMode::Zero),
            (3, 50, 1, 5, PadMode::Zero),
            (2, 7, 1, 3, PadMode::Reflect),
            (17, 33, 1, 3, PadMode::Replicate),
            (42, 99, 3, 1, PadMode::Zero),
            (70, 3, 1, 3, PadMode::Zero),
            (16, 4, 1, 5, PadMode::Zero),
            (33, 33, 33, 3, PadMode::Zero),
            (331, 31, 1, 1, PadMode::Zero),
            (250, 65, 1, 3, PadMode::Zero),
        ] {
            for stride in [1, 2] {
                let config = Conv2dConfig { groups, stride, padding_mode: mode, ..Conv2dConfig::same(kernel) };
                everywhere(|engine| {
                    let x = map(engine, Shape::new(2, 9, 13, input))?;
                    let weight = wave(&[output, input / groups, kernel, kernel], 0.414_213_56)?;
                    let eighths = weight.values().iter().map(|value| (value * 8.0).round() / 8.0).collect();
                    let halves = Conv2d::new(engine, config, &Weight::new(weight.shape(), eighths)?, None)?;
                    let conv = Conv2d::new(engine, config, &weight, Some(&wave(&[output], 0.3)?))?;
                    let half = halves.forward(engine, &x)?;
                    let y = conv.forward_with(engine, &x, Epilogue::default().with_residual(&half))?;
                    conv.forward_with(
                        engine,
                        &x,
                        Epilogue::activation(Activation::Silu).with_residual(&y).with_skip(&y),
                    )
                })?;
            }
        }
        Ok(())
    }

    /// Minimal filtering: few tiles and many, inputs and weights made for all tasks and by each, several maps, odd sizes.
    #[test]
    fn fast_convolutions_stay_in_their_buffers() -> Result<(), Error> {
        for (parts, output, height, width, mode) in [
            (&[17][..], 5, 9, 13, PadMode::Zero),
            (&[16, 9, 32], 33, 14, 7, PadMode::Reflect),
            (&[67], 9, 41, 42, PadMode::Replicate),
            (&[300, 403], 17, 62, 65, PadMode::Zero),
        ] {
            everywhere(|engine| {
                let maps = parts.iter().map(|&channels| map(engine, Shape::new(1, height, width, channels)));
                let maps = maps.collect::<Result<Vec<_>, Error>>()?;
                let weight = wave(&[output, parts.iter().sum(), 3, 3], 0.414_213_56)?;
                let config = Conv2dConfig { padding_mode: mode, ..Conv2dConfig::same(3) };
                let conv = Conv2d::new(engine, config, &weight, Some(&wave(&[output], 0.3)?))?;
                let maps: Vec<_> = maps.iter().collect();
                let y = conv.forward_concat(engine, &maps, Epilogue::default())?;
                let epilogue = Epilogue::activation(Activation::Silu).with_residual(&y).with_skip(&y);
                conv.forward_concat(engine, &maps, epilogue)
            })?;
        }
        Ok(())
    }

    #[test]
    #[cfg_attr(miri, ignore = "system calls in assembly; Miri checks every access anyway")]
    fn other_operators_stay_in_their_buffers() -> Result<(), Error> {
        let config = ConvTranspose2dConfig { stride: 2, padding: 1, ..ConvTranspose2dConfig::default() };
        for channels in [1, 5, 18, 33, 100] {
            let (w, b) = (wave(&[channels], 0.3)?, wave(&[channels], 0.7)?);
            everywhere(|engine| {
                let x = map(engine, Shape::new(1, 7, 9, channels))?;
                ConvTranspose2d::new(engine, config, &wave(&[channels, 6, 4, 4], 0.414_213_56)?, None)?
                    .forward(engine, &x)
            })?;
            everywhere(|engine| {
                let x = map(engine, Shape::new(2, 5, 7, channels))?;
                let x = GroupNorm::new(1, 1e-5, &w, &b)?.forward_with(engine, &x, Some(&Activation::Gelu))?;
                LayerNorm::new(1e-5, &w, &b)?.forward(engine, &x)
            })?;
            everywhere(|engine| {
                let (q, k) = (
                    map(engine, Shape::new(1, 1, 99, 2 * channels))?,
                    map(engine, Shape::new(1, 1, 300, 2 * channels))?,
                );
                geglu(engine, &Attention::new(2).forward(engine, &q, &k, &k)?)
            })?;
            everywhere(|engine| {
                let x = map(engine, Shape::new(1, 5, 7, channels))?;
                let w = wave(&[2 * channels, channels], 0.414_213_56)?;
                GatedLinear::new(engine, &w, Some(&wave(&[2 * channels], 0.3)?))?.forward(engine, &x)
            })?;
            everywhere(|engine| {
                let x = map(engine, Shape::new(1, 5, 7, channels))?;
                let product = matmul(engine, &x, &map(engine, Shape::new(1, 1, channels, 37))?)?;
                let small = average_pool(engine, &product, PoolConfig::tiles(2))?;
                gram(engine, &resize(engine, &small, 5, 9, Interpolation::Bilinear { align_corners: false })?)
            })?;
        }
        Ok(())
    }
}
