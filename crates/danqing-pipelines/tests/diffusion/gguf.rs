//! Checkpoints in GGUF, in the layouts of stable-diffusion.cpp and of `ComfyUI`'s GGUF loader: the headers are what the package
//! gguf wrote (`tools/golden/gguf_layouts.py`), the bytes behind them are the tiny checkpoint's.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use danqing_capability::{Capability, Class, Classified, Event, Progress};
use danqing_pipelines::diffusion::Settings;
use danqing_pipelines::reimagine::{Params, Reimagine};
use danqing_weights::containers::gguf;
use danqing_weights::{Dtype, Limits, TensorFile, containers};

use crate::tiny::{self, Outcome, Tiny};
use crate::{bytes, checkpoints, engine, inputs, picture, pictures, run};

/// Largest step between the pictures of the checkpoint and of its 8-bit blocks, of 255: twice what was measured.
const STEPS: u8 = 16;

fn header(name: &str) -> Outcome<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden").join(format!("gguf_{name}.header"));
    Ok(std::fs::read(path)?)
}

/// Blocks of 32 with a power of two as scale, which half precision holds exactly.
fn q8_0(values: &[f32]) -> Vec<u8> {
    let block = |values: &[f32]| {
        let most = values.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
        let exponent = (most / 127.0).log2().ceil().clamp(-14.0, 15.0);
        let half = ((exponent as i16 + 15) << 10).to_le_bytes();
        let rounded = values.iter().map(|value| (value / exponent.exp2()).round() as i8).map(i8::cast_unsigned);
        half.into_iter().chain(rounded).collect::<Vec<u8>>()
    };
    values.chunks(32).flat_map(block).collect()
}

/// A header with the bytes that it says follow, of the tensors of `source` with `prefix` before their names.
fn written(name: &str, prefix: &str, source: &TensorFile, folder: &Path) -> Outcome<PathBuf> {
    let mut bytes = header(name)?;
    let parsed = gguf::read([bytes.clone(), vec![0; 64 << 20]].concat(), &Limits::default())?;
    let mut kinds = BTreeMap::new();
    for view in parsed.iter() {
        let given = source.get(&format!("{prefix}{}", view.name())).ok_or_else(|| format!("no {}", view.name()))?;
        assert_eq!(view.shape(), given.shape(), "{}", view.name());
        let values = given.to_f32()?;
        bytes.resize(bytes.len().next_multiple_of(32), 0);
        match view.dtype() {
            Dtype::Q8_0 => bytes.extend(q8_0(&values)),
            _ => bytes.extend(values.iter().flat_map(|value| value.to_le_bytes())),
        }
        *kinds.entry(view.dtype().name()).or_insert(0) += 1;
    }
    assert!(kinds.len() == 2 && kinds["Q8_0"] > 50 && kinds["F32"] > 50, "{kinds:?}");
    let path = folder.join(format!("{name}.gguf"));
    std::fs::write(&path, bytes)?;
    Ok(path)
}

/// The same file in safetensors with the values that the blocks stand for.
fn unpacked(path: &Path, prefix: &str) -> Outcome<PathBuf> {
    let file = containers::read(path, &Limits::default())?;
    let tensors =
        file.iter().map(|view| Ok((format!("{prefix}{}", view.name()), view.shape().to_vec(), view.to_f32()?)));
    let unpacked = path.with_extension("safetensors");
    tiny::write(&unpacked, tensors.collect::<Result<_, danqing_weights::ParseError>>()?)?;
    Ok(unpacked)
}

pub(crate) fn params(model: &Path, unet: Option<&Path>) -> Params {
    let settings = Settings {
        model: Some(model.to_owned()),
        unet: unet.map(Path::to_owned),
        prompt: "a photo of a cat".into(),
        steps: 3,
        sampler: "euler".into(),
        seed: Some(7),
        ..Settings::default()
    };
    Params { settings, width: Some(72), height: Some(64), ..Params::default() }
}

pub(crate) fn made(model: &Path, unet: Option<&Path>) -> Outcome<(Params, Vec<u8>, usize)> {
    drawn(params(model, unet))
}

pub(crate) fn drawn(params: Params) -> Outcome<(Params, Vec<u8>, usize)> {
    let before = picture(72, 64);
    let (params, outputs) = run(&Reimagine::of(checkpoints(2)?), &inputs(Some(&before)), params)?;
    Ok((params, bytes(pictures(&outputs)[0]).to_vec(), outputs.weights.len()))
}

fn furthest(a: &[u8], b: &[u8]) -> u8 {
    a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(u8::MAX)
}

#[test]
fn a_whole_checkpoint_draws_what_its_values_draw_in_safetensors() -> Outcome {
    let folder = tempfile::tempdir()?;
    let original = Tiny::Sd1.single_file(&engine(1)?, folder.path())?;
    let source = containers::read(&original, &Limits::default())?;
    let packed = written("whole", "", &source, folder.path())?;
    let (_, from_blocks, _) = made(&packed, None)?;
    assert!(from_blocks == made(&unpacked(&packed, "")?, None)?.1, "the values of the blocks draw another picture");
    let (_, from_floats, _) = made(&original, None)?;
    let steps = furthest(&from_blocks, &from_floats);
    assert!(steps > 0 && steps <= STEPS, "{steps} steps of 255 from the picture of the floats");
    // Its autoencoder alone: rows of kernels are shorter than a block, so that they are floats in this layout too.
    let mut with_codec = params(&original, None);
    with_codec.settings.vae = Some(packed.clone());
    let (_, from_codec, weights) = drawn(with_codec)?;
    assert_eq!(weights, 3, "autoencoder, checkpoint, tokenizer");
    assert!(from_codec == from_floats, "the same values of an autoencoder draw another picture");
    Ok(())
}

#[test]
fn a_unet_alone_stands_in_for_the_checkpoints_own() -> Outcome {
    let folder = tempfile::tempdir()?;
    let original = Tiny::Sd1.single_file(&engine(1)?, folder.path())?;
    let source = containers::read(&original, &Limits::default())?;
    let packed = written("unet", "model.diffusion_model.", &source, folder.path())?;
    let (noted, from_blocks, weights) = made(&original, Some(&packed))?;
    assert_eq!((noted.settings.unet.as_deref(), weights), (Some(packed.as_path()), 3), "UNet, checkpoint, tokenizer");
    assert!(noted.settings.additions_sha256.contains_key(&packed.display().to_string()), "its sha256 is noted");
    let (_, from_floats, _) = made(&original, None)?;
    let steps = furthest(&from_blocks, &from_floats);
    assert!(steps > 0 && steps <= STEPS, "{steps} steps of 255 from the picture of the floats");
    // Of a folder of diffusers, of its UNet's file alone, and of a whole checkpoint it is the same UNet.
    let diffusers = Tiny::Sd1.folder(&engine(1)?, folder.path())?;
    let alone = diffusers.join("unet/diffusion_pytorch_model.safetensors");
    for unet in [&diffusers, &diffusers.join("unet"), &alone, &original] {
        assert!(made(&original, Some(unet))?.1 == from_floats, "{}", unet.display());
    }
    let (_, from_blocks_of_values, _) = made(&diffusers, Some(&unpacked(&packed, "model.diffusion_model.")?))?;
    assert!(from_blocks_of_values == from_blocks, "the values of the blocks draw another picture");
    Ok(())
}

#[test]
fn what_is_no_fitting_checkpoint_says_what_it_is() -> Outcome {
    let folder = tempfile::tempdir()?;
    let original = Tiny::Sd1.single_file(&engine(1)?, folder.path())?;
    let source = containers::read(&original, &Limits::default())?;
    let alone = written("unet", "model.diffusion_model.", &source, folder.path())?;
    let cut = folder.path().join("cut.gguf");
    let whole = std::fs::read(written("whole", "", &source, folder.path())?)?;
    std::fs::write(&cut, &whole[..whole.len() / 2])?;
    let text = folder.path().join("text.safetensors");
    tiny::write(&text, vec![("a.weight".into(), vec![1], vec![0.0])])?;
    let table: [(&Path, Option<&Path>, &str, Option<&str>); 4] = [
        (&alone, None, "the file holds a UNet alone", Some("--unet takes a UNet alone")),
        (&cut, None, "GGUF: truncated: a tensor needs", None),
        (&original, Some(&text), "expected a UNet of Stable Diffusion 1 or 2", None),
        (&original, Some(&folder.path().join("nowhere.gguf")), "nowhere.gguf", None),
    ];
    for (model, unet, says, hint) in table {
        let capability = Reimagine::of(checkpoints(1)?);
        let mut sink = |_: Event| {};
        let mut progress = Progress::new(danqing_capability::CancelToken::default(), &mut sink);
        let error = capability.resolve(&inputs(None), params(model, unet), &mut progress).err().ok_or("taken")?;
        assert!(error.to_string().contains(says), "{error}");
        assert_eq!(error.class(), Class::File, "{error}");
        assert!(hint.is_none_or(|hint| error.hint().is_some_and(|said| said.contains(hint))), "{:?}", error.hint());
    }
    Ok(())
}
