//! `extend` end to end: letterbox bars are found, cut off and filled again, and straight lines go on beyond the border.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::path::Path;

use danqing_capability::{CancelToken, Capability, Inputs};
use danqing_media::file::{self, Limits};
use danqing_media::{Channels, Medium, Picture, Raster, Samples, Srgb8};
use danqing_pipelines::extend::{Extend, Fill, Length, Params, Trim};
use support::{Dice, medium, progress_ignored};

/// Rows of each black bar.
const BAR: usize = 30;

fn photograph(name: &str) -> Picture {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/photographs").join(name);
    file::read(path, &Limits::default(), &CancelToken::default()).expect("a photograph")
}

fn bytes(picture: &Picture) -> &[u8] {
    match &picture.samples {
        Samples::U8(samples) => samples,
        Samples::U16(_) => panic!("8 bit were given"),
    }
}

/// Samples of the rows from `from` to before `to`.
fn rows(picture: &Picture, from: usize, to: usize) -> &[u8] {
    let stride = picture.width * picture.channels.count();
    &bytes(picture)[from * stride..to * stride]
}

/// Resolved and run: the picture, the resolved parameters, and how each step was filled.
fn extended(extend: &Extend, picture: &Picture, params: Params) -> (Picture, Params, Vec<String>) {
    let inputs = Inputs::new().with("picture", medium(picture.clone()));
    progress_ignored(|progress| {
        let params = extend.resolve(&inputs, params, progress).expect("resolves");
        let outputs = extend.run(&inputs, &params, progress).expect("runs");
        let fills = serde_json::from_value(outputs.facts["fills"].clone()).expect("a list of names");
        let Medium::Picture(made) = &outputs.media[0].1 else { panic!("a picture") };
        (Picture::clone(made), params, fills)
    })
}

#[test]
fn letterbox_bars_are_cut_off_and_filled_again() {
    let photograph = photograph("chelsea.jpg");
    assert_eq!(photograph.channels, Channels::Rgb);
    let (width, height) = photograph.size();
    let black = vec![0_u8; BAR * width * 3];
    let samples = [black.as_slice(), bytes(&photograph), black.as_slice()].concat();
    let boxed = Picture::new(width, height + 2 * BAR, Channels::Rgb, Samples::U8(samples)).expect("as many samples");

    let extend = Extend::new(&support::store(), &support::engine());
    let asked = Params { auto: true, seed: Some(1), ..Params::default() };
    let (made, resolved, fills) = extended(&extend, &boxed, asked);
    assert_eq!(resolved.trim, Some(Trim { top: BAR, bottom: BAR, ..Trim::default() }));
    assert_eq!((resolved.top, resolved.bottom), (Some(Length::Pixels(30)), Some(Length::Pixels(30))));
    assert_eq!(fills.len(), 2, "one step above, one below: {fills:?}");
    assert_eq!(made.size(), boxed.size());

    let inner = resolved.feather..height - resolved.feather;
    let kept = rows(&made, BAR + inner.start, BAR + inner.end);
    assert!(kept == rows(&photograph, inner.start, inner.end), "the picture's own rows changed");
    for y in (0..BAR).chain(BAR + height..BAR + height + BAR) {
        let row = rows(&made, y, y + 1);
        let mean = row.iter().map(|&v| u64::from(v)).sum::<u64>() / row.len() as u64;
        let (least, most) = (row.iter().min().expect("samples"), row.iter().max().expect("samples"));
        assert!(mean > 20 && most - least > 14, "row {y} is flat and dark: mean {mean}, {least} to {most}");
    }
}

/// Width and height of [`ruled`], and its columns to come.
const SIZE: (usize, usize) = (120, 90);
const NEW: usize = 24;

/// Row, at a column's centre, of the middle of the line that [`ruled`] draws, beyond the picture too.
fn row_of_line(x: usize, slope: f32) -> f32 {
    45.0 + slope * (x as f32 + 0.5 - SIZE.0 as f32)
}

/// A dark line, five pixels thick, across pale grain to the middle of the right border.
fn ruled(slope: f32) -> Picture {
    let mut dice = Dice(5);
    Picture::from_srgb8(Raster::<Srgb8>::from_fn(SIZE.0, SIZE.1, |x, y, pixel| {
        let away = (y as f32 + 0.5 - row_of_line(x, slope)).abs() / slope.hypot(1.0);
        let pale = 182 + dice.between(0, 16);
        let dark = 32 + dice.between(0, 16);
        let share = (3.0 - away).clamp(0.0, 1.0);
        pixel.fill((pale as f32 + (dark as f32 - pale as f32) * share) as u8);
    }))
}

/// The darkest sample of a column at most two pixels from where the line is expected.
fn darkest_near_line(picture: &Picture, x: usize, slope: f32) -> u8 {
    let middle = row_of_line(x, slope) as usize;
    let column = (middle - 2..=middle + 2).map(|y| bytes(picture)[(y * picture.width + x) * 3]);
    column.min().expect("five rows")
}

/// With lines followed, one more candidate meets those of the plain fill; where it is kept, the line goes on straight,
/// and where it is not, the result is the one without lines.
#[test]
fn a_line_that_meets_the_border_goes_on() {
    let extend = Extend::new(&support::store(), &support::engine());
    let mut followed = 0;
    for slope in [0.3, -0.45, 0.6, -0.2, 0.8] {
        let picture = ruled(slope);
        let with = |follow_lines| {
            let right = Some(Length::Pixels(NEW as u32));
            extended(
                &extend,
                &picture,
                Params { right, fill: Fill::Patch, follow_lines, seed: Some(2), ..Params::default() },
            )
        };
        let ((off, _, plain), (on, _, fills)) = (with(false), with(true));
        assert_eq!((off.size(), on.size()), ((SIZE.0 + NEW, SIZE.1), (SIZE.0 + NEW, SIZE.1)));
        assert_eq!(plain, ["patches"], "slope {slope}");
        if fills == plain {
            assert!(on == off, "slope {slope}: the same fill gives the same pixels");
            continue;
        }
        followed += 1;
        assert_eq!(fills, ["patches between continued lines"], "slope {slope}");
        assert!(on != off, "slope {slope}: another fill gives other pixels");
        for x in SIZE.0..SIZE.0 + NEW / 2 {
            let darkest = darkest_near_line(&on, x, slope);
            assert!(darkest < 90, "slope {slope}: the line stops before column {x}, where the darkest is {darkest}");
        }
    }
    assert!(followed > 0, "no line was followed");
}
