use danqing_capability::{CancelToken, Cancelled};
use danqing_media::{Raster, SrgbF32};

use super::*;
use crate::blur::gaussian;

/// A slow ramp of tones with a few edges.
fn scene(width: usize, height: usize) -> Raster<SrgbF32> {
    Raster::from_fn(width, height, |x, y, s| {
        let ramp = 0.15 + 0.7 * x as f32 / width as f32;
        let edge = if (x / 150 + y / 130) % 2 == 0 { 0.04 } else { 0.0 };
        s.copy_from_slice(&[ramp + edge, ramp, ramp * 0.9]);
    })
}

/// Grain of another make: blurred noise, stronger in dark tones.
fn grained(sigma: f32, blur: f32) -> Raster<SrgbF32> {
    let mut picture = scene(900, 700);
    let mut state = 7_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 24) as f32
    };
    let white = Raster::<SrgbF32>::from_fn(900, 700, |_, _, s| {
        let shared = (0..6).map(|_| next()).sum::<f32>() - 3.0;
        for value in s {
            *value = shared + 0.3 * (next() - 0.5);
        }
    });
    let soft = gaussian(&white, blur, &CancelToken::default()).expect("not cancelled");
    let power = soft.samples().iter().map(|v| v * v).sum::<f32>() / soft.samples().len() as f32;
    for (pixel, noise) in picture.samples_mut().chunks_mut(3).zip(soft.samples().chunks(3)) {
        let strength = sigma * (1.3 - pixel[1]) / power.sqrt();
        pixel.iter_mut().zip(noise).for_each(|(v, n)| *v += n * strength);
    }
    picture
}

#[test]
fn what_is_made_has_the_spectrum_of_what_was_measured_tone_by_tone() -> Result<(), Cancelled> {
    let cancel = CancelToken::default();
    for (sigma, blur) in [(0.03, 0.0), (0.04, 0.7), (0.02, 1.1)] {
        let grain = measure(&grained(sigma, blur), &cancel)?.expect("there is grain");
        let mut made = scene(1200, 800);
        add(&mut made, &grain, 1.0, 5, &cancel)?;
        let again = measure(&made, &cancel)?.expect("grain was added");
        assert!(grain.tones().count() >= 3, "{:?}", grain.tones().collect::<Vec<_>>());
        for (luma, expected) in grain.tones() {
            let actual = again.sigma_at(luma);
            assert!((actual / expected - 1.0).abs() < 0.10, "blur {blur}, tone {luma}: {actual}, expected {expected}");
            for (actual, expected) in again.bands(luma).into_iter().zip(grain.bands(luma)) {
                let error = (actual - expected).abs();
                assert!(error < 0.2 * expected.max(0.05), "blur {blur}, tone {luma}: {actual}, expected {expected}");
            }
        }
        let (dark, bright) = (grain.sigma_at(0.2), grain.sigma_at(0.8));
        assert!(dark > 1.4 * bright, "grain was stronger in the dark: {dark}, {bright}");
    }
    Ok(())
}

#[test]
fn measured_strength_is_that_of_the_noise() -> Result<(), Cancelled> {
    let grain = measure(&grained(0.03, 0.0), &CancelToken::default())?.expect("there is grain");
    for luma in [0.3_f32, 0.5, 0.7] {
        let expected = 0.03 * (1.3 - luma);
        let actual = grain.sigma_at(luma);
        assert!((actual / expected - 1.0).abs() < 0.15, "{luma}: {actual}, expected {expected}");
    }
    Ok(())
}

#[test]
fn a_clean_picture_and_one_of_structure_alone_have_no_grain() -> Result<(), Cancelled> {
    let cancel = CancelToken::default();
    assert!(measure(&scene(640, 480), &cancel)?.is_none());
    let waves = Raster::<SrgbF32>::from_fn(640, 480, |x, y, s| {
        s.fill(0.5 + 0.1 * (x as f32 * 0.13).sin() * (y as f32 * 0.11).cos());
    });
    assert!(measure(&waves, &cancel)?.is_none());
    assert!(measure(&scene(31, 31), &cancel)?.is_none());
    Ok(())
}

#[test]
fn the_noise_depends_on_seed_and_place_alone() -> Result<(), Cancelled> {
    let cancel = CancelToken::default();
    let grain = measure(&grained(0.03, 0.5), &cancel)?.expect("there is grain");
    let made = |height: usize, seed| -> Result<Raster<SrgbF32>, Cancelled> {
        let mut picture = Raster::filled(700, height, 0.5);
        add(&mut picture, &grain, 1.0, seed, &cancel)?;
        Ok(picture)
    };
    let (small, large) = (made(40, 1)?, made(300, 1)?);
    assert_eq!(small.samples(), &large.samples()[..small.samples().len()]);
    assert_ne!(small, made(40, 2)?);
    cancel.cancel();
    assert_eq!(made(40, 1), Err(Cancelled));
    Ok(())
}
