use danqing_capability::CancelToken;
use danqing_media::color::srgb8_from_srgb;
use danqing_media::{Srgb8, SrgbF32};
use danqing_vision::tone::{Curve, CurveError, saturated, unsharp_masked};

use crate::golden::{Golden, assert_close_f32, assert_close_u8, part, scaled};

#[test]
fn curves_equal_scipys_pchip() {
    let golden = Golden::open("vision_tone");
    for i in 0..5 {
        let points: Vec<(f32, f32)> = golden
            .f64_of(&format!("curve/{i}/points"))
            .chunks_exact(2)
            .map(|point| (point[0] as f32, point[1] as f32))
            .collect();
        let curve = Curve::through(&points).expect("ascending points");
        let (xs, ys) = (golden.f64_of(&format!("curve/{i}/x")), golden.f64_of(&format!("curve/{i}/y")));
        for (x, y) in xs.into_iter().zip(ys) {
            assert!((f64::from(curve.at(x as f32)) - y).abs() < 1e-5, "curve {i} at {x}: {} {y}", curve.at(x as f32));
        }
        assert_eq!((curve.at(-1.0), curve.at(2.0)), (points[0].1, points[points.len() - 1].1));
    }
    assert_eq!(Curve::through(&[]), Err(CurveError::TooFew(0)));
}

#[test]
fn sharpening_equals_scikit_image() {
    let (golden, cancel) = (Golden::open("vision_tone"), CancelToken::default());
    let photo = scaled::<Srgb8, SrgbF32>(&golden.raster_u8("photo"));
    for name in golden.names("unsharp/") {
        let mut ours = photo.clone();
        unsharp_masked(&mut ours, part(&name, 1), part(&name, 2), &cancel).unwrap();
        assert_close_f32(&name, &ours, &golden.raster_f32(&name), 1e-5);
    }
}

#[test]
fn saturation_equals_pillow() {
    let (golden, cancel) = (Golden::open("vision_tone"), CancelToken::default());
    let photo = scaled::<Srgb8, SrgbF32>(&golden.raster_u8("photo"));
    for name in golden.names("saturation/") {
        let mut ours = photo.clone();
        saturated(&mut ours, part(&name, 1), &cancel).unwrap();
        assert_close_u8(&name, &srgb8_from_srgb(&ours), &golden.raster_u8(&name), 1);
    }
}
