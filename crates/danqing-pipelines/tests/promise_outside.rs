//! Promise 1: outside the mask and its feather, decoded samples are identical to the input in its own colour space and
//! depth, for every lossless output; a thousand random masks, sizes, channels, depths and formats.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use danqing_capability::CancelToken;
use danqing_capability::{Capability, Inputs};
use danqing_media::file::{EncodeOptions, Format, Limits, decode, encode};
use danqing_media::{Channels, Medium, Picture, Samples};
use danqing_pipelines::erase::{Engine, Erase, Params, Point, Rectangle};
use danqing_pipelines::extend::{Extend, Fill, Length, Params as ExtendParams};
use support::{Dice, medium, progress_ignored};

const RUNS: u64 = 1000;

/// Random samples with some structure, so that every engine has gradients to follow.
fn picture(dice: &mut Dice) -> Picture {
    let (width, height) = (dice.between(2, 40), dice.between(2, 40));
    let channels = [Channels::Gray, Channels::GrayAlpha, Channels::Rgb, Channels::Rgba][dice.between(0, 3)];
    let count = width * height * channels.count();
    let samples = if dice.between(0, 1) == 0 {
        Samples::U8((0..count).map(|i| ((i * 7) % 200 + dice.between(0, 50)) as u8).collect())
    } else {
        Samples::U16((0..count).map(|i| ((i * 1999) % 50_000 + dice.between(0, 9999)) as u16).collect())
    };
    Picture::new(width, height, channels, samples).expect("sizes fit")
}

/// A format that keeps these samples without loss.
fn lossless_format(picture: &Picture, dice: &mut Dice) -> Format {
    let eight_bit_colour =
        matches!((&picture.samples, picture.channels), (Samples::U8(_), Channels::Rgb | Channels::Rgba));
    let formats = [Format::Png, Format::Tiff, Format::WebP];
    formats[dice.between(0, if eight_bit_colour { 2 } else { 1 })]
}

fn through_a_file(picture: &Picture, format: Format) -> Picture {
    let encoded = encode(picture, &EncodeOptions::new(format), &CancelToken::default()).expect("encodes");
    decode(&encoded.bytes, &Limits::default(), &CancelToken::default()).expect("decodes")
}

/// Number of pixels farther than `feather` from every pixel for which `changed(x, y)`, all compared.
fn assert_same_outside(before: &Picture, after: &Picture, feather: usize, changed: impl Fn(usize, usize) -> bool) {
    assert_eq!((before.size(), before.channels), (after.size(), after.channels));
    let (width, height) = before.size();
    let marked: Vec<(usize, usize)> =
        (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).filter(|&(x, y)| changed(x, y)).collect();
    let n = before.channels.count();
    for y in 0..height {
        for x in 0..width {
            let near = |&(mx, my): &(usize, usize)| mx.abs_diff(x).pow(2) + my.abs_diff(y).pow(2) <= feather.pow(2);
            if marked.iter().any(near) {
                continue;
            }
            let at = (y * width + x) * n..(y * width + x + 1) * n;
            let same = match (&before.samples, &after.samples) {
                (Samples::U8(a), Samples::U8(b)) => a[at.clone()] == b[at],
                (Samples::U16(a), Samples::U16(b)) => a[at.clone()] == b[at],
                _ => false,
            };
            assert!(same, "pixel {x},{y} changed, {feather} px from any marked pixel");
        }
    }
}

#[test]
fn erase_changes_nothing_beyond_mask_and_feather() {
    let store = support::store();
    let erase = Erase::new(&store, &support::engine());
    let mut dice = Dice(7);
    let mut refused = 0;
    for run in 0..RUNS {
        let before = picture(&mut dice);
        let (width, height) = before.size();
        let rectangle = Rectangle {
            x: dice.between(0, width - 1),
            y: dice.between(0, height - 1),
            width: dice.between(1, width),
            height: dice.between(1, height),
        };
        let point = Point {
            x: dice.between(0, width - 1) as f64 + 0.5,
            y: dice.between(0, height - 1) as f64 + 0.5,
            radius: dice.between(1, 6) as f64,
        };
        let params = Params {
            engine: [Engine::Telea, Engine::NavierStokes, Engine::Patch][dice.between(0, 2)],
            rectangles: if dice.between(0, 1) == 0 { vec![rectangle] } else { Vec::new() },
            points: vec![point],
            feather: dice.between(0, 6),
            seed: Some(run),
            ..Params::default()
        };
        let inputs = Inputs::new().with("picture", medium(before.clone()));
        let result = progress_ignored(|p| erase.run(&inputs, &params, p));
        let outputs = match result {
            Ok(outputs) => outputs,
            Err(error) => {
                assert!(error.to_string().contains("whole picture"), "run {run}: {error}");
                refused += 1;
                continue;
            }
        };
        let Medium::Picture(made) = &outputs.media[0].1 else { panic!("a picture") };
        let after = through_a_file(made, lossless_format(made, &mut dice));
        let in_rectangle = |x: usize, y: usize| {
            params.rectangles.iter().any(|r| x >= r.x && y >= r.y && x < r.x + r.width && y < r.y + r.height)
        };
        let in_point = |x: usize, y: usize| (x as f64 + 0.5 - point.x).hypot(y as f64 + 0.5 - point.y) <= point.radius;
        assert_same_outside(&before, &after, params.feather, |x, y| in_rectangle(x, y) || in_point(x, y));
        assert_eq!(outputs.facts["max_difference_outside"], 0, "run {run}");
    }
    assert!(refused < RUNS / 4, "{refused} of {RUNS} masks covered everything");
}

#[test]
fn extend_keeps_the_picture_beyond_its_feather() {
    let extend = Extend::new(&support::store(), &support::engine());
    let mut dice = Dice(11);
    for run in 0..60 {
        let before = picture(&mut dice);
        let (width, height) = before.size();
        let (left, top) = (dice.between(0, 9), dice.between(1, 9));
        let params = ExtendParams {
            left: Some(Length::Pixels(left as u32)),
            top: Some(Length::Pixels(top as u32)),
            fill: [Fill::Patch, Fill::MirrorBlur, Fill::Colour][dice.between(0, 2)],
            feather: dice.between(0, 4),
            seed: Some(run),
            ..ExtendParams::default()
        };
        let inputs = Inputs::new().with("picture", medium(before.clone()));
        let outputs = progress_ignored(|p| extend.run(&inputs, &params, p)).expect("runs");
        let Medium::Picture(made) = &outputs.media[0].1 else { panic!("a picture") };
        let after = through_a_file(made, lossless_format(made, &mut dice));
        assert_eq!(after.size(), (width + left, height + top));
        let back = after.on_canvas(width, height, -(left as isize), -(top as isize));
        let inner = params.feather;
        let n = before.channels.count();
        for y in inner..height {
            for x in (if left > 0 { inner } else { 0 })..width {
                let at = (y * width + x) * n..(y * width + x + 1) * n;
                let same = match (&before.samples, &back.samples) {
                    (Samples::U8(a), Samples::U8(b)) => a[at.clone()] == b[at],
                    (Samples::U16(a), Samples::U16(b)) => a[at.clone()] == b[at],
                    _ => false,
                };
                assert!(same, "run {run}: pixel {x},{y} of the picture changed");
            }
        }
    }
}
