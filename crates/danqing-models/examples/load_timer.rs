//! What opening a Stable Diffusion checkpoint takes: `load_timer FILE [PRECISION] [THREADS]`.
//!
//! Prints seconds of wall and of processor time to hash the file and to read and pack its networks, bytes of the packed
//! weights, and the largest resident set (Linux).

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use danqing_models::stable_diffusion::CheckpointFiles;
use danqing_nn::{Engine, EngineConfig};

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let path = words.first().ok_or("load_timer FILE [PRECISION] [THREADS]")?;
    let precision = words.get(1).map(|name| name.parse()).transpose()?;
    let threads = words.get(2).map(|count| count.parse()).transpose()?;
    let engine = Engine::new(EngineConfig { precision, threads, ..EngineConfig::default() })?;
    let (start, before) = (Instant::now(), processor_seconds());
    let files = CheckpointFiles::read(Path::new(path))?;
    println!("open {:.2} s wall, {:.2} s processor", start.elapsed().as_secs_f64(), processor_seconds() - before);
    let (start, before) = (Instant::now(), processor_seconds());
    let networks = files.load(&engine, &[])?;
    println!("load {:.2} s wall, {:.2} s processor", start.elapsed().as_secs_f64(), processor_seconds() - before);
    println!("packed {} bytes, largest resident set {} KiB", engine.memory().live_bytes, largest_resident_set());
    drop(networks);
    Ok(())
}

/// User and system time of this process, in hundredths of a second as Linux counts them.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Fields 14 and 15; the second one, in brackets, may hold spaces.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    fields.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

fn largest_resident_set() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
