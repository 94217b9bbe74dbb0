use danqing_capability::{CancelToken, Event};

use super::*;

type Picture = Raster<SrgbF32>;

fn unwatched<T>(work: impl FnOnce(&mut Progress<'_>) -> T) -> T {
    let mut sink = |_: Event| {};
    work(&mut Progress::new(CancelToken::default(), &mut sink))
}

fn waves(width: usize, height: usize) -> Picture {
    Raster::from_fn(width, height, |x, y, out| {
        for (c, v) in out.iter_mut().enumerate() {
            *v = 0.5 + 0.2 * (0.31 * x as f32 * (c + 1) as f32 + 0.17 * y as f32).sin();
        }
    })
}

fn disc(width: usize, height: usize, radius: f32) -> Mask {
    Mask::from_fn(width, height, |x, y, out| {
        let (dx, dy) = (x as f32 - width as f32 / 2.0, y as f32 - height as f32 / 2.0);
        out[0] = if dx.hypot(dy) < radius { 255 } else { 0 };
    })
}

#[test]
fn the_ring_is_what_lies_near_the_hole_and_not_in_it() {
    let mut hole = Mask::filled(9, 3, 0);
    hole.pixel_mut(4, 1)[0] = 1;
    let ring = around(&hole, 1.5, &CancelToken::default()).expect("runs");
    let expected = [0, 0, 0, 255, 255, 255, 0, 0, 0];
    assert_eq!((ring.row(0), ring.row(2)), (&expected[..], &expected[..]));
    assert_eq!(ring.row(1), [0, 0, 0, 255, 0, 255, 0, 0, 0]);
}

#[test]
fn a_gain_and_an_offset_are_found_among_a_third_of_outliers() {
    let picture = waves(60, 60);
    let hole = disc(60, 60, 15.0);
    let ring = around(&hole, 8.0, &CancelToken::default()).expect("runs");
    let fill = Raster::from_fn(60, 60, |x, y, out| {
        let outlier = x < 22; // another object reaches into the ring on one side
        for (c, (o, p)) in out.iter_mut().zip(picture.pixel(x, y)).enumerate() {
            *o = if outlier { 0.95 } else { (p - 0.05 * c as f32) / 1.2 };
        }
    });
    let found = fit(&picture, &fill, &ring).expect("a ring");
    for c in 0..3 {
        assert!((found.gain[c] - 1.2).abs() < 0.03, "{found:?}");
        assert!((found.offset[c] - 0.05 * c as f32).abs() < 0.02, "{found:?}");
    }
    let corrected = found.applied(&fill);
    assert!((corrected.pixel(45, 30)[1] - picture.pixel(45, 30)[1]).abs() < 0.01);
}

#[test]
fn a_ring_without_contrast_gives_an_offset_alone() {
    let (picture, fill) = (Picture::filled(30, 30, 0.6), Picture::filled(30, 30, 0.5));
    let found =
        fit(&picture, &fill, &around(&disc(30, 30, 6.0), 4.0, &CancelToken::default()).expect("runs")).expect("a ring");
    assert!(found.gain.iter().all(|g| (g - 1.0).abs() < 1e-5), "{found:?}");
    assert!(found.offset.iter().all(|o| (o - 0.1).abs() < 1e-5), "{found:?}");
}

#[test]
fn a_membrane_continues_a_plane_and_keeps_given_values() {
    let plane: Picture =
        Raster::from_fn(70, 55, |x, y, out| out.copy_from_slice(&[0.01 * x as f32, 0.02 * y as f32, 0.3]));
    let hole = disc(70, 55, 21.0);
    let made = unwatched(|p| membrane(&plane, &Known::border_of(&hole), p)).expect("not cancelled");
    for (at, _) in hole.samples().iter().enumerate().filter(|(_, m)| **m != 0) {
        for c in 0..3 {
            let (ours, true_) = (made.samples()[3 * at + c], plane.samples()[3 * at + c]);
            assert!((ours - true_).abs() < 0.002, "{ours} instead of {true_}");
        }
    }
}

#[test]
fn a_membrane_with_one_known_side_reaches_the_picture_edge() {
    // An extension: the right half is unknown, the left edge of it is known.
    let hole = Mask::from_fn(64, 40, |x, _, out| out[0] = u8::from(x >= 30));
    let values = Raster::filled(64, 40, 0.7);
    let made = unwatched(|p| membrane(&values, &Known::border_of(&hole), p)).expect("not cancelled");
    assert!((made.pixel(63, 20)[0] - 0.7).abs() < 0.01, "{:?}", made.pixel(63, 20));
}

#[test]
fn levelling_takes_a_varying_shift_away_and_keeps_texture_and_outside() {
    let picture = waves(80, 70);
    let hole = disc(80, 70, 20.0);
    let fill = Raster::from_fn(80, 70, |x, y, out| {
        out.iter_mut().zip(picture.pixel(x, y)).for_each(|(o, p)| *o = p + 0.1 - 0.003 * x as f32);
    });
    let made = unwatched(|p| level(&picture, &fill, &hole, 6.0, p)).expect("a ring");
    let ring = around(&hole, 6.0, &CancelToken::default()).expect("runs");
    for (at, (m, r)) in hole.samples().iter().zip(ring.samples()).enumerate() {
        for c in 3 * at..3 * at + 3 {
            if *m != 0 {
                assert!((made.samples()[c] - picture.samples()[c]).abs() < 0.01);
            } else if *r == 0 {
                assert_eq!(made.samples()[c], fill.samples()[c]);
            }
        }
    }
}

#[test]
fn bad_requests_are_refused_and_cancelling_stops() {
    let picture = waves(12, 10);
    let no_ring = Mask::filled(12, 10, 0);
    assert!(matches!(fit(&picture, &picture, &no_ring), Err(Error::EmptyRing)));
    assert!(matches!(unwatched(|p| level(&picture, &picture, &no_ring, 3.0, p)), Err(Error::EmptyRing)));
    let error = fit(&picture, &waves(10, 12), &no_ring).expect_err("turned");
    assert_eq!(error.to_string(), "fill is 10x12, picture is 12x10");
    let token = CancelToken::default();
    token.cancel();
    let mut sink = |_: Event| {};
    let mut progress = Progress::new(token, &mut sink);
    let hole = disc(12, 10, 3.0);
    assert!(matches!(level(&picture, &picture, &hole, 3.0, &mut progress), Err(Error::Cancelled(_))));
    assert_eq!(membrane(&picture, &Known::border_of(&hole), &mut progress), Err(Cancelled));
}
