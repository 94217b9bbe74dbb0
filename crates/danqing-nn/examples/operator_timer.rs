//! Times the operators of diffusion networks for `tools/bench/operator_peer.py`, one run per line of standard input, so
//! that two programs can take turns in one measurement.
//!
//! Input: `linear tokens in out`, `attention queries keys heads size`, `group_norm side channels groups` (with SiLU),
//! `layer_norm tokens channels` or `geglu tokens channels`. Output: one JSON object per line with `milliseconds` of one
//! forward pass on `--threads N` (default 2) threads; the first line says the backend.

use std::collections::HashMap;
use std::io::{BufRead, Write, stdin, stdout};
use std::time::Instant;

use danqing_nn::{
    Activation, Attention, Engine, EngineConfig, Error, FeatureMap, GroupNorm, LayerNorm, Linear, Shape, Weight, geglu,
};

type Forward = Box<dyn Fn(&Engine) -> Result<FeatureMap, Error>>;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let threads = std::env::args().skip_while(|a| a != "--threads").nth(1).map_or(Ok(2), |n| n.parse())?;
    let engine = Engine::new(EngineConfig { threads: Some(threads), ..EngineConfig::default() })?;
    let mut out = stdout();
    writeln!(out, "{{\"backend\": \"{}\", \"threads\": {}}}", engine.backend(), engine.threads())?;
    out.flush()?;
    let mut made = HashMap::new();
    for line in stdin().lock().lines() {
        let line = line?;
        if !made.contains_key(&line) {
            made.insert(line.clone(), operator(&engine, &line)?);
        }
        let start = Instant::now();
        let y = made[&line](&engine)?;
        let milliseconds = start.elapsed().as_secs_f64() * 1e3;
        writeln!(out, "{{\"milliseconds\": {milliseconds}, \"first\": {}}}", y.as_slice()?[0])?;
        out.flush()?;
    }
    Ok(())
}

fn operator(engine: &Engine, line: &str) -> Result<Forward, Box<dyn std::error::Error>> {
    let (name, numbers) = line.split_once(' ').ok_or("expected an operator and numbers")?;
    let numbers = numbers.split_whitespace().map(str::parse).collect::<Result<Vec<usize>, _>>()?;
    Ok(match (name, &numbers[..]) {
        ("linear", &[tokens, input, output]) => {
            let layer = Linear::new(engine, &wave(&[output, input])?, Some(&wave(&[output])?))?;
            let x = map(engine, tokens, input)?;
            Box::new(move |engine| layer.forward(engine, &x))
        }
        ("attention", &[queries, keys, heads, size]) => {
            let (q, k) = (map(engine, queries, heads * size)?, map(engine, keys, heads * size)?);
            Box::new(move |engine| Attention::new(heads).forward(engine, &q, &k, &k))
        }
        ("group_norm", &[side, channels, groups]) => {
            let norm = GroupNorm::new(groups, 1e-5, &wave(&[channels])?, &wave(&[channels])?)?;
            let x = map(engine, side * side, channels)?;
            Box::new(move |engine| norm.forward_with(engine, &x, Some(&Activation::Silu)))
        }
        ("layer_norm", &[tokens, channels]) => {
            let norm = LayerNorm::new(1e-5, &wave(&[channels])?, &wave(&[channels])?)?;
            let x = map(engine, tokens, channels)?;
            Box::new(move |engine| norm.forward(engine, &x))
        }
        ("geglu", &[tokens, channels]) => {
            let x = map(engine, tokens, 2 * channels)?;
            Box::new(move |engine| geglu(engine, &x))
        }
        _ => return Err(format!("unknown operator or numbers: {line}").into()),
    })
}

fn map(engine: &Engine, tokens: usize, channels: usize) -> Result<FeatureMap, Error> {
    let values = wave(&[tokens, channels])?.values().to_vec();
    FeatureMap::from_nhwc(engine, Shape::new(1, 1, tokens, channels), values)
}

/// Values between −1 and 1 without a pattern that caches or denormals would like.
fn wave(shape: &[usize]) -> Result<Weight, Error> {
    let count: usize = shape.iter().product();
    Weight::new(shape, (0..count).map(|index| ((index as f32) * 0.618_034).fract() * 2.0 - 1.0).collect())
}
