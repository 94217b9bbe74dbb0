//! Times convolutions for `tools/bench/conv_peer.py`, one run per line of standard input, so that two programs can
//! take turns in one measurement.
//!
//! Input: `height width in out kernel stride groups` (zero padding `kernel / 2`). Output: one JSON object per line with
//! `milliseconds` of one forward pass on `--threads N` (default 2) threads; the first line says the backend. Built with
//! the feature `candle`, `--candle` runs the same layers on candle's CPU device (threads: `RAYON_NUM_THREADS`).

use std::collections::HashMap;
use std::io::{BufRead, Write, stdin, stdout};
use std::time::Instant;

use danqing_nn::{Conv2d, Conv2dConfig, Engine, EngineConfig, Error, FeatureMap, Shape, Weight};

type Case = [usize; 7];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let threads = std::env::args().skip_while(|a| a != "--threads").nth(1).map_or(Ok(2), |n| n.parse())?;
    let engine = Engine::new(config(threads)?)?;
    let mut out = stdout();
    writeln!(out, "{{\"backend\": \"{}\", \"threads\": {}}}", engine.backend(), engine.threads())?;
    out.flush()?;
    let mut layers = HashMap::new();
    for line in stdin().lock().lines() {
        let numbers = line?.split_whitespace().map(str::parse).collect::<Result<Vec<usize>, _>>()?;
        let case: Case = numbers.try_into().map_err(|n| format!("expected 7 numbers, got {n:?}"))?;
        let (layer, x) = match layers.entry(case) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => entry.insert(layer(&engine, case)?),
        };
        let start = Instant::now();
        let y = layer.forward(&engine, x)?;
        let milliseconds = start.elapsed().as_secs_f64() * 1e3;
        writeln!(out, "{{\"milliseconds\": {milliseconds}, \"first\": {}}}", y.to_nhwc()?[0])?;
        out.flush()?;
    }
    Ok(())
}

fn config(threads: usize) -> Result<EngineConfig, &'static str> {
    let config = EngineConfig { threads: Some(threads), ..EngineConfig::default() };
    if !std::env::args().any(|argument| argument == "--candle") {
        return Ok(config);
    }
    #[cfg(feature = "candle")]
    return Ok(EngineConfig { device: danqing_nn::Device::Candle(danqing_nn::CandleDevice::Cpu), ..config });
    #[cfg(not(feature = "candle"))]
    Err("--candle needs a build with --features candle")
}

fn layer(engine: &Engine, case: Case) -> Result<(Conv2d, FeatureMap), Error> {
    let [height, width, input, output, kernel, stride, groups] = case;
    let config = Conv2dConfig { stride, groups, ..Conv2dConfig::same(kernel) };
    let shape = [output, input / groups, kernel, kernel];
    let weight = Weight::new(&shape, wave(shape.iter().product()))?;
    let bias = Weight::new(&[output], wave(output))?;
    let x = Shape::new(1, height, width, input);
    let x = FeatureMap::from_nhwc(engine, x, wave(x.elements()?))?;
    Ok((Conv2d::new(engine, config, &weight, Some(&bias))?, x))
}

/// Values between −1 and 1 without a pattern that caches or denormals would like.
fn wave(count: usize) -> Vec<f32> {
    (0..count).map(|index| ((index as f32) * 0.618_034).fract() * 2.0 - 1.0).collect()
}
