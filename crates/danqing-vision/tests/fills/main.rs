//! Fills of holes: against OpenCV, on photographs, and what every fill promises.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(missing_docs)]

#[allow(dead_code)]
#[path = "../parity/golden.rs"]
mod golden;
mod inpaint;
mod patch;
mod ranking;
mod seen;

use danqing_capability::{CancelToken, Event, Progress};
use danqing_media::{Mask, Raster, SrgbF32};

/// Runs `work` with a progress that nobody watches.
fn unwatched<T>(work: impl FnOnce(&mut Progress<'_>) -> T) -> T {
    let mut sink = |_: Event| {};
    work(&mut Progress::new(CancelToken::default(), &mut sink))
}

/// Runs `work` with a progress whose caller cancels at the `steps`th report.
fn cancelled_after<T>(steps: usize, work: impl FnOnce(&mut Progress<'_>) -> T) -> T {
    let token = CancelToken::default();
    let (inner, mut seen) = (token.clone(), 0);
    let mut sink = move |_: Event| {
        seen += 1;
        if seen >= steps {
            inner.cancel();
        }
    };
    work(&mut Progress::new(token, &mut sink))
}

/// A picture whose every sample differs from its neighbours'.
fn noise(width: usize, height: usize, seed: u32) -> Raster<SrgbF32> {
    let mut state = seed.wrapping_mul(747_796_405).wrapping_add(1);
    Raster::from_fn(width, height, |_, _, out| {
        for v in out {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *v = (state >> 8) as f32 / (1u32 << 24) as f32;
        }
    })
}

/// A disc of 255 around the centre of a mask.
fn disc(width: usize, height: usize, radius: f32) -> Mask {
    let (cx, cy) = (width as f32 / 2.0, height as f32 / 2.0);
    Mask::from_fn(width, height, |x, y, out| {
        out[0] = if (x as f32 - cx).hypot(y as f32 - cy) < radius { 255 } else { 0 };
    })
}

/// Asserts that the pictures agree bit for bit wherever the mask is 0.
#[track_caller]
fn assert_same_outside(a: &Raster<SrgbF32>, b: &Raster<SrgbF32>, hole: &Mask) {
    let pixels = a.samples().chunks_exact(3).zip(b.samples().chunks_exact(3)).zip(hole.samples());
    let bits = |p: &[f32]| p.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    let differing = pixels.filter(|((a, b), m)| **m == 0 && bits(a) != bits(b)).count();
    assert_eq!(differing, 0, "pixels outside the hole changed");
}
