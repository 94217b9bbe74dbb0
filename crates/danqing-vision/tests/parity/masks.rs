use danqing_capability::CancelToken;
use danqing_media::{Gray8, Mask8};
use danqing_vision::components::{Connectivity, components, holes_filled};
use danqing_vision::distance::{distance_to_nonzero, distance_to_zero};
use danqing_vision::morphology::{Shape, closed, dilated, eroded, opened};

use crate::golden::{Golden, assert_close_f32, assert_close_u8, part};

#[test]
fn dilation_and_erosion_equal_opencv() {
    let (golden, cancel) = (Golden::open("vision_masks"), CancelToken::default());
    let from = golden.raster_u8::<Gray8>("grey");
    for name in golden.names("dilate/").into_iter().chain(golden.names("erode/")) {
        let shape = if name.contains("ellipse") { Shape::Ellipse } else { Shape::Rectangle };
        let radius = part(&name, 2);
        let ours = if name.starts_with("dilate") {
            dilated(&from, radius, shape, &cancel)
        } else {
            eroded(&from, radius, shape, &cancel)
        };
        assert_close_u8(&name, &ours.unwrap(), &golden.raster_u8(&name), 0);
    }
}

#[test]
fn opening_only_darkens_and_closing_only_brightens() {
    let (golden, cancel) = (Golden::open("vision_masks"), CancelToken::default());
    let from = golden.raster_u8::<Gray8>("grey");
    let (open, close) =
        (opened(&from, 3, Shape::Ellipse, &cancel).unwrap(), closed(&from, 3, Shape::Ellipse, &cancel).unwrap());
    assert!(open.samples().iter().zip(from.samples()).all(|(a, b)| a <= b));
    assert!(close.samples().iter().zip(from.samples()).all(|(a, b)| a >= b));
    assert_eq!(opened(&open, 3, Shape::Ellipse, &cancel).unwrap(), open, "opening twice is opening once");
}

#[test]
fn distances_equal_scipy_and_opencv() {
    let golden = Golden::open("vision_masks");
    let mask = golden.raster_u8::<Mask8>("mask");
    let ours = distance_to_zero(&mask, &CancelToken::default()).expect("runs");
    assert_close_f32("scipy", &ours, &golden.raster_f32("distance_to_zero"), 0.0);
    assert_close_f32("opencv", &ours, &golden.raster_f32("distance_precise"), 1e-3);
    let mut inverted = mask.clone();
    inverted.samples_mut().iter_mut().for_each(|s| *s = 255 - *s);
    assert_eq!(distance_to_nonzero(&inverted, &CancelToken::default()).expect("runs"), ours);
}

#[test]
fn labels_equal_scipy() {
    let golden = Golden::open("vision_masks");
    let mask = golden.raster_u8::<Mask8>("mask");
    for (name, connectivity) in [("labels/4", Connectivity::Four), ("labels/8", Connectivity::Eight)] {
        let ours = components(&mask, connectivity, &CancelToken::default()).expect("runs");
        let labels: Vec<i32> = ours.labels.iter().map(|&l| l as i32).collect();
        assert_eq!(labels, golden.i32_of(name), "{name}");
        let areas: usize = ours.found.iter().map(|c| c.area).sum();
        assert_eq!(areas, mask.samples().iter().filter(|&&s| s != 0).count());
    }
    assert_eq!(holes_filled(&mask, &CancelToken::default()).expect("runs"), golden.raster_u8("filled"));
}
