//! Values of tensors that are stored in blocks: a few bits per element, and scales that the elements of a block share.
//!
//! Equal to the bit to `gguf.quants.dequantize` of the Python package gguf 0.19.0 (`tests/golden/weights_containers`).
//! Source of the layouts: ggml-org/llama.cpp@150f157 `gguf-py/gguf/quants.py`.

mod plain;
mod scaled_groups;

use half::f16;

use crate::Dtype;

/// Values of blocks, as many as `to` has room for; types without blocks give nothing.
pub(crate) fn fill(dtype: Dtype, bytes: &[u8], to: &mut [f32]) {
    match dtype {
        Dtype::Q4_0 => each(bytes, to, plain::q4_0),
        Dtype::Q4_1 => each(bytes, to, plain::q4_1),
        Dtype::Q5_0 => each(bytes, to, plain::q5_0),
        Dtype::Q5_1 => each(bytes, to, plain::q5_1),
        Dtype::Q8_0 => each(bytes, to, plain::q8_0),
        Dtype::Q2_K => each(bytes, to, scaled_groups::q2_k),
        Dtype::Q3_K => each(bytes, to, scaled_groups::q3_k),
        Dtype::Q4_K => each(bytes, to, scaled_groups::q4_k),
        Dtype::Q5_K => each(bytes, to, scaled_groups::q5_k),
        Dtype::Q6_K => each(bytes, to, scaled_groups::q6_k),
        _ => {}
    }
}

fn each<const BYTES: usize, const ELEMENTS: usize>(
    bytes: &[u8],
    to: &mut [f32],
    decode: impl Fn(&[u8; BYTES]) -> [f32; ELEMENTS],
) {
    let (blocks, (whole, rest)) = (bytes.as_chunks::<BYTES>().0, to.as_chunks_mut::<ELEMENTS>());
    whole.iter_mut().zip(blocks).for_each(|(to, block)| *to = decode(block));
    if let Some(block) = blocks.get(whole.len()) {
        rest.copy_from_slice(&decode(block)[..rest.len()]);
    }
}

/// The half-precision number at a place of a block.
fn half(block: &[u8], at: usize) -> f32 {
    f16::from_le_bytes([block[at], block[at + 1]]).to_f32()
}
