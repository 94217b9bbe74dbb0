//! Blocks of 32 elements with one scale: `d·q`, or `d·q + m` in the types that end in 1.

use std::array::from_fn;

use super::half;

/// Nibble `index` of 32: the low ones of 16 bytes, then their high ones.
fn nibble(bytes: &[u8], index: usize) -> u8 {
    bytes[index % 16] >> (4 * (index / 16)) & 0xf
}

/// Nibble `index` with bit `index` of `high` above it.
fn five_bits(high: &[u8], low: &[u8], index: usize) -> u8 {
    nibble(low, index) | (high[index / 8] >> (index % 8) & 1) << 4
}

/// `d`, 16 bytes of nibbles; 8 is zero.
pub(super) fn q4_0(block: &[u8; 18]) -> [f32; 32] {
    let d = half(block, 0);
    from_fn(|i| d * (f32::from(nibble(&block[2..], i)) - 8.0))
}

/// `d`, `m`, 16 bytes of nibbles.
pub(super) fn q4_1(block: &[u8; 20]) -> [f32; 32] {
    let (d, m) = (half(block, 0), half(block, 2));
    from_fn(|i| d * f32::from(nibble(&block[4..], i)) + m)
}

/// `d`, 32 high bits, 16 bytes of nibbles; 16 is zero.
pub(super) fn q5_0(block: &[u8; 22]) -> [f32; 32] {
    let d = half(block, 0);
    from_fn(|i| d * (f32::from(five_bits(&block[2..6], &block[6..], i)) - 16.0))
}

/// `d`, `m`, 32 high bits, 16 bytes of nibbles.
pub(super) fn q5_1(block: &[u8; 24]) -> [f32; 32] {
    let (d, m) = (half(block, 0), half(block, 2));
    from_fn(|i| d * f32::from(five_bits(&block[4..8], &block[8..], i)) + m)
}

/// `d`, 32 signed bytes.
pub(super) fn q8_0(block: &[u8; 34]) -> [f32; 32] {
    let d = half(block, 0);
    from_fn(|i| d * f32::from(block[2 + i].cast_signed()))
}
