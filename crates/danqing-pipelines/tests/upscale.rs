//! `upscale` end to end, mostly on the fast network: sizes, seams, alpha, depth, grain, errors, cancel.
#![allow(clippy::expect_used, clippy::panic)]

use std::error::Error;
use std::sync::Arc;

use danqing_capability::{CancelToken, Capability, Event, Inputs, Outputs, Progress};
use danqing_media::{Channels, Medium, Picture, Samples};
use danqing_nn::{Engine, EngineConfig};
use danqing_pipelines::upscale::{Model, Params, Upscale};
use danqing_weights::{ModelStore, StoreConfig};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn upscale(threads: usize) -> Outcome<Upscale> {
    let store = ModelStore::open(StoreConfig::from_environment(true)?)?;
    Ok(Upscale::new(&store, &Engine::new(EngineConfig { threads: Some(threads), ..EngineConfig::default() })?))
}

fn video(scale: f64) -> Params {
    Params { model: Model::Video, scale: Some(scale), ..Params::default() }
}

/// Resolves and runs, and gives the resolved parameters too.
fn run(capability: &Upscale, picture: &Picture, params: Params) -> Outcome<(Picture, Params, Outputs<Medium>)> {
    let inputs = Inputs::new().with("picture", Medium::Picture(Arc::new(picture.clone())));
    let mut sink = |_: Event| {};
    let mut progress = Progress::new(CancelToken::default(), &mut sink);
    let params = capability.resolve(&inputs, params, &mut progress)?;
    assert_eq!(capability.resolve(&inputs, params.clone(), &mut progress)?, params, "resolved means decided");
    let outputs = capability.run(&inputs, &params, &mut progress)?;
    let Some((_, Medium::Picture(made))) = outputs.media.first() else { return Err("no picture".into()) };
    Ok((Picture::clone(made), params, outputs))
}

/// Ramps, edges at angles, and fine texture.
fn scene(width: usize, height: usize, channels: Channels) -> Picture {
    let mut samples = Vec::with_capacity(width * height * channels.count());
    for y in 0..height {
        for x in 0..width {
            let bars = if (x * 3 + y * 2) / 24 % 2 == 0 { 150 } else { 60 };
            let texture = (x.wrapping_mul(73) ^ y.wrapping_mul(151)) % 9;
            let rgb = [bars + texture, x * 200 / width + texture, y * 180 / height + 40];
            samples.extend(rgb[..channels.colors()].iter().map(|&v| v.min(255) as u8));
            if channels.has_alpha() {
                let inside = (x as i64 - width as i64 / 2).pow(2) + (y as i64 - height as i64 / 2).pow(2)
                    < (height as i64 / 3).pow(2);
                samples.push(if inside { 255 } else { 0 });
            }
        }
    }
    Picture::new(width, height, channels, Samples::U8(samples)).expect("as many samples as pixels")
}

fn bytes(picture: &Picture) -> &[u8] {
    match &picture.samples {
        Samples::U8(samples) => samples,
        Samples::U16(_) => panic!("16 bit"),
    }
}

#[test]
fn any_size_comes_out_exactly() -> Outcome {
    let (capability, picture) = (upscale(2)?, scene(61, 43, Channels::Rgb));
    for (params, size) in [
        (video(4.0), (244, 172)),
        (video(1.0), (61, 43)),
        (video(2.37), (145, 102)),
        (video(8.0), (488, 344)),
        (Params { width: Some(200), ..video(1.0).without_scale() }, (200, 141)),
        (Params { height: Some(99), ..video(1.0).without_scale() }, (140, 99)),
        (Params { width: Some(130), height: Some(160), ..video(1.0).without_scale() }, (130, 160)),
        (Params { size: Some("400x300".into()), ..video(1.0).without_scale() }, (400, 282)),
    ] {
        let (made, resolved, _) = run(&capability, &picture, params)?;
        assert_eq!(made.size(), size, "{resolved:?}");
        assert_eq!((resolved.width, resolved.height, resolved.scale), (Some(size.0), Some(size.1), None));
    }
    Ok(())
}

/// The test's own way to leave the scale open.
trait WithoutScale {
    fn without_scale(self) -> Self;
}

impl WithoutScale for Params {
    fn without_scale(self) -> Self {
        Self { scale: None, ..self }
    }
}

#[test]
fn tiles_leave_no_seam() -> Outcome {
    let (capability, picture) = (upscale(2)?, scene(230, 170, Channels::Rgb));
    let whole = run(&capability, &picture, Params { tile: Some(2048), ..video(4.0) })?.0;
    let tiled = run(&capability, &picture, Params { tile: Some(96), ..video(4.0) })?.0;
    // The fast network reaches 18 pixels, all of which are thrown away: what differs is the rounding of the blend.
    let worst = bytes(&whole).iter().zip(bytes(&tiled)).map(|(a, b)| a.abs_diff(*b)).max();
    assert!(worst <= Some(1), "{worst:?}");
    Ok(())
}

/// Mean difference between neighbouring output columns (or rows) at `at - 1` and `at`, in levels of 255.
fn mean_step(picture: &Picture, at: usize, columns: bool) -> f64 {
    let (sum, count) =
        steps(picture, at, columns).fold((0_u32, 0_u32), |(sum, n), step| (sum + step.unsigned_abs(), n + 1));
    f64::from(sum) / f64::from(count.max(1))
}

/// Signed steps from `at - 1` to `at`, every sample along the column (or row).
fn steps(picture: &Picture, at: usize, columns: bool) -> impl Iterator<Item = i32> {
    let along = if columns { picture.height } else { picture.width };
    let index = move |across: usize, i: usize, channel: usize| {
        let (x, y) = if columns { (across, i) } else { (i, across) };
        (y * picture.width + x) * 3 + channel
    };
    let samples = bytes(picture);
    (0..along * 3).map(move |n| {
        let (i, channel) = (n / 3, n % 3);
        i32::from(samples[index(at, i, channel)]) - i32::from(samples[index(at - 1, i, channel)])
    })
}

/// The drawing network reaches 6·15 + 6 = 96 pixels, a tile throws away only `DEAD` = 20: near a seam two tiles disagree.
/// What this shows: the disagreement does not become a line. The raised cosine over `RAMP` = 16 pixels passes from one
/// tile to the next by at most π / (2 · 16 · 4) = 2.5 % per output pixel, so tiles that differ by twenty levels add a step
/// of half a level, which is less than rounding, where a hard cut would add all twenty. So the mean step (the seam's
/// energy) is, in every column and row of the ramp and against columns and rows away from it, that of the result of one
/// tile, and no single step is far from it.
///
/// A tile of 64 is raised to 2 · 20 + 16 + 32 = 88 pixels; the picture of 100×100 has a border of 8, so the tiles are
/// two by two and meet in its middle: at 50, which is output column and row 200, give and take 32 of the ramp.
#[test]
fn seams_of_a_network_that_reaches_far_are_not_seen() -> Outcome {
    const SEAM: std::ops::Range<usize> = 168..232;
    const AWAY: std::ops::Range<usize> = 48..112;
    let (capability, picture) = (upscale(2)?, scene(100, 100, Channels::Rgb));
    let anime = |tile| Params { model: Model::Anime, scale: Some(4.0), tile: Some(tile), ..Params::default() };
    let whole = run(&capability, &picture, anime(2048))?.0;
    let tiled = run(&capability, &picture, anime(64))?.0;
    assert!(whole != tiled, "the network reaches farther than what is thrown away: this test compares two things");
    for columns in [true, false] {
        let energy = |picture: &Picture, range: std::ops::Range<usize>| {
            let count = range.len() as f64;
            range.map(|at| mean_step(picture, at, columns)).sum::<f64>() / count
        };
        let contrast = |picture: &Picture| energy(picture, SEAM) / energy(picture, AWAY);
        let ratio = contrast(&tiled) / contrast(&whole);
        assert!((0.97..1.03).contains(&ratio), "columns {columns}: the seam's energy is {ratio} of what it should be");
        for at in SEAM {
            let (one, several) = (mean_step(&whole, at, columns), mean_step(&tiled, at, columns));
            // Half a level: a blend of twenty levels of disagreement; the rest is what the tiles draw differently.
            assert!((one - several).abs() < 0.5 + 0.1 * one, "columns {columns}, {at}: {several} for {one}");
            let added = steps(&whole, at, columns).zip(steps(&tiled, at, columns)).map(|(a, b)| a.abs_diff(b)).max();
            assert!(added <= Some(12), "columns {columns}, {at}: a step of {added:?} levels more");
        }
    }
    Ok(())
}

#[test]
fn results_do_not_depend_on_threads() -> Outcome {
    let picture = scene(100, 90, Channels::Rgb);
    let params = || Params { keep_grain: 0.5, seed: Some(3), ..video(3.0) };
    assert_eq!(run(&upscale(1)?, &picture, params())?.0, run(&upscale(3)?, &picture, params())?.0);
    Ok(())
}

#[test]
fn depth_channels_and_profile_stay() -> Outcome {
    let capability = upscale(2)?;
    let grey = scene(40, 40, Channels::Gray);
    assert_eq!(run(&capability, &grey, video(2.0))?.0.channels, Channels::Gray);
    let mut deep = scene(40, 40, Channels::Rgb);
    let Samples::U8(samples) = &deep.samples else { return Err("8 bit".into()) };
    deep.samples = Samples::U16(samples.iter().map(|&v| u16::from(v) * 257 + 3).collect());
    deep.metadata.xmp = Some("<x/>".into());
    let made = run(&capability, &deep, video(2.0))?.0;
    assert_eq!(made.metadata.xmp, deep.metadata.xmp);
    let Samples::U16(samples) = &made.samples else { return Err("16 bit expected".into()) };
    let between = samples.iter().filter(|&&v| v % 257 != 0).count();
    assert!(between > samples.len() / 2, "values between those of 8 bit: {between} of {}", samples.len());
    Ok(())
}

#[test]
fn hidden_colours_do_not_shine_through_and_edges_stay_crisp() -> Outcome {
    let capability = upscale(2)?;
    let mut picture = scene(80, 60, Channels::Rgba);
    let Samples::U8(samples) = &mut picture.samples else { return Err("8 bit".into()) };
    for pixel in samples.chunks_exact_mut(4) {
        let colour = if pixel[3] > 0 { [200, 60, 40] } else { [0, 255, 0] };
        pixel[..3].copy_from_slice(&colour);
    }
    let made = run(&capability, &picture, video(4.0))?.0;
    let (mut partial, mut full, mut none) = (0, 0, 0);
    for pixel in bytes(&made).chunks_exact(4) {
        match pixel[3] {
            255 => full += 1,
            0 => none += 1,
            _ => partial += 1,
        }
        let greenish = i32::from(pixel[1]) - i32::from(pixel[0]);
        assert!(pixel[3] == 0 || greenish < -60, "{pixel:?}");
    }
    let total = full + none + partial;
    assert!(full * 6 > total && none * 3 > total && partial * 6 < total, "{full} {none} {partial}");
    Ok(())
}

#[test]
fn the_mean_colour_of_every_region_stays() -> Outcome {
    let (capability, picture) = (upscale(2)?, scene(128, 96, Channels::Rgb));
    let (made, _, outputs) = run(&capability, &picture, video(4.0))?;
    let mean = |picture: &Picture, side: usize, x: usize, y: usize, channel: usize| {
        let pixels = (y * side..(y + 1) * side).flat_map(|y| (x * side..(x + 1) * side).map(move |x| (x, y)));
        let sum: u64 = pixels.map(|(x, y)| u64::from(bytes(picture)[(y * picture.width + x) * 3 + channel])).sum();
        sum as f64 / (side * side) as f64
    };
    for (x, y, channel) in (0..4).flat_map(|x| (0..3).flat_map(move |y| (0..3).map(move |c| (x, y, c)))) {
        let (before, after) = (mean(&picture, 32, x, y, channel), mean(&made, 128, x, y, channel));
        assert!((before - after).abs() < 1.5, "{x},{y} channel {channel}: {before} became {after}");
    }
    let shift = outputs.facts.get("tone_shift").and_then(serde_json::Value::as_f64).ok_or("no tone_shift")?;
    assert!(shift < 0.004, "{shift}");
    Ok(())
}

/// A flat ramp with noise of a standard deviation of 6 of 255.
fn noisy(width: usize, height: usize) -> Picture {
    let mut state = 11_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 24) as f32
    };
    let mut samples = Vec::new();
    for _ in 0..height {
        for x in 0..width {
            let noise = ((0..12).map(|_| next()).sum::<f32>() - 6.0) * 6.0;
            let value = (70.0 + 110.0 * x as f32 / width as f32 + noise).clamp(0.0, 255.0).round() as u8;
            samples.extend([value; 3]);
        }
    }
    Picture::new(width, height, Channels::Rgb, Samples::U8(samples)).expect("as many samples as pixels")
}

#[test]
fn grain_comes_back_as_strong_as_it_was() -> Outcome {
    let (capability, picture) = (upscale(2)?, noisy(260, 230));
    let cancel = CancelToken::default();
    let measured =
        |picture: &Picture| -> Outcome<_> { Ok(danqing_vision::grain::measure(&picture.to_srgb(&cancel)?, &cancel)?) };
    let before = measured(&picture)?.ok_or("there is grain")?;
    let without = measured(&run(&capability, &picture, Params { denoise: 1.0, ..video(2.0) })?.0)?;
    assert!(without.is_none_or(|grain| grain.sigma() < 0.4 * before.sigma()), "the network saw little of it");
    let after = measured(&run(&capability, &picture, Params { keep_grain: 1.0, seed: Some(1), ..video(2.0) })?.0)?;
    let after = after.ok_or("grain was given back")?;
    for (luma, sigma) in before.tones() {
        let ratio = after.sigma_at(luma) / sigma;
        assert!((0.85..1.2).contains(&ratio), "tone {luma}: {ratio}");
        for (actual, expected) in after.bands(luma).into_iter().zip(before.bands(luma)) {
            assert!((actual - expected).abs() < 0.25 * expected.max(0.06), "tone {luma}: {actual}, {expected}");
        }
    }
    Ok(())
}

#[test]
fn what_can_not_be_is_refused_before_any_work() -> Outcome {
    let (capability, picture) = (upscale(1)?, scene(20, 10, Channels::Rgb));
    let inputs = Inputs::new().with("picture", Medium::Picture(Arc::new(picture)));
    let file = |path: &str| Params { model: Model::File(path.into()), ..video(4.0) };
    let golden = |name: &str| format!("{}/../../tests/golden/{name}", env!("CARGO_MANIFEST_DIR"));
    for (params, expected) in [
        (video(0.5), "scale 0.5 is out of range (expected 1 to 8)"),
        (video(f64::NAN), "scale NaN is out of range (expected 1 to 8)"),
        (
            Params { width: Some(10), ..video(1.0).without_scale() },
            "a result of 10x5 is 0.50 times the picture of 20x10",
        ),
        (Params { height: Some(99), ..video(1.0).without_scale() }, "9.90 times the picture of 20x10 (expected 1 to 8"),
        (Params { width: Some(40), ..video(2.0) }, "scale and width or height both say how large the result is"),
        (Params { size: Some("huge".into()), ..video(1.0).without_scale() }, "size \"huge\" is unknown"),
        (Params { tile: Some(63), ..video(2.0) }, "tile 63 is out of range (expected 64 to 2048 pixels)"),
        (Params { denoise: 1.5, ..video(2.0) }, "denoise 1.5 is out of range (expected 0 to 1)"),
        (Params { keep_grain: -0.1, ..video(2.0) }, "keep_grain -0.1 is out of range (expected 0 to 1)"),
        (file("nowhere.pth"), "nowhere.pth"),
        (file(&golden("migan.safetensors")), "expected an RRDBNet (ESRGAN, Real-ESRGAN)"),
        (Params { model_sha256: Some("00".into()), ..file(&golden("upscalers/rrdb.safetensors")) }, "expected 00"),
    ] {
        let mut sink = |_: Event| {};
        let mut progress = Progress::new(CancelToken::default(), &mut sink);
        let error = capability.resolve(&inputs, params.clone(), &mut progress).err();
        let error = error.ok_or_else(|| format!("{params:?} was taken"))?.to_string();
        assert!(error.contains(expected), "{error}");
    }
    Ok(())
}

#[test]
fn a_file_of_the_users_enlarges_and_is_named_in_the_recipe() -> Outcome {
    let path = format!("{}/../../tests/golden/upscalers/rrdb-numbered.pth", env!("CARGO_MANIFEST_DIR"));
    let params = Params { model: Model::File(path.into()), scale: Some(3.0), ..Params::default() };
    let (made, resolved, outputs) = run(&upscale(1)?, &scene(33, 21, Channels::Rgb), params)?;
    assert_eq!(made.size(), (99, 63));
    let weights = outputs.weights.first().ok_or("no weights")?;
    assert_eq!(Some(&weights.sha256), resolved.model_sha256.as_ref());
    assert_eq!(weights.licence_class, "unclear");
    Ok(())
}

#[test]
fn cancelling_inside_a_tile_stops_the_run() -> Outcome {
    let capability = upscale(2)?;
    let inputs = Inputs::new().with("picture", Medium::Picture(Arc::new(scene(200, 150, Channels::Rgb))));
    let token = CancelToken::default();
    let mut steps = 0;
    let mut sink = |event: Event| {
        if matches!(event, Event::Step { stage: "network", .. }) {
            steps += 1;
            token.cancel();
        }
    };
    let mut progress = Progress::new(token.clone(), &mut sink);
    let params = capability.resolve(&inputs, video(4.0), &mut progress)?;
    let error = capability.run(&inputs, &params, &mut progress).err().ok_or("not stopped")?;
    assert_eq!(danqing_capability::Classified::class(&error), danqing_capability::Class::Cancelled);
    assert_eq!(steps, 1);
    Ok(())
}
