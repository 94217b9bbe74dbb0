//! `reimagine` on tiny checkpoints: whole runs against diffusers in both file layouts, promises, errors, cancel.

use std::path::Path;

use danqing_capability::{CancelToken, Capability, Class, Classified, Event, Outputs, Progress};
use danqing_media::{Channels, Medium, Picture, Samples};
use danqing_pipelines::diffusion::{Settings, StepRule};
use danqing_pipelines::reimagine::{Error, Params, Reimagine, Resize};
use danqing_weights::{Limits, containers};
use tempfile::TempDir;

use crate::tiny::{self, Outcome, Tiny};
use crate::{bytes, checkpoints, close, engine, expected, golden, inputs, picture, pictures, run};

/// A folder with what a test needs, and what most runs begin with.
struct Bench {
    folder: TempDir,
    capability: Reimagine,
}

impl Bench {
    fn new() -> Outcome<Self> {
        Ok(Self { folder: tempfile::tempdir()?, capability: Reimagine::of(checkpoints(2)?) })
    }

    fn settings(&self, tiny: Tiny) -> Outcome<Settings> {
        let model = Some(tiny.folder(&engine(1)?, self.folder.path())?);
        Ok(Settings { model, prompt: "a photo of a cat".into(), negative_prompt: "dog".into(), ..short() })
    }

    fn run(&self, picture: Option<&Picture>, params: Params) -> Outcome<(Params, Outputs<Medium>)> {
        run(&self.capability, &inputs(picture), params)
    }
}

fn short() -> Settings {
    Settings { steps: 3, sampler: "euler".into(), seed: Some(7), ..Settings::default() }
}

fn with(settings: Settings) -> Params {
    Params { settings, ..Params::default() }
}

/// One case of the golden, in both layouts of the checkpoint.
fn equals_diffusers(name: &str, tiny: Tiny, settings: Settings) -> Outcome {
    let (golden, bench) = (golden("reimagine")?, Bench::new()?);
    let noise = bench.folder.path().join("noise.safetensors");
    tiny::write(&noise, vec![("noise".into(), vec![1, 4, 8, 9], expected(&golden, &format!("{name}.noise")))])?;
    let dump = bench.folder.path().join("latents.safetensors");
    let shared = Settings { noise: Some(noise), dump_latents: Some(dump.clone()), ..settings };
    let picture = name.starts_with("image").then(|| picture(72, 64));
    let single = tiny.single_file(&engine(1)?, bench.folder.path())?;
    for model in [bench.settings(tiny)?.model.ok_or("a model")?, single] {
        let what = format!("{name} of {}", model.display());
        let settings = Settings { model: Some(model), ..shared.clone() };
        let params = Params { width: Some(72), height: Some(64), ..with(settings) };
        let (_, outputs) = bench.run(picture.as_ref(), params)?;
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

fn words(settings: Settings) -> Settings {
    Settings { prompt: "a photo of a cat".into(), negative_prompt: "dog".into(), seed: Some(1), ..settings }
}

#[test]
fn image_to_image_with_euler_equals_diffusers() -> Outcome {
    let settings = Settings { steps: 5, strength: 0.6, guidance: 7.5, sampler: "euler".into(), ..Settings::default() };
    let settings = Settings { schedule: "trailing".into(), step_rule: StepRule::Diffusers, ..settings };
    equals_diffusers("image.sd1.euler", Tiny::Sd1, words(settings))
}

#[test]
fn image_to_image_with_ddim_and_velocity_equals_diffusers() -> Outcome {
    let settings = Settings { steps: 4, strength: 0.75, guidance: 7.0, sampler: "ddim".into(), ..Settings::default() };
    // A single file of Stable Diffusion 2 does not say what it predicts, and random weights don't either.
    let prediction = serde_json::from_str("\"v_prediction\"")?;
    equals_diffusers(
        "image.sd2.ddim",
        Tiny::Sd2,
        words(Settings { step_rule: StepRule::Diffusers, prediction, ..settings }),
    )
}

#[test]
fn text_to_image_with_ddim_equals_diffusers() -> Outcome {
    let settings = Settings { steps: 3, guidance: 5.0, sampler: "ddim".into(), clip_skip: 2, ..Settings::default() };
    equals_diffusers("text.sd1.ddim", Tiny::Sd1, words(settings))
}

#[test]
fn text_to_image_without_guidance_equals_diffusers() -> Outcome {
    let settings = Settings { steps: 3, guidance: 1.0, sampler: "euler".into(), ..Settings::default() };
    let prediction = serde_json::from_str("\"epsilon\"")?;
    equals_diffusers(
        "text.sd2.euler",
        Tiny::Sd2,
        words(Settings { schedule: "trailing".into(), prediction, ..settings }),
    )
}

/// At strength 0 nothing goes through the autoencoder: the samples are the picture's own.
#[test]
fn strength_0_gives_the_picture_back_exactly() -> Outcome {
    let (bench, picture) = (Bench::new()?, picture(70, 65));
    let (params, outputs) =
        bench.run(Some(&picture), with(Settings { strength: 0.0, variants: 2, ..bench.settings(Tiny::Sd1)? }))?;
    assert_eq!(pictures(&outputs), [&picture, &picture]);
    assert_eq!((params.width, params.height, params.work_width), (Some(70), Some(65), Some(72)));
    let changed = bench.run(Some(&picture), with(Settings { strength: 0.01, ..bench.settings(Tiny::Sd1)? }))?.1;
    assert!(pictures(&changed)[0] != &picture && pictures(&changed)[0].size() == (70, 65));
    Ok(())
}

#[test]
fn a_seed_gives_the_same_bytes_on_any_number_of_threads_and_in_any_batch() -> Outcome {
    let (bench, picture) = (Bench::new()?, picture(96, 72));
    let settings = Settings { sampler: "euler a".into(), variants: 2, ..bench.settings(Tiny::Sd1)? };
    let made = bench.run(Some(&picture), with(settings.clone()))?.1;
    let (inputs, other) = (inputs(Some(&picture)), |threads| checkpoints(threads).map(Reimagine::of));
    let again = run(&other(3)?, &inputs, with(settings.clone()))?.1;
    assert_eq!(pictures(&made), pictures(&again));
    let second = bench.run(Some(&picture), with(Settings { variants: 1, seed: Some(8), ..settings.clone() }))?.1;
    assert_eq!(pictures(&made)[1], pictures(&second)[0]);
    assert!(pictures(&made)[0] != pictures(&made)[1]);
    let sde = with(Settings { sampler: "dpmpp_2m_sde".into(), ..settings });
    let made = bench.run(Some(&picture), sde.clone())?.1;
    assert_eq!(pictures(&made), pictures(&run(&other(1)?, &inputs, sde)?.1));
    Ok(())
}

#[test]
fn any_size_and_form_comes_back_exactly() -> Outcome {
    let bench = Bench::new()?;
    let params = with(Settings { steps: 1, ..bench.settings(Tiny::Sd1)? });
    for resize in [Resize::Stretch, Resize::Crop, Resize::Fill] {
        let sized = Params { width: Some(101), height: Some(67), resize, ..params.clone() };
        let (_, outputs) = bench.run(Some(&picture(90, 80)), sized)?;
        assert_eq!(pictures(&outputs)[0].size(), (101, 67));
    }
    let (resolved, outputs) = bench.run(Some(&picture(70, 20)), Params { width: Some(140), ..params.clone() })?;
    assert_eq!(
        (pictures(&outputs)[0].size(), resolved.work_width, resolved.work_height),
        ((140, 40), Some(144), Some(64))
    );
    let grey = Picture::new(64, 64, Channels::GrayAlpha, Samples::U16(vec![30_000; 64 * 64 * 2]))?;
    let (_, outputs) = bench.run(Some(&grey), params.clone())?;
    let made = pictures(&outputs)[0];
    assert_eq!((made.size(), made.channels, made.depth()), ((64, 64), Channels::Rgba, grey.depth()));
    assert_eq!(made.alpha(), grey.alpha());
    Ok(())
}

#[test]
fn what_can_not_be_is_refused_by_name() -> Outcome {
    let bench = Bench::new()?;
    let good = with(bench.settings(Tiny::Sd1)?);
    let set = |change: &dyn Fn(&mut Settings)| {
        let mut params = good.clone();
        change(&mut params.settings);
        params
    };
    let folder = bench.folder.path();
    let golden = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden").join(name);
    let lora = folder.join("lora.safetensors");
    tiny::write(&lora, vec![("lora_unet_down.alpha".into(), vec![1], vec![1.0])])?;
    let half = folder.join("half.safetensors");
    tiny::write(&half, vec![("model.diffusion_model.out.2.bias".into(), vec![4], vec![0.0; 4])])?;
    let noise = folder.join("noise.safetensors");
    tiny::write(&noise, vec![("noise".into(), vec![1, 4, 8, 8], vec![0.0; 256])])?;
    let of = |model: &Path| set(&|settings| settings.model = Some(model.to_owned()));
    let table = [
        (set(&|s| s.model = None), Class::MissingModel, "no checkpoint is named"),
        (of(&folder.join("nowhere.safetensors")), Class::File, "nowhere.safetensors"),
        (of(&golden("migan.safetensors")), Class::File, "expected a Stable Diffusion 1 or 2 checkpoint"),
        (of(&lora), Class::File, "the file holds a LoRA"),
        (of(&half), Class::File, "the checkpoint has no UNet"),
        (of(folder), Class::File, "the folder has no unet/config.json"),
        (set(&|s| s.model_sha256 = Some("00".into())), Class::File, "expected 00"),
        (set(&|s| s.strength = 1.5), Class::Caller, "strength 1.5 is out of range (expected 0 to 1)"),
        (set(&|s| s.guidance = 0.5), Class::Caller, "guidance 0.5 is out of range"),
        (set(&|s| s.steps = 0), Class::Caller, "steps 0 is out of range"),
        (set(&|s| s.sampler = "oiler".into()), Class::Caller, "there is no sampler \"oiler\""),
        (set(&|s| s.schedule = "lin".into()), Class::Caller, "there is no schedule \"lin\""),
        (set(&|s| s.prompt = "a <lora:b:1>".into()), Class::File, "there is no LoRA named \"b\""),
        (set(&|s| s.prompt = "a <lora:b:x>".into()), Class::Caller, "is not a number"),
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
        (set(&|s| s.noise = Some(noise.clone())), Class::File, "expected one tensor of [1, 4, 8, 9]"),
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
    let params = with(Settings { strength: 1.0, dump_latents: Some(dump.clone()), ..bench.settings(Tiny::Sd1)? });
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
