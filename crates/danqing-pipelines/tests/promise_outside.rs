//! Promise 1: outside the mask and its feather, decoded samples are identical to the input in its own colour space and
//! depth, for every lossless output; a thousand random masks, sizes, channels, depths and formats, half of the masks as
//! rectangles and dabs, half as mask pictures of blobs and strokes. What `extend` keeps of a picture is promised alike.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use danqing_capability::CancelToken;
use danqing_capability::{Capability, Inputs};
use danqing_media::file::{EncodeOptions, Format, Limits, decode, encode};
use danqing_media::{Channels, Mask, Medium, Picture, Samples};
use danqing_pipelines::erase::{Engine, Erase, Params, Point, Rectangle};
use danqing_pipelines::extend::{Extend, Fill, Length, Params as ExtendParams};
use support::{Dice, medium, progress_ignored};

const RUNS: u64 = 1000;

/// Random samples with some structure, so that every engine has gradients to follow; sides of `low` to `high` pixels.
fn picture(dice: &mut Dice, low: usize, high: usize) -> Picture {
    let (width, height) = (dice.between(low, high), dice.between(low, high));
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

/// One to three marks: blobs, or strokes of a brush that wanders; at least one pixel is white, edges are soft.
fn painted_mask(dice: &mut Dice, width: usize, height: usize) -> Mask {
    let mut dabs: Vec<([usize; 2], usize)> = Vec::new();
    for _ in 0..dice.between(1, 3) {
        let is_stroke = dice.between(0, 1) == 0;
        let (steps, widest) = if is_stroke { (dice.between(2, 12), 3) } else { (1, (width.min(height) / 4).max(1)) };
        let radius = dice.between(1, widest);
        let (mut x, mut y) = (dice.between(0, width - 1), dice.between(0, height - 1));
        for _ in 0..steps {
            dabs.push(([x, y], radius));
            x = (x + dice.between(0, 2 * radius)).saturating_sub(radius).min(width - 1);
            y = (y + dice.between(0, 2 * radius)).saturating_sub(radius).min(height - 1);
        }
    }
    Mask::from_fn(width, height, |x, y, sample| {
        let share = |dab: &([usize; 2], usize)| {
            let away = (x as f32 - dab.0[0] as f32).hypot(y as f32 - dab.0[1] as f32);
            (dab.1 as f32 + 0.5 - away).clamp(0.0, 1.0)
        };
        sample[0] = (255.0 * dabs.iter().map(share).fold(0.0_f32, f32::max)) as u8;
    })
}

/// Marks without a mask picture: a dab, and every other time a rectangle.
fn shapes(dice: &mut Dice, width: usize, height: usize) -> (Vec<Rectangle>, Vec<Point>) {
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
    (if dice.between(0, 1) == 0 { vec![rectangle] } else { Vec::new() }, vec![point])
}

/// Erases, writes, reads and compares; false if the run was refused because too little of the picture is known.
fn is_kept_by_erase(erase: &Erase, before: &Picture, mask: Option<&Mask>, params: &Params, dice: &mut Dice) -> bool {
    let mut inputs = Inputs::new().with("picture", medium(before.clone()));
    if let Some(mask) = mask {
        inputs = inputs.with("mask", medium(Picture::from_mask(mask.clone())));
    }
    let outputs = match progress_ignored(|p| erase.run(&inputs, params, p)) {
        Ok(outputs) => outputs,
        Err(error) => {
            let message = error.to_string();
            assert!(message.contains("whole picture") || message.contains("to copy from"), "{params:?}: {message}");
            return false;
        }
    };
    let Medium::Picture(made) = &outputs.media[0].1 else { panic!("a picture") };
    let after = through_a_file(made, lossless_format(made, dice));
    let in_rectangle = |x: usize, y: usize| {
        params.rectangles.iter().any(|r| x >= r.x && y >= r.y && x < r.x + r.width && y < r.y + r.height)
    };
    let in_point = |x: usize, y: usize| {
        params.points.iter().any(|p| (x as f64 + 0.5 - p.x).hypot(y as f64 + 0.5 - p.y) <= p.radius)
    };
    let in_mask = |x: usize, y: usize| mask.is_some_and(|mask| mask.pixel(x, y)[0] >= 128);
    assert_same_outside(before, &after, params.feather, |x, y| in_rectangle(x, y) || in_point(x, y) || in_mask(x, y));
    assert_eq!(outputs.facts["max_difference_outside"], 0, "{params:?}");
    true
}

/// These engines fill the hole alone, so this sees what reading, composing and writing change; a coverage that is too wide
/// shows with the network below, which answers beyond the hole too.
#[test]
fn erase_changes_nothing_beyond_mask_and_feather() {
    let erase = Erase::new(&support::store(), &support::engine());
    let mut dice = Dice(7);
    let mut refused = 0;
    for run in 0..RUNS {
        let before = picture(&mut dice, 2, 40);
        let (width, height) = before.size();
        let mask = if run.is_multiple_of(2) { Some(painted_mask(&mut dice, width, height)) } else { None };
        let with_shapes = mask.is_none() || run.is_multiple_of(8);
        let (rectangles, points) = if with_shapes { shapes(&mut dice, width, height) } else { (vec![], vec![]) };
        let params = Params {
            engine: [Engine::Telea, Engine::NavierStokes, Engine::Patch][dice.between(0, 2)],
            rectangles,
            points,
            feather: dice.between(0, 6),
            seed: Some(run),
            ..Params::default()
        };
        if !is_kept_by_erase(&erase, &before, mask.as_ref(), &params, &mut dice) {
            refused += 1;
        }
    }
    assert!(refused < RUNS / 4, "{refused} of {RUNS} masks covered everything");
}

#[test]
fn the_network_changes_nothing_beyond_mask_and_feather_either() {
    let erase = Erase::new(&support::store(), &support::engine());
    let mut dice = Dice(13);
    for run in 0..6 {
        let before = picture(&mut dice, 64, 200);
        let mask = painted_mask(&mut dice, before.width, before.height);
        let params = Params {
            engine: if run < 3 { Engine::Migan } else { Engine::Auto },
            feather: dice.between(0, 6),
            seed: Some(run),
            ..Params::default()
        };
        assert!(is_kept_by_erase(&erase, &before, Some(&mask), &params, &mut dice), "run {run} was refused");
    }
}

/// Extends by `[left, top, right, bottom]`, writes, reads and compares what lies farther than the feather from the new
/// area; calm fills have no feather.
fn assert_kept_by_extend(extend: &Extend, before: &Picture, sides: [usize; 4], params: ExtendParams, dice: &mut Dice) {
    let [left, top, right, bottom] = sides;
    let [pixels_left, pixels_top, pixels_right, pixels_bottom] = sides.map(|n| Some(Length::Pixels(n as u32)));
    let params =
        ExtendParams { left: pixels_left, top: pixels_top, right: pixels_right, bottom: pixels_bottom, ..params };
    let inputs = Inputs::new().with("picture", medium(before.clone()));
    let outputs = progress_ignored(|p| extend.run(&inputs, &params, p)).expect("runs");
    let Medium::Picture(made) = &outputs.media[0].1 else { panic!("a picture") };
    let after = through_a_file(made, lossless_format(made, dice));
    let (width, height) = before.size();
    assert_eq!(after.size(), (left + width + right, top + height + bottom));
    let back = after.on_canvas(width, height, -(left as isize), -(top as isize));
    let feather = if matches!(params.fill, Fill::Colour | Fill::MirrorBlur) { 0 } else { params.feather };
    let inner = |new: usize| if new > 0 { feather } else { 0 };
    let n = before.channels.count();
    for y in inner(top)..height.saturating_sub(inner(bottom)) {
        for x in inner(left)..width.saturating_sub(inner(right)) {
            let at = (y * width + x) * n..(y * width + x + 1) * n;
            let same = match (&before.samples, &back.samples) {
                (Samples::U8(a), Samples::U8(b)) => a[at.clone()] == b[at],
                (Samples::U16(a), Samples::U16(b)) => a[at.clone()] == b[at],
                _ => false,
            };
            assert!(same, "{params:?}: pixel {x},{y} of the picture changed");
        }
    }
}

#[test]
fn extend_keeps_the_picture_beyond_its_feather() {
    let extend = Extend::new(&support::store(), &support::engine());
    let mut dice = Dice(11);
    for run in 0..RUNS {
        let before = picture(&mut dice, 2, 40);
        let sides = [dice.between(0, 9), dice.between(1, 9), dice.between(0, 9), dice.between(0, 9)];
        // Patches take a hundred times as long as a calm fill.
        let calm = [Fill::MirrorBlur, Fill::Colour][dice.between(0, 1)];
        let params = ExtendParams {
            fill: if run.is_multiple_of(20) { Fill::Patch } else { calm },
            feather: dice.between(0, 4),
            seed: Some(run),
            ..ExtendParams::default()
        };
        assert_kept_by_extend(&extend, &before, sides, params, &mut dice);
    }
}

#[test]
fn extend_with_the_network_keeps_the_picture_beyond_its_feather() {
    let extend = Extend::new(&support::store(), &support::engine());
    let mut dice = Dice(17);
    for (run, fill) in [Fill::Network, Fill::Auto, Fill::Network, Fill::Auto].into_iter().enumerate() {
        let before = picture(&mut dice, 40, 90);
        let sides = if run < 2 { [dice.between(1, 16), 0, 0, 0] } else { [0, dice.between(1, 16), 0, 0] };
        let params =
            ExtendParams { fill, feather: dice.between(0, 6), seed: Some(run as u64), ..ExtendParams::default() };
        assert_kept_by_extend(&extend, &before, sides, params, &mut dice);
    }
}
