use danqing_capability::CancelToken;

use super::*;

type Picture = Raster<SrgbF32>;

fn noise(width: usize, height: usize, contrast: f32) -> Picture {
    let mut state = 17u32;
    Raster::from_fn(width, height, |_, _, out| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        out.fill(0.5 + contrast * ((state >> 8) as f32 / (1u32 << 24) as f32 - 0.5));
    })
}

fn square() -> Mask {
    Mask::from_fn(64, 64, |x, y, out| out[0] = if (20..44).contains(&x) && (20..44).contains(&y) { 255 } else { 0 })
}

/// The picture with another one in the hole.
fn composed(outside: &Picture, inside: &Picture, hole: &Mask) -> Picture {
    Raster::from_fn(64, 64, |x, y, out| {
        out.copy_from_slice(if hole.pixel(x, y)[0] == 0 { outside.pixel(x, y) } else { inside.pixel(x, y) });
    })
}

#[test]
fn even_noise_has_ratios_of_one_and_flat_colour_too() {
    for (picture, least) in [(noise(64, 64, 0.5), 0.6), (Picture::filled(64, 64, 0.3), 1e-6)] {
        let score = Score::measured(&picture, &square(), &CancelToken::default()).expect("runs").expect("both sides");
        assert!((score.seam_ratio - 1.0).abs() < 0.15, "{score:?}");
        assert!((score.variance_ratio - 1.0).abs() < 0.15, "{score:?}");
        assert!(score.texture_distance < least, "{score:?}");
    }
}

#[test]
fn a_step_at_the_border_raises_the_seam_ratio_as_defined() {
    let (low, high) = (Picture::filled(64, 64, 0.25), Picture::filled(64, 64, 0.5));
    let ratio = seam_ratio(&composed(&low, &high, &square()), &square(), &CancelToken::default())
        .expect("runs")
        .expect("a border");
    let rounding = 0.5 / 255.0;
    assert!((ratio - (0.25 + rounding) / rounding).abs() < 1.0, "{ratio}");
}

#[test]
fn the_variance_ratio_is_that_of_the_contrasts_squared() {
    let ratio = variance_ratio(
        &composed(&noise(64, 64, 0.6), &noise(64, 64, 0.3), &square()),
        &square(),
        &CancelToken::default(),
    )
    .expect("runs");
    assert!((ratio.expect("both sides") - 0.25).abs() < 0.05, "{ratio:?}");
}

#[test]
fn another_texture_and_another_colour_are_far() {
    let stripes: Picture = Raster::from_fn(64, 64, |x, _, out| out.fill(if x % 6 < 3 { 0.3 } else { 0.7 }));
    let turned: Picture = Raster::from_fn(64, 64, |_, y, out| out.fill(if y % 6 < 3 { 0.3 } else { 0.7 }));
    let distance = |inside: &Picture| {
        texture_distance(&composed(&stripes, inside, &square()), &square(), &CancelToken::default())
            .expect("runs")
            .expect("both")
    };
    let own = distance(&stripes);
    assert!(own < 0.4, "{own}");
    assert!(distance(&turned) > own + 1.0, "{} against {own}", distance(&turned));
    let tinted: Picture = Raster::from_fn(64, 64, |x, y, out| {
        out.copy_from_slice(&[stripes.pixel(x, y)[0] + 0.2, stripes.pixel(x, y)[1], stripes.pixel(x, y)[2]]);
    });
    assert!(distance(&tinted) > own + 0.3, "{} against {own}", distance(&tinted));
}

#[test]
fn differences_count_only_where_nothing_covers() {
    let (a, b) = (Picture::filled(64, 64, 0.5), noise(64, 64, 0.5));
    let coverage = crate::blend::coverage(&square(), 3.0, &CancelToken::default()).expect("runs");
    assert_eq!(max_difference_outside(&a, &composed(&a, &b, &square()), &coverage), Some(0.0));
    let mut changed = a.clone();
    changed.pixel_mut(2, 3)[1] = 0.75;
    assert_eq!(max_difference_outside(&a, &changed, &coverage), Some(0.25));
    assert_eq!(max_difference_outside(&a, &Picture::filled(3, 3, 0.0), &coverage), None);
}

#[test]
fn nothing_to_compare_is_none_and_never_a_number() {
    let picture = noise(64, 64, 0.5);
    for hole in [Mask::filled(64, 64, 0), Mask::filled(64, 64, 255), Mask::filled(3, 3, 0)] {
        assert_eq!(seam_ratio(&picture, &hole, &CancelToken::default()).expect("runs"), None);
        assert_eq!(variance_ratio(&picture, &hole, &CancelToken::default()).expect("runs"), None);
        assert_eq!(texture_distance(&picture, &hole, &CancelToken::default()).expect("runs"), None);
    }
    for (width, height) in [(1, 1), (2, 1), (1, 9), (2, 2)] {
        let hole = Mask::from_fn(width, height, |x, y, out| out[0] = u8::from(x + y == 0));
        let _ = Score::measured(&noise(width, height, 0.5), &hole, &CancelToken::default()).expect("runs");
        let _ = seam_ratio(&noise(width, height, 0.5), &hole, &CancelToken::default()).expect("runs");
    }
}
