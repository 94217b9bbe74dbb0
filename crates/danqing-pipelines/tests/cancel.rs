//! Wherever a run is stopped, it stops there, and looks come often enough.
// Helpers of tests fail like tests.
#![allow(clippy::expect_used, clippy::panic)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use danqing_capability::{CancelToken, Capability, Class, Classified, Inputs, Progress};
use danqing_media::{Mask, Medium, Picture, Raster, Srgb8};
use danqing_pipelines::adjust::Adjust;
use danqing_pipelines::cutout::Cutout;
use danqing_pipelines::erase::Erase;
use danqing_pipelines::extend::Extend;
use danqing_pipelines::restyle::Restyle;
use danqing_pipelines::upscale::Upscale;
use serde_json::{Value, json};
use support::{engine, store};

/// Most pixels that any edit may work on between two looks at the token: well below 200 ms of the slowest one.
const PIXELS_PER_LOOK: usize = 1 << 17;

fn picture(width: usize, height: usize) -> Picture {
    let wave = |x: usize, y: usize, c: usize| ((x * 7 + y * 3 + (x * y) % 61 + c * 40) % 256) as u8;
    let pixels = Raster::<Srgb8>::from_fn(width, height, |x, y, pixel| {
        pixel.iter_mut().enumerate().for_each(|(c, sample)| *sample = wave(x, y, c));
    });
    Picture::from_srgb8(pixels)
}

fn spot(width: usize, height: usize) -> Picture {
    let near = |a: usize, b: usize| a.abs_diff(b / 2) < 8;
    Picture::from_mask(Mask::from_fn(width, height, |x, y, pixel| {
        pixel[0] = if near(x, width) && near(y, height) { 255 } else { 0 };
    }))
}

fn inputs(width: usize, height: usize, with_mask: bool) -> Inputs<Medium> {
    let inputs = Inputs::new().with("picture", Medium::Picture(Arc::new(picture(width, height))));
    if with_mask { inputs.with("mask", Medium::Picture(Arc::new(spot(width, height)))) } else { inputs }
}

/// Runs to the end, or to look `stop_at` at the token; how many looks there were, and the class of the error.
fn run<C>(capability: &C, inputs: &Inputs<Medium>, params: &Value, stop_at: usize) -> (usize, Option<Class>)
where
    C: Capability<Media = Medium>,
{
    let looks = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&looks);
    let token = CancelToken::watched(move || counted.fetch_add(1, Ordering::Relaxed) >= stop_at).with_threads(1);
    let mut sink = |_| {};
    let mut progress = Progress::new(token, &mut sink);
    let params = serde_json::from_value(params.clone()).expect("parameters");
    let made = capability.resolve(inputs, params, &mut progress);
    let made = made.and_then(|params| capability.run(inputs, &params, &mut progress));
    (looks.load(Ordering::Relaxed), made.err().map(|error| error.class()))
}

/// Stopped at the first, the last and several looks between, the run ends there.
fn stops_everywhere<C>(capability: &C, inputs: &Inputs<Medium>, params: &Value)
where
    C: Capability<Media = Medium>,
{
    // Networks are loaded the first time; that has looks of its own.
    run(capability, inputs, params, usize::MAX);
    let (looks, error) = run(capability, inputs, params, usize::MAX);
    assert_eq!(error, None, "{params} must work when nobody stops it");
    assert!(looks > 1, "{params} looked {looks} times");
    for stop_at in [0, looks / 7, looks / 3, looks / 2, looks * 5 / 6, looks - 1] {
        let (looked, error) = run(capability, inputs, params, stop_at);
        assert_eq!(error, Some(Class::Cancelled), "{params}: stopped at look {stop_at} of {looks}");
        // One thread: whoever sees the token cancelled unwinds; loops that are left may look once more each.
        assert!(looked <= stop_at + 64, "{params}: {looked} looks, stopped at {stop_at}");
    }
}

fn edits() -> Vec<Value> {
    let edit = |name: &str, mut fields: Value| {
        fields["edit"] = json!(name);
        json!({ "edits": [fields] })
    };
    vec![
        edit("exposure", json!({"stops": 0.5})),
        edit("brightness", json!({"amount": 0.1})),
        edit("contrast", json!({"amount": 0.2})),
        edit("curves", json!({"points": [[0, 0], [0.5, 0.6], [1, 1]]})),
        edit("levels", json!({"gamma": 1.2})),
        edit("white_balance", json!({"temperature": 20})),
        edit("auto_white_balance", json!({})),
        edit("hsl", json!({"range": "blues", "saturation": 0.3})),
        edit("saturation", json!({"amount": 0.3})),
        edit("vibrance", json!({"amount": 0.3})),
        edit("sharpen", json!({"amount": 0.5})),
        edit("blur", json!({"radius": 6})),
        edit("denoise", json!({"strength": 0.03})),
        edit("vignette", json!({"stops": -0.8})),
        edit("rotate", json!({"degrees": 7})),
        edit("flip", json!({"axis": "horizontal"})),
        edit("resize", json!({"width": 1500})),
    ]
}

#[test]
fn every_edit_stops_at_any_look() {
    let inputs = inputs(160, 120, false);
    for params in edits() {
        stops_everywhere(&Adjust, &inputs, &params);
    }
}

#[test]
fn looks_are_frequent_in_every_edit() {
    let inputs = inputs(1024, 768, false);
    for params in edits() {
        let (looks, error) = run(&Adjust, &inputs, &params, usize::MAX);
        assert_eq!(error, None, "{params}");
        let most = 1024 * 768 / looks;
        assert!(most <= PIXELS_PER_LOOK, "{params}: {looks} looks, one every {most} pixels");
    }
}

#[test]
fn fills_and_painters_stop_at_any_look() {
    let (store, engine) = (store(), engine());
    let (marked, plain) = (inputs(96, 80, true), inputs(96, 80, false));
    for engine_name in ["patch", "telea", "navier-stokes"] {
        stops_everywhere(&Erase::new(&store, &engine), &marked, &json!({"engine": engine_name, "seed": 1}));
    }
    for fill in ["patch", "mirror-blur", "colour"] {
        let params = json!({"right": 24, "fill": fill, "seed": 1});
        stops_everywhere(&Extend::new(&store, &engine), &plain, &params);
    }
    for style in ["ink-wash", "oil", "watercolour", "pencil", "woodcut", "cartoon", "pastel", "mosaic"] {
        stops_everywhere(&Restyle::new(&store, &engine), &plain, &json!({"style": style, "seed": 1}));
    }
}

#[test]
fn networks_stop_at_any_look() {
    let (store, engine) = (store(), engine());
    let (marked, plain) = (inputs(96, 80, true), inputs(96, 80, false));
    stops_everywhere(&Erase::new(&store, &engine), &marked, &json!({"engine": "migan", "seed": 1}));
    stops_everywhere(&Restyle::new(&store, &engine), &plain, &json!({"style": "starry-night", "seed": 1}));
    stops_everywhere(&Upscale::new(&store, &engine), &plain, &json!({"model": "video", "scale": 2.0, "seed": 1}));
    stops_everywhere(&Cutout::new(&store, &engine), &plain, &json!({"model": "general"}));
    stops_everywhere(&Cutout::new(&store, &engine), &plain, &json!({"model": "portrait"}));
    stops_everywhere(&Extend::new(&store, &engine), &plain, &json!({"right": 24, "fill": "network", "seed": 1}));
    let small = inputs(24, 20, false);
    stops_everywhere(&Upscale::new(&store, &engine), &small, &json!({"model": "anime", "scale": 2.0, "seed": 1}));
}

#[test]
fn style_pictures_stop_at_any_look() {
    let (store, engine) = (store(), engine());
    let styled = inputs(96, 80, false).with("style_image", Medium::Picture(Arc::new(picture(64, 64))));
    stops_everywhere(&Restyle::new(&store, &engine), &styled, &json!({"seed": 1}));
    let optimise = json!({"mode": "optimise", "working_size": 64, "optimise": {"iterations": 4}, "seed": 1});
    stops_everywhere(&Restyle::new(&store, &engine), &styled, &optimise);
}
