//! A block of `TinyViT`: attention inside windows, a depthwise convolution across them, and a perceptron.

use danqing_nn::{Attention, Conv2d, Engine, Epilogue, FeatureMap, LayerNorm, Linear, PadMode, Padding, Shape, Weight};
use danqing_nn::{add, crop, pad};

use super::tiny_vit::{depthwise, gelu};
use crate::Error;
use crate::diffusion::Loader;

/// `TinyViTBlock`.
pub(super) struct WindowBlock {
    side: usize,
    heads: usize,
    norm: LayerNorm,
    qkv: [Linear; 3],
    /// `[1, heads, side², side²]`: what two places of a window add to their score.
    places: FeatureMap,
    projection: Linear,
    local: Conv2d,
    mlp_norm: LayerNorm,
    mlp: [Linear; 2],
}

impl WindowBlock {
    pub(super) fn load(
        loader: &Loader<'_>,
        name: &str,
        (channels, heads, side): (usize, usize, usize),
    ) -> Result<Self, Error> {
        let part = |part: &str| format!("{name}.{part}");
        Ok(Self {
            side,
            heads,
            norm: loader.layer_norm(&part("attn.norm"), channels)?,
            qkv: load_qkv(loader, &part("attn.qkv"), channels, heads)?,
            places: load_places(loader, &part("attn"), heads, side)?,
            projection: loader.linear(&part("attn.proj"), [channels, channels], true)?,
            local: depthwise(loader, &part("local_conv"), channels, 1)?,
            mlp_norm: loader.layer_norm(&part("mlp.norm"), channels)?,
            mlp: [
                loader.linear(&part("mlp.fc1"), [channels, 4 * channels], true)?,
                loader.linear(&part("mlp.fc2"), [4 * channels, channels], true)?,
            ],
        })
    }

    /// `[1, h, w, c]` → `[1, h, w, c]`.
    pub(super) fn forward(&self, engine: &Engine, x: &FeatureMap) -> Result<FeatureMap, Error> {
        let x = add(engine, x, &self.attended(engine, x)?)?;
        let x = self.local.forward(engine, &x)?;
        let wide = self.mlp[0].forward_with(engine, &self.mlp_norm.forward(engine, &x)?, gelu())?; // [1, h, w, 4c]
        Ok(self.mlp[1].forward_with(engine, &wide, Epilogue::default().with_skip(&x))?)
    }

    /// Places that fill the last windows up are zeros before the norm, and are seen.
    fn attended(&self, engine: &Engine, x: &FeatureMap) -> Result<FeatureMap, Error> {
        let Shape { height, width, .. } = x.shape();
        let missing = |length: usize| length.next_multiple_of(self.side) - length;
        let padding = Padding { bottom: missing(height), right: missing(width), ..Padding::default() };
        let filled = pad(engine, x, padding, PadMode::Zero)?; // [1, h', w', c]
        let windows = cut(engine, &filled, self.side)?; // [n, side, side, c]
        let windows = self.norm.forward(engine, &windows)?;
        let [q, k, v] = &self.qkv;
        let (q, k) = (q.forward(engine, &windows)?, k.forward(engine, &windows)?);
        let v = v.forward(engine, &windows)?;
        let seen = Attention::new(self.heads).with_mask(&self.places).forward(engine, &q, &k, &v)?;
        let seen = self.projection.forward(engine, &seen)?;
        let joined = joined(engine, &seen, filled.shape())?; // [1, h', w', c]
        Ok(crop(engine, &joined, (0, 0), (height, width))?)
    }
}

/// One layer each for queries, keys and values: the checkpoint has them head by head, `[heads, 3, head size]`.
fn load_qkv(loader: &Loader<'_>, name: &str, channels: usize, heads: usize) -> Result<[Linear; 3], Error> {
    let weight = loader.weight(name, "weight", &[3 * channels, channels])?;
    let bias = loader.weight(name, "bias", &[3 * channels])?;
    let size = channels / heads;
    let part = |which: usize| {
        let rows = (0..channels).map(|row| (row / size * 3 + which) * size + row % size);
        let values = rows.clone().flat_map(|row| &weight.values()[row * channels..][..channels]).copied().collect();
        let offsets = rows.map(|row| bias.values()[row]).collect();
        let (weight, bias) = (Weight::new(&[channels, channels], values)?, Weight::new(&[channels], offsets)?);
        Ok::<_, Error>(Linear::new(loader.engine, &weight, Some(&bias))?)
    };
    Ok([part(0)?, part(1)?, part(2)?])
}

/// The checkpoint has one value for each head and distance in rows and columns.
fn load_places(loader: &Loader<'_>, name: &str, heads: usize, side: usize) -> Result<FeatureMap, Error> {
    let count = side * side;
    let biases = loader.weight(name, "attention_biases", &[heads, count])?;
    let between = |a: usize, b: usize| (a / side).abs_diff(b / side) * side + (a % side).abs_diff(b % side);
    let mut values = Vec::with_capacity(heads * count * count);
    for head in biases.values().chunks_exact(count) {
        values.extend((0..count).flat_map(|a| (0..count).map(move |b| head[between(a, b)])));
    }
    Ok(FeatureMap::from_nhwc(loader.engine, Shape::new(1, heads, count, count), values)?)
}

/// `[1, h, w, c]` → `[h/side · w/side, side, side, c]`.
fn cut(engine: &Engine, x: &FeatureMap, side: usize) -> Result<FeatureMap, Error> {
    let Shape { height, width, channels, .. } = x.shape();
    let values = x.as_slice()?;
    let mut made = Vec::with_capacity(values.len());
    for (top, left) in (0..height).step_by(side).flat_map(|y| (0..width).step_by(side).map(move |x| (y, x))) {
        for row in top..top + side {
            made.extend_from_slice(&values[(row * width + left) * channels..][..side * channels]);
        }
    }
    let count = height / side * (width / side);
    Ok(FeatureMap::from_nhwc(engine, Shape::new(count, side, side, channels), made)?)
}

/// The way back.
fn joined(engine: &Engine, windows: &FeatureMap, shape: Shape) -> Result<FeatureMap, Error> {
    let (side, channels, columns) = (windows.shape().height, shape.channels, shape.width / windows.shape().width);
    let mut made = vec![0.0; shape.elements()?];
    for (line, values) in windows.as_slice()?.chunks_exact(side * channels).enumerate() {
        let (window, row) = (line / side, line % side);
        let (y, x) = (window / columns * side + row, window % columns * side);
        made[(y * shape.width + x) * channels..][..side * channels].copy_from_slice(values);
    }
    Ok(FeatureMap::from_nhwc(engine, shape, made)?)
}
