//! Times an upscaler: `upscaler_forward WEIGHTS [--size 128x128] [--threads 2] [--runs 1]`, size as height x width.
//!
//! Prints one JSON object: every forward's milliseconds, the mean processor time per forward (all threads), and the
//! engine's and the process's peak memory. `tools/bench/upscale_peer.py` sets it beside PyTorch and onnxruntime.

use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

use danqing_models::upscalers::Upscaler;
use danqing_nn::{Engine, EngineConfig, FeatureMap, Shape};
use danqing_weights::Weights;

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let path: PathBuf = words.next().ok_or("which weights?")?.into();
    let (mut height, mut width, mut threads, mut runs) = (128, 128, 2, 1);
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| format!("{word} needs a value"))?;
        match word.as_str() {
            "--size" => {
                let (rows, columns) = value.split_once('x').ok_or("--size is HEIGHTxWIDTH")?;
                (height, width) = (rows.parse()?, columns.parse()?);
            }
            "--threads" => threads = value.parse()?,
            "--runs" => runs = value.parse()?,
            _ => return Err(format!("unknown option {word}").into()),
        }
    }
    let engine = Engine::new(EngineConfig { threads: Some(threads), ..EngineConfig::default() })?;
    let weights = Weights::of_file(&path)?;
    let network = Upscaler::load(&engine, &weights.tensors, weights.graph.as_ref())?;
    drop(weights);
    let shape = Shape::new(1, height, width, 3);
    let values: Vec<f32> = (0..height * width * 3).map(|n| (n % 255) as f32 / 255.0).collect();
    let warm = FeatureMap::filled(&engine, Shape::new(1, 16, 16, 3), 0.5)?;
    network.forward(&engine, warm, &mut |_, _| Ok(()))?;
    engine.reset_peak();
    let (mut milliseconds, processor) = (Vec::new(), processor_milliseconds());
    for _ in 0..runs {
        let input = FeatureMap::from_nhwc(&engine, shape, values.clone())?;
        let start = Instant::now();
        network.forward(&engine, input, &mut |_, _| Ok(()))?;
        milliseconds.push(format!("{:.1}", start.elapsed().as_secs_f64() * 1000.0));
    }
    let processor = (processor_milliseconds() - processor) / f64::from(runs);
    let (name, maps) = (engine.backend(), engine.memory().peak_bytes);
    println!(
        r#"{{"name": "danqing {name}", "milliseconds": [{}], "processor_milliseconds": {processor:.1}, "peak_map_bytes": {maps}, "peak_resident_bytes": {}}}"#,
        milliseconds.join(", "),
        peak_resident_bytes()
    );
    Ok(())
}

/// Time that this process's threads have spent on processors; 0 where the system does not say.
fn processor_milliseconds() -> f64 {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else { return 0.0 };
    let nanoseconds = tasks.filter_map(|task| {
        let statistics = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        statistics.split(' ').next()?.parse::<u64>().ok()
    });
    nanoseconds.sum::<u64>() as f64 / 1e6
}

/// Largest resident set of this process; 0 where the system does not say.
fn peak_resident_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<usize>().ok()).unwrap_or(0) * 1024
}
