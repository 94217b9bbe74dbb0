//! What diffusion networks make, on checkpoints that the tests make: whole runs against diffusers, promises, errors, cancel.
#![allow(clippy::expect_used, clippy::panic)]

mod adapters;
mod blend;
mod edit;
mod extend;
mod gguf;
mod large;
mod prefixes;
mod reimagine;
mod tiny;
mod toy;

use std::path::Path;
use std::sync::Arc;

use danqing_capability::{CancelToken, Capability, Event, Inputs, Outputs, Progress};
use danqing_media::{Channels, Medium, Picture, Samples};
use danqing_models::diffusion::seeded_unit;
use danqing_nn::{Engine, EngineConfig};
use danqing_pipelines::diffusion::Checkpoints;
use danqing_weights::{Limits, ModelStore, StoreConfig, TensorFile, containers};
use tiny::Outcome;

/// Of the largest latent: three to five steps of networks that agree within 1e-5 each, times guidance.
const TOLERANCE: f32 = 2e-4;

fn engine(threads: usize) -> Outcome<Engine> {
    Ok(Engine::new(EngineConfig { threads: Some(threads), ..EngineConfig::default() })?)
}

fn checkpoints(threads: usize) -> Outcome<Checkpoints> {
    let store = ModelStore::open(StoreConfig::from_environment(true)?)?;
    Ok(Checkpoints::new(&store, &engine(threads)?))
}

fn golden(name: &str) -> Outcome<TensorFile> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden").join(format!("{name}.safetensors"));
    Ok(containers::read(&path, &Limits::default())?)
}

fn expected(golden: &TensorFile, name: &str) -> Vec<f32> {
    golden.get(name).unwrap_or_else(|| panic!("no {name} in the golden")).to_f32().expect("whole")
}

/// `picture` of the scripts.
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
fn run<C>(capability: &C, inputs: &Inputs<Medium>, params: C::Params) -> Outcome<(C::Params, Outputs<Medium>)>
where
    C: Capability<Media = Medium, Params: PartialEq + std::fmt::Debug>,
{
    let mut sink = |_: Event| {};
    let mut progress = Progress::new(CancelToken::default(), &mut sink);
    let params = capability.resolve(inputs, params, &mut progress)?;
    assert_eq!(capability.resolve(inputs, params.clone(), &mut progress)?, params, "resolved means decided");
    let outputs = capability.run(inputs, &params, &mut progress)?;
    Ok((params, outputs))
}

fn close(actual: &[f32], expected: &[f32], what: &str) {
    assert_eq!(actual.len(), expected.len(), "{what}");
    let most = expected.iter().fold(0.0_f32, |most, v| v.abs().max(most));
    let worst = actual.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst <= TOLERANCE * most, "{what}: off by {worst}, largest magnitude {most}");
}
