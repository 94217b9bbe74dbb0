use danqing_capability::CancelToken;
use danqing_media::ScalarF32;
use danqing_vision::field::Crew;
use danqing_vision::flow::Tensor;
use danqing_vision::xdog::{Difference, isotropic};

use crate::golden::{Golden, assert_close_f32, part};

fn opened() -> (Golden, Crew) {
    (Golden::open("vision_flow"), Crew::new(2, &CancelToken::default()))
}

#[test]
fn structure_tensor_equals_scikit_image() {
    let (golden, crew) = opened();
    let grey = golden.raster_f32::<ScalarF32>("grey");
    for sigma in ["1.0", "2.5"] {
        let tensor = Tensor::new(&grey, sigma.parse().expect("a number"), &crew).expect("runs");
        for (name, ours) in [("xx", &tensor.xx), ("xy", &tensor.xy), ("yy", &tensor.yy)] {
            let theirs = golden.raster_f32::<ScalarF32>(&format!("tensor/{sigma}/{name}"));
            let largest = theirs.samples().iter().fold(0.0_f32, |most, v| most.max(v.abs()));
            // f32 sums in another order
            assert_close_f32(&format!("{sigma} {name}"), ours, &theirs, 1e-4 * largest);
        }
    }
}

#[test]
fn difference_of_gaussians_equals_opencv() {
    let (golden, crew) = opened();
    let grey = golden.raster_f32::<ScalarF32>("grey");
    for name in golden.names("dog/") {
        let difference = Difference { sigma: part(&name, 1), ratio: part(&name, 2), sharpness: part(&name, 3) };
        let ours = isotropic(&grey, difference, &crew).expect("runs");
        let tolerance = 1e-5 * (1.0 + difference.sharpness); // each blur to 1e-6, strengthened
        assert_close_f32(&name, &ours, &golden.raster_f32(&name), tolerance);
    }
}
