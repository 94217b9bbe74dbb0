//! The binary half: which layer takes which weights, and how they are stored.

use std::ops::Range;

use crate::containers::ncnn::{Layer, NAME};
use crate::containers::{Limits, ParseError};
use crate::tensor::TensorBytes;
use crate::{Dtype, TensorEntry};

/// Tag before fp16 weights.
const FP16: u32 = 0x0130_6B47;
/// Tag before fp32 weights of newer files.
const FP32: u32 = 0x0002_C056;
/// Tag before int8 weights.
const INT8: u32 = 0x000D_4B38;

/// Layers with weights that this reader does not know: silence here would shift everything after them.
const UNKNOWN: [&str; 12] = [
    "Convolution1D",
    "Convolution3D",
    "ConvolutionDepthWise1D",
    "ConvolutionDepthWise3D",
    "Deconvolution1D",
    "Deconvolution3D",
    "DeformableConv2D",
    "Embed",
    "GRU",
    "LSTM",
    "MultiHeadAttention",
    "RNN",
];

/// One tensor that a layer loads.
struct Load {
    part: &'static str,
    shape: Vec<usize>,
    /// Preceded by a tag that says how it is stored; else plain f32.
    tagged: bool,
}

/// Walks the layers and checks that the file ends with the last weight.
pub(super) fn read(layers: &[Layer], file: &[u8], limits: &Limits) -> Result<Vec<TensorEntry>, ParseError> {
    let mut tensors = Vec::new();
    let mut position = 0;
    for layer in layers {
        for load in loads(layer)? {
            limits.check_tensors(tensors.len() + 1)?;
            let elements = load.shape.iter().try_fold(1usize, |count, &side| count.checked_mul(side));
            let elements = elements.ok_or_else(|| mismatch(layer, "more weights than can be counted"))?;
            let (dtype, place) = place(file, &mut position, elements, load.tagged)?;
            let name = format!("{}.{}", layer.name, load.part);
            tensors.push(TensorEntry { name, dtype, shape: load.shape, bytes: TensorBytes::File(place) });
        }
    }
    if position == file.len() {
        return Ok(tensors);
    }
    let what = format!("the layers take {position} bytes of weights, .bin has {}", file.len());
    Err(ParseError::malformed(NAME, what))
}

/// Reads a tag, if there is one, and steps over the data.
fn place(
    file: &[u8],
    position: &mut usize,
    elements: usize,
    tagged: bool,
) -> Result<(Dtype, Range<usize>), ParseError> {
    let dtype = if tagged { tag(take(file, position, 4)?, file)? } else { Dtype::F32 };
    let length = elements.saturating_mul(dtype.size());
    let place = take(file, position, length)?;
    // Tagged data is padded to 4 bytes.
    take(file, position, length.next_multiple_of(4) - length)?;
    Ok((dtype, place))
}

fn tag(place: Range<usize>, file: &[u8]) -> Result<Dtype, ParseError> {
    let mut bytes = [0; 4];
    bytes.copy_from_slice(&file[place]);
    match u32::from_le_bytes(bytes) {
        0 | FP32 => Ok(Dtype::F32),
        FP16 => Ok(Dtype::F16),
        INT8 => Err(ParseError::unsupported(NAME, "int8 weights")),
        other => Err(ParseError::unsupported(NAME, format!("quantised weights (tag 0x{other:08x})"))),
    }
}

fn take(file: &[u8], position: &mut usize, length: usize) -> Result<Range<usize>, ParseError> {
    let left = file.len() - *position;
    if length > left {
        let (needed, left) = (length as u64, left as u64);
        return Err(ParseError::Truncated { container: NAME, what: "the weights of a layer", needed, left });
    }
    let start = *position;
    *position += length;
    Ok(start..*position)
}

/// What a layer loads, in order; parameter numbers as in ncnn's `load_param`.
fn loads(layer: &Layer) -> Result<Vec<Load>, ParseError> {
    let plain = |part, length| Load { part, shape: vec![length], tagged: false };
    Ok(match layer.kind.as_str() {
        "Convolution" | "ConvolutionDepthWise" | "Deconvolution" | "DeconvolutionDepthWise" => convolution(layer)?,
        "InnerProduct" => {
            let out = layer.size(0, 0)?;
            let weights = layer.size(2, 0)?;
            let shape = vec![out, exact(layer, weights, out)?];
            with_bias(Load { part: "weight", shape, tagged: true }, out, layer.size(1, 0)?)
        }
        "PReLU" => vec![plain("slope", layer.size(0, 0)?)],
        "BatchNorm" => ["slope", "mean", "variance", "bias"]
            .map(|part| (part, layer.size(0, 0)))
            .into_iter()
            .map(|(part, channels)| channels.map(|channels| plain(part, channels)))
            .collect::<Result<_, _>>()?,
        "Scale" => {
            let channels = layer.size(0, 0)?;
            with_bias(plain("scale", channels), channels, layer.size(1, 0)?)
        }
        "Bias" => vec![plain("bias", layer.size(0, 0)?)],
        "InstanceNorm" | "LayerNorm" => affine(layer.size(0, 0)?, layer.size(2, 1)?),
        "GroupNorm" => affine(layer.size(1, 0)?, layer.size(3, 1)?),
        "MemoryData" => memory(layer)?,
        kind if UNKNOWN.contains(&kind) => {
            return Err(ParseError::unsupported(NAME, format!("the weights of layer type {kind}")));
        }
        _ => Vec::new(),
    })
}

fn with_bias(weight: Load, length: usize, bias: usize) -> Vec<Load> {
    let bias = (bias != 0).then(|| Load { part: "bias", shape: vec![length], tagged: false });
    std::iter::once(weight).chain(bias).collect()
}

fn affine(channels: usize, affine: usize) -> Vec<Load> {
    let parts = if affine == 0 { &[][..] } else { &["gamma", "beta"] };
    parts.iter().map(|&part| Load { part, shape: vec![channels], tagged: false }).collect()
}

/// Parameters: `num_output` 0, `kernel_w` 1, `kernel_h` 11, `bias_term` 5, `weight_data_size` 6, `int8_scale_term` 8.
fn convolution(layer: &Layer) -> Result<Vec<Load>, ParseError> {
    if layer.size(8, 0)? != 0 {
        return Err(ParseError::unsupported(NAME, "int8 weights"));
    }
    let (out, width) = (layer.size(0, 0)?, layer.size(1, 0)?);
    let height = layer.size(11, width)?;
    let weights = layer.size(6, 0)?;
    let kernel = out.checked_mul(width).and_then(|area| area.checked_mul(height));
    let kernel = kernel.ok_or_else(|| mismatch(layer, "a kernel that large"))?;
    let shape = vec![out, exact(layer, weights, kernel)?, height, width];
    Ok(with_bias(Load { part: "weight", shape, tagged: true }, out, layer.size(5, 0)?))
}

/// Parameters: `w` 0, `h` 1, `c` 2, `d` 11, `load_type` 21 (0 tagged, 1 plain).
fn memory(layer: &Layer) -> Result<Vec<Load>, ParseError> {
    let sides = [layer.size(2, 0)?, layer.size(11, 0)?, layer.size(1, 0)?, layer.size(0, 0)?];
    let shape = sides.into_iter().filter(|&side| side != 0).collect();
    Ok(vec![Load { part: "data", shape, tagged: layer.size(21, 1)? == 0 }])
}

/// `total / part`, which must be a whole number.
fn exact(layer: &Layer, total: usize, part: usize) -> Result<usize, ParseError> {
    match total.checked_rem(part) {
        Some(0) => Ok(total / part),
        _ => Err(mismatch(layer, &format!("{total} weights, no multiple of {part}"))),
    }
}

fn mismatch(layer: &Layer, what: &str) -> ParseError {
    ParseError::malformed(NAME, format!("{} {:?} states {what}", layer.kind, layer.name))
}
