//! The catalogue's upscalers on their real weights against PyTorch and onnxruntime; the golden is made by
//! `tools/golden/upscalers.py`.
#![allow(clippy::expect_used, clippy::panic)]

use std::error::Error;
use std::path::Path;

use danqing_models::upscalers::{RrdbConfig, SrvggConfig, Upscaler};
use danqing_nn::{Engine, EngineConfig, FeatureMap, Shape, Tier};
use danqing_weights::{Limits, ModelStore, StoreConfig, TensorFile, containers};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Two orders of summation through up to 351 layers, in f32: measured 2e-5 of the range of the picture at most.
const OUTPUT: f32 = 2e-4;
/// Of a step's statistics, relative to its largest magnitude.
const STATISTICS: f32 = 1e-4;

fn golden() -> Outcome<TensorFile> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/upscalers.safetensors");
    Ok(containers::read(&path, &Limits::default())?)
}

fn network(engine: &Engine, id: &str) -> Outcome<Upscaler> {
    let store = ModelStore::open(StoreConfig::from_environment(true)?)?;
    let weights =
        store.open_tensors(id).map_err(|error| format!("{error}: run `danqing models pull default --yes`"))?;
    Ok(Upscaler::load(engine, &weights.tensors, None)?)
}

fn statistics(values: &[f32]) -> [f32; 3] {
    let count = values.len() as f64;
    let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / count;
    let variance = values.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / count;
    [mean as f32, variance.sqrt() as f32, values.iter().fold(0.0, |most, v| v.abs().max(most))]
}

/// Every step's statistics and the middle of the output.
fn check(id: &str, description: &str) -> Outcome {
    let golden = golden()?;
    let get = |name: &str| golden.get(name).and_then(|view| view.to_f32().ok()).ok_or_else(|| format!("no {name}"));
    let engine = Engine::new(EngineConfig { threads: Some(2), ..EngineConfig::default() })?;
    let network = network(&engine, id)?;
    assert_eq!(network.describe(), description);
    let photo = get("photo")?.iter().map(|value| value / 255.0).collect();
    let input = FeatureMap::from_nhwc(&engine, Shape::new(1, 40, 48, 3), photo)?;
    let mut steps = 0;
    let output = network.forward(&engine, input, &mut |step, map| {
        let expected = get(&format!("{id}.{step}.statistics")).expect("every step is in the golden");
        let actual = statistics(map.as_slice()?);
        for (actual, expected_value) in actual.iter().zip(&expected) {
            let error = (actual - expected_value).abs();
            assert!(error <= STATISTICS * expected[2], "{id}, step {step}: {actual:?}, expected {expected:?}");
        }
        steps += 1;
        Ok(())
    })?;
    assert_eq!(steps, network.steps());
    let (scale, values) = (network.scale(), output.as_slice()?);
    let shape = output.shape();
    assert_eq!(shape, Shape::new(1, 40 * scale, 48 * scale, 3));
    let (top, left) = (shape.height / 2 - 12, shape.width / 2 - 12);
    for (index, expected) in get(&format!("{id}.output_crop"))?.iter().enumerate() {
        let (y, x) = (top + index / 72, left + index % 72 / 3);
        let actual = values[(y * shape.width + x) * 3 + index % 3];
        assert!((actual - expected).abs() <= OUTPUT, "{id} at {x},{y}: {actual}, expected {expected}");
    }
    Ok(())
}

#[test]
fn x4plus_equals_pytorch() -> Outcome {
    check("realesrgan-x4plus", &RrdbConfig::x4plus().to_string())
}

#[test]
fn x2plus_equals_onnxruntime() -> Outcome {
    check("realesrgan-x2plus", &RrdbConfig::x2plus().to_string())
}

#[test]
fn anime_equals_pytorch() -> Outcome {
    check("realesrgan-x4plus-anime", &RrdbConfig::x4plus_anime().to_string())
}

#[test]
fn video_equals_pytorch() -> Outcome {
    check("realesr-animevideov3", &SrvggConfig::anime_video_v3().to_string())
}

/// The same bits whatever the number of threads, and nearly the same on every tier.
#[test]
fn threads_change_nothing_and_tiers_hardly() -> Outcome {
    let golden = golden()?;
    let photo = golden.get("photo").ok_or("no photo")?.to_f32()?;
    let run = |threads, tier| -> Outcome<Vec<f32>> {
        let engine = Engine::new(EngineConfig { threads: Some(threads), tier: Some(tier), ..EngineConfig::default() })?;
        let values = photo.iter().map(|value| value / 255.0).collect();
        let input = FeatureMap::from_nhwc(&engine, Shape::new(1, 40, 48, 3), values)?;
        Ok(network(&engine, "realesr-animevideov3")?.forward(&engine, input, &mut |_, _| Ok(()))?.to_nhwc()?)
    };
    let best = Tier::detected();
    let one = run(1, best)?;
    assert_eq!(one, run(3, best)?);
    let portable = run(2, Tier::Portable)?;
    let worst = one.iter().zip(&portable).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst <= OUTPUT, "{worst}");
    Ok(())
}

#[test]
fn a_cancelled_forward_stops_at_once() -> Outcome {
    let engine = Engine::new(EngineConfig { threads: Some(2), ..EngineConfig::default() })?;
    let network = network(&engine, "realesrgan-x4plus-anime")?;
    let token = danqing_capability::CancelToken::default();
    let engine = engine.with_cancel(token.clone());
    let input = FeatureMap::filled(&engine, Shape::new(1, 32, 32, 3), 0.5)?;
    let mut seen = 0;
    let stopped = network.forward(&engine, input, &mut |_, _| {
        seen += 1;
        token.cancel();
        Ok(())
    });
    let error = stopped.err().ok_or("not stopped")?;
    assert!(matches!(error, danqing_models::Error::Engine(danqing_nn::Error::Cancelled(_))), "{error}");
    assert_eq!(seen, 1);
    Ok(())
}
