//! Large pictures in tiles, memory said before, previews, variation seeds.

use std::collections::BTreeMap;

use danqing_capability::{CancelToken, Capability, Class, Classified, Event, Preview, Progress};
use danqing_media::Picture;
use danqing_models::diffusion::seeded_values;
use danqing_models::latent_codecs::taesd::Taesd;
use danqing_pipelines::diffusion::{Checkpoints, Enlarge, Settings};
use danqing_pipelines::reimagine::{Params, Reimagine};
use danqing_weights::{Limits, ModelStore, StoreConfig, containers};

use crate::tiny::{self, Outcome, Tiny};
use crate::{bytes, checkpoints, close, engine, expected, inputs, picture, pictures, run};

fn short(folder: &std::path::Path) -> Outcome<Settings> {
    let model = Some(Tiny::Sd1.folder(&engine(1)?, folder)?);
    Ok(Settings {
        model,
        steps: 4,
        sampler: "euler".into(),
        seed: Some(7),
        prompt: "a cat".into(),
        ..Settings::default()
    })
}

fn sized(settings: Settings, width: usize, height: usize) -> Params {
    Params { settings, width: Some(width), height: Some(height), ..Params::default() }
}

/// Mean step from every column to the next.
fn steps_across(samples: &[u8], width: usize) -> Vec<f64> {
    let mut sums = vec![0.0; width - 1];
    for row in samples.chunks_exact(3 * width) {
        for (x, sum) in sums.iter_mut().enumerate() {
            *sum += (0..3).map(|c| f64::from(row[3 * x + c].abs_diff(row[3 * x + 3 + c]))).sum::<f64>();
        }
    }
    let count = samples.len() as f64 / width as f64;
    sums.into_iter().map(|sum| sum / count).collect()
}

/// No column between two pixels is steeper than the steepest one of the picture made whole.
#[test]
fn tiles_leave_no_seam() -> Outcome {
    let (folder, before) = (tempfile::tempdir()?, picture(448, 256));
    let capability = Reimagine::of(checkpoints(2)?);
    let made = |tile: usize| -> Outcome<Vec<f64>> {
        let settings = Settings { vae_tile: Some(tile), steps: 2, strength: 0.3, ..short(folder.path())? };
        let (_, outputs) = run(&capability, &inputs(Some(&before)), sized(settings, 448, 256))?;
        assert_eq!(pictures(&outputs)[0].size(), (448, 256));
        Ok(steps_across(bytes(pictures(&outputs)[0]), 448))
    };
    let (whole, tiled) = (made(0)?, made(256)?);
    assert!(whole != tiled, "there are tiles");
    let steepest = |steps: &[f64]| steps.iter().copied().fold(0.0, f64::max);
    assert!(steepest(&tiled) <= 1.1 * steepest(&whole), "{} of tiles, {} whole", steepest(&tiled), steepest(&whole));
    Ok(())
}

/// What a run says of memory before its first step.
fn planned(capability: &Reimagine, params: Params, mut before_run: impl FnMut()) -> Outcome<BTreeMap<String, f64>> {
    let mut plan = BTreeMap::new();
    let mut sink = |event: Event| {
        if let Event::Measure { stage: "plan", values, .. } = event {
            plan = values.iter().map(|(name, value)| (name.to_string(), *value)).collect();
        }
    };
    let mut progress = Progress::new(CancelToken::default(), &mut sink);
    let params = capability.resolve(&inputs(None), params, &mut progress)?;
    before_run();
    capability.run(&inputs(None), &params, &mut progress)?;
    Ok(plan)
}

/// Networks and maps are said before the first step, within 20 % of the engine's own peak.
#[test]
fn memory_is_said_before_and_right_within_a_fifth() -> Outcome {
    let folder = tempfile::tempdir()?;
    let (engine, store) = (engine(2)?, ModelStore::open(StoreConfig::from_environment(true)?)?);
    let capability = Reimagine::of(Checkpoints::new(&store, &engine));
    for (width, height, tile) in [(512, 512, 0), (512, 256, 256), (768, 512, 0)] {
        let settings = Settings { steps: 1, guidance: 1.0, vae_tile: Some(tile), ..short(folder.path())? };
        let plan = planned(&capability, sized(settings, width, height), || engine.reset_peak())?;
        // The text encoder's embeddings are looked up, and lie beside what the engine counts.
        let embeddings = 4.0 * (49_408.0 + 77.0) * 64.0;
        let counted = plan["weights_bytes"] - embeddings + plan["maps_bytes"];
        let ratio = counted / engine.memory().peak_bytes as f64;
        assert!((0.8..=1.2).contains(&ratio), "{width}x{height} in tiles of {tile}: planned {ratio} of the peak");
        assert!(plan["memory_bytes"] > plan["weights_bytes"] + plan["maps_bytes"]);
    }
    Ok(())
}

#[test]
fn a_run_is_tiled_or_refused_where_memory_is_short() -> Outcome {
    let folder = tempfile::tempdir()?;
    let settings = |tile| -> Outcome<Settings> {
        Ok(Settings { steps: 1, guidance: 1.0, vae_tile: tile, ..short(folder.path())? })
    };
    let whole = planned(&Reimagine::of(checkpoints(2)?), sized(settings(Some(0))?, 512, 512), || ())?;
    let with = |bytes: f64| -> Outcome<Reimagine> { Ok(Reimagine::of(checkpoints(2)?.with_memory(bytes as usize))) };
    let resolved = |memory: f64, tile| -> Outcome<(Result<Params, _>, Vec<String>)> {
        let mut warnings = Vec::new();
        let mut sink = |event: Event| {
            if let Event::Warning { message, .. } = event {
                warnings.push(message);
            }
        };
        let mut progress = Progress::new(CancelToken::default(), &mut sink);
        let made = with(memory)?.resolve(&inputs(None), sized(settings(tile)?, 512, 512), &mut progress);
        Ok((made, warnings))
    };
    let (enough, short) = (whole["memory_bytes"], whole["memory_bytes"] - 1.0);
    let (made, warnings) = resolved(enough, None)?;
    assert_eq!((made?.settings.vae_tile, warnings.len()), (Some(0), 0));
    let (made, warnings) = resolved(short, None)?;
    let made = made?;
    assert_eq!(made.settings.vae_tile, Some(256));
    assert_eq!(warnings, ["memory is short: the autoencoder works in tiles of 256 pixels"]);
    with(short)?.run(&inputs(None), &made, &mut Progress::new(CancelToken::default(), &mut |_: Event| {}))?;
    // Where tiles were asked not to be, where not even they help, and where there is no room for the networks.
    let mut hints = Vec::new();
    for (memory, tile) in [(short, Some(0)), (whole["weights_bytes"] * 2.5, None), (1e6, None)] {
        let error = resolved(memory, tile)?.0.err().ok_or("taken")?;
        let text = error.to_string();
        assert!(
            text.starts_with("the run needs up to 0.") && text.contains(" GB of it for the networks; 0."),
            "{text}"
        );
        assert_eq!(error.class(), Class::Limit, "{text}");
        hints.push(error.hint().ok_or("no hint")?);
    }
    assert!(hints.iter().all(|hint| hint.contains("--precision int8")), "{hints:?}");
    let has_maps = |hint: &String| hint.contains("--vae-tile 256") && hint.contains("--precision bf16");
    assert!(has_maps(&hints[0]) && !has_maps(&hints[2]), "{hints:?}");
    Ok(())
}

#[test]
fn previews_come_after_every_so_many_steps() -> Outcome {
    let folder = tempfile::tempdir()?;
    let tensors = Taesd::tensors(&engine(1)?)?.into_iter().map(|(name, shape)| {
        let values = seeded_values(&name, &shape);
        (name, shape, values)
    });
    let taesd = folder.path().join("taesd.safetensors");
    tiny::write(&taesd, tensors.collect())?;
    let capability = Reimagine::of(checkpoints(2)?);
    for (preview_model, size) in [(None, (9, 8)), (Some(taesd), (72, 64))] {
        let settings = Settings { preview: 2, preview_model, ..short(folder.path())? };
        let mut seen: Vec<(usize, usize, Preview)> = Vec::new();
        let mut sink = |event: Event| {
            if let Event::Preview { stage: "denoise", done, total, picture } = event {
                seen.push((done, total, (*picture).clone()));
            }
        };
        let mut progress = Progress::new(CancelToken::default(), &mut sink);
        let params = capability.resolve(&inputs(None), sized(settings, 72, 64), &mut progress)?;
        let with = capability.run(&inputs(None), &params, &mut progress)?;
        assert_eq!(seen.iter().map(|(done, total, _)| (*done, *total)).collect::<Vec<_>>(), [(2, 4), (4, 4)]);
        for (_, _, Preview { width, height, rgb }) in &seen {
            assert_eq!((*width, *height, rgb.len()), (size.0, size.1, 3 * size.0 * size.1));
        }
        assert!(seen[0].2 != seen[1].2);
        let (_, without) = run(&capability, &inputs(None), sized(short(folder.path())?, 72, 64))?;
        assert_eq!(pictures(&with), pictures(&without), "looking changes nothing");
    }
    Ok(())
}

/// A1111's variation seed: from the first seed's noise to the second's.
#[test]
fn a_variation_seed_turns_the_noise_towards_another() -> Outcome {
    let folder = tempfile::tempdir()?;
    let dump = folder.path().join("latents.safetensors");
    let capability = Reimagine::of(checkpoints(2)?);
    let latents = |change: &dyn Fn(&mut Settings)| -> Outcome<Vec<f32>> {
        let mut settings = Settings { dump_latents: Some(dump.clone()), ..short(folder.path())? };
        change(&mut settings);
        run(&capability, &inputs(None), sized(settings, 72, 64))?;
        Ok(expected(&containers::read(&dump, &Limits::default())?, "latents"))
    };
    let own = latents(&|_| ())?;
    let other = latents(&|settings| settings.seed = Some(100))?;
    let turned = |strength: f64, variants: usize| {
        latents(&|settings| {
            (settings.variation_seed, settings.variation_strength, settings.variants) = (Some(100), strength, variants);
        })
    };
    close(&turned(0.0, 1)?, &own, "not turned");
    close(&turned(1.0, 1)?, &other, "turned all the way");
    let half = turned(0.5, 2)?;
    assert!(half[..own.len()] != own && half[..own.len()] != other && half[..own.len()] != half[own.len()..]);
    let second = latents(&|settings| (settings.variation_seed, settings.variation_strength) = (Some(101), 0.5))?;
    assert_eq!(half[own.len()..], second, "variants count on from the variation seed");
    Ok(())
}

/// The second painting begins with the first, enlarged: at a low strength it is that.
#[test]
fn a_second_painting_is_as_many_times_as_large() -> Outcome {
    let folder = tempfile::tempdir()?;
    let capability = Reimagine::of(checkpoints(2)?);
    let painted = |hires: f64, hires_strength: f64, hires_enlarge: Enlarge| -> Outcome<Picture> {
        let params = Params { hires, hires_strength, hires_enlarge, ..sized(short(folder.path())?, 64, 64) };
        Ok(pictures(&run(&capability, &inputs(None), params)?.1)[0].clone())
    };
    let once = painted(1.0, 0.7, Enlarge::Picture)?;
    let means = |picture: &Picture| {
        bytes(picture).iter().map(|value| f64::from(*value)).sum::<f64>() / bytes(picture).len() as f64
    };
    for enlarge in [Enlarge::Picture, Enlarge::Latent] {
        let (near, far) = (painted(1.5, 0.01, enlarge)?, painted(1.5, 0.9, enlarge)?);
        assert_eq!((near.size(), far.size()), ((96, 96), (96, 96)));
        assert!(near != far, "{enlarge:?}");
        assert!((means(&near) - means(&once)).abs() < 20.0, "{enlarge:?}: {} after {}", means(&near), means(&once));
    }
    Ok(())
}

#[test]
fn what_can_not_be_is_refused_by_name() -> Outcome {
    let folder = tempfile::tempdir()?;
    let capability = Reimagine::of(checkpoints(1)?);
    let set = |change: &dyn Fn(&mut Settings)| -> Outcome<Params> {
        let mut settings = short(folder.path())?;
        change(&mut settings);
        Ok(sized(settings, 72, 64))
    };
    let table = [
        (set(&|s| s.vae_tile = Some(100))?, "vae_tile 100 is out of range (expected 0, or 256 to 2048 in steps of 64)"),
        (set(&|s| s.variation_strength = 1.1)?, "variation_strength 1.1 is out of range"),
        (Params { hires: 4.5, ..set(&|_| ())? }, "hires 4.5 is out of range (expected 1 to 4)"),
        (Params { hires_strength: 1.5, ..set(&|_| ())? }, "hires_strength 1.5 is out of range"),
    ];
    for (params, says) in table {
        let mut sink = |_: Event| {};
        let made = capability.resolve(&inputs(None), params, &mut Progress::new(CancelToken::default(), &mut sink));
        let error = made.err().ok_or("taken")?;
        assert!(error.to_string().contains(says), "{error}");
        assert_eq!(error.class(), Class::Caller);
    }
    let nowhere = set(&|s| (s.preview, s.preview_model) = (1, Some(folder.path().join("nowhere.safetensors"))))?;
    let error = run(&capability, &inputs(None), nowhere).err().ok_or("taken")?;
    assert!(error.to_string().contains("nowhere.safetensors"), "{error}");
    Ok(())
}
