//! `cv2.inpaint` of opencv-python-headless 4.11.0.86.

use danqing_capability::{Class, Classified};
use danqing_media::{Gray8, Mask, Raster, Space, Srgb8, SrgbF32};
use danqing_vision::inpaint;
use inpaint::{Error, Method};

use crate::golden::{Golden, part};
use crate::{assert_same_outside, cancelled_after, disc, noise, unwatched};

const METHODS: [(&str, Method); 2] = [("telea", Method::Telea), ("ns", Method::NavierStokes)];

/// Compares every golden of `prefix`; returns how many.
fn compare<S: Space<Sample = u8>>(
    prefix: &str,
    fill: impl Fn(&Raster<S>, &Mask, usize, Method) -> Result<Raster<S>, Error>,
) -> usize {
    let golden = Golden::open("vision_inpaint");
    let mut compared = 0;
    for (method_name, method) in METHODS {
        for name in golden.names(prefix).iter().filter(|n| n.split('/').nth(2) == Some(method_name)) {
            let case = name.rsplitn(3, '/').nth(2).expect("a case");
            let image: Raster<S> = golden_raster(&golden, &format!("{case}/image"));
            let mask: Mask = golden_raster(&golden, &format!("{case}/mask"));
            let ours = fill(&image, &mask, part(name, 3), method).expect("a fill");
            let theirs: Raster<S> = golden_raster(&golden, name);
            let pairs = ours.samples().iter().zip(theirs.samples()).enumerate();
            let differing: Vec<_> = pairs.filter(|(_, (ours, theirs))| ours != theirs).collect();
            assert!(differing.is_empty(), "{name}, {:?}: {differing:?}", ours.size());
            compared += 1;
        }
    }
    compared
}

/// Rasters of one or three channels alike.
fn golden_raster<S: Space<Sample = u8>>(golden: &Golden, name: &str) -> Raster<S> {
    golden.raster_u8(name)
}

// The rule of the reference's own test is 3 levels inside the hole; ours is 0 everywhere.
#[test]
fn colour_pictures_are_filled_as_opencv_fills_them_bit_for_bit() {
    let run = |i: &Raster<Srgb8>, m: &Mask, r, how| unwatched(|p| inpaint::rgb(i, m, r, how, p));
    assert_eq!(compare("rgb/", run), 18);
}

#[test]
fn grey_pictures_are_filled_as_opencv_fills_them_bit_for_bit() {
    let run = |i: &Raster<Gray8>, m: &Mask, r, how| unwatched(|p| inpaint::gray(i, m, r, how, p));
    assert_eq!(compare("gray/", run), 26);
}

#[test]
fn a_constant_picture_stays_constant_also_at_every_border() {
    let image = Raster::<SrgbF32>::filled(17, 13, 128.0 / 255.0);
    let sides: [fn(usize, usize) -> bool; 4] = [|x, _| x < 3, |x, _| x > 13, |_, y| y < 3, |_, y| y > 9];
    for side in sides {
        let hole = Mask::from_fn(17, 13, |x, y, out| out[0] = u8::from(side(x, y)));
        for (_, method) in METHODS {
            let filled = unwatched(|p| inpaint::fill(&image, &hole, 4, method, p)).expect("a fill");
            assert_eq!(filled, image);
        }
    }
}

#[test]
fn the_float_fill_keeps_the_outside_and_replaces_all_of_the_hole() {
    let mut image = noise(40, 31, 5);
    let hole = Mask::from_fn(40, 31, |x, y, out| out[0] = u8::from(x < 6 && y < 9 || x > 30 && y > 20));
    for (at, _) in hole.samples().iter().enumerate().filter(|(_, m)| **m != 0) {
        image.samples_mut()[3 * at..3 * at + 3].fill(9.0);
    }
    for (_, method) in METHODS {
        let filled = unwatched(|p| inpaint::fill(&image, &hole, 3, method, p)).expect("a fill");
        assert_same_outside(&filled, &image, &hole);
        assert!(filled.samples().iter().all(|v| (0.0..=1.0).contains(v)), "every 9 is gone");
    }
}

#[test]
fn pictures_one_pixel_wide_or_high_are_filled() {
    for method in [Method::Telea, Method::NavierStokes] {
        for (width, height) in [(1, 2), (2, 1), (1, 9), (9, 1)] {
            let image = Raster::<SrgbF32>::filled(width, height, 0.5);
            let hole = Mask::from_fn(width, height, |x, y, s| s[0] = if x + y == 0 { 255 } else { 0 });
            let filled = unwatched(|p| inpaint::fill(&image, &hole, 5, method, p)).expect("a fill");
            assert!((filled.pixel(0, 0)[0] - 0.5).abs() < 0.01, "{method:?} {width}x{height}");
        }
    }
}

#[test]
fn bad_requests_are_refused_and_an_empty_hole_is_not_one() {
    let image = noise(9, 7, 1);
    let fill = |hole: &Mask, radius| unwatched(|p| inpaint::fill(&image, hole, radius, Method::Telea, p));
    let cases = [
        (fill(&Mask::filled(7, 9, 0), 3), "mask is 7x9, picture is 9x7"),
        (fill(&Mask::filled(9, 7, 255), 3), "the hole covers all 63 pixels, at least one must be known"),
        (fill(&Mask::filled(9, 7, 0), 0), "radius 0 is outside 1..=100"),
        (fill(&Mask::filled(9, 7, 0), 101), "radius 101 is outside 1..=100"),
    ];
    for (result, message) in cases {
        let error = result.expect_err(message);
        assert_eq!((error.to_string().as_str(), error.class()), (message, Class::Caller));
    }
    assert_eq!(fill(&Mask::filled(9, 7, 0), 3).expect("nothing to do"), image);
}

#[test]
fn cancelling_stops_it() {
    let (image, hole) = (noise(90, 90, 2), disc(90, 90, 30.0));
    let result = cancelled_after(2, |p| inpaint::fill(&image, &hole, 5, Method::NavierStokes, p));
    assert!(matches!(result, Err(Error::Cancelled(_))));
}
