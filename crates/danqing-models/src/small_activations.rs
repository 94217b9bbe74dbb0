//! Norms of maps that vary about as little as their epsilon, against PyTorch, diffusers and transformers: elsewhere a wrong
//! epsilon changes less than the tolerance. The golden is made by `tools/golden/small_activations.py`.

use std::error::Error;
use std::path::Path;

use danqing_nn::{Engine, EngineConfig, FeatureMap, GroupNorm, InstanceNorm, LayerNorm, RmsNorm, Shape, Weight};
use danqing_weights::{Limits, TensorFile, containers};

use crate::denoisers::Denoiser;
use crate::denoisers::unet::{Unet, UnetConfig};
use crate::diffusion::{Tensors, seeded_unit, seeded_values};
use crate::latent_codecs::LatentCodec;
use crate::latent_codecs::autoencoder_kl::{AutoencoderKl, AutoencoderKlConfig};
use crate::text_encoders::TextEncoder;
use crate::text_encoders::clip::{ClipText, ClipTextConfig};

pub(crate) type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// What inputs and weights are multiplied by: variances of 5e-6, and of 3e-7.
pub(crate) const SMALL: f32 = 1.0 / 256.0;
const SMALLER: f32 = 1.0 / 1024.0;

/// Of the largest magnitude: two orders of summation in f32.
const TOLERANCE: f32 = 1e-5;

pub(crate) fn engine() -> Engine {
    Engine::new(EngineConfig { threads: Some(1), ..EngineConfig::default() }).expect("an engine")
}

pub(crate) fn golden() -> TensorFile {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/small_activations.safetensors");
    containers::read(&path, &Limits::default()).expect("the golden")
}

/// Values by the rule, times `factor`.
pub(crate) fn input(engine: &Engine, name: &str, shape: Shape, factor: f32) -> FeatureMap {
    let count = shape.elements().expect("a small shape") as u64;
    let values = (0..count).map(|index| seeded_unit(name, index) * factor).collect();
    FeatureMap::from_nhwc(engine, shape, values).expect("as many values")
}

/// The map that every norm of 12 channels gets.
pub(crate) fn norm_input(engine: &Engine, is_smaller: bool) -> FeatureMap {
    input(engine, "input.norm", Shape::new(2, 3, 5, 12), if is_smaller { SMALLER } else { SMALL })
}

pub(crate) fn assert_golden(actual: &FeatureMap, name: &str) {
    let expected = golden().get(name).unwrap_or_else(|| panic!("no {name}")).to_f32().expect("whole");
    let actual = actual.to_nhwc().expect("on the CPU");
    assert_eq!(actual.len(), expected.len(), "{name}");
    let most = expected.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
    for (index, (a, b)) in actual.iter().zip(&expected).enumerate() {
        assert!((a - b).abs() <= TOLERANCE * most, "{name}: value {index} is {a}, expected {b}");
    }
}

/// A network's weights by the rule, all but those of norms made small: `shrink` of the script.
fn shrunk(tensors: &[(String, Vec<usize>)]) -> TensorFile {
    let is_norm = |name: &str| name.rsplit('.').nth(1).is_some_and(|module| module.contains("norm"));
    let (mut entries, mut data) = (Vec::new(), Vec::new());
    for (name, shape) in tensors {
        let start = data.len();
        let factor = if is_norm(name) { 1.0 } else { SMALL };
        data.extend(seeded_values(name, shape).into_iter().flat_map(|value| (value * factor).to_le_bytes()));
        let end = data.len();
        entries.push(format!(r#""{name}":{{"dtype":"F32","shape":{shape:?},"data_offsets":[{start},{end}]}}"#));
    }
    let header = format!("{{{}}}", entries.join(","));
    let bytes = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &data].concat();
    containers::parse(bytes, "shrunk.safetensors", &Limits::default()).expect("a file")
}

#[test]
fn norms_equal_pytorch() -> Outcome {
    let engine = engine();
    let of_rule = |part: &str| Weight::new(&[12], seeded_values(&format!("norm.{part}"), &[12]));
    let (weight, bias) = (of_rule("weight")?, of_rule("bias")?);
    for (epsilon, name) in [(1e-5, "1e-05"), (1e-6, "1e-06")] {
        let x = norm_input(&engine, epsilon < 5e-6);
        assert_golden(&GroupNorm::new(3, epsilon, &weight, &bias)?.forward(&engine, &x)?, &format!("group.{name}"));
        let instance = InstanceNorm::new(12, epsilon, Some((&weight, &bias)))?;
        assert_golden(&instance.forward(&engine, &x)?, &format!("instance.{name}"));
        assert_golden(&LayerNorm::new(epsilon, &weight, &bias)?.forward(&engine, &x)?, &format!("layer.{name}"));
        assert_golden(&RmsNorm::new(epsilon, &weight)?.forward(&engine, &x)?, &format!("rms.{name}"));
    }
    Ok(())
}

#[test]
fn the_unet_equals_diffusers() -> Outcome {
    let engine = engine();
    let (channels, heads) = (vec![32, 64, 64], vec![2, 2, 0]);
    let config = UnetConfig { channels, heads, middle_heads: 2, context: 24, ..UnetConfig::sd1() };
    let file = shrunk(&Unet::tensors(&engine, config.clone())?);
    let network = Unet::load(&engine, Tensors::of_file(&file, &|name| name.to_owned().into(), &|_| true), config)?;
    let latent = input(&engine, "input.latent", Shape::new(1, 6, 4, 4), 1.0);
    let context = input(&engine, "input.context", Shape::new(1, 1, 7, 24), 1.0);
    assert_golden(&network.denoise(&engine, &latent, &[17.5], &context)?, "unet");
    Ok(())
}

#[test]
fn the_autoencoder_equals_diffusers() -> Outcome {
    let engine = engine();
    let config = AutoencoderKlConfig { channels: vec![32, 32, 64, 64], ..AutoencoderKlConfig::sd() };
    let file = shrunk(&AutoencoderKl::tensors(&engine, config.clone())?);
    let tensors = Tensors::of_file(&file, &|name| name.to_owned().into(), &|_| true);
    let network = AutoencoderKl::load(&engine, tensors, config)?;
    let picture = input(&engine, "input.picture", Shape::new(1, 16, 16, 3), 1.0);
    assert_golden(&network.encode(&engine, &picture)?.mean, "vae.mean");
    let latent = input(&engine, "input.latent", Shape::new(1, 2, 2, 4), 1.0);
    assert_golden(&network.decode(&engine, &latent)?, "vae.decoded");
    Ok(())
}

#[test]
fn the_text_encoder_equals_transformers() -> Outcome {
    let engine = engine();
    let small =
        ClipTextConfig { vocabulary: 120, channels: 64, inner: 160, heads: 4, layers: 3, ..ClipTextConfig::sd1() };
    let file = shrunk(&ClipText::tensors(&engine, small.clone())?);
    let network = ClipText::load(&engine, Tensors::of_file(&file, &|name| name.to_owned().into(), &|_| true), small)?;
    assert_golden(&network.encode(&engine, &[1, 5, 9, 13, 2], 0)?, "clip");
    Ok(())
}
