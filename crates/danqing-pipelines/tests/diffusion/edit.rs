//! `edit` on tiny checkpoints: whole runs against diffusers, what stays untouched, errors, cancel.

use std::sync::Arc;

use danqing_capability::{CancelToken, Capability, Class, Classified, Event, Inputs, Outputs, Progress};
use danqing_media::{Channels, Mask, Medium, Picture, Samples};
use danqing_pipelines::diffusion::{HoleFill as Fill, Settings, StepRule};
use danqing_pipelines::edit::{Area, Edit, Error, Params};
use danqing_pipelines::erase::Rectangle;
use danqing_weights::{Limits, containers};
use tempfile::TempDir;

use crate::tiny::{self, Outcome, Tiny};
use crate::{bytes, checkpoints, close, engine, expected, golden, inputs, picture, pictures, run};

struct Bench {
    folder: TempDir,
    capability: Edit,
}

impl Bench {
    fn new() -> Outcome<Self> {
        Ok(Self { folder: tempfile::tempdir()?, capability: Edit::of(checkpoints(2)?) })
    }

    fn params(&self, tiny: Tiny) -> Outcome<Params> {
        let model = Some(tiny.folder(&engine(1)?, self.folder.path())?);
        let words =
            Settings { prompt: "a photo of a cat".into(), negative_prompt: "dog".into(), ..Settings::default() };
        let settings = Settings { model, steps: 3, sampler: "euler".into(), seed: Some(7), ..words };
        Ok(Params { settings, ..Params::default() })
    }
}

fn medium(picture: Picture) -> Medium {
    Medium::Picture(Arc::new(picture))
}

/// The mask of the script: a rectangle on whole pixels of the latent.
fn mask(width: usize, height: usize) -> Picture {
    Picture::from_mask(Mask::from_fn(width, height, |x, y, to| {
        to[0] = if (16..48).contains(&x) && (24..56).contains(&y) { 255 } else { 0 };
    }))
}

fn masked(picture: &Picture) -> Inputs<Medium> {
    inputs(Some(picture)).with("mask", medium(mask(picture.width, picture.height)))
}

/// Pixels that differ, as columns and rows.
fn changed(before: &Picture, after: &Picture) -> Vec<(usize, usize)> {
    let count = before.channels.count();
    let pixels = bytes(before).chunks(count).zip(bytes(after).chunks(count)).enumerate();
    pixels.filter(|(_, (a, b))| a != b).map(|(at, _)| (at % before.width, at / before.width)).collect()
}

/// The latents are those of diffusers; inside the mask the picture is theirs too, outside it is the input's.
fn equals_diffusers(name: &str, tiny: Tiny, params: &Params) -> Outcome {
    let file = if name.contains(".full.") { "edit_full_strength" } else { "edit" };
    let (golden, bench, before) = (golden(file)?, Bench::new()?, picture(72, 64));
    let (noise, dump) = (bench.folder.path().join("noise.safetensors"), bench.folder.path().join("dump.safetensors"));
    tiny::write(&noise, vec![("noise".into(), vec![1, 4, 8, 9], expected(&golden, &format!("{name}.noise")))])?;
    let is_whole = tiny == Tiny::Pix2Pix;
    let inputs = if is_whole { inputs(Some(&before)) } else { masked(&before) };
    for model in
        [bench.params(tiny)?.settings.model.ok_or("a model")?, tiny.single_file(&engine(1)?, bench.folder.path())?]
    {
        let what = format!("{name} of {}", model.display());
        let words =
            Settings { prompt: "a photo of a cat".into(), negative_prompt: "dog".into(), ..params.settings.clone() };
        let files =
            Settings { model: Some(model), noise: Some(noise.clone()), dump_latents: Some(dump.clone()), ..words };
        let params = Params { settings: files, feather: 0, colour_match: false, ..params.clone() };
        let (_, outputs) = run(&bench.capability, &inputs, params)?;
        let latents = expected(&containers::read(&dump, &Limits::default())?, "latents");
        close(&latents, &expected(&golden, &format!("{name}.latents")), &what);
        let (made, wanted) = (pictures(&outputs)[0], expected(&golden, &format!("{name}.picture")));
        let is_hole: Vec<bool> =
            mask(72, 64).to_mask(danqing_media::MaskSource::Luma).samples().iter().map(|v| *v > 0).collect();
        for (at, (actual, wanted)) in bytes(made).iter().zip(&wanted).enumerate() {
            if is_whole || is_hole[at / 3] {
                // Half a step of rounding, and the latents' error through the decoder.
                let off = (f32::from(*actual) - wanted * 255.0).abs();
                assert!(off <= 0.6, "{what}: {actual}, expected {}", wanted * 255.0);
            } else {
                assert_eq!(*actual, bytes(&before)[at], "{what}: outside the mask");
            }
        }
    }
    Ok(())
}

fn diffusers(settings: Settings) -> Params {
    let settings = Settings { step_rule: StepRule::Diffusers, seed: Some(1), ..settings };
    Params { settings, ..Params::default() }
}

#[test]
fn a_plain_network_with_euler_equals_diffusers() -> Outcome {
    let settings = Settings { steps: 5, strength: 0.8, guidance: 7.5, sampler: "euler".into(), ..Settings::default() };
    equals_diffusers("plain.euler", Tiny::Sd1, &diffusers(Settings { schedule: "trailing".into(), ..settings }))
}

#[test]
fn a_plain_network_with_ddim_equals_diffusers() -> Outcome {
    let settings = Settings { steps: 4, strength: 0.75, guidance: 5.0, sampler: "ddim".into(), ..Settings::default() };
    equals_diffusers("plain.ddim", Tiny::Sd1, &diffusers(settings))
}

#[test]
fn a_plain_network_at_full_strength_equals_diffusers() -> Outcome {
    let settings = Settings { steps: 3, strength: 1.0, guidance: 7.5, ..Settings::default() };
    let euler = Settings { sampler: "euler".into(), schedule: "trailing".into(), ..settings.clone() };
    equals_diffusers("plain.full.euler", Tiny::Sd1, &diffusers(euler))?;
    equals_diffusers("plain.full.ddim", Tiny::Sd1, &diffusers(Settings { sampler: "ddim".into(), ..settings }))
}

#[test]
fn an_inpainting_network_equals_diffusers() -> Outcome {
    let settings = Settings { steps: 4, strength: 0.75, guidance: 7.5, sampler: "ddim".into(), ..Settings::default() };
    equals_diffusers("inpaint.ddim", Tiny::Inpaint, &diffusers(settings))
}

#[test]
fn an_inpainting_network_at_full_strength_equals_diffusers() -> Outcome {
    let settings = Settings { steps: 3, strength: 1.0, guidance: 7.5, sampler: "ddim".into(), ..Settings::default() };
    equals_diffusers("inpaint.full", Tiny::Inpaint, &diffusers(settings))
}

#[test]
fn instruct_pix2pix_equals_diffusers() -> Outcome {
    let settings = Settings { steps: 3, guidance: 6.0, sampler: "euler".into(), ..Settings::default() };
    let params = diffusers(Settings { schedule: "trailing".into(), ..settings });
    equals_diffusers("pix2pix.euler", Tiny::Pix2Pix, &Params { image_guidance: 1.4, ..params })
}

#[test]
fn a_grey_mask_joins_when_as_much_of_the_run_is_left_as_it_is_bright() -> Outcome {
    let (bench, before) = (Bench::new()?, picture(72, 64));
    let dump = bench.folder.path().join("dump.safetensors");
    let latents = |grey: u8, soft_mask: bool, strength: f64| -> Outcome<Vec<f32>> {
        let rules = Settings { steps: 4, strength, schedule: "trailing".into(), ..Settings::default() };
        // At full strength diffusers' rule would begin with noise alone; A1111's begins as grey masks do.
        let step_rule = if strength < 1.0 || soft_mask { StepRule::Diffusers } else { StepRule::A1111 };
        let rules = Settings { sampler: "euler".into(), step_rule, seed: Some(1), ..rules };
        let model = bench.params(Tiny::Sd1)?.settings.model;
        let settings = Settings { model, dump_latents: Some(dump.clone()), prompt: "a cat".into(), ..rules };
        let params = Params { settings, soft_mask, feather: 0, colour_match: false, ..Params::default() };
        let mask = Picture::from_mask(Mask::filled(72, 64, grey));
        run(&bench.capability, &inputs(Some(&before)).with("mask", medium(mask)), params)?;
        Ok(expected(&containers::read(&dump, &Limits::default())?, "latents"))
    };
    // Of four looks 1, 2/3, 1/3 and nothing of the run is left.
    for (grey, looks) in [(255, 4), (180, 3), (100, 2), (20, 1)] {
        let shorter = latents(255, false, f64::from(looks) / 4.0)?;
        close(&latents(grey, true, 1.0)?, &shorter, &format!("grey {grey} is {looks} looks"));
    }
    let refused = latents(0, true, 1.0).expect_err("nothing is marked").to_string();
    assert!(refused.contains("mask is empty"), "{refused}");
    Ok(())
}

#[test]
fn nothing_changes_beyond_mask_and_feather_whatever_the_network_the_fill_and_the_size() -> Outcome {
    let (bench, before) = (Bench::new()?, picture(150, 110));
    let hole = Rectangle { x: 51, y: 33, width: 30, height: 21 };
    let near = |(x, y): (usize, usize), reach: usize| {
        let away = |at: usize, first: usize, length: usize| {
            (first.saturating_sub(at)).max((at + 1).saturating_sub(first + length))
        };
        away(x, 51, 30) <= reach && away(y, 33, 21) <= reach
    };
    let table = [
        (Tiny::Sd1, Fill::Original, Area::Whole, 0.0, 5),
        (Tiny::Sd1, Fill::Fill, Area::Masked, 0.0, 8),
        (Tiny::Inpaint, Fill::Noise, Area::Masked, 0.0, 0),
        (Tiny::Inpaint, Fill::Nothing, Area::Whole, 2.0, 5),
        (Tiny::Pix2Pix, Fill::Original, Area::Masked, 0.0, 5),
    ];
    for (tiny, fill, area, mask_blur, feather) in table {
        let params =
            Params { fill, area, mask_blur, feather, padding: 16, rectangles: vec![hole], ..bench.params(tiny)? };
        // Small, so that the test is quick.
        let params = Params { work_width: Some(96), work_height: Some(72), ..params };
        let (_, outputs) = run(&bench.capability, &inputs(Some(&before)), params)?;
        let changed = changed(&before, pictures(&outputs)[0]);
        assert!(changed.len() > 300, "{tiny:?} {fill:?}: {} pixels changed", changed.len());
        assert!(
            changed.iter().all(|at| near(*at, if mask_blur > 0.0 { 5 } else { feather })),
            "{tiny:?} {fill:?} {area:?}"
        );
        assert_eq!(outputs.facts["max_difference_outside"], 0);
    }
    Ok(())
}

#[test]
fn strength_0_gives_the_picture_back_and_fills_and_seeds_make_different_ones() -> Outcome {
    let (bench, before) = (Bench::new()?, picture(72, 64));
    let made = |change: &dyn Fn(&mut Params)| -> Outcome<Vec<Picture>> {
        let mut params = bench.params(Tiny::Sd1)?;
        change(&mut params);
        let (_, outputs) = run(&bench.capability, &masked(&before), params)?;
        Ok(pictures(&outputs).into_iter().cloned().collect())
    };
    assert_eq!(
        made(&|params| (params.settings.strength, params.settings.variants) = (0.0, 2))?,
        [before.clone(), before.clone()]
    );
    let mut all = made(&|params| params.settings.variants = 2)?;
    assert_eq!(all[1], made(&|params| params.settings.seed = Some(8))?[0], "a batch is single runs");
    for fill in [Fill::Fill, Fill::Noise, Fill::Nothing] {
        all.extend(made(&|params| params.fill = fill)?);
    }
    for (at, one) in all.iter().enumerate() {
        assert!(all[..at].iter().all(|other| other != one), "{at}");
    }
    Ok(())
}

#[test]
fn a_doodle_is_where_it_starts_and_what_is_marked() -> Outcome {
    let (bench, before) = (Bench::new()?, picture(72, 64));
    let mut drawn = before.clone();
    let Samples::U8(samples) = &mut drawn.samples else { return Err("8 bit".into()) };
    for (at, sample) in samples.iter_mut().enumerate() {
        let (x, y) = (at / 3 % 72, at / 3 / 72);
        if (20..50).contains(&x) && (20..40).contains(&y) {
            *sample = 255 - *sample;
        }
    }
    let params = Params { feather: 2, ..bench.params(Tiny::Sd1)? };
    let with = |doodle: &Picture| inputs(Some(&before)).with("doodle", medium(doodle.clone()));
    let (_, outputs) = run(&bench.capability, &with(&drawn), params.clone())?;
    let made = pictures(&outputs)[0].clone();
    let changed = changed(&before, &made);
    assert!(changed.len() > 500 && changed.iter().all(|(x, y)| (18..52).contains(x) && (18..42).contains(y)));
    let marked = Params { rectangles: vec![Rectangle { x: 20, y: 20, width: 30, height: 20 }], ..params.clone() };
    let (_, plain) = run(&bench.capability, &inputs(Some(&before)), marked)?;
    assert!(pictures(&plain)[0] != &made, "the strokes are where it starts");
    let refused = |doodle: &Picture| match run(&bench.capability, &with(doodle), params.clone()) {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    };
    assert_eq!(refused(&before), "the doodle is the same as the picture: nothing is drawn");
    assert_eq!(refused(&picture(20, 20)), "the doodle is 20x20, but the picture is 72x64");
    Ok(())
}

#[test]
fn grey_16_bit_and_alpha_stay_what_they_are() -> Outcome {
    let bench = Bench::new()?;
    let samples = (0..64 * 64 * 2).map(|at| (at * 7 % 60_000) as u16).collect();
    let before = Picture::new(64, 64, Channels::GrayAlpha, Samples::U16(samples))?;
    let params =
        Params { rectangles: vec![Rectangle { x: 8, y: 8, width: 20, height: 20 }], ..bench.params(Tiny::Sd1)? };
    let (_, outputs) = run(&bench.capability, &inputs(Some(&before)), params)?;
    let made = pictures(&outputs)[0];
    assert_eq!((made.size(), made.channels, made.depth()), (before.size(), before.channels, before.depth()));
    assert!(made != &before && made.alpha() == before.alpha());
    Ok(())
}

#[test]
fn what_can_not_be_is_refused_by_name() -> Outcome {
    let (bench, before) = (Bench::new()?, picture(72, 64));
    let good = bench.params(Tiny::Sd1)?;
    let with_mask = masked(&before);
    let small = inputs(Some(&before)).with("mask", medium(mask(64, 64)));
    let empty = inputs(Some(&before)).with("mask", medium(Picture::from_mask(Mask::filled(72, 64, 0))));
    let mut nameless = good.clone();
    nameless.settings.model = None;
    let table = [
        (&with_mask, nameless, Class::MissingModel, "no checkpoint is named"),
        (&inputs(Some(&before)), good.clone(), Class::Caller, "nothing is marked to be edited"),
        (&inputs(None), good.clone(), Class::Caller, "no picture is given"),
        (&small, good.clone(), Class::Caller, "the mask is 64x64, but the picture is 72x64"),
        (&empty, good.clone(), Class::Caller, "the mask is empty"),
        (&with_mask, Params { feather: 65, ..good.clone() }, Class::Caller, "feather 65 is out of range"),
        (&with_mask, Params { mask_blur: 65.0, ..good.clone() }, Class::Caller, "mask_blur 65 is out of range"),
        (&with_mask, Params { padding: 999, ..good.clone() }, Class::Caller, "padding 999 is out of range"),
        (
            &with_mask,
            Params { image_guidance: -1.0, ..good.clone() },
            Class::Caller,
            "image_guidance -1 is out of range",
        ),
        (
            &with_mask,
            Params { work_width: Some(100), ..good.clone() },
            Class::Caller,
            "work_width 100 is not a multiple of 8",
        ),
    ];
    for (inputs, params, class, says) in table {
        let mut sink = |_: Event| {};
        let mut progress = Progress::new(CancelToken::default(), &mut sink);
        let error: Error = match bench.capability.resolve(inputs, params.clone(), &mut progress) {
            Ok(_) => return Err(format!("{params:?} was taken").into()),
            Err(error) => error,
        };
        assert!(error.to_string().contains(says), "{error}");
        assert_eq!(error.class(), class, "{error}");
    }
    Ok(())
}

#[test]
fn cancelling_stops_at_the_step() -> Outcome {
    let (bench, before) = (Bench::new()?, picture(72, 64));
    for stop in ["text", "encode picture", "denoise", "decode"] {
        let token = CancelToken::default();
        let mut steps = 0;
        let mut sink = |event: Event| {
            if matches!(event, Event::Step { stage, .. } if stage == stop) {
                steps += 1;
                token.cancel();
            }
        };
        let mut progress = Progress::new(token.clone(), &mut sink);
        let inputs = masked(&before);
        let params = bench.capability.resolve(&inputs, bench.params(Tiny::Inpaint)?, &mut progress)?;
        let made: Result<Outputs<Medium>, Error> = bench.capability.run(&inputs, &params, &mut progress);
        let error = made.err().ok_or("not stopped")?;
        assert_eq!((error.class(), steps), (Class::Cancelled, 1), "{stop}: {error}");
    }
    Ok(())
}
