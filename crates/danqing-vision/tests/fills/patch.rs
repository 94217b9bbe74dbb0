//! What a completion promises, on synthetic pictures.

use danqing_capability::{Class, Classified};
use danqing_media::{Mask, Raster, SrgbF32};
use danqing_vision::patch::{self, Error, Options};
use proptest::prelude::*;

use crate::{assert_same_outside, cancelled_after, disc, noise, unwatched};

fn options(change: impl FnOnce(&mut Options)) -> Options {
    let mut options = Options::default();
    change(&mut options);
    options
}

fn complete(image: &Raster<SrgbF32>, hole: &Mask, options: &Options) -> Result<Raster<SrgbF32>, Error> {
    unwatched(|p| patch::complete(image, hole, None, options, p))
}

/// Stripes and dots with a period of eight pixels.
fn pattern(width: usize, height: usize) -> Raster<SrgbF32> {
    Raster::from_fn(width, height, |x, y, out| {
        let dot = x % 8 < 3 && y % 8 < 3;
        out.copy_from_slice(&[if y % 8 < 4 { 0.75 } else { 0.2 }, if dot { 0.9 } else { 0.3 }, 0.5]);
    })
}

/// The picture with its hole blackened, so that nothing can be peeked at.
fn without(image: &Raster<SrgbF32>, hole: &Mask) -> Raster<SrgbF32> {
    let mut made = image.clone();
    for (pixel, mask) in made.samples_mut().chunks_exact_mut(3).zip(hole.samples()) {
        if *mask != 0 {
            pixel.fill(0.0);
        }
    }
    made
}

fn mean_difference(a: &Raster<SrgbF32>, b: &Raster<SrgbF32>, hole: &Mask) -> f32 {
    let pixels = a.samples().chunks_exact(3).zip(b.samples().chunks_exact(3)).zip(hole.samples());
    let inside: Vec<f32> =
        pixels.filter(|(_, m)| **m != 0).flat_map(|((a, b), _)| a.iter().zip(b).map(|(a, b)| (a - b).abs())).collect();
    inside.iter().sum::<f32>() / inside.len() as f32
}

#[test]
fn a_periodic_pattern_is_continued_exactly_almost_everywhere() {
    let image = pattern(128, 120);
    let hole = disc(128, 120, 20.0);
    let filled = complete(&without(&image, &hole), &hole, &Options::default()).expect("a fill");
    let difference = mean_difference(&filled, &image, &hole);
    assert!(difference < 0.01, "mean difference {difference}");
}

#[test]
fn a_constant_picture_stays_constant() {
    let image = Raster::<SrgbF32>::filled(50, 40, 0.25);
    let hole = disc(50, 40, 12.0);
    let filled = complete(&without(&image, &hole), &hole, &Options::default()).expect("a fill");
    assert_eq!(filled, image);
}

#[test]
fn the_number_of_threads_and_a_second_run_change_nothing_and_the_seed_does() {
    let (image, hole) = (noise(160, 140, 3), disc(160, 140, 35.0));
    let run = |threads, seed| {
        let options = options(|o| (o.threads, o.seed) = (threads, seed));
        complete(&image, &hole, &options).expect("a fill")
    };
    let one = run(1, 7);
    assert_eq!(one, run(1, 7));
    assert_eq!(one, run(2, 7));
    assert_eq!(one, run(5, 7));
    assert_ne!(one, run(1, 8));
}

#[test]
fn patches_come_from_the_source_mask_only() {
    // Left half red, right half blue, hole between them.
    let image = Raster::from_fn(96, 64, |x, _, out| {
        out.copy_from_slice(if x < 48 { &[1.0, 0.0, 0.0] } else { &[0.0, 0.0, 1.0] });
    });
    let hole = disc(96, 64, 12.0);
    let source = Mask::from_fn(96, 64, |x, _, out| out[0] = if x < 40 { 255 } else { 0 });
    let filled = unwatched(|p| patch::complete(&image, &hole, Some(&source), &Options::default(), p)).expect("a fill");
    let inside = filled.samples().chunks_exact(3).zip(hole.samples()).filter(|(_, m)| **m != 0);
    assert!(inside.clone().all(|(p, _)| p[0] > 0.9 && p[2] < 0.1), "only red was allowed");
}

#[test]
fn refining_follows_the_guess_and_brings_the_texture_back() {
    // Two textures of the same mean: fine stripes above, coarse ones below; the guess says brightness only.
    let image = Raster::from_fn(128, 128, |x, y, out| {
        let base = if x < 64 { 0.35 } else { 0.65 };
        out.fill(base + if (x + y) % 4 < 2 { 0.1 } else { -0.1 });
    });
    let hole = disc(128, 128, 26.0);
    // Against the surroundings: bright on the left, dark on the right.
    let guess = Raster::from_fn(128, 128, |x, _, out| out.fill(if x < 64 { 0.65 } else { 0.35 }));
    let options = Options::default();
    let filled = unwatched(|p| patch::refine(&image, &hole, &guess, None, &options, p)).expect("a fill");
    assert_same_outside(&filled, &image, &hole);
    let mean = |from: usize, to: usize| {
        let part: Vec<f32> =
            (54..74).flat_map(|y| (from..to).map(move |x| (x, y))).map(|(x, y)| filled.pixel(x, y)[0]).collect();
        let mean = part.iter().sum::<f32>() / part.len() as f32;
        (mean, part.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / part.len() as f32)
    };
    let (left, right) = (mean(46, 58), mean(70, 82));
    assert!(left.0 > 0.55 && right.0 < 0.45, "means {} and {}", left.0, right.0);
    assert!(left.1 > 0.004 && right.1 > 0.004, "variances {} and {} of 0.01", left.1, right.1);
}

#[test]
fn bad_requests_are_refused() {
    let image = noise(20, 16, 1);
    let hole = disc(20, 16, 4.0);
    let table = [
        (complete(&image, &Mask::filled(16, 20, 0), &Options::default()), "hole is 16x20, picture is 20x16"),
        (
            complete(&image, &Mask::filled(20, 16, 255), &Options::default()),
            "hole and source mask leave none of the 320 pixels to copy from, at least one is needed",
        ),
        (
            complete(&image, &hole, &options(|o| o.patch_size = 6)),
            "patch_size is 6, expected an odd number from 3 to 11",
        ),
        (complete(&image, &hole, &options(|o| o.iterations = 0)), "iterations is 0, expected 1 to 50"),
        (complete(&image, &hole, &options(|o| o.reach = f32::NAN)), "reach is NaN, expected 0 to 1000"),
    ];
    for (result, message) in table {
        let error = result.expect_err(message);
        assert_eq!((error.to_string().as_str(), error.class()), (message, Class::Caller));
    }
    let small = Raster::filled(3, 3, 0.0);
    let refined = unwatched(|p| patch::refine(&image, &hole, &small, None, &Options::default(), p));
    assert_eq!(refined.expect_err("sizes differ").to_string(), "guess is 3x3, picture is 20x16");
}

#[test]
fn an_empty_hole_and_tiny_pictures_work() {
    let image = noise(20, 16, 1);
    assert_eq!(complete(&image, &Mask::filled(20, 16, 0), &Options::default()).expect("nothing to do"), image);
    let one = noise(1, 1, 4);
    assert_eq!(complete(&one, &Mask::filled(1, 1, 0), &Options::default()).expect("nothing to do"), one);
    // Smaller than a patch: one known pixel fills all.
    let mut three = Raster::<SrgbF32>::filled(3, 2, 0.0);
    three.pixel_mut(2, 1).fill(0.5);
    let hole = Mask::from_fn(3, 2, |x, y, out| out[0] = u8::from((x, y) != (2, 1)));
    let filled = complete(&three, &hole, &Options::default()).expect("a fill");
    assert!(filled.samples().iter().all(|v| (v - 0.5).abs() < 1e-6), "{filled:?}");
}

#[test]
fn cancelling_stops_it_at_every_stage() {
    let (image, hole) = (noise(120, 100, 2), disc(120, 100, 25.0));
    let run = |steps| cancelled_after(steps, |p| patch::complete(&image, &hole, None, &Options::default(), p));
    for steps in [1, 3, 10, 40, 80] {
        assert!(matches!(run(steps), Err(Error::Cancelled(_))), "after {steps} reports");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn known_pixels_come_back_bit_for_bit(
        (width, height) in (1usize..40, 1usize..40),
        boxes in prop::collection::vec((0usize..40, 0usize..40, 1usize..16, 1usize..16), 0..4),
        seed in any::<u32>(),
    ) {
        let image = noise(width, height, seed);
        let inside = |x: usize, y: usize| boxes.iter().any(|(l, t, w, h)| (*l..l + w).contains(&x) && (*t..t + h).contains(&y));
        let hole = Mask::from_fn(width, height, |x, y, out| out[0] = u8::from(inside(x, y)));
        let known = hole.samples().contains(&0);
        match complete(&image, &hole, &options(|o| o.iterations = 2)) {
            Ok(filled) => {
                assert_same_outside(&filled, &image, &hole);
                prop_assert!(filled.samples().iter().all(|v| v.is_finite()));
            }
            Err(error) => prop_assert!(!known, "{error}"),
        }
    }
}
