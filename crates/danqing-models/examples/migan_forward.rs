//! Times MI-GAN: `migan_forward WEIGHTS.onnx [--size 512x512] [--threads 2] [--runs 5] [--blocks]`, size as height x width.
//!
//! Prints one JSON object: every forward's milliseconds, the mean processor time per forward and thread, the engine's and the process's peak memory; with `--blocks`
//! the median milliseconds of each block as well. `tools/bench/migan_peer.py` sets it beside onnxruntime.

use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

use danqing_models::inpainters::migan::{BlockOutput, Part};
use danqing_models::inpainters::{Migan, inpainter_input};
use danqing_nn::{Engine, EngineConfig, FeatureMap, Shape};
use danqing_weights::{Limits, containers};

struct Options {
    weights: PathBuf,
    height: usize,
    width: usize,
    threads: usize,
    runs: usize,
    blocks: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = options()?;
    let engine = Engine::new(EngineConfig { threads: Some(options.threads), ..EngineConfig::default() })?;
    let network = Migan::load(&engine, &containers::read(&options.weights, &Limits::default())?)?;
    let input = input(&engine, &options)?;
    network.forward(&engine, &input)?;
    let (mut milliseconds, mut blocks) = (Vec::new(), Vec::new());
    let processor = processor_milliseconds();
    for _ in 0..options.runs {
        let start = Instant::now();
        blocks.push(timed_blocks(&engine, &network, &input)?);
        milliseconds.push(start.elapsed().as_secs_f64() * 1000.0);
    }
    let processor = (processor_milliseconds() - processor) / (options.runs * options.threads) as f64;
    let times: Vec<_> = milliseconds.iter().map(|ms| format!("{ms:.2}")).collect();
    let (backend, times, maps) = (engine.backend(), times.join(", "), engine.memory().peak_bytes);
    println!(r#"{{"name": "danqing {backend}", "milliseconds": [{times}], "processor_milliseconds": {processor:.2},"#);
    println!(r#""peak_map_bytes": {maps}, "peak_resident_bytes": {}}}"#, peak_resident_bytes());
    if options.blocks {
        print_blocks(&blocks);
    }
    Ok(())
}

fn options() -> Result<Options, Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let weights = words.next().ok_or("which weights? migan_forward WEIGHTS.onnx [--size 512x512] …")?;
    let mut options = Options { weights: weights.into(), height: 512, width: 512, threads: 2, runs: 5, blocks: false };
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
        match word.as_str() {
            "--size" => {
                let size = value()?;
                let (height, width) = size.split_once('x').ok_or("--size is HEIGHTxWIDTH")?;
                (options.height, options.width) = (height.parse()?, width.parse()?);
            }
            "--threads" => options.threads = value()?.parse()?,
            "--runs" => options.runs = value()?.parse()?,
            "--blocks" => options.blocks = true,
            _ => return Err(format!("unknown option {word}").into()),
        }
    }
    Ok(options)
}

/// Ramps with a hole in the middle; the time does not depend on what is in the picture.
fn input(engine: &Engine, options: &Options) -> Result<FeatureMap, Box<dyn Error>> {
    let (height, width) = (options.height, options.width);
    let (mut rgb, mut hole) = (Vec::new(), Vec::new());
    for y in 0..height {
        for x in 0..width {
            rgb.extend([x as f32 / width as f32, y as f32 / height as f32, ((x ^ y) & 255) as f32 / 255.0]);
            hole.push(u8::from(x.abs_diff(width / 2) < width / 8 && y.abs_diff(height / 2) < height / 8));
        }
    }
    Ok(FeatureMap::from_nhwc(engine, Shape::new(1, height, width, 4), inpainter_input(&rgb, &hole)?)?)
}

/// Milliseconds of each block of one forward.
fn timed_blocks(
    engine: &Engine,
    network: &Migan,
    input: &FeatureMap,
) -> Result<Vec<(BlockOutput, f64)>, danqing_models::Error> {
    let mut blocks = Vec::with_capacity(network.blocks());
    let mut start = Instant::now();
    network.forward_observed(engine, input, &mut |block, _| {
        if matches!(block.part, Part::EncoderNext | Part::SynthesisPicture) {
            blocks.push((block, start.elapsed().as_secs_f64() * 1000.0));
            start = Instant::now();
        }
        Ok(())
    })?;
    Ok(blocks)
}

fn print_blocks(runs: &[Vec<(BlockOutput, f64)>]) {
    let Some(first) = runs.first() else { return };
    for (index, (block, _)) in first.iter().enumerate() {
        let mut times: Vec<f64> = runs.iter().map(|run| run[index].1).collect();
        times.sort_by(f64::total_cmp);
        eprintln!("{:20} {:8.2} ms", block.to_string(), times[times.len() / 2]);
    }
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
