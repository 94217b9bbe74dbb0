use danqing_capability::{CancelToken, Event, Progress};
use danqing_media::{Mask, Raster, ScalarF32, Srgb8, SrgbF32};
use danqing_vision::matting::{
    BACKGROUND, Options, SUBJECT, UNKNOWN, closed_form, foreground_and_background, guided_filter, trimap_from_mask,
};

use crate::golden::{Golden, assert_close_f32, part, scaled};

fn progress_ignored<T>(run: impl FnOnce(&mut Progress<'_>) -> T) -> T {
    let mut sink = |_: Event| {};
    run(&mut Progress::new(CancelToken::default(), &mut sink))
}

fn photo(golden: &Golden) -> Raster<SrgbF32> {
    scaled(&golden.raster_u8::<Srgb8>("photo"))
}

#[test]
fn closed_form_equals_pymatting() {
    let golden = Golden::open("vision_matting");
    let trimap: Mask = golden.raster_u8("trimap");
    let start = Raster::<ScalarF32>::filled(trimap.width(), trimap.height(), 0.5);
    for name in golden.names("alpha/") {
        let options = Options { epsilon: part(&name, 1), ..Options::default() };
        let ours = progress_ignored(|p| closed_form(&photo(&golden), &trimap, &start, &options, p)).unwrap();
        assert_close_f32(&name, &ours, &golden.raster_f32(&name), 2e-3);
    }
}

#[test]
fn the_guided_filter_equals_opencv() {
    let golden = Golden::open("vision_matting");
    let coarse: Raster<ScalarF32> = golden.raster_f32("coarse");
    for name in golden.names("guided/") {
        let (radius, epsilon) = (part(&name, 1), part(&name, 2));
        let ours = guided_filter(&photo(&golden), &coarse, radius, epsilon, &CancelToken::default()).unwrap();
        assert_close_f32(&name, &ours, &golden.raster_f32(&name), 1e-4);
    }
}

#[test]
fn foreground_and_background_equal_pymatting() {
    let golden = Golden::open("vision_matting");
    let alpha: Raster<ScalarF32> = golden.raster_f32("alpha/1e-05");
    let layers = progress_ignored(|p| foreground_and_background(&photo(&golden), &alpha, p)).unwrap();
    assert_close_f32("foreground", &layers.foreground, &golden.raster_f32("foreground"), 1e-4);
    assert_close_f32("background", &layers.background, &golden.raster_f32("background"), 1e-4);
}

/// Hairs of two to three pixels between a warm disc and a cool ground, both shaded: alpha is known.
fn composition(side: usize) -> (Raster<SrgbF32>, Raster<ScalarF32>) {
    let alpha = Raster::<ScalarF32>::from_fn(side, side, |x, y, s| {
        let (dx, dy) = (x as f32 - side as f32 / 2.0, y as f32 - side as f32 / 2.0);
        let (distance, angle) = (dx.hypot(dy), dy.atan2(dx));
        let solid = (side as f32 * 0.25 - distance + 0.5).clamp(0.0, 1.0);
        let hair = ((angle * 40.0 + (distance * 0.15).sin()).cos() * 2.0 - 0.8).clamp(0.0, 1.0);
        let fade = ((side as f32 * 0.36 - distance) / 12.0).clamp(0.0, 1.0);
        s[0] = solid.max(hair * fade);
    });
    let picture = Raster::<SrgbF32>::from_fn(side, side, |x, y, s| {
        let (u, v, a) = (x as f32 / side as f32, y as f32 / side as f32, alpha.pixel(x, y)[0]);
        let (front, back) = ([0.35 + 0.1 * u, 0.2, 0.1 + 0.1 * v], [0.5 + 0.2 * v, 0.7, 0.9 - 0.2 * u]);
        (0..3).for_each(|c| s[c] = a * front[c] + (1.0 - a) * back[c]);
    });
    (picture, alpha)
}

fn absolute_difference(a: &Raster<ScalarF32>, b: &Raster<ScalarF32>) -> f32 {
    a.samples().iter().zip(b.samples()).map(|(a, b)| (a - b).abs()).sum()
}

#[test]
fn matting_finds_hair_that_a_blurred_mask_lost() {
    let (picture, truth) = composition(160);
    let cancel = CancelToken::default();
    let network = danqing_vision::blur::gaussian(&truth, 4.0, &cancel).unwrap(); // what a small network sees
    let trimap = trimap_from_mask(&network, 0.95, 6, 6, &cancel).unwrap();
    assert!([SUBJECT, BACKGROUND, UNKNOWN].iter().all(|v| trimap.samples().contains(v)));
    let options = Options { epsilon: 1e-5, pull: 0.02, iterations: 120, tolerance: 1e-3 };
    let found = progress_ignored(|p| closed_form(&picture, &trimap, &network, &options, p)).unwrap();
    let (before, after) = (absolute_difference(&network, &truth), absolute_difference(&found, &truth));
    assert!(after * 2.0 < before, "SAD {before} became {after}, expected a fall by more than a factor of 2");
    let guided = guided_filter(&picture, &network, 3, 1e-4, &cancel).unwrap();
    assert!(absolute_difference(&guided, &truth) < before, "the guided filter moves towards the truth too");
}

#[test]
fn colours_of_half_transparent_pixels_are_the_subject_s() {
    let (picture, truth) = composition(128);
    let layers = progress_ignored(|p| foreground_and_background(&picture, &truth, p)).unwrap();
    let (mut seen, mut found, mut count) = (0.0_f32, 0.0_f32, 0);
    for (i, &alpha) in truth.samples().iter().enumerate().filter(|(_, a)| (0.1..0.9).contains(*a)) {
        let (x, y) = ((i % 128) as f32 / 128.0, (i / 128) as f32 / 128.0);
        let front = [0.35 + 0.1 * x, 0.2, 0.1 + 0.1 * y];
        for (c, front) in front.iter().enumerate() {
            seen += (picture.samples()[i * 3 + c] - front).abs();
            found += (layers.foreground.samples()[i * 3 + c] - front).abs();
        }
        count += usize::from(alpha > 0.0);
    }
    assert!(count > 500 && found * 5.0 < seen, "{count} pixels: {seen} became {found}");
}

#[test]
fn a_cancelled_matting_says_so() {
    let (picture, truth) = composition(64);
    let cancel = CancelToken::default();
    cancel.cancel();
    let trimap = Mask::filled(64, 64, UNKNOWN);
    assert!(guided_filter(&picture, &truth, 3, 1e-4, &cancel).is_err());
    let mut sink = |_: Event| {};
    let mut progress = Progress::new(cancel, &mut sink);
    assert!(closed_form(&picture, &trimap, &truth, &Options::default(), &mut progress).is_err());
    assert!(foreground_and_background(&picture, &truth, &mut progress).is_err());
}
