//! Restyle on the real weights: what stays, what is refused, how it stops.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use danqing_capability::{CancelToken, Capability, Class, Classified, Event, Inputs, Progress};
use danqing_media::{Channels, Medium, Picture, Samples};
use danqing_nn::{Engine, EngineConfig};
use danqing_pipelines::restyle::{GALLERY, KeepColours, Mode, Params, Restyle, StyleShare};
use support::{Dice, engine, medium, progress_ignored, store};

fn noise(width: usize, height: usize, channels: Channels, seed: u64) -> Picture {
    let mut dice = Dice(seed);
    let count = width * height * channels.count();
    let samples = (0..count).map(|i| ((i * 1999) % 50_000 + dice.between(0, 9999)) as u16).collect();
    Picture::new(width, height, channels, Samples::U16(samples)).expect("sizes fit")
}

/// [`noise`] in red: another palette than its own.
fn red_noise(width: usize, height: usize, seed: u64) -> Picture {
    let mut picture = noise(width, height, Channels::Rgb, seed);
    if let Samples::U16(samples) = &mut picture.samples {
        samples.iter_mut().enumerate().for_each(|(i, sample)| *sample /= if i % 3 == 0 { 1 } else { 6 });
    }
    picture
}

/// White in the left third.
fn mask(width: usize, height: usize) -> Picture {
    let samples = (0..width * height).map(|i| if i % width < width / 3 { 255 } else { 0 }).collect();
    Picture::new(width, height, Channels::Gray, Samples::U8(samples)).expect("sizes fit")
}

fn named(style: &str) -> Params {
    Params { style: Some(style.into()), ..Params::default() }
}

/// Resolved and run.
fn restyled(restyle: &Restyle, inputs: &Inputs<Medium>, params: Params) -> Picture {
    progress_ignored(|progress| {
        let params = restyle.resolve(inputs, params, progress).expect("resolves");
        let outputs = restyle.run(inputs, &params, progress).expect("runs");
        assert_eq!(outputs.weights.iter().map(|w| w.id.as_str()).collect::<Vec<_>>(), restyle.models(&params));
        let Medium::Picture(made) = &outputs.media[0].1 else { panic!("a picture") };
        Picture::clone(made)
    })
}

fn samples(picture: &Picture) -> &[u16] {
    match &picture.samples {
        Samples::U16(samples) => samples,
        Samples::U8(_) => panic!("16 bit were given"),
    }
}

#[test]
fn outside_the_mask_and_in_alpha_nothing_changes_at_any_size() {
    let restyle = Restyle::new(&store(), &engine());
    let sizes =
        [(61, 47, Channels::Rgba), (1, 1, Channels::Rgb), (200, 5, Channels::GrayAlpha), (33, 90, Channels::Gray)];
    for (width, height, channels) in sizes {
        let before = noise(width, height, channels, 5);
        let mut inputs = Inputs::new().with("picture", medium(before.clone()));
        let masked = width > 3;
        if masked {
            inputs = inputs.with("mask", medium(mask(width, height)));
        }
        for (art, params) in [(false, named("ember")), (true, Params::default())] {
            let mut inputs = inputs.clone();
            if art {
                inputs = inputs.with("style_image", medium(noise(40, 30, Channels::Rgb, 9)));
            }
            let after = restyled(&restyle, &inputs, Params { feather: 4, ..params });
            assert_eq!((after.size(), after.channels), (before.size(), before.channels));
            let (count, colors) = (channels.count(), channels.colors());
            let mut changed = 0;
            for (i, (a, b)) in samples(&before).iter().zip(samples(&after)).enumerate() {
                let outside = masked && i / count % width > width / 3 + 4;
                assert!(a == b || !(outside || i % count >= colors), "sample {i} of {width}x{height} changed");
                changed += usize::from(a != b);
            }
            assert!(changed > 0, "{width}x{height}: nothing was restyled");
        }
    }
}

#[test]
fn no_strength_is_the_picture_itself_and_colours_can_be_kept() {
    let restyle = Restyle::new(&store(), &engine());
    let before = noise(48, 40, Channels::Rgb, 3);
    let inputs = Inputs::new().with("picture", medium(before.clone()));
    let art = inputs.clone().with("style_image", medium(red_noise(40, 30, 9)));
    for (inputs, params) in [(&inputs, named("ember")), (&art, Params::default())] {
        let none = restyled(&restyle, inputs, Params { strength: 0.0, ..params.clone() });
        let worst = samples(&none).iter().zip(samples(&before)).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(worst <= Some(1), "strength 0 changes a sample by {worst:?} of 65535");
        let mean = |picture: &Picture, c: usize| {
            let values = samples(picture).iter().skip(c).step_by(3);
            values.map(|&v| f64::from(v)).sum::<f64>() / 65535.0 / (48.0 * 40.0)
        };
        let matched = restyled(&restyle, inputs, Params { keep_colours: KeepColours::Match, ..params.clone() });
        let free = restyled(&restyle, inputs, params);
        let away = |picture: &Picture| (0..3).map(|c| (mean(picture, c) - mean(&before, c)).abs()).sum::<f64>();
        assert!(away(&matched) < away(&free), "{} {}", away(&matched), away(&free));
    }
}

#[test]
fn threads_change_nothing() {
    let with = |threads| {
        let engine =
            Engine::new(EngineConfig { threads: Some(threads), ..EngineConfig::default() }).expect("an engine");
        let restyle = Restyle::new(&store(), &engine);
        let inputs = Inputs::new().with("picture", medium(noise(75, 52, Channels::Rgb, 1)));
        let inputs = inputs.with("style_image", medium(noise(60, 44, Channels::Rgb, 2)));
        restyled(&restyle, &inputs, Params { keep_structure: 0.5, ..Params::default() })
    };
    assert_eq!(with(1), with(3));
}

#[test]
fn a_blend_lies_between_its_styles_and_the_recipe_holds_their_numbers() {
    let restyle = Restyle::new(&store(), &engine());
    let inputs = Inputs::new().with("picture", medium(noise(32, 32, Channels::Rgb, 1)));
    let params = progress_ignored(|progress| {
        let styles = ["starry-night:0.5", "ember:0.5"].map(|s| serde_json::from_value(s.into()).expect("a share"));
        restyle.resolve(&inputs, Params { styles: styles.into(), ..Params::default() }, progress).expect("resolves")
    });
    assert_eq!((params.mode, params.working_size), (Mode::Gallery, Some(64)));
    let numbers: Vec<_> = params.styles.iter().map(|share: &StyleShare| share.index).collect();
    assert_eq!(numbers, [Some(19), Some(20)]);
    assert_eq!(GALLERY[19].id, "starry-night");
    let again = progress_ignored(|progress| restyle.resolve(&inputs, params.clone(), progress).expect("resolves"));
    assert_eq!(again, params);
}

#[test]
fn inputs_that_do_not_fit_are_refused_before_any_work() {
    let restyle = Restyle::new(&store(), &engine());
    let picture = || Inputs::new().with("picture", medium(noise(30, 20, Channels::Rgb, 1)));
    let black = Picture::new(30, 20, Channels::Gray, Samples::U8(vec![0; 600])).expect("fits");
    let cases = [
        (Inputs::new(), named("ember"), "no picture is given"),
        (picture().with("mask", medium(mask(20, 20))), named("ember"), "the mask is 20x20, but the picture is 30x20"),
        (picture().with("mask", medium(black)), named("ember"), "the mask is empty: no pixel is marked"),
        (picture(), Params::default(), "no style is given"),
    ];
    for (inputs, params, message) in cases {
        let error = progress_ignored(|p| restyle.resolve(&inputs, params, p)).expect_err(message);
        assert_eq!((error.to_string().as_str(), error.class()), (message, Class::Caller));
    }
}

#[test]
fn it_stops_at_the_first_step_after_it_was_cancelled() {
    let restyle = Restyle::new(&store(), &engine());
    let inputs = Inputs::new().with("picture", medium(noise(96, 64, Channels::Rgb, 1)));
    let art = inputs.clone().with("style_image", medium(noise(40, 30, Channels::Rgb, 9)));
    for (inputs, params, last) in [(&inputs, named("ember"), "paint"), (&art, Params::default(), "encode")] {
        let params = progress_ignored(|p| restyle.resolve(inputs, params, p)).expect("resolves");
        let (token, mut seen) = (CancelToken::default(), Vec::new());
        let mut sink = |event| {
            if let Event::Step { stage, .. } = event {
                seen.push(stage);
                if stage == last {
                    token.cancel();
                }
            }
        };
        let result = restyle.run(inputs, &params, &mut Progress::new(token.clone(), &mut sink));
        assert_eq!(result.expect_err("cancelled").class(), Class::Cancelled);
        assert_eq!(seen.iter().filter(|stage| **stage == last).count(), 1, "{seen:?}");
    }
}
