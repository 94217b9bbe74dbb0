//! Every format, orientation, depth, channel layout and profile against what independent readers see
//! (`tools/golden/media_matrix.py`: Pillow, libpng, tifffile, littlecms).

use danqing_capability::CancelToken;
use danqing_media::file::{DepthChoice, EncodeOptions, Format, Limits, decode, encode};
use danqing_media::{Channels, Picture, Samples};

use crate::examples::{Example, each};

fn samples(picture: &Picture) -> (usize, Vec<u32>) {
    match &picture.samples {
        Samples::U8(samples) => (8, samples.iter().map(|&v| v.into()).collect()),
        Samples::U16(samples) => (16, samples.iter().map(|&v| v.into()).collect()),
    }
}

/// WebP and BMP know no grey, so a grey picture comes as RGB of equal channels.
fn as_expected(picture: &Picture, channels: usize) -> (usize, Vec<u32>) {
    let (bits, values) = samples(picture);
    let gray_as_rgb = channels == 3 && picture.channels == Channels::Gray;
    (bits, if gray_as_rgb { values.iter().flat_map(|&v| [v; 3]).collect() } else { values })
}

fn decoded(example: &Example<'_>) -> Picture {
    decode(example.file(), &Limits::default(), &CancelToken::default())
        .unwrap_or_else(|e| panic!("{}: {e}", example.name()))
}

#[test]
fn every_file_gives_the_pixels_that_other_readers_see() {
    let mut wrong = Vec::new();
    let count = each(|example| {
        let picture = decoded(example);
        let (bits, values) = as_expected(&picture, example.number("channels"));
        let expected = example.pixels();
        let size = (example.number("width"), example.number("height"));
        let same_shape = (picture.size(), bits, values.len()) == (size, example.number("bits"), expected.len());
        let worst = values.iter().zip(&expected).map(|(a, e)| a.abs_diff(*e)).max().unwrap_or(0);
        if !same_shape || worst > example.number("tolerance") as u32 {
            wrong.push(format!("{}: {:?} {bits} bit, worst difference {worst}", example.name(), picture.size()));
        }
    });
    assert!(wrong.is_empty(), "{} of {count} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count > 390, "only {count} files");
}

#[test]
fn profiles_and_exif_are_kept_and_the_orientation_is_reset() {
    each(|example| {
        let picture = decoded(example);
        assert_eq!(picture.icc_profile.as_deref(), example.part("icc"), "{}: profile", example.name());
        if example.name().contains(" bit ") && example.name().contains("channels") {
            let exif = picture.metadata.exif.unwrap_or_else(|| panic!("{}: no EXIF", example.name()));
            assert!(exif.windows(7).any(|w| w == b"danqing"), "{}: maker", example.name());
            let little = [0x12, 0x01, 3, 0, 1, 0, 0, 0, 1, 0, 0, 0];
            let big = [0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 1, 0, 0];
            assert!(exif.windows(12).any(|w| w == little || w == big), "{}: orientation", example.name());
        }
    });
}

#[test]
fn conversions_are_said() {
    each(|example| {
        let said: Vec<_> = decoded(example).metadata.warnings.iter().map(|w| w.code).collect();
        let expected: Vec<_> = example.entry["warnings"].as_array().expect("list").iter().collect();
        assert_eq!(said, expected, "{}", example.name());
    });
}

#[test]
fn profiles_give_the_srgb_of_littlecms() {
    let mut compared = 0;
    each(|example| {
        let Some(expected) = example.part("srgb") else { return };
        let actual = decoded(example).to_srgb8(&CancelToken::default()).expect("usable profile");
        let worst = actual.samples().iter().zip(expected).map(|(a, e)| a.abs_diff(*e)).max();
        assert!(worst <= Some(example.number("srgb_tolerance") as u8), "{}: {worst:?}", example.name());
        compared += 1;
    });
    assert_eq!(compared, 2);
}

#[test]
fn lossless_formats_bring_every_picture_back() {
    each(|example| {
        let picture = decoded(example);
        for format in [Format::Png, Format::Tiff, Format::WebP] {
            let made = encode(&picture, &EncodeOptions::new(format), &CancelToken::default())
                .unwrap_or_else(|e| panic!("{format}: {e}"));
            let again = encode(&picture, &EncodeOptions::new(format), &CancelToken::default()).expect("as before");
            assert_eq!(made.bytes, again.bytes, "{} as {format}: other bytes", example.name());
            let back = decode(&made.bytes, &Limits::default(), &CancelToken::default())
                .unwrap_or_else(|e| panic!("{format}: {e}"));
            if format != Format::WebP {
                assert_eq!(back.samples, picture.samples, "{} as {format}", example.name());
                assert_eq!(back.channels, picture.channels, "{} as {format}", example.name());
                assert_eq!(back.icc_profile, picture.icc_profile, "{} as {format}", example.name());
            } else if !picture.channels.is_gray() {
                let eight = picture.with_depth(danqing_media::Depth::Eight);
                assert_eq!(back.samples, eight.samples, "{} as {format}", example.name());
                assert_eq!(back.icc_profile, picture.icc_profile, "{} as {format}", example.name());
            }
            let exif = |p: &Picture| p.metadata.exif.as_ref().map(|e| e.windows(7).any(|w| w == b"danqing"));
            assert_eq!(exif(&back), exif(&picture), "{} as {format}: EXIF", example.name());
        }
    });
}

#[test]
fn lossy_formats_come_near_and_say_what_they_dropped() {
    each(|example| {
        let picture = decoded(example);
        let options = EncodeOptions { quality: 100, lossless: false, ..EncodeOptions::new(Format::Jpeg) };
        let made = encode(&picture, &options, &CancelToken::default()).expect("JPEG");
        let codes: Vec<_> = made.warnings.iter().map(|w| w.code).collect();
        let sixteen = picture.depth() == danqing_media::Depth::Sixteen;
        assert_eq!(codes.contains(&"depth_reduced"), sixteen, "{}: {codes:?}", example.name());
        let back = decode(&made.bytes, &Limits::default(), &CancelToken::default()).expect("readable");
        assert_eq!(back.size(), picture.size());
        assert_eq!(back.icc_profile, picture.icc_profile, "{}", example.name());
        if !picture.channels.has_alpha() {
            let eight = samples(&picture.with_depth(danqing_media::Depth::Eight)).1;
            let total: u32 = samples(&back).1.iter().zip(&eight).map(|(a, e)| a.abs_diff(*e)).sum();
            let mean = f64::from(total) / eight.len() as f64;
            assert!(mean < 3.0, "{}: mean difference {mean}", example.name());
        }
    });
}

#[test]
fn depth_can_be_chosen() {
    each(|example| {
        let picture = decoded(example);
        for (depth, bits) in [(DepthChoice::Eight, 8), (DepthChoice::Sixteen, 16)] {
            let options = EncodeOptions { depth, ..EncodeOptions::new(Format::Tiff) };
            let back = decode(
                &encode(&picture, &options, &CancelToken::default()).expect("TIFF").bytes,
                &Limits::default(),
                &CancelToken::default(),
            )
            .expect("readable");
            assert_eq!(samples(&back).0, bits, "{}", example.name());
        }
    });
}
