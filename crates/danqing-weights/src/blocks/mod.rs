//! Values of tensors that are stored in blocks: a few bits per element, and scales that the elements of a block share.
//!
//! Equal to the bit to `gguf.quants.dequantize` of the Python package gguf 0.19.0 (`tests/golden/weights_containers`).
//! Source of the layouts: ggml-org/llama.cpp@150f157 `gguf-py/gguf/quants.py`.

mod plain;
mod scaled_groups;

use half::f16;

use crate::Dtype;

/// Appends the values of whole blocks; bytes after the last whole block are left, and types without blocks give nothing.
pub(crate) fn append(dtype: Dtype, bytes: &[u8], values: &mut Vec<f32>) {
    match dtype {
        Dtype::Q4_0 => each(bytes, values, plain::q4_0),
        Dtype::Q4_1 => each(bytes, values, plain::q4_1),
        Dtype::Q5_0 => each(bytes, values, plain::q5_0),
        Dtype::Q5_1 => each(bytes, values, plain::q5_1),
        Dtype::Q8_0 => each(bytes, values, plain::q8_0),
        Dtype::Q2_K => each(bytes, values, scaled_groups::q2_k),
        Dtype::Q3_K => each(bytes, values, scaled_groups::q3_k),
        Dtype::Q4_K => each(bytes, values, scaled_groups::q4_k),
        Dtype::Q5_K => each(bytes, values, scaled_groups::q5_k),
        Dtype::Q6_K => each(bytes, values, scaled_groups::q6_k),
        _ => {}
    }
}

fn each<const BYTES: usize, const ELEMENTS: usize>(
    bytes: &[u8],
    values: &mut Vec<f32>,
    decode: fn(&[u8; BYTES]) -> [f32; ELEMENTS],
) {
    let (blocks, _) = bytes.as_chunks::<BYTES>();
    for block in blocks {
        values.extend_from_slice(&decode(block));
    }
}

/// The half-precision number at a place of a block.
fn half(block: &[u8], at: usize) -> f32 {
    f16::from_le_bytes([block[at], block[at + 1]]).to_f32()
}
