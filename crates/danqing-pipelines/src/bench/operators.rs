//! Operators by themselves, at the shapes of Stable Diffusion 1.5 at 512².

use danqing_nn::{
    Activation, Attention, Conv2d, Conv2dConfig, Engine, GroupNorm, LayerNorm, Linear, Shape, geglu, matmul,
};

use super::Error;
use super::workload::{Workload, input, weight};

/// Side and channels of the finest level, and its tokens.
const SIDE: usize = 64;
const CHANNELS: usize = 320;
const HEADS: usize = 8;

fn finest(channels: usize) -> Shape {
    Shape::new(1, SIDE, SIDE, channels)
}

/// 3×3 from 320 to 320 channels at 64².
pub(super) fn conv(engine: &Engine) -> Result<Workload, Error> {
    let (w, b) = (weight("conv.weight", &[CHANNELS, CHANNELS, 3, 3])?, weight("conv.bias", &[CHANNELS])?);
    let layer = Conv2d::new(engine, Conv2dConfig::same(3), &w, Some(&b))?;
    let x = input(engine, "input", finest(CHANNELS))?;
    Ok(Workload::new(vec![("input", x)], move |engine, x| Ok(layer.forward(engine, x[0])?)))
}

/// 4096 tokens from 320 to 2560 channels.
pub(super) fn linear(engine: &Engine) -> Result<Workload, Error> {
    let outputs = 8 * CHANNELS;
    let (w, b) = (weight("linear.weight", &[outputs, CHANNELS])?, weight("linear.bias", &[outputs])?);
    let layer = Linear::new(engine, &w, Some(&b))?;
    let x = input(engine, "input", finest(CHANNELS))?;
    Ok(Workload::new(vec![("input", x)], move |engine, x| Ok(layer.forward(engine, x[0])?)))
}

/// 1024×640 times 640×640.
pub(super) fn matrices(engine: &Engine) -> Result<Workload, Error> {
    let a = input(engine, "a", Shape::new(1, 1, 1024, 640))?;
    let b = input(engine, "b", Shape::new(1, 1, 640, 640))?;
    Ok(Workload::new(vec![("a", a), ("b", b)], |engine, x| Ok(matmul(engine, x[0], x[1])?)))
}

/// 4096 tokens to as many, 8 heads of 40.
pub(super) fn attention(engine: &Engine) -> Result<Workload, Error> {
    let map = |name| input(engine, name, finest(CHANNELS));
    let inputs = vec![("query", map("query")?), ("key", map("key")?), ("value", map("value")?)];
    Ok(Workload::new(inputs, |engine, x| Ok(Attention::new(HEADS).forward(engine, x[0], x[1], x[2])?)))
}

/// 4096 tokens to 77 of a text, 8 heads of 40.
pub(super) fn cross_attention(engine: &Engine) -> Result<Workload, Error> {
    let text = |name| input(engine, name, Shape::new(1, 1, 77, CHANNELS));
    let inputs =
        vec![("query", input(engine, "query", finest(CHANNELS))?), ("key", text("key")?), ("value", text("value")?)];
    Ok(Workload::new(inputs, |engine, x| Ok(Attention::new(HEADS).forward(engine, x[0], x[1], x[2])?)))
}

/// 32 groups of 320 channels at 64², with SiLU.
pub(super) fn groupnorm(engine: &Engine) -> Result<Workload, Error> {
    let norm = GroupNorm::new(32, 1e-5, &weight("norm.weight", &[CHANNELS])?, &weight("norm.bias", &[CHANNELS])?)?;
    let x = input(engine, "input", finest(CHANNELS))?;
    Ok(Workload::new(vec![("input", x)], move |engine, x| {
        Ok(norm.forward_with(engine, x[0], Some(&Activation::Silu))?)
    }))
}

/// 4096 tokens of 320 channels.
pub(super) fn layernorm(engine: &Engine) -> Result<Workload, Error> {
    let norm = LayerNorm::new(1e-5, &weight("norm.weight", &[CHANNELS])?, &weight("norm.bias", &[CHANNELS])?)?;
    let x = input(engine, "input", finest(CHANNELS))?;
    Ok(Workload::new(vec![("input", x)], move |engine, x| Ok(norm.forward(engine, x[0])?)))
}

/// 4096 tokens to 1280 gated channels.
pub(super) fn gated(engine: &Engine) -> Result<Workload, Error> {
    let x = input(engine, "input", finest(8 * CHANNELS))?;
    Ok(Workload::new(vec![("input", x)], |engine, x| Ok(geglu(engine, x[0])?)))
}
