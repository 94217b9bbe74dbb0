//! Files as people publish them: the same small network in every layout, and files that are something else.
#![allow(clippy::expect_used, clippy::panic)]

use std::error::Error;
use std::path::{Path, PathBuf};

use danqing_models::upscalers::Upscaler;
use danqing_nn::{Engine, EngineConfig, FeatureMap, Shape};
use danqing_weights::{Limits, TensorFile, Weights, containers};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden")
}

fn engine() -> Outcome<Engine> {
    Ok(Engine::new(EngineConfig { threads: Some(1), ..EngineConfig::default() })?)
}

fn opened(engine: &Engine, file: &str) -> Outcome<Upscaler> {
    let weights = Weights::of_file(&folder().join("upscalers").join(file))?;
    Ok(Upscaler::load(engine, &weights.tensors, weights.graph.as_ref())?)
}

#[test]
fn every_layout_gives_the_same_picture() -> Outcome {
    let (engine, golden) = (engine()?, containers::read(&folder().join("upscalers.safetensors"), &Limits::default())?);
    let get = |name: &str| golden.get(name).and_then(|view| view.to_f32().ok()).ok_or_else(|| format!("no {name}"));
    for (file, network, description) in [
        ("rrdb-params-ema.pth", "rrdb", "RRDBNet ×4, 2 blocks of 4"),
        ("rrdb-plain.pth", "rrdb", "RRDBNet ×4, 2 blocks of 4"),
        ("rrdb-trunk.pth", "rrdb", "RRDBNet ×4, 2 blocks of 4"),
        ("rrdb-numbered.pth", "rrdb", "RRDBNet ×4, 2 blocks of 4"),
        ("rrdb-legacy.pth", "rrdb", "RRDBNet ×4, 2 blocks of 4"),
        ("rrdb-prefixed.pth", "rrdb", "RRDBNet ×4, 2 blocks of 4"),
        ("rrdb.safetensors", "rrdb", "RRDBNet ×4, 2 blocks of 4"),
        ("rrdb-half.safetensors", "rrdb", "RRDBNet ×4, 2 blocks of 4"),
        ("rrdb-named.onnx", "rrdb", "RRDBNet ×4, 2 blocks of 4"),
        ("rrdb-listed.onnx", "rrdb", "RRDBNet ×4, 2 blocks of 4"),
        ("rrdb-ncnn.bin", "rrdb", "RRDBNet ×4, 2 blocks of 4"),
        ("rrdb-ncnn.param", "rrdb", "RRDBNet ×4, 2 blocks of 4"),
        ("rrdb-x2-params.pth", "rrdb-x2", "RRDBNet ×2, 1 blocks of 4"),
        ("srvgg-params.pth", "srvgg", "SRVGGNetCompact ×2, 2 convolutions of 4"),
        ("srvgg-listed.onnx", "srvgg", "SRVGGNetCompact ×2, 2 convolutions of 4"),
        ("srvgg-ncnn.bin", "srvgg", "SRVGGNetCompact ×2, 2 convolutions of 4"),
    ] {
        let found = opened(&engine, file).map_err(|error| format!("{file}: {error}"))?;
        assert_eq!(found.describe(), description, "{file}");
        let input = FeatureMap::from_nchw(&engine, Shape::new(1, 12, 10, 3), &get("small.input")?)?;
        let output = found.forward(&engine, input, &mut |_, _| Ok(()))?.to_nchw()?;
        let expected = get(&format!("small.{network}.output"))?;
        assert_eq!(output.len(), expected.len(), "{file}");
        // Half precision weights are rounded to 11 bits; elsewhere two orders of summation.
        let tolerance = if file.contains("half") { 2e-3 } else { 1e-5 };
        let most = expected.iter().fold(0.0_f32, |most, v| v.abs().max(most));
        let worst = output.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst <= tolerance * most.max(1.0), "{file}: {worst} of {most}");
    }
    Ok(())
}

/// A safetensors file of zeros.
fn zeros(tensors: &[(&str, &[usize])]) -> Outcome<TensorFile> {
    let (mut entries, mut length) = (Vec::new(), 0);
    for (name, shape) in tensors {
        let end = length + 4 * shape.iter().product::<usize>();
        entries.push(format!(r#""{name}":{{"dtype":"F32","shape":{shape:?},"data_offsets":[{length},{end}]}}"#));
        length = end;
    }
    let header = format!("{{{}}}", entries.join(","));
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.bytes());
    bytes.resize(bytes.len() + length, 0);
    Ok(containers::parse(bytes, "made.safetensors", &Limits::default())?)
}

#[test]
fn foreign_files_say_what_they_are_and_what_was_expected() -> Outcome {
    let engine = engine()?;
    for (tensors, expected) in [
        (&[("layers.0.residual_group.blocks.0.attn.qkv.weight", &[4, 4][..])][..], "a SwinIR, HAT or DAT transformer"),
        (&[("model.diffusion_model.out.2.bias", &[4][..])], "a Stable Diffusion checkpoint"),
        (&[("something.weight", &[3, 3, 3, 3][..])], "an unknown network (1 tensors such as `something.weight`)"),
        (
            &[("conv_first.weight", &[4, 1, 3, 3][..]), ("body.0.rdb1.conv1.weight", &[2, 4, 3, 3])],
            "an RRDBNet from 1 to 3 channels with 0 doublings",
        ),
        (&[("body.0.weight", &[4, 3, 3, 3][..]), ("body.1.weight", &[4])], "an SRVGGNetCompact from 3 to 0 channels"),
        (
            &[("conv_first.weight", &[4, 3, 3, 3][..]), ("body.0.rdb1.conv1.weight", &[2, 5, 3, 3])],
            "RRDBNet weights: tensor `conv_first.bias` [4] is missing",
        ),
    ] {
        let error = Upscaler::load(&engine, &zeros(tensors)?, None).err().ok_or("loaded")?.to_string();
        assert!(error.contains(expected), "{error}");
        assert!(error.contains("expected an RRDBNet (ESRGAN, Real-ESRGAN)") || error.contains("weights:"), "{error}");
    }
    Ok(())
}

#[test]
fn a_tensor_too_many_is_another_network() -> Outcome {
    let engine = engine()?;
    let file = containers::read(&folder().join("upscalers/rrdb.safetensors"), &Limits::default())?;
    let mut tensors: Vec<_> =
        file.entries().iter().map(|entry| (entry.name.as_str(), entry.shape.as_slice())).collect();
    tensors.push(("conv_extra.weight", &[4]));
    let error = Upscaler::load(&engine, &zeros(&tensors)?, None).err().ok_or("loaded")?.to_string();
    assert_eq!(error, "RRDBNet weights: 1 tensors belong to another network, the first is `conv_extra.weight`");
    Ok(())
}

#[test]
fn sides_that_do_not_fit_are_refused_with_both_shapes() -> Outcome {
    let engine = engine()?;
    let network = opened(&engine, "rrdb-x2-params.pth")?;
    let input = FeatureMap::filled(&engine, Shape::new(1, 7, 8, 3), 0.0)?;
    let error = network.forward(&engine, input, &mut |_, _| Ok(())).err().ok_or("ran")?.to_string();
    assert_eq!(error, "RRDBNet: input of 1×7×8×3 (NHWC), expected n×h×w×3 (NHWC), h and w multiples of 2");
    Ok(())
}
