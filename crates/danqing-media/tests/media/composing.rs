//! Promise 1: what the coverage leaves out keeps its bits.

use danqing_capability::CancelToken;
use std::sync::Arc;
use std::sync::LazyLock;

use danqing_media::file::{EncodeOptions, Format, Limits, decode, encode};
use danqing_media::{Channels, Depth, Error, Mask, MaskSource, Picture, Raster, Rect, Samples, SrgbF32};
use proptest::prelude::*;

use crate::examples::profiles;

static PROFILES: LazyLock<(Vec<u8>, Vec<u8>)> = LazyLock::new(profiles);

fn channels() -> impl Strategy<Value = Channels> {
    prop_oneof![Just(Channels::Gray), Just(Channels::GrayAlpha), Just(Channels::Rgb), Just(Channels::Rgba)]
}

fn picture() -> impl Strategy<Value = Picture> {
    (1..24_usize, 1..20_usize, channels(), any::<bool>(), any::<bool>()).prop_flat_map(
        |(width, height, channels, sixteen, icc)| {
            prop::collection::vec(any::<u16>(), width * height * channels.count()).prop_map(move |samples| {
                let samples = if sixteen {
                    Samples::U16(samples)
                } else {
                    Samples::U8(samples.iter().map(|v| (v >> 8) as u8).collect())
                };
                let mut made = Picture::new(width, height, channels, samples).expect("complete");
                let profile = if channels.is_gray() { &PROFILES.1 } else { &PROFILES.0 };
                made.icc_profile = icc.then(|| Arc::from(profile.as_slice()));
                made
            })
        },
    )
}

/// A picture, a part of it, how much of the part is covered and the new colours.
fn change() -> impl Strategy<Value = (Picture, Rect, Mask, Raster<SrgbF32>)> {
    (picture(), any::<[u16; 4]>()).prop_flat_map(|(picture, places)| {
        let at = part(&picture, places);
        let weight = prop_oneof![3 => Just(0_u8), 1 => Just(255), 1 => any::<u8>()];
        let area = at.width * at.height;
        let weights = prop::collection::vec(weight, area);
        let colours = prop::collection::vec(-0.2_f32..1.2, area * 3);
        (Just(picture), Just(at), weights, colours).prop_map(|(picture, at, weights, colours)| {
            let coverage = Raster::new(at.width, at.height, weights).expect("complete");
            let changed = Raster::new(at.width, at.height, colours).expect("complete");
            (picture, at, coverage, changed)
        })
    })
}

fn part(picture: &Picture, places: [u16; 4]) -> Rect {
    let [x, y, right, bottom] = places.map(usize::from);
    let (x, y) = (x % picture.width, y % picture.height);
    Rect::new(x, y, 1 + right % (picture.width - x), 1 + bottom % (picture.height - y))
}

fn values(picture: &Picture) -> Vec<u16> {
    match &picture.samples {
        Samples::U8(samples) => samples.iter().map(|&v| v.into()).collect(),
        Samples::U16(samples) => samples.clone(),
    }
}

/// Coverage of the pixel with that index, 0 outside the part.
fn weight(index: usize, picture: &Picture, at: Rect, coverage: &Mask) -> u8 {
    let (x, y) = (index % picture.width, index / picture.width);
    let inside = (at.x..at.right()).contains(&x) && (at.y..at.bottom()).contains(&y);
    if inside { coverage.pixel(x - at.x, y - at.y)[0] } else { 0 }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn uncovered_samples_and_alpha_keep_their_bits((picture, at, coverage, changed) in change()) {
        let made = picture.compose(&changed, &coverage, at, &CancelToken::default()).expect("fits");
        prop_assert_eq!((made.size(), made.channels, made.depth()), (picture.size(), picture.channels, picture.depth()));
        prop_assert_eq!(&made.icc_profile, &picture.icc_profile);
        let count = picture.channels.count();
        for (i, (new, old)) in values(&made).iter().zip(values(&picture)).enumerate() {
            let alpha = picture.channels.has_alpha() && i % count == count - 1;
            if alpha || weight(i / count, &picture, at, &coverage) == 0 {
                prop_assert_eq!(*new, old, "sample {}", i);
            }
        }
    }

    #[test]
    fn uncovered_samples_survive_lossless_files((picture, at, coverage, changed) in change(), format in 0..3_usize) {
        let format = [Format::Png, Format::Tiff, Format::WebP][format];
        prop_assume!(format != Format::WebP || (picture.depth() == Depth::Eight && !picture.channels.is_gray()));
        let made = picture.compose(&changed, &coverage, at, &CancelToken::default()).expect("fits");
        let file = encode(&made, &EncodeOptions::new(format), &CancelToken::default()).expect("encodes").bytes;
        let back = decode(&file, &Limits::default(), &CancelToken::default()).expect("decodes");
        prop_assert_eq!(back.samples, made.samples);
    }

    #[test]
    fn full_coverage_is_the_colour_and_half_lies_between((picture, at, coverage, changed) in change()) {
        let made = picture.compose(&changed, &coverage, at, &CancelToken::default()).expect("fits");
        let full = picture.compose(&changed, &Raster::filled(at.width, at.height, 255), at, &CancelToken::default()).expect("fits");
        let count = picture.channels.count();
        let (made, full, old) = (values(&made), values(&full), values(&picture));
        for i in 0..made.len() {
            match weight(i / count, &picture, at, &coverage) {
                255 => prop_assert_eq!(made[i], full[i]),
                0 => {}
                w => {
                    let (a, b, share) = (f64::from(old[i]), f64::from(full[i]), f64::from(w) / 255.0);
                    // Half a step for each rounding, of `full` and of the mixture.
                    prop_assert!((f64::from(made[i]) - (a + (b - a) * share)).abs() <= 1.01, "sample {}", i);
                }
            }
        }
    }

    #[test]
    fn a_picture_composed_with_itself_is_itself(picture in picture()) {
        let (width, height) = picture.size();
        let all = Raster::filled(width, height, 255);
        let made = picture.compose(&picture.to_srgb(&CancelToken::default()).expect("usable"), &all, Rect::new(0, 0, width, height), &CancelToken::default()).expect("fits");
        // Through a profile and back: f32 and the profile's curves, a few of 65536; exact without one.
        let allowed = match (&picture.icc_profile, picture.depth()) {
            (None, _) => 0,
            (Some(_), Depth::Eight) => 1,
            (Some(_), Depth::Sixteen) => 48,
        };
        let worst = values(&made).iter().zip(values(&picture)).map(|(a, b)| a.abs_diff(b)).max();
        prop_assert!(worst <= Some(allowed), "{:?} {:?} {:?}", worst, picture.channels, picture.depth());
    }
}

#[test]
fn sizes_that_do_not_fit_are_named() {
    let picture = Picture::from_mask(Raster::filled(4, 4, 9));
    let changed = Raster::filled(2, 2, 0.5);
    let coverage = Raster::filled(2, 2, 255);
    let error =
        |at| picture.compose(&changed, &coverage, at, &CancelToken::default()).expect_err("does not fit").to_string();
    assert_eq!(error(Rect::new(0, 0, 3, 2)), "changed part is 2x2, expected 3x2");
    assert_eq!(error(Rect::new(3, 0, 2, 2)), "right bottom of the changed part is 5x2, expected 4x4");
    let narrow = picture.compose(&changed, &Raster::filled(1, 2, 0), Rect::new(0, 0, 2, 2), &CancelToken::default());
    assert!(matches!(narrow, Err(Error::SizeMismatch { what: "coverage mask", .. })));
}

#[test]
fn masks_are_read_as_documented() {
    let rgba = vec![255, 255, 255, 0, 255, 255, 255, 255, 255, 0, 0, 255, 0, 0, 0, 255];
    let picture = Picture::new(4, 1, Channels::Rgba, Samples::U8(rgba)).expect("four pixels");
    assert_eq!(picture.to_mask(MaskSource::Auto).samples(), [0, 255, 76, 0]);
    assert_eq!(picture.to_mask(MaskSource::Luma).samples(), [255, 255, 76, 0]);
    assert_eq!(picture.to_mask(MaskSource::Alpha).samples(), [0, 255, 255, 255]);
    let sixteen = Picture::new(3, 1, Channels::Gray, Samples::U16(vec![0, 32_768, 65_535])).expect("three pixels");
    assert_eq!(sixteen.to_mask(MaskSource::Auto).samples(), [0, 128, 255]);
    assert_eq!(
        Picture::from_mask(sixteen.to_mask(MaskSource::Auto)).to_mask(MaskSource::Auto).samples(),
        [0, 128, 255]
    );
}
