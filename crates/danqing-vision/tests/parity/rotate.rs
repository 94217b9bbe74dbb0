use danqing_capability::CancelToken;
use danqing_media::{Srgb8, SrgbF32};
use danqing_vision::geometry::rotated;

use crate::golden::{Golden, part, scaled};

/// OpenCV rounds positions to 1/32 pixel, so that a value may differ by a 64th of the slope there: at most 0.02 on this
/// photograph, hardly anything on average.
#[test]
fn rotation_equals_opencvs_bicubic_but_for_its_rounded_positions() {
    let (golden, cancel) = (Golden::open("vision_rotate"), CancelToken::default());
    let photo = scaled::<Srgb8, SrgbF32>(&golden.raster_u8("photo"));
    let names = golden.names("rotated/");
    assert_eq!(names.len(), 4);
    for name in names {
        let theirs = golden.raster_f32::<SrgbF32>(&name);
        let ours = rotated(&photo, part(&name, 1), theirs.size(), 0.25, &cancel).expect("not cancelled");
        let differences: Vec<f32> = ours.samples().iter().zip(theirs.samples()).map(|(a, b)| (a - b).abs()).collect();
        let worst = differences.iter().copied().fold(0.0, f32::max);
        let mean = differences.iter().sum::<f32>() / differences.len() as f32;
        assert!(worst < 0.02 && mean < 5e-4, "{name}: largest {worst}, mean {mean}");
    }
}
