//! Colour conversions against scikit-image, colour-science and colorsys (`tools/golden/media_colors.py`).

use danqing_media::color::{
    hsl_from_srgb, lab_from_srgb, linear_from_srgb, oklab_from_srgb, srgb_from_hsl, srgb_from_lab,
};
use danqing_media::{HslF32, Raster, Space, SrgbF32};
use serde_json::Value;

use crate::examples::golden;

struct Golden(Value);

impl Golden {
    fn load() -> Self {
        Self(serde_json::from_slice(&golden("media_colors.json")).expect("colours"))
    }

    fn raster<S: Space<Sample = f32>>(&self, name: &str) -> Raster<S> {
        let values = self.0[name].as_array().expect("values");
        let samples: Vec<f32> = values.iter().map(|v| v.as_f64().expect("number") as f32).collect();
        Raster::new(samples.len() / 3, 1, samples).expect("three each")
    }
}

fn assert_near<S: Space<Sample = f32>>(actual: &Raster<S>, expected: &Raster<S>, absolute: f32) {
    let worst = actual.samples().iter().zip(expected.samples()).map(|(a, e)| (a - e).abs()).fold(0.0, f32::max);
    assert!(worst <= absolute, "{}: worst difference {worst}, allowed {absolute}", S::NAME);
}

#[test]
fn linear_light_equals_colour_science() {
    let golden = Golden::load();
    assert_near(&linear_from_srgb(golden.raster("srgb")), &golden.raster("linear"), 1e-6);
}

#[test]
fn lab_equals_scikit_image() {
    let golden = Golden::load();
    assert_near(&lab_from_srgb(golden.raster("srgb")), &golden.raster("lab"), 1e-3);
    assert_near(&srgb_from_lab(golden.raster("lab")), &golden.raster::<SrgbF32>("srgb"), 2e-4);
}

/// The paper's matrices are rounded to XYZ of D65 with other digits than colour-science: 3e-4 apart.
#[test]
fn oklab_equals_colour_science() {
    let golden = Golden::load();
    assert_near(&oklab_from_srgb(golden.raster("srgb")), &golden.raster("oklab"), 3e-4);
}

#[test]
fn hsl_equals_colorsys() {
    let golden = Golden::load();
    let (actual, expected) = (hsl_from_srgb(golden.raster("srgb")), golden.raster::<HslF32>("hsl"));
    for (a, e) in actual.samples().chunks_exact(3).zip(expected.samples().chunks_exact(3)) {
        let turn = (a[0] - e[0]).rem_euclid(360.0);
        assert!(turn.min(360.0 - turn) <= 1e-2, "hue {} and {}", a[0], e[0]);
        assert!((a[1] - e[1]).abs() <= 1e-5 && (a[2] - e[2]).abs() <= 1e-6, "{a:?} and {e:?}");
    }
    assert_near(&srgb_from_hsl(expected), &golden.raster::<SrgbF32>("srgb"), 1e-5);
}
