use danqing_capability::{CancelToken, Event};
use danqing_media::Rect;
use proptest::prelude::*;

use super::*;

type Picture = Raster<SrgbF32>;

fn unwatched<T>(work: impl FnOnce(&mut Progress<'_>) -> T) -> T {
    let mut sink = |_: Event| {};
    work(&mut Progress::new(CancelToken::default(), &mut sink))
}

fn waves(width: usize, height: usize, phase: f32) -> Picture {
    Raster::from_fn(width, height, |x, y, out| {
        for (c, v) in out.iter_mut().enumerate() {
            *v = 0.5 + 0.3 * (0.37 * x as f32 + 0.21 * y as f32 * (c + 1) as f32 + phase).sin();
        }
    })
}

fn boxed(width: usize, height: usize, area: Rect) -> Mask {
    let inside = |x: usize, y: usize| (area.x..area.right()).contains(&x) && (area.y..area.bottom()).contains(&y);
    Mask::from_fn(width, height, |x, y, out| out[0] = if inside(x, y) { 255 } else { 0 })
}

fn all_blends(picture: &Picture, fill: &Picture, hole: &Mask, band: f32) -> [(Picture, Raster<ScalarF32>); 3] {
    let soft = coverage(hole, band, &CancelToken::default()).expect("runs");
    let hard = coverage(hole, 0.0, &CancelToken::default()).expect("runs");
    let mixed = unwatched(|p| linear(picture, fill, &soft, p)).expect("sizes agree");
    let multi = unwatched(|p| multiband(picture, fill, &soft, 5, p)).expect("sizes agree");
    let poisson = unwatched(|p| gradient_domain(picture, fill, hole, p)).expect("sizes agree");
    [(mixed, soft.clone()), (multi, soft), (poisson, hard)]
}

fn largest(a: &Picture, b: &Picture, mut where_: impl FnMut(usize) -> bool) -> f32 {
    let differences = a.samples().iter().zip(b.samples()).enumerate().filter(|(i, _)| where_(i / 3));
    differences.map(|(_, (a, b))| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn coverage_falls_linearly_over_the_band() {
    let hole = boxed(9, 1, Rect::new(0, 0, 3, 1));
    let weights = coverage(&hole, 3.0, &CancelToken::default()).expect("runs");
    assert_eq!(weights.samples(), [1.0, 1.0, 1.0, 0.75, 0.5, 0.25, 0.0, 0.0, 0.0]);
    assert_eq!(
        coverage(&hole, 0.0, &CancelToken::default()).expect("runs").samples(),
        [1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    );
    assert_eq!(coverage(&Mask::filled(2, 1, 0), 3.0, &CancelToken::default()).expect("runs").samples(), [0.0, 0.0]);
}

#[test]
fn equal_pictures_blend_into_themselves() {
    let picture = waves(45, 38, 0.0);
    for (made, _) in all_blends(&picture, &picture, &boxed(45, 38, Rect::new(12, 9, 20, 17)), 6.0) {
        assert!(largest(&made, &picture, |_| true) < 1e-6);
    }
}

#[test]
fn linear_blending_is_exact_at_both_ends() {
    let (picture, fill) = (waves(30, 30, 0.0), waves(30, 30, 1.0));
    let hole = boxed(30, 30, Rect::new(10, 10, 8, 8));
    let weights = coverage(&hole, 4.0, &CancelToken::default()).expect("runs");
    let made = unwatched(|p| linear(&picture, &fill, &weights, p)).expect("sizes agree");
    assert!(largest(&made, &fill, |at| weights.samples()[at] >= 1.0) == 0.0);
    assert_eq!(made.pixel(20, 14)[0], {
        let (p, f, w) = (picture.pixel(20, 14)[0], fill.pixel(20, 14)[0], weights.pixel(20, 14)[0]);
        p + w * (f - p)
    });
}

#[test]
fn multiband_spreads_a_step_and_keeps_fine_texture() {
    // The fill is brighter by 0.2 and carries a checkerboard.
    let picture = Raster::filled(128, 128, 0.4);
    let fill: Picture =
        Raster::from_fn(128, 128, |x, y, out| out.fill(0.6 + if (x + y) % 2 == 0 { 0.05 } else { -0.05 }));
    let hole = boxed(128, 128, Rect::new(32, 32, 64, 64));
    let made =
        unwatched(|p| multiband(&picture, &fill, &coverage(&hole, 24.0, &CancelToken::default()).expect("runs"), 6, p))
            .expect("sizes agree");
    let row: Vec<f32> = (0..127).map(|x| made.pixel(x, 64)[0].midpoint(made.pixel(x + 1, 64)[0])).collect();
    let steepest = row.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f32::max);
    assert!(steepest < 0.05, "the step of 0.2 is spread: {steepest}");
    let texture = (made.pixel(64, 64)[0] - made.pixel(65, 64)[0]).abs();
    assert!((texture - 0.1).abs() < 0.01, "the checkerboard stays: {texture}");
}

#[test]
fn gradient_domain_takes_away_an_offset_and_a_ramp() {
    let picture = waves(90, 70, 0.0);
    let hole = boxed(90, 70, Rect::new(15, 12, 57, 44));
    let fill = Raster::from_fn(90, 70, |x, y, out| {
        let ramp = 0.1 + 0.002 * x as f32 - 0.001 * y as f32;
        out.iter_mut().zip(picture.pixel(x, y)).for_each(|(o, p)| *o = p + ramp);
    });
    let made = unwatched(|p| gradient_domain(&picture, &fill, &hole, p)).expect("sizes agree");
    let left = largest(&made, &picture, |_| true);
    assert!(left < 0.002, "{left} is left of an offset of up to 0.3");
}

#[test]
fn gradient_domain_has_the_laplacian_of_the_fill() {
    let (picture, fill) = (waves(60, 50, 0.0), waves(60, 50, 1.7));
    let area = Rect::new(14, 11, 33, 27);
    let made = unwatched(|p| gradient_domain(&picture, &fill, &boxed(60, 50, area), p)).expect("sizes agree");
    let laplacian = |r: &Picture, x: usize, y: usize| {
        let at = |x: usize, y: usize| r.pixel(x, y)[1];
        at(x - 1, y) + at(x + 1, y) + at(x, y - 1) + at(x, y + 1) - 4.0 * at(x, y)
    };
    let places = (area.y + 1..area.bottom() - 1).flat_map(|y| (area.x + 1..area.right() - 1).map(move |x| (x, y)));
    for (x, y) in places {
        let (ours, theirs) = (laplacian(&made, x, y), laplacian(&fill, x, y));
        assert!((ours - theirs).abs() < 1e-3, "at {x}, {y}: {ours} instead of {theirs}");
    }
}

#[test]
fn sizes_must_agree_and_cancelling_stops_all() {
    let (picture, small) = (waves(20, 20, 0.0), waves(10, 20, 0.0));
    let hole = boxed(20, 20, Rect::new(5, 5, 9, 9));
    let weights = coverage(&hole, 2.0, &CancelToken::default()).expect("runs");
    let error = unwatched(|p| linear(&picture, &small, &weights, p)).expect_err("10 against 20");
    assert_eq!(error.to_string(), "fill is 10x20, picture is 20x20");
    assert!(
        unwatched(|p| multiband(
            &picture,
            &picture,
            &coverage(&Mask::filled(3, 3, 0), 2.0, &CancelToken::default()).expect("runs"),
            3,
            p
        ))
        .is_err()
    );
    assert!(unwatched(|p| gradient_domain(&picture, &picture, &Mask::filled(3, 3, 0), p)).is_err());
    let token = CancelToken::default();
    token.cancel();
    let mut sink = |_: Event| {};
    let mut progress = Progress::new(token, &mut sink);
    assert!(matches!(linear(&picture, &picture, &weights, &mut progress), Err(Error::Cancelled(_))));
    assert!(matches!(multiband(&picture, &picture, &weights, 3, &mut progress), Err(Error::Cancelled(_))));
    assert!(matches!(gradient_domain(&picture, &picture, &hole, &mut progress), Err(Error::Cancelled(_))));
}

proptest! {
    #[test]
    fn uncovered_pixels_come_back_bit_for_bit(
        (width, height) in (1usize..30, 1usize..30), (x, y, w, h) in (0usize..30, 0usize..30, 0usize..20, 0usize..20),
        band in 0.0f32..9.0,
    ) {
        let (picture, fill) = (waves(width, height, 0.0), waves(width, height, 2.0));
        for (made, weights) in all_blends(&picture, &fill, &boxed(width, height, Rect::new(x, y, w, h)), band) {
            let outside = |at: usize| weights.samples()[at] == 0.0;
            prop_assert_eq!(largest(&made, &picture, outside), 0.0);
            prop_assert!(made.samples().iter().all(|v| v.is_finite()));
        }
    }
}
