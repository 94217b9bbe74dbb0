//! Checkpoints whose parts carry the prefixes that stable-diffusion.cpp gives and takes, with diffusers' or the original names
//! behind them: each draws the picture of the checkpoint that it is made from.

use std::path::{Path, PathBuf};

use danqing_weights::{Limits, TensorFile, containers};

use crate::gguf::{drawn, made, params};
use crate::tiny::{self, Outcome, Tensors, Tiny};
use crate::{checkpoints, engine, inputs};

/// What stands before the names of the original files' parts.
const ORIGINAL: [&str; 3] = ["model.diffusion_model.", "first_stage_model.", "cond_stage_model.transformer."];

fn tensors(file: &TensorFile) -> Outcome<Tensors> {
    file.iter().map(|view| Ok((view.name().to_owned(), view.shape().to_vec(), view.to_f32()?))).collect()
}

/// Other prefixes instead of the original ones.
fn with_prefixes(source: &TensorFile, to: [&str; 3]) -> Outcome<Tensors> {
    let mut renamed = tensors(source)?;
    for (name, ..) in &mut renamed {
        if let Some((at, inside)) = (0..3).find_map(|at| Some((at, name.strip_prefix(ORIGINAL[at])?))) {
            *name = format!("{}{inside}", to[at]);
        }
    }
    Ok(renamed)
}

/// The three networks of a folder in one file, each behind its prefix.
fn of_folder(folder: &Path, to: [&str; 3]) -> Outcome<Tensors> {
    let files = ["unet/diffusion_pytorch_model", "vae/diffusion_pytorch_model.fp16", "text_encoder/model"];
    let mut joined = Vec::new();
    for (file, prefix) in files.into_iter().zip(to) {
        let file = containers::read(&folder.join(format!("{file}.safetensors")), &Limits::default())?;
        let named = tensors(&file)?.into_iter();
        joined.extend(named.map(|(name, shape, values)| (format!("{prefix}{name}"), shape, values)));
    }
    Ok(joined)
}

/// The text encoder of the original file instead of transformers': of so few channels, nothing else says that it is `OpenCLIP`.
fn with_original_text(joined: Tensors, source: &TensorFile, prefix: &str) -> Outcome<Tensors> {
    let others = joined.into_iter().filter(|(name, ..)| !name.starts_with(prefix));
    let own = tensors(source)?.into_iter().filter(|(name, ..)| name.starts_with("cond_stage_model."));
    Ok(others.chain(own).collect())
}

/// Queries, keys and values of a text encoder by transformers' names, joined: what stable-diffusion.cpp makes of `OpenCLIP`'s.
fn with_joined_projections(mut tensors: Tensors) -> Tensors {
    let third = |name: &str, third: &str| name.contains(".self_attn.") && name.contains(&format!(".{third}."));
    let mut joined: Tensors = tensors.extract_if(.., |(name, ..)| third(name, "q_proj")).collect();
    for (name, shape, values) in &mut joined {
        for other in ["k_proj", "v_proj"] {
            let wanted = name.replace("q_proj", other);
            let mut found = tensors.extract_if(.., |(name, ..)| *name == wanted);
            values.extend(found.next().into_iter().flat_map(|(.., values)| values));
        }
        shape[0] *= 3;
        *name = name.replace("q_proj", "in_proj");
    }
    tensors.extend(joined);
    tensors
}

#[test]
fn parts_are_found_behind_every_prefix_with_either_names_behind_it() -> Outcome {
    let folder = tempfile::tempdir()?;
    for tiny in [Tiny::Sd1, Tiny::Sd2] {
        let (single, diffusers) =
            (tiny.single_file(&engine(1)?, folder.path())?, tiny.folder(&engine(1)?, folder.path())?);
        let source = containers::read(&single, &Limits::default())?;
        let (_, expected, _) = made(&single, None)?;
        let te = if tiny == Tiny::Sd1 { "te." } else { "cond_stage_model.model." };
        let mut layouts = vec![
            ("vae.", with_prefixes(&source, ["model.diffusion_model.", "vae.", te])?),
            ("diffusion_model.", with_prefixes(&source, ["diffusion_model.", "first_stage_model.", te])?),
        ];
        for to in [
            ["unet.", "vae.", "te."],
            ["model.diffusion_model.", "vae.", "text_encoder."],
            ["unet.", "first_stage_model.", "clip_l."],
            ["unet.", "vae.", "text_encoders.clip_l.transformer."],
        ] {
            let joined = of_folder(&diffusers, to)?;
            if tiny == Tiny::Sd1 {
                layouts.push((to[2], joined));
            } else {
                layouts.push((to[0], with_original_text(joined, &source, to[2])?));
            }
        }
        let wrapped = with_prefixes(&source, ["unet.", "vae.", te])?;
        let wrapped = wrapped.into_iter().map(|(name, shape, values)| (format!("state_dict.{name}"), shape, values));
        layouts.push(("state_dict.", wrapped.collect()));
        if tiny == Tiny::Sd2 {
            let renamed = of_folder(&diffusers, ORIGINAL)?;
            layouts.push(("in_proj", with_joined_projections(renamed)));
        }
        for (what, tensors) in layouts {
            assert!(tensors.iter().any(|(name, ..)| name.contains(what)), "{what}");
            let path = folder.path().join("layout.safetensors");
            tiny::write(&path, tensors)?;
            let mut params = params(&path, None);
            // A folder says what its UNet predicts, a file does not.
            params.settings.prediction = made(&single, None)?.0.settings.prediction;
            assert!(drawn(params)?.1 == expected, "{tiny:?} {what}: another picture");
        }
    }
    Ok(())
}

#[test]
fn a_unet_and_an_autoencoder_stand_in_from_files_with_prefixes() -> Outcome {
    let folder = tempfile::tempdir()?;
    let (single, diffusers) =
        (Tiny::Sd1.single_file(&engine(1)?, folder.path())?, Tiny::Sd1.folder(&engine(1)?, folder.path())?);
    let source = containers::read(&single, &Limits::default())?;
    let (_, expected, _) = made(&single, None)?;
    let original = with_prefixes(&source, ["unet.", "vae.", "te."])?;
    let own = of_folder(&diffusers, ["unet.", "vae.", "te."])?;
    for (what, all) in [("original", original), ("diffusers'", own)] {
        let part = |prefix: &str| -> Outcome<PathBuf> {
            let path = folder.path().join(format!("{prefix}safetensors"));
            tiny::write(&path, all.iter().filter(|(name, ..)| name.starts_with(prefix)).cloned().collect())?;
            Ok(path)
        };
        let mut params = params(&single, Some(&part("unet.")?));
        params.settings.vae = Some(part("vae.")?);
        let (_, picture, weights) = drawn(params)?;
        assert!(picture == expected && weights == 4, "{what} names behind prefixes: another picture");
    }
    Ok(())
}

/// stable-diffusion.cpp leaves the checkpoint's own autoencoder in the file beside the one that stands in for it.
#[test]
fn of_two_autoencoders_the_one_that_stands_in_is_used() -> Outcome {
    let folder = tempfile::tempdir()?;
    let single = Tiny::Sd1.single_file(&engine(1)?, folder.path())?;
    let source = containers::read(&single, &Limits::default())?;
    let mut both = tensors(&source)?;
    let own = both.iter().filter_map(|(name, shape, values)| {
        Some((format!("vae.{}", name.strip_prefix("first_stage_model.")?), shape.clone(), values.clone()))
    });
    let standing_in: Tensors = own.collect();
    for (name, _, values) in &mut both {
        if name.starts_with("first_stage_model.") {
            for value in values.iter_mut() {
                *value *= 0.5;
            }
        }
    }
    let path = folder.path().join("both.safetensors");
    tiny::write(&path, both.iter().cloned().chain(standing_in).collect())?;
    let (_, expected, _) = made(&single, None)?;
    assert!(made(&path, None)?.1 == expected, "the autoencoder behind `vae.` is not the one in use");
    Ok(())
}

#[test]
fn a_second_text_encoder_is_another_network() -> Outcome {
    let folder = tempfile::tempdir()?;
    let source = containers::read(&Tiny::Sd1.single_file(&engine(1)?, folder.path())?, &Limits::default())?;
    let mut tensors = with_prefixes(&source, ["unet.", "vae.", "te."])?;
    tensors.push(("te.1.text_model.embeddings.token_embedding.weight".into(), vec![1], vec![0.0]));
    let path = folder.path().join("two.safetensors");
    tiny::write(&path, tensors)?;
    let capability = danqing_pipelines::reimagine::Reimagine::of(checkpoints(1)?);
    let error = crate::run(&capability, &inputs(None), params(&path, None)).err().ok_or("taken")?;
    assert!(error.to_string().contains("expected a Stable Diffusion 1 or 2 checkpoint"), "{error}");
    Ok(())
}
