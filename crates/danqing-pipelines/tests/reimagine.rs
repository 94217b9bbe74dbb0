//! `reimagine` on tiny checkpoints: whole runs against diffusers in both file layouts, promises, errors, cancel.
#![allow(clippy::expect_used, clippy::panic)]

#[path = "support/tiny.rs"]
mod tiny;

use std::path::Path;
use std::sync::Arc;

use danqing_capability::{CancelToken, Capability, Class, Classified, Event, Inputs, Outputs, Progress};
use danqing_media::{Channels, Medium, Picture, Samples};
use danqing_models::diffusion::seeded_unit;
use danqing_nn::{Engine, EngineConfig};
use danqing_pipelines::reimagine::{Error, Params, Reimagine, Resize, StepRule};
use danqing_weights::{Limits, ModelStore, StoreConfig, TensorFile, containers};
use tempfile::TempDir;
use tiny::{Outcome, Tiny};

/// Of the largest latent: three to five steps of networks that agree within 1e-5 each, times guidance.
const TOLERANCE: f32 = 2e-4;

fn engine(threads: usize) -> Outcome<Engine> {
    Ok(Engine::new(EngineConfig { threads: Some(threads), ..EngineConfig::default() })?)
}

fn reimagine(threads: usize) -> Outcome<Reimagine> {
    let store = ModelStore::open(StoreConfig::from_environment(true)?)?;
    Ok(Reimagine::new(&store, &engine(threads)?))
}

fn golden() -> Outcome<TensorFile> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/reimagine.safetensors");
    Ok(containers::read(&path, &Limits::default())?)
}

fn expected(golden: &TensorFile, name: &str) -> Vec<f32> {
    golden.get(name).unwrap_or_else(|| panic!("no {name} in the golden")).to_f32()
}

/// `picture` of the script.
fn picture(width: usize, height: usize) -> Picture {
    let mut samples = Vec::new();
    for index in 0..width * height * 3 {
        let (x, y) = (index / 3 % width, index / 3 / width);
        samples.push(((seeded_unit("picture", index as u64) + 1.0) * 20.0 + (x + 2 * y) as f32).floor() as u8);
    }
    Picture::new(width, height, Channels::Rgb, Samples::U8(samples)).expect("as many samples as pixels")
}

fn bytes(picture: &Picture) -> &[u8] {
    match &picture.samples {
        Samples::U8(samples) => samples,
        Samples::U16(_) => panic!("16 bit"),
    }
}

fn pictures(outputs: &Outputs<Medium>) -> Vec<&Picture> {
    let media = outputs.media.iter();
    media.map(|(_, medium)| if let Medium::Picture(made) = medium { &**made } else { panic!("no picture") }).collect()
}

fn inputs(picture: Option<&Picture>) -> Inputs<Medium> {
    match picture {
        Some(picture) => Inputs::new().with("picture", Medium::Picture(Arc::new(picture.clone()))),
        None => Inputs::new(),
    }
}

/// Resolves and runs; resolving again changes nothing.
fn run(capability: &Reimagine, picture: Option<&Picture>, params: Params) -> Outcome<(Params, Outputs<Medium>)> {
    let inputs = inputs(picture);
    let mut sink = |_: Event| {};
    let mut progress = Progress::new(CancelToken::default(), &mut sink);
    let params = capability.resolve(&inputs, params, &mut progress)?;
    assert_eq!(capability.resolve(&inputs, params.clone(), &mut progress)?, params, "resolved means decided");
    let outputs = capability.run(&inputs, &params, &mut progress)?;
    Ok((params, outputs))
}

/// A folder with what a test needs, and what most runs begin with.
struct Bench {
    folder: TempDir,
    capability: Reimagine,
}

impl Bench {
    fn new() -> Outcome<Self> {
        Ok(Self { folder: tempfile::tempdir()?, capability: reimagine(2)? })
    }

    fn params(&self, tiny: Tiny) -> Outcome<Params> {
        let model = Some(tiny.folder(&engine(1)?, self.folder.path())?);
        Ok(Params { model, prompt: "a photo of a cat".into(), negative_prompt: "dog".into(), ..short() })
    }
}

fn short() -> Params {
    Params { steps: 3, sampler: "euler".into(), seed: Some(7), ..Params::default() }
}

fn close(actual: &[f32], expected: &[f32], what: &str) {
    assert_eq!(actual.len(), expected.len(), "{what}");
    let most = expected.iter().fold(0.0_f32, |most, v| v.abs().max(most));
    let worst = actual.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst <= TOLERANCE * most, "{what}: off by {worst}, largest magnitude {most}");
}

/// One case of the golden, in both layouts of the checkpoint.
fn equals_diffusers(name: &str, tiny: Tiny, params: Params) -> Outcome {
    let (golden, bench) = (golden()?, Bench::new()?);
    let noise = bench.folder.path().join("noise.safetensors");
    tiny::write(&noise, vec![("noise".into(), vec![1, 4, 8, 9], expected(&golden, &format!("{name}.noise")))])?;
    let dump = bench.folder.path().join("latents.safetensors");
    let shared = Params { noise: Some(noise), dump_latents: Some(dump.clone()), ..params };
    let picture = name.starts_with("image").then(|| picture(72, 64));
    let single = tiny.single_file(&engine(1)?, bench.folder.path())?;
    for model in [bench.params(tiny)?.model.ok_or("a model")?, single] {
        let what = format!("{name} of {}", model.display());
        let params = Params { model: Some(model), width: Some(72), height: Some(64), ..shared.clone() };
        let (_, outputs) = run(&bench.capability, picture.as_ref(), params)?;
        let latents = containers::read(&dump, &Limits::default())?;
        assert_eq!(latents.get("latents").ok_or("latents")?.shape(), [1, 4, 8, 9]);
        close(&expected(&latents, "latents"), &expected(&golden, &format!("{name}.latents")), &what);
        let made = pictures(&outputs);
        let wanted = expected(&golden, &format!("{name}.picture"));
        assert_eq!((made.len(), made[0].size(), wanted.len()), (1, (72, 64), bytes(made[0]).len()));
        for (actual, wanted) in bytes(made[0]).iter().zip(&wanted) {
            // Half a step of rounding, and the latents' error through the decoder.
            assert!(
                (f32::from(*actual) - wanted * 255.0).abs() <= 0.6,
                "{what}: {actual}, expected {}",
                wanted * 255.0
            );
        }
        assert_eq!(outputs.weights.len(), 2, "the checkpoint and the tokenizer");
    }
    Ok(())
}

fn words(params: Params) -> Params {
    Params { prompt: "a photo of a cat".into(), negative_prompt: "dog".into(), seed: Some(1), ..params }
}

#[test]
fn image_to_image_with_euler_equals_diffusers() -> Outcome {
    let params = Params { steps: 5, strength: 0.6, guidance: 7.5, sampler: "euler".into(), ..Params::default() };
    let params = Params { schedule: "trailing".into(), step_rule: StepRule::Diffusers, ..params };
    equals_diffusers("image.sd1.euler", Tiny::Sd1, words(params))
}

#[test]
fn image_to_image_with_ddim_and_velocity_equals_diffusers() -> Outcome {
    let params = Params { steps: 4, strength: 0.75, guidance: 7.0, sampler: "ddim".into(), ..Params::default() };
    // A single file of Stable Diffusion 2 does not say what it predicts, and random weights don't either.
    let prediction = serde_json::from_str("\"v_prediction\"")?;
    equals_diffusers(
        "image.sd2.ddim",
        Tiny::Sd2,
        words(Params { step_rule: StepRule::Diffusers, prediction, ..params }),
    )
}

#[test]
fn text_to_image_with_ddim_equals_diffusers() -> Outcome {
    let params = Params { steps: 3, guidance: 5.0, sampler: "ddim".into(), clip_skip: 2, ..Params::default() };
    equals_diffusers("text.sd1.ddim", Tiny::Sd1, words(params))
}

#[test]
fn text_to_image_without_guidance_equals_diffusers() -> Outcome {
    let params = Params { steps: 3, guidance: 1.0, sampler: "euler".into(), ..Params::default() };
    let prediction = serde_json::from_str("\"epsilon\"")?;
    equals_diffusers("text.sd2.euler", Tiny::Sd2, words(Params { schedule: "trailing".into(), prediction, ..params }))
}

/// At strength 0 nothing goes through the autoencoder: the samples are the picture's own.
#[test]
fn strength_0_gives_the_picture_back_exactly() -> Outcome {
    let (bench, picture) = (Bench::new()?, picture(70, 65));
    let (params, outputs) =
        run(&bench.capability, Some(&picture), Params { strength: 0.0, variants: 2, ..bench.params(Tiny::Sd1)? })?;
    assert_eq!(pictures(&outputs), [&picture, &picture]);
    assert_eq!((params.width, params.height, params.work_width), (Some(70), Some(65), Some(72)));
    let changed = run(&bench.capability, Some(&picture), Params { strength: 0.01, ..bench.params(Tiny::Sd1)? })?.1;
    assert!(pictures(&changed)[0] != &picture && pictures(&changed)[0].size() == (70, 65));
    Ok(())
}

#[test]
fn a_seed_gives_the_same_bytes_on_any_number_of_threads_and_in_any_batch() -> Outcome {
    let (bench, picture) = (Bench::new()?, picture(96, 72));
    let params = Params { sampler: "euler a".into(), variants: 2, ..bench.params(Tiny::Sd1)? };
    let made = run(&bench.capability, Some(&picture), params.clone())?.1;
    let again = run(&reimagine(3)?, Some(&picture), params.clone())?.1;
    assert_eq!(pictures(&made), pictures(&again));
    let second = run(&bench.capability, Some(&picture), Params { variants: 1, seed: Some(8), ..params.clone() })?.1;
    assert_eq!(pictures(&made)[1], pictures(&second)[0]);
    assert!(pictures(&made)[0] != pictures(&made)[1]);
    let sde = Params { sampler: "dpmpp_2m_sde".into(), ..params };
    assert_eq!(
        pictures(&run(&bench.capability, Some(&picture), sde.clone())?.1),
        pictures(&run(&reimagine(1)?, Some(&picture), sde)?.1)
    );
    Ok(())
}

#[test]
fn any_size_and_form_comes_back_exactly() -> Outcome {
    let bench = Bench::new()?;
    let params = Params { steps: 1, ..bench.params(Tiny::Sd1)? };
    for resize in [Resize::Stretch, Resize::Crop, Resize::Fill] {
        let sized = Params { width: Some(101), height: Some(67), resize, ..params.clone() };
        let (_, outputs) = run(&bench.capability, Some(&picture(90, 80)), sized)?;
        assert_eq!(pictures(&outputs)[0].size(), (101, 67));
    }
    let (resolved, outputs) =
        run(&bench.capability, Some(&picture(70, 20)), Params { width: Some(140), ..params.clone() })?;
    assert_eq!(
        (pictures(&outputs)[0].size(), resolved.work_width, resolved.work_height),
        ((140, 40), Some(144), Some(64))
    );
    let grey = Picture::new(64, 64, Channels::GrayAlpha, Samples::U16(vec![30_000; 64 * 64 * 2]))?;
    let (_, outputs) = run(&bench.capability, Some(&grey), params.clone())?;
    let made = pictures(&outputs)[0];
    assert_eq!((made.size(), made.channels, made.depth()), ((64, 64), Channels::Rgba, grey.depth()));
    assert_eq!(made.alpha(), grey.alpha());
    Ok(())
}

#[test]
fn what_can_not_be_is_refused_by_name() -> Outcome {
    let bench = Bench::new()?;
    let good = bench.params(Tiny::Sd1)?;
    let folder = bench.folder.path();
    let golden = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden").join(name);
    let lora = folder.join("lora.safetensors");
    tiny::write(&lora, vec![("lora_unet_down.alpha".into(), vec![1], vec![1.0])])?;
    let half = folder.join("half.safetensors");
    tiny::write(&half, vec![("model.diffusion_model.out.2.bias".into(), vec![4], vec![0.0; 4])])?;
    let noise = folder.join("noise.safetensors");
    tiny::write(&noise, vec![("noise".into(), vec![1, 4, 8, 8], vec![0.0; 256])])?;
    let of = |model: &Path| Params { model: Some(model.to_owned()), ..good.clone() };
    let table = [
        (Params { model: None, ..good.clone() }, Class::MissingModel, "no checkpoint is named"),
        (of(&folder.join("nowhere.safetensors")), Class::File, "nowhere.safetensors"),
        (of(&golden("migan.safetensors")), Class::File, "expected a Stable Diffusion 1 or 2 checkpoint"),
        (of(&lora), Class::File, "the file holds a LoRA"),
        (of(&half), Class::File, "the checkpoint has no UNet"),
        (of(folder), Class::File, "the folder has no unet/config.json"),
        (Params { model_sha256: Some("00".into()), ..good.clone() }, Class::File, "expected 00"),
        (Params { strength: 1.5, ..good.clone() }, Class::Caller, "strength 1.5 is out of range (expected 0 to 1)"),
        (Params { guidance: 0.5, ..good.clone() }, Class::Caller, "guidance 0.5 is out of range"),
        (Params { steps: 0, ..good.clone() }, Class::Caller, "steps 0 is out of range"),
        (Params { sampler: "oiler".into(), ..good.clone() }, Class::Caller, "there is no sampler \"oiler\""),
        (Params { schedule: "lin".into(), ..good.clone() }, Class::Caller, "there is no schedule \"lin\""),
        (Params { prompt: "a <lora:b:1>".into(), ..good.clone() }, Class::Unsupported, "<lora:b>"),
        (Params { prompt: "a <lora:b:x>".into(), ..good.clone() }, Class::Caller, "is not a number"),
        (
            Params { width: Some(12), ..good.clone() },
            Class::Caller,
            "width 12 is out of range (expected 16 to 4096 pixels)",
        ),
        (
            Params { work_width: Some(100), ..good.clone() },
            Class::Caller,
            "work_width 100 is not a multiple of 8 (try 104)",
        ),
        (Params { noise: Some(noise), ..good.clone() }, Class::File, "expected one tensor of [1, 4, 8, 9]"),
    ];
    for (params, class, says) in table {
        let mut sink = |_: Event| {};
        let mut progress = Progress::new(CancelToken::default(), &mut sink);
        let error: Error =
            match bench.capability.resolve(&inputs(Some(&picture(72, 64))), params.clone(), &mut progress) {
                Ok(_) => return Err(format!("{params:?} was taken").into()),
                Err(error) => error,
            };
        assert!(error.to_string().contains(says), "{error}");
        assert_eq!(error.class(), class, "{error}");
    }
    Ok(())
}

#[test]
fn cancelling_stops_at_the_step_and_leaves_nothing() -> Outcome {
    let (bench, picture) = (Bench::new()?, picture(72, 64));
    let dump = bench.folder.path().join("latents.safetensors");
    let params = Params { strength: 1.0, dump_latents: Some(dump.clone()), ..bench.params(Tiny::Sd1)? };
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
        let inputs = inputs(Some(&picture));
        let params = bench.capability.resolve(&inputs, params.clone(), &mut progress)?;
        let error = bench.capability.run(&inputs, &params, &mut progress).err().ok_or("not stopped")?;
        assert_eq!(error.class(), Class::Cancelled, "{stop}: {error}");
        assert_eq!(steps, 1, "{stop}");
        assert!(!dump.exists());
    }
    Ok(())
}
