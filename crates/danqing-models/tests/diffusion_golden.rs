//! The networks of latent diffusion against diffusers and transformers, at small sizes with the true structure; the golden
//! is made by `tools/golden/diffusion.py`. Weights and inputs are made by a rule that both sides share.
#![allow(clippy::expect_used, clippy::panic)]

use std::error::Error;
use std::path::Path;

use danqing_models::denoisers::Denoiser;
use danqing_models::denoisers::unet::{Unet, UnetConfig, sinusoidal_embedding};
use danqing_models::diffusion::{Tensors, seeded_unit, seeded_values};
use danqing_models::latent_codecs::LatentCodec;
use danqing_models::latent_codecs::autoencoder_kl::{AutoencoderKl, AutoencoderKlConfig};
use danqing_models::latent_codecs::taesd::Taesd;
use danqing_models::text_encoders::TextEncoder;
use danqing_models::text_encoders::clip::{ClipText, ClipTextConfig};
use danqing_nn::{Activation, Engine, EngineConfig, FeatureMap, Shape, Tier};
use danqing_weights::{Limits, TensorFile, containers};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Of the largest magnitude of what is compared: two orders of summation through up to 60 layers, in f32. Measured 2e-6.
const TOLERANCE: f32 = 1e-5;

fn golden_path(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden").join(name)
}

fn golden() -> Outcome<TensorFile> {
    Ok(containers::read(&golden_path("diffusion.safetensors"), &Limits::default())?)
}

fn engine(threads: usize, tier: Tier) -> Outcome<Engine> {
    Ok(Engine::new(EngineConfig { threads: Some(threads), tier: Some(tier), ..EngineConfig::default() })?)
}

fn input(engine: &Engine, name: &str, shape: Shape) -> Outcome<FeatureMap> {
    let values = (0..shape.elements()? as u64).map(|index| seeded_unit(name, index)).collect();
    Ok(FeatureMap::from_nhwc(engine, shape, values)?)
}

fn expected(golden: &TensorFile, name: &str) -> Vec<f32> {
    golden.get(name).unwrap_or_else(|| panic!("no {name} in the golden")).to_f32().expect("whole")
}

fn close(actual: &[f32], expected: &[f32], what: &str) {
    assert_eq!(actual.len(), expected.len(), "{what}");
    let most = expected.iter().fold(0.0_f32, |most, v| v.abs().max(most));
    let worst = actual.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst <= TOLERANCE * most, "{what}: off by {worst}, largest magnitude {most}");
    assert!(actual.iter().all(|v| v.is_finite()), "{what}");
}

fn statistics(values: &[f32]) -> [f32; 3] {
    let count = values.len() as f64;
    let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / count;
    let variance = values.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / count;
    [mean as f32, variance.sqrt() as f32, values.iter().fold(0.0, |most, v| v.abs().max(most))]
}

/// An observer that compares every block with `prefix.block.statistics`, and counts.
fn compare<'a>(
    golden: &'a TensorFile,
    prefix: &'a str,
    seen: &'a mut usize,
) -> impl FnMut(&str, &FeatureMap) -> Result<(), danqing_models::Error> + 'a {
    move |block, map| {
        let name = format!("{prefix}.{block}.statistics");
        close(&statistics(map.as_slice()?), &expected(golden, &name), &name);
        *seen += 1;
        Ok(())
    }
}

fn small(config: &UnetConfig, heads: [usize; 2]) -> UnetConfig {
    let heads_of_levels = vec![heads[0], heads[1], 0];
    UnetConfig {
        channels: vec![32, 64, 64],
        heads: heads_of_levels,
        middle_heads: heads[1],
        context: 24,
        ..config.clone()
    }
}

fn run_unet(engine: &Engine, config: UnetConfig, golden: &TensorFile, prefix: &str) -> Outcome<Vec<f32>> {
    let network = Unet::load(engine, Tensors::Seeded, config)?;
    let latent = input(engine, "input.latent", Shape::new(2, 10, 6, network.input_channels()))?;
    let context = input(engine, "input.context", Shape::new(2, 1, 7, network.context_channels()))?;
    let mut seen = 0;
    let times = [981.0, 17.5];
    let output =
        network.forward_observed(engine, &latent, &times, &context, &mut compare(golden, prefix, &mut seen))?;
    assert_eq!(seen, 8);
    assert_eq!(output.shape(), Shape::new(2, 10, 6, 4));
    Ok(output.to_nhwc()?)
}

#[test]
fn the_unets_equal_diffusers() -> Outcome {
    let golden = golden()?;
    for (name, config) in [
        ("sd1", small(&UnetConfig::sd1(), [2, 2])),
        ("sd1_inpaint", small(&UnetConfig::sd1_inpaint(), [2, 2])),
        ("sd2", small(&UnetConfig::sd2(), [2, 4])),
    ] {
        for tier in Tier::ALL.into_iter().filter(|tier| *tier <= Tier::detected()) {
            let prefix = format!("unet.{name}");
            let output = run_unet(&engine(2, tier)?, config.clone(), &golden, &prefix)?;
            close(&output, &expected(&golden, &format!("{prefix}.output")), &format!("{name} on {tier}"));
        }
    }
    Ok(())
}

#[test]
fn threads_change_nothing_and_a_cancelled_forward_stops_at_once() -> Outcome {
    let (golden, config) = (golden()?, small(&UnetConfig::sd1(), [2, 2]));
    let one = run_unet(&engine(1, Tier::detected())?, config.clone(), &golden, "unet.sd1")?;
    assert_eq!(one, run_unet(&engine(3, Tier::detected())?, config.clone(), &golden, "unet.sd1")?);
    let token = danqing_capability::CancelToken::default();
    let engine = engine(2, Tier::detected())?.with_cancel(token.clone());
    let network = Unet::load(&engine, Tensors::Seeded, config)?;
    let (latent, context) = (Shape::new(1, 8, 8, 4), Shape::new(1, 1, 7, 24));
    let (latent, context) = (input(&engine, "input.latent", latent)?, input(&engine, "input.context", context)?);
    let mut seen = 0;
    let stopped = network.forward_observed(&engine, &latent, &[1.0], &context, &mut |_, _| {
        seen += 1;
        token.cancel();
        Ok(())
    });
    let error = stopped.err().ok_or("not stopped")?;
    assert!(matches!(error, danqing_models::Error::Engine(danqing_nn::Error::Cancelled(_))), "{error}");
    assert_eq!(seen, 1);
    Ok(())
}

#[test]
fn the_autoencoder_equals_diffusers() -> Outcome {
    let (golden, engine) = (golden()?, engine(2, Tier::detected())?);
    let config = AutoencoderKlConfig { channels: vec![32, 32, 64, 64], ..AutoencoderKlConfig::sd() };
    let network = AutoencoderKl::load(&engine, Tensors::Seeded, config)?;
    let mut seen = 0;
    let picture = input(&engine, "input.picture", Shape::new(1, 24, 16, 3))?;
    let encoded = network.encode_observed(&engine, &picture, &mut compare(&golden, "vae", &mut seen))?;
    assert_eq!(encoded.mean.shape(), Shape::new(1, 3, 2, 4));
    close(encoded.mean.as_slice()?, &expected(&golden, "vae.mean"), "mean");
    let deviation = encoded.deviation.ok_or("a distribution")?;
    close(deviation.as_slice()?, &expected(&golden, "vae.deviation"), "deviation");
    let latent = input(&engine, "input.latent", Shape::new(1, 3, 2, 4))?;
    let decoded = network.decode_observed(&engine, &latent, &mut compare(&golden, "vae", &mut seen))?;
    assert_eq!(decoded.shape(), picture.shape());
    close(decoded.as_slice()?, &expected(&golden, "vae.decoded"), "decoded");
    assert_eq!(seen, 10);
    assert!(network.encode(&engine, &input(&engine, "x", Shape::new(1, 20, 16, 3))?).is_err());
    assert!(network.decode(&engine, &picture).is_err());
    Ok(())
}

#[test]
fn the_tiny_autoencoder_equals_diffusers() -> Outcome {
    let (golden, engine) = (golden()?, engine(2, Tier::detected())?);
    let network = Taesd::load(&engine, Tensors::Seeded)?;
    let picture = input(&engine, "input.picture", Shape::new(1, 24, 16, 3))?;
    let encoded = network.encode(&engine, &picture)?;
    assert!(encoded.deviation.is_none());
    close(encoded.mean.as_slice()?, &expected(&golden, "taesd.latent"), "latent");
    let latent = danqing_nn::scale(&engine, input(&engine, "input.latent", Shape::new(1, 3, 2, 4))?, 4.0)?;
    close(network.decode(&engine, &latent)?.as_slice()?, &expected(&golden, "taesd.decoded"), "decoded");
    Ok(())
}

#[test]
fn the_text_encoders_equal_transformers() -> Outcome {
    let (golden, engine) = (golden()?, engine(2, Tier::detected())?);
    let tokens: Vec<u32> = (0..77).map(|i| (7 * i * i + 3 * i + 1) % 120).collect();
    for (name, activation) in [("quick_gelu", Activation::GeluQuick), ("gelu", Activation::Gelu)] {
        let small = ClipTextConfig { vocabulary: 120, channels: 64, inner: 160, heads: 4, ..ClipTextConfig::sd1() };
        let network = ClipText::load(&engine, Tensors::Seeded, ClipTextConfig { layers: 3, activation, ..small })?;
        for skipped in [0, 1] {
            let (mut seen, prefix) = (0, format!("clip.{name}"));
            let output =
                network.encode_observed(&engine, &tokens, skipped, &mut compare(&golden, &prefix, &mut seen))?;
            assert_eq!((output.shape(), seen), (Shape::new(1, 1, 77, 64), 3 - skipped));
            let every_eighth: Vec<f32> =
                output.as_slice()?.chunks(64).step_by(8).flat_map(|row| row.iter().copied()).collect();
            close(&every_eighth, &expected(&golden, &format!("{prefix}.skip{skipped}")), &prefix);
        }
        let short = network.encode(&engine, &tokens[..5], 0)?;
        close(short.as_slice()?, &expected(&golden, &format!("clip.{name}.short")), name);
        for (tokens, skipped) in [(&[][..], 0), (&[120][..], 0), (&[1; 78][..], 0), (&[1][..], 3)] {
            assert!(network.encode(&engine, tokens, skipped).is_err(), "{} tokens", tokens.len());
        }
    }
    Ok(())
}

#[test]
fn the_rule_of_weights_and_the_sinusoids_are_those_of_the_script() -> Outcome {
    let golden = golden()?;
    assert_eq!(seeded_values("a.weight", &[3, 5]), expected(&golden, "seeded.matrix"));
    assert_eq!(seeded_values("a.bias", &[4]), expected(&golden, "seeded.bias"));
    assert_eq!(seeded_values("norm.weight", &[4]), expected(&golden, "seeded.vector"));
    let embedding = expected(&golden, "time.embedding");
    for (time, expected) in expected(&golden, "time.steps").into_iter().zip(embedding.chunks(320)) {
        for (index, (actual, expected)) in sinusoidal_embedding(time, 320).into_iter().zip(expected).enumerate() {
            // One place of an angle's frequency.
            let bound = 1.3e-7 * time + 2e-7;
            assert!((actual - expected).abs() <= bound, "{index} at {time}: {actual}, expected {expected}");
        }
    }
    Ok(())
}

/// Every tensor of the full-size checkpoints is read, and no other.
#[test]
fn tensors_of_the_full_networks_are_those_of_diffusers() -> Outcome {
    let engine = engine(1, Tier::Portable)?;
    let text = std::fs::read_to_string(golden_path("diffusion_keys.txt"))?;
    let mut sections = 0;
    for section in text.split('[').skip(1) {
        let (name, lines) = section.split_once("]\n").ok_or("a section without a name")?;
        let actual = match name {
            "unet sd1" => Unet::tensors(&engine, UnetConfig::sd1())?,
            "unet sd1_inpaint" => Unet::tensors(&engine, UnetConfig::sd1_inpaint())?,
            "unet sd2" => Unet::tensors(&engine, UnetConfig::sd2())?,
            "vae sd" => AutoencoderKl::tensors(&engine, AutoencoderKlConfig::sd())?,
            "taesd" => Taesd::tensors(&engine)?,
            "clip sd1" => ClipText::tensors(&engine, ClipTextConfig::sd1())?,
            "clip sd2" => ClipText::tensors(&engine, ClipTextConfig::sd2())?,
            other => panic!("unknown section {other}"),
        };
        let line = |(name, shape): &(String, Vec<usize>)| {
            let sides = shape.iter().map(ToString::to_string);
            std::iter::once(name.clone()).chain(sides).collect::<Vec<_>>().join(" ")
        };
        let mut actual: Vec<String> = actual.iter().map(line).collect();
        let mut expected: Vec<String> = lines.lines().map(str::to_owned).collect();
        actual.sort();
        expected.sort();
        assert_eq!(actual, expected, "{name}");
        sections += 1;
    }
    assert_eq!(sections, 7);
    Ok(())
}

#[test]
fn a_file_of_another_network_is_refused_by_name() -> Outcome {
    let (golden, engine) = (golden()?, engine(1, Tier::Portable)?);
    let stored = |name: &str| name.to_owned().into();
    let tensors = Tensors::of_file(&golden, &stored, &|_| true);
    let error = Unet::load(&engine, tensors, UnetConfig::sd1()).err().ok_or("refused")?.to_string();
    assert!(error.contains("time_embedding.linear_1.weight") && error.contains("[1280, 320]"), "{error}");
    let latent = input(&engine, "x", Shape::new(1, 8, 8, 4))?;
    let network = Unet::load(&engine, Tensors::Seeded, small(&UnetConfig::sd1(), [2, 2]))?;
    let context = input(&engine, "x", Shape::new(1, 1, 7, 23))?;
    assert!(network.denoise(&engine, &latent, &[1.0], &context).is_err());
    assert!(network.denoise(&engine, &latent, &[1.0, 2.0], &context).is_err());
    Ok(())
}
