use std::sync::Arc;

use danqing_capability::{CancelToken, Class, Classified, Event};
use danqing_media::{Channels, Metadata, Picture, Samples};
use serde_json::json;

use super::*;

fn input(picture: &Picture) -> Inputs<Medium> {
    Inputs::new().with("picture", Medium::Picture(Arc::new(picture.clone())))
}

fn resolved(picture: &Picture, params: serde_json::Value) -> Result<Params, Error> {
    let params = serde_json::from_value(params).expect("parameters");
    let mut sink = |_: Event| {};
    Adjust.resolve(&input(picture), params, &mut Progress::new(CancelToken::default(), &mut sink))
}

fn adjusted(picture: &Picture, params: serde_json::Value) -> Picture {
    let params = resolved(picture, params).expect("sound parameters");
    let mut sink = |_: Event| {};
    let mut progress = Progress::new(CancelToken::default(), &mut sink);
    let outputs = Adjust.run(&input(picture), &params, &mut progress).expect("a picture");
    let Medium::Picture(picture) = &outputs.media[0].1 else { panic!("a picture") };
    picture.as_ref().clone()
}

#[allow(clippy::needless_pass_by_value, reason = "json! makes values")]
fn edited(picture: &Picture, edits: serde_json::Value) -> Picture {
    adjusted(picture, json!({ "edits": edits }))
}

/// Every channel layout and depth, with a profile-less and metadata-bearing picture of varied samples.
fn pictures() -> Vec<Picture> {
    let all = [Channels::Gray, Channels::GrayAlpha, Channels::Rgb, Channels::Rgba];
    all.into_iter().flat_map(|channels| [picture(channels, false), picture(channels, true)]).collect()
}

fn picture(channels: Channels, sixteen: bool) -> Picture {
    let (width, height) = (23, 17);
    let value = |i: usize| (i * 7919 + i * i * 31) % 65_536;
    let count = width * height * channels.count();
    let samples = if sixteen {
        Samples::U16((0..count).map(|i| value(i) as u16).collect())
    } else {
        Samples::U8((0..count).map(|i| (value(i) >> 8) as u8).collect())
    };
    let mut made = Picture::new(width, height, channels, samples).expect("as many samples");
    made.metadata = Metadata { xmp: Some("<x/>".into()), ..Metadata::default() };
    made
}

/// Largest difference of two pictures' samples, in 8-bit steps.
fn difference(a: &Picture, b: &Picture) -> f64 {
    let worst = |pairs: &mut dyn Iterator<Item = (f64, f64)>| pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    match (&a.samples, &b.samples) {
        (Samples::U8(a), Samples::U8(b)) => worst(&mut a.iter().zip(b).map(|(a, b)| (f64::from(*a), f64::from(*b)))),
        (Samples::U16(a), Samples::U16(b)) => {
            worst(&mut a.iter().zip(b).map(|(a, b)| (f64::from(*a) / 257.0, f64::from(*b) / 257.0)))
        }
        _ => panic!("different depths"),
    }
}

#[test]
fn lists_without_effect_give_back_the_same_picture() {
    let neutral = json!([
        {"edit": "exposure", "stops": 0}, {"edit": "brightness", "amount": 0}, {"edit": "contrast", "amount": 0},
        {"edit": "curves", "points": [[0, 0], [1, 1]]}, {"edit": "levels"}, {"edit": "white_balance"},
        {"edit": "auto_white_balance", "strength": 0}, {"edit": "saturation", "amount": 0},
        {"edit": "vibrance", "amount": 0}, {"edit": "sharpen", "amount": 0}, {"edit": "blur", "radius": 0},
        {"edit": "denoise", "strength": 0}, {"edit": "vignette", "stops": 0}, {"edit": "hsl", "range": "blues"},
        {"edit": "rotate", "degrees": 360}, {"edit": "resize", "width": 23},
    ]);
    for picture in pictures() {
        assert_eq!(adjusted(&picture, json!({})), picture);
        assert_eq!(edited(&picture, neutral.clone()), picture, "{:?} {:?}", picture.channels, picture.depth());
    }
}

#[test]
fn exact_geometry_comes_back_bit_for_bit() {
    let there_and_back = json!([
        {"edit": "rotate", "degrees": 90}, {"edit": "flip"}, {"edit": "flip", "axis": "vertical"},
        {"edit": "rotate", "degrees": -270}, {"edit": "flip", "axis": "horizontal"},
        {"edit": "flip", "axis": "vertical"}, {"edit": "rotate", "degrees": 180},
    ]);
    for picture in pictures() {
        assert_eq!(edited(&picture, there_and_back.clone()), picture);
        let part = edited(&picture, json!([{"edit": "crop", "x": 3, "y": 5, "width": 20, "height": 12}]));
        assert_eq!(part.size(), (20, 12));
        assert_eq!(part, picture.on_canvas(20, 12, -3, -5));
        assert_eq!(part.metadata, picture.metadata);
    }
}

#[test]
fn geometry_after_colour_equals_colour_after_geometry() {
    let (colour, turn) = (json!({"edit": "exposure", "stops": -0.7}), json!({"edit": "rotate", "degrees": 90}));
    let crop = json!({"edit": "crop", "x": 2, "y": 1, "width": 9, "height": 8});
    for picture in pictures() {
        let first = edited(&picture, json!([colour, turn, crop]));
        assert_eq!(first, edited(&picture, json!([turn, crop, colour])));
    }
}

#[test]
fn opposite_exposures_cancel_even_beyond_white() {
    for picture in pictures() {
        let back = edited(&picture, json!([{"edit": "exposure", "stops": 3}, {"edit": "exposure", "stops": -3}]));
        let steps = difference(&back, &picture);
        assert!(steps <= 0.02, "{:?}: {steps} steps", picture.channels);
    }
}

#[test]
fn alpha_and_depth_survive_colour_edits_and_resampling() {
    for picture in pictures().into_iter().filter(|p| p.channels.has_alpha()) {
        let bright = edited(&picture, json!([{"edit": "exposure", "stops": 1}, {"edit": "saturation", "amount": 0.4}]));
        assert_eq!(bright.alpha(), picture.alpha());
        let small = edited(&picture, json!([{"edit": "resize", "width": 11, "height": 9}]));
        assert_eq!((small.size(), small.channels, small.depth()), ((11, 9), picture.channels, picture.depth()));
        let turned = edited(&picture, json!([{"edit": "rotate", "degrees": 30, "corners": "expand"}]));
        assert!(turned.alpha().expect("alpha").pixel(0, 0)[0] < 0.01, "empty corners are transparent");
    }
}

#[test]
fn transparent_colours_do_not_bleed() {
    let samples = (0..16 * 16).flat_map(|i| if i % 16 < 8 { [255, 0, 0, 255] } else { [0, 255, 0, 0] }).collect();
    let half = Picture::new(16, 16, Channels::Rgba, Samples::U8(samples)).expect("256 pixels");
    let small = edited(&half, json!([{"edit": "resize", "width": 5, "height": 5, "method": "area"}]));
    let Samples::U8(samples) = &small.samples else { panic!("8 bit") };
    for pixel in samples.chunks_exact(4).filter(|pixel| pixel[3] > 0) {
        assert_eq!(pixel[..3], [255, 0, 0]);
    }
}

#[test]
fn sizes_are_exactly_what_was_asked() {
    let photo = picture(Channels::Rgb, false); // 23 × 17
    let sized = |edit: serde_json::Value| edited(&photo, json!([edit])).size();
    assert_eq!(sized(json!({"edit": "resize", "width": 46})), (46, 34));
    assert_eq!(sized(json!({"edit": "resize", "height": 1})), (1, 1));
    assert_eq!(sized(json!({"edit": "resize", "width": 40, "height": 40, "fit": "within"})), (40, 30));
    assert_eq!(sized(json!({"edit": "resize", "width": 40, "height": 40, "fit": "cover"})), (40, 40));
    assert_eq!(sized(json!({"edit": "rotate", "degrees": 45, "corners": "keep"})), (23, 17));
    assert_eq!(sized(json!({"edit": "rotate", "degrees": 45, "corners": "expand"})), (29, 29));
    assert_eq!(adjusted(&photo, json!({"resize": "10x12"})).size(), (10, 12));
    assert_eq!(adjusted(&photo, json!({"resize": "x34"})).size(), (46, 34));
}

#[test]
fn short_forms_become_edits_and_resolving_again_changes_nothing() {
    let photo = picture(Channels::Rgb, false);
    let short = json!({"exposure": 0.5, "contrast": 0.1, "temperature": 10.0, "rotate": 90.0, "resize": "8x",
        "sharpen": 0.5, "edits": [{"edit": "flip", "axis": "vertical"}]});
    let meant = resolved(&photo, short.clone()).expect("sound parameters");
    let names: Vec<_> = serde_json::to_value(&meant).expect("plain data")["edits"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|edit| edit["edit"].as_str().expect("a name").to_owned())
        .collect();
    assert_eq!(names, ["rotate", "white_balance", "exposure", "contrast", "resize", "sharpen", "flip"]);
    let again = resolved(&photo, serde_json::to_value(&meant).expect("plain data")).expect("still sound");
    assert_eq!(again, meant);
    assert_eq!(adjusted(&photo, short), adjusted(&photo, serde_json::to_value(&meant).expect("plain data")));
}

#[test]
fn every_impossible_request_is_refused_before_work() {
    let photo = picture(Channels::Rgb, false);
    let table = [
        (json!({"edit": "exposure", "stops": 11}), "edit 2 (exposure): stops 11 is out of range (expected -10 to 10)"),
        (json!({"edit": "curves", "points": [[0, 0]]}), "edit 2 (curves): a curve needs at least 2 points, got 1"),
        (
            json!({"edit": "curves", "points": [[0.5, 0], [0.5, 1]]}),
            "edit 2 (curves): a curve's points must go from left to right, but x 0.5 follows 0.5",
        ),
        (
            json!({"edit": "curves", "points": [[0, 0], [1, 1.5]]}),
            "edit 2 (curves): points 1.5 is out of range (expected 0 to 1)",
        ),
        (
            json!({"edit": "levels", "in_black": 0.7, "in_white": 0.2}),
            "edit 2 (levels): in_black 0.7 is not below in_white 0.2",
        ),
        (
            json!({"edit": "crop", "x": 20, "y": 0, "width": 4, "height": 4}),
            "edit 2 (crop): rectangle 4x4 at 20,0 lies outside the picture of 17x23",
        ),
        (
            json!({"edit": "crop", "x": 0, "y": 0, "width": 0, "height": 4}),
            "edit 2 (crop): rectangle 0x4 at 0,0 lies outside the picture of 17x23",
        ),
        (
            json!({"edit": "neutral_point", "x": 17, "y": 0}),
            "edit 2 (neutral_point): point 17,0 lies outside the picture of 17x23",
        ),
        (json!({"edit": "resize"}), "edit 2 (resize): neither width nor height is given"),
        (json!({"edit": "resize", "width": 0}), "edit 2 (resize): width 0 is out of range (expected 1 to 65535)"),
        (
            json!({"edit": "resize", "width": 60000, "height": 60000}),
            "edit 2 (resize): a picture of 60000x60000 is too large (at most 268435456 pixels)",
        ),
    ];
    for (edit, message) in table {
        let error = resolved(&photo, json!({"edits": [{"edit": "rotate", "degrees": 90}, edit]})).expect_err(message);
        assert_eq!(error.to_string(), message);
        let class = if message.contains("too large") { Class::Limit } else { Class::Caller };
        assert_eq!(error.class(), class, "{message}");
    }
    for text in ["", "x", "10", "axb", "-3x4"] {
        assert!(matches!(resolved(&photo, json!({ "resize": text })), Err(Error::SizeText(_))), "{text:?}");
    }
    let mut sink = |_: Event| {};
    let mut progress = Progress::new(CancelToken::default(), &mut sink);
    assert!(matches!(Adjust.resolve(&Inputs::new(), Params::default(), &mut progress), Err(Error::NoPicture(_))));
}

#[test]
fn unknown_edits_and_fields_are_refused() {
    for wrong in [
        json!({"edits": [{"edit": "sharpness"}]}),
        json!({"edits": [{"edit": "exposure", "stops": 1, "ev": 2}]}),
        json!({"edits": [{"edit": "exposure"}]}),
        json!({"edits": [{"edit": "levels", "black": 0.1}]}),
        json!({"edit": []}),
    ] {
        assert!(serde_json::from_value::<Params>(wrong.clone()).is_err(), "{wrong}");
    }
}

#[test]
fn a_cancelled_run_stops() {
    let photo = picture(Channels::Rgb, false);
    let params = Params::of_edits(vec![Edit::Exposure(Exposure { stops: 1.0 })]);
    let cancel = CancelToken::default();
    let token = cancel.clone();
    let mut sink = move |_: Event| token.cancel();
    let mut progress = Progress::new(cancel, &mut sink);
    let stopped = Adjust.run(&input(&photo), &params, &mut progress).err();
    assert_eq!(stopped.map(|error| error.class()), Some(Class::Cancelled));
}

#[test]
fn the_schema_lets_a_file_stand_for_the_list() {
    let schema = serde_json::to_value(schemars::schema_for!(Params)).expect("plain data");
    assert_eq!(schema["properties"]["edits"]["x-file"], "json");
    assert_eq!(schema["additionalProperties"], false);
}

#[test]
fn each_tone_edit_moves_the_picture_the_way_it_says() {
    let photo = picture(Channels::Rgb, true);
    let mean = |picture: &Picture| -> [f64; 3] {
        let srgb = picture.to_srgb(&CancelToken::default()).expect("sRGB");
        [0, 1, 2].map(|c| srgb.samples().iter().skip(c).step_by(3).map(|&v| f64::from(v)).sum::<f64>() / 391.0)
    };
    let before = mean(&photo);
    let after = |edit: serde_json::Value| mean(&edited(&photo, json!([edit])));
    let brighter = |after: [f64; 3]| after.iter().zip(before).all(|(a, b)| *a > b + 0.01);
    assert!(brighter(after(json!({"edit": "exposure", "stops": 0.5}))));
    assert!(brighter(after(json!({"edit": "brightness", "amount": 0.1}))));
    assert!(brighter(after(json!({"edit": "levels", "gamma": 1.5}))));
    assert!(brighter(after(json!({"edit": "curves", "points": [[0, 0], [0.5, 0.7], [1, 1]]}))));
    assert!(!brighter(after(json!({"edit": "vignette"}))));
    let warm = after(json!({"edit": "white_balance", "temperature": 40}));
    assert!(warm[0] > before[0] + 0.01 && warm[2] < before[2] - 0.01, "{warm:?} {before:?}");
    let grey = after(json!({"edit": "saturation", "amount": -1}));
    assert!((grey[0] - grey[1]).abs() < 1e-4 && (grey[1] - grey[2]).abs() < 1e-4);
    let red = after(json!({"edit": "curves", "channel": "red", "points": [[0, 0.2], [1, 1]]}));
    assert!(red[0] > before[0] && (red[1] - before[1]).abs() < 1e-6);
}

/// `rescale_intensity` and `adjust_gamma` (`tools/golden/vision_tone.py`); 8-bit samples are half a step off at most.
#[test]
fn levels_equal_scikit_image() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/vision_tone.safetensors");
    let golden = danqing_weights::containers::read(file.as_ref(), &danqing_weights::Limits::default()).expect("a file");
    let values = |name: &str| golden.get(name).expect("a tensor of the script").to_f32().expect("numbers");
    let [height, width, _] = golden.get("photo").expect("the photograph").shape() else { panic!("three dimensions") };
    let samples = values("photo").iter().map(|value| *value as u8).collect();
    let photo = Picture::new(*width, *height, Channels::Rgb, Samples::U8(samples)).expect("as many samples");
    let names: Vec<&str> =
        golden.iter().map(|tensor| tensor.name()).filter(|name| name.starts_with("levels/")).collect();
    assert_eq!(names.len(), 3);
    for name in names {
        let settings: Vec<f64> = name.split('/').skip(1).map(|part| part.parse().expect("a number")).collect();
        let [in_black, in_white, gamma, out_black, out_white] = settings[..] else { panic!("{name}") };
        let levels = json!([{"edit": "levels", "in_black": in_black, "in_white": in_white, "gamma": gamma,
            "out_black": out_black, "out_white": out_white}]);
        let Samples::U8(made) = edited(&photo, levels).samples else { panic!("8 bit") };
        for (at, (made, wanted)) in made.iter().zip(values(name)).enumerate() {
            let off = (f32::from(*made) - wanted * 255.0).abs();
            assert!(off <= 0.51, "{name} at {at}: {made}, expected {}", wanted * 255.0);
        }
    }
}

#[test]
fn one_stop_doubles_the_light_and_white_balance_keeps_the_luminance_of_grey() {
    let light = |edit: serde_json::Value| -> [f32; 3] {
        let grey = Picture::new(4, 4, Channels::Rgb, Samples::U16(vec![20_000; 48])).expect("16 pixels");
        let srgb = edited(&grey, json!([edit])).to_srgb(&CancelToken::default()).expect("sRGB");
        [0, 1, 2].map(|c| danqing_media::color::linear_from_encoded(srgb.pixel(1, 1)[c]))
    };
    let before = light(json!({"edit": "exposure", "stops": 0}))[0];
    let brighter = light(json!({"edit": "exposure", "stops": 1}));
    assert!(brighter.iter().all(|v| (v / before - 2.0).abs() < 1e-3), "{brighter:?}");
    let [r, g, b] = light(json!({"edit": "white_balance", "temperature": 50, "tint": -20}));
    assert!((r / b / 2.0 - 1.0).abs() < 1e-3, "half a stop up, half a stop down");
    assert!(((0.2126 * r + 0.7152 * g + 0.0722 * b) / before - 1.0).abs() < 1e-3);
}

#[test]
fn automatic_white_balance_makes_the_mean_grey() {
    let cast = (0..40 * 30).flat_map(|i| [120 + (i % 37) as u8, 90 + (i % 23) as u8, 50 + (i % 29) as u8]).collect();
    let photo = Picture::new(40, 30, Channels::Rgb, Samples::U8(cast)).expect("1200 pixels");
    let gains =
        |srgb: &_| danqing_vision::tone::grey_world_gains(srgb, &CancelToken::default()).expect("not cancelled");
    let near_one = |picture: &Picture| {
        gains(&picture.to_srgb(&CancelToken::default()).expect("sRGB")).iter().all(|gain| (gain - 1.0).abs() < 0.02)
    };
    assert!(!near_one(&photo));
    assert!(near_one(&edited(&photo, json!([{"edit": "auto_white_balance"}]))));
    let neutral = edited(&photo, json!([{"edit": "neutral_point", "x": 10, "y": 10, "radius": 0}]));
    let Samples::U8(samples) = &neutral.samples else { panic!("8 bit") };
    let pixel = &samples[(10 * 40 + 10) * 3..][..3];
    assert!(pixel.iter().all(|v| v.abs_diff(pixel[0]) <= 1), "{pixel:?}");
}
