//! Times one look and one way back through VGG-19 for `tools/bench/gatys_peer.py`, one per line of standard input, so
//! that two programs can take turns in one measurement.
//!
//! Usage: `vgg19_gradient_timer WEIGHTS [--threads N]`, WEIGHTS as `danqing models path adain-vgg19` prints. Input:
//! `height width`. What is timed: features to `relu5_1` with average pooling, Gram matrices of the first layer of each
//! block, and the gradient at the picture of half the sum of their squares. Output: one JSON object per line.

use std::io::{BufRead, Write, stdin, stdout};
use std::path::Path;
use std::time::Instant;

use danqing_models::stylizers::Vgg19Gradient;
use danqing_models::stylizers::vgg19::{Layer, Pooling};
use danqing_nn::{Engine, EngineConfig, FeatureMap, Shape, gram, gram_gradient};
use danqing_weights::{Limits, containers};

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome {
    let weights = std::env::args().nth(1).ok_or("usage: vgg19_gradient_timer WEIGHTS [--threads N]")?;
    let threads = std::env::args().skip_while(|a| a != "--threads").nth(1).map_or(Ok(2), |n| n.parse())?;
    let engine = Engine::new(EngineConfig { threads: Some(threads), ..EngineConfig::default() })?;
    let network = Vgg19Gradient::load(&engine, &containers::read(Path::new(&weights), &Limits::default())?)?;
    let mut out = stdout();
    writeln!(out, "{{\"backend\": \"{}\", \"threads\": {}}}", engine.backend(), engine.threads())?;
    out.flush()?;
    for line in stdin().lock().lines() {
        let numbers = line?.split_whitespace().map(str::parse).collect::<Result<Vec<usize>, _>>()?;
        let [height, width] = numbers.try_into().map_err(|n| format!("expected 2 numbers, got {n:?}"))?;
        let picture = picture(&engine, height, width)?;
        let start = Instant::now();
        let gradient = look(&engine, &network, &picture)?;
        let milliseconds = start.elapsed().as_secs_f64() * 1e3;
        let peak = engine.memory().peak_bytes;
        let first = gradient.as_slice()?[0];
        writeln!(out, "{{\"milliseconds\": {milliseconds}, \"peak_bytes\": {peak}, \"first\": {first}}}")?;
        out.flush()?;
    }
    Ok(())
}

fn look(engine: &Engine, network: &Vgg19Gradient, picture: &FeatureMap) -> Outcome<FeatureMap> {
    let deepest = Layer::new(5, 1, true).ok_or("no relu5_1")?;
    let pass = network.forward(engine, picture, deepest, Pooling::Average)?;
    Ok(network.backward(engine, pass, &mut |layer, map, slope| {
        if layer.convolution().place != 1 {
            return Ok(slope);
        }
        let matrix = gram(engine, map)?;
        Ok(Some(gram_gradient(engine, map, &matrix, slope.as_ref())?))
    })?)
}

/// Ramps and waves, `0.0..=1.0`.
fn picture(engine: &Engine, height: usize, width: usize) -> Outcome<FeatureMap> {
    let shape = Shape::new(1, height, width, 3);
    let value = |index: usize| ((index as f32) * 0.000_618_034).fract();
    Ok(FeatureMap::from_nhwc(engine, shape, (0..height * width * 3).map(value).collect())?)
}
