use danqing_capability::{CancelToken, Event, Progress};
use danqing_media::{Gray8, Srgb8, SrgbF32};
use danqing_vision::blur::{self, Border, Kernel};
use danqing_vision::denoise::{NonLocalMeans, non_local_means};
use danqing_vision::gradients::{Operator, gradients, grey};

use crate::golden::{Golden, assert_close_f32, assert_close_u8, part, scaled};

fn opened() -> (Golden, CancelToken) {
    (Golden::open("vision_filters"), CancelToken::default())
}

#[test]
fn grey_equals_cvtcolor() {
    let (golden, cancel) = opened();
    for (name, expected) in [("cube", "cube_grey"), ("photo", "grey")] {
        let made = grey(&golden.raster_u8(name), &cancel).expect("not cancelled");
        assert_close_u8(name, &made, &golden.raster_u8(expected), 0);
    }
}

#[test]
fn derivatives_equal_opencv() {
    let (golden, cancel) = opened();
    let from = golden.raster_u8::<Gray8>("grey");
    let operators = [Operator::Sobel3, Operator::Sobel5, Operator::Sobel7, Operator::Scharr];
    for (name, operator) in ["sobel3", "sobel5", "sobel7", "scharr"].into_iter().zip(operators) {
        let ours = gradients(&from, operator, Border::Reflect101, &cancel).expect("not cancelled");
        assert_eq!(ours.dx, golden.i16_of(&format!("{name}/dx")), "{name}");
        assert_eq!(ours.dy, golden.i16_of(&format!("{name}/dy")), "{name}");
    }
}

#[test]
fn gaussian_equals_opencv_and_scipy() {
    let (golden, cancel) = opened();
    let photo = golden.raster_u8::<Srgb8>("photo");
    let as_float = scaled::<_, SrgbF32>(&photo);
    for name in golden.names("gaussian/") {
        let sigma = part(&name, 1);
        if name.ends_with("u8") {
            assert_close_u8(&name, &blur::gaussian(&photo, sigma, &cancel).unwrap(), &golden.raster_u8(&name), 1);
        } else {
            assert_close_f32(
                &name,
                &blur::gaussian(&as_float, sigma, &cancel).unwrap(),
                &golden.raster_f32(&name),
                1e-5,
            );
        }
    }
    let ours = blur::gaussian_with(&as_float, 2.3, Kernel::SciPy, Border::Reflect, &cancel).unwrap();
    assert_close_f32("scipy", &ours, &golden.raster_f32("gaussian_scipy/2.3/f32"), 1e-5);
}

#[test]
fn box_equals_opencv() {
    let (golden, cancel) = opened();
    let photo = golden.raster_u8::<Srgb8>("photo");
    let as_float = scaled::<_, SrgbF32>(&photo);
    for name in golden.names("box/") {
        let radius = part(&name, 1);
        if name.ends_with("u8") {
            assert_close_u8(&name, &blur::boxed(&photo, radius, &cancel).unwrap(), &golden.raster_u8(&name), 0);
        } else {
            assert_close_f32(&name, &blur::boxed(&as_float, radius, &cancel).unwrap(), &golden.raster_f32(&name), 1e-6);
        }
    }
}

#[test]
fn median_equals_opencv() {
    let (golden, cancel) = opened();
    let photo = golden.raster_u8::<Srgb8>("photo");
    let as_float = scaled::<_, SrgbF32>(&photo);
    for name in golden.names("median/") {
        let expected = golden.raster_u8::<Srgb8>(&name);
        assert_close_u8(&name, &blur::median(&photo, part(&name, 1), &cancel).unwrap(), &expected, 0);
        let ours = blur::median(&as_float, part(&name, 1), &cancel).unwrap();
        assert_close_f32(&name, &ours, &scaled(&expected), 8e-6);
    }
}

#[test]
fn bilateral_equals_opencv() {
    let (golden, cancel) = opened();
    let noisy = golden.raster_u8::<Srgb8>("noisy");
    let as_float = scaled::<_, SrgbF32>(&noisy);
    for name in golden.names("bilateral/") {
        let (radius, colour, space) = (part(&name, 1), part::<f32>(&name, 2), part(&name, 3));
        if name.ends_with("u8") {
            let ours = blur::bilateral(&noisy, radius, colour, space, &cancel).unwrap();
            assert_close_u8(&name, &ours, &golden.raster_u8(&name), 1);
        } else {
            let ours = blur::bilateral(&as_float, radius, colour / 255.0, space, &cancel).unwrap();
            assert_close_f32(&name, &ours, &golden.raster_f32(&name), 1e-4);
        }
    }
}

#[test]
fn non_local_means_equals_opencv() {
    let (golden, cancel) = opened();
    let mut sink = |_: Event| {};
    let mut progress = Progress::new(cancel, &mut sink);
    let (grey, noisy) = (golden.raster_u8::<Gray8>("grey"), golden.raster_u8::<Srgb8>("noisy"));
    for name in golden.names("nlmeans/") {
        let settings = NonLocalMeans::with_strength(part(&name, 1));
        if name.ends_with("grey") {
            let ours = non_local_means(&grey, &settings, &mut progress).unwrap();
            assert_close_u8(&name, &ours, &golden.raster_u8(&name), 1);
        } else {
            let ours = non_local_means(&noisy, &settings, &mut progress).unwrap();
            assert_close_u8(&name, &ours, &golden.raster_u8(&name), 1);
        }
    }
}

#[test]
fn a_cancelled_filter_says_so() {
    let (golden, cancel) = opened();
    cancel.cancel();
    let photo = golden.raster_u8::<Srgb8>("photo");
    assert!(blur::gaussian(&photo, 2.0, &cancel).is_err());
    assert!(blur::boxed(&photo, 2, &cancel).is_err());
    assert!(blur::median(&photo, 2, &cancel).is_err());
    assert!(blur::bilateral(&photo, 2, 9.0, 9.0, &cancel).is_err());
    let mut sink = |_: Event| {};
    let mut progress = Progress::new(cancel, &mut sink);
    assert!(non_local_means(&photo, &NonLocalMeans::with_strength(9.0), &mut progress).is_err());
}
