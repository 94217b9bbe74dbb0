//! Blocks of 256 elements in groups of 16 or 32, each with a small scale of its own beside the block's: the K types.

use std::array::from_fn;

use super::half;

/// Two bits of element `index`: four elements of a half share a byte, 32 apart.
fn two_bits(bytes: &[u8], index: usize) -> u8 {
    bytes[index / 128 * 32 + index % 32] >> (2 * (index / 32 % 4)) & 3
}

/// Four bits of element `index`: two elements of `2·run` share a byte, `run` apart.
fn four_bits(bytes: &[u8], index: usize, run: usize) -> u8 {
    bytes[index / (2 * run) * run + index % run] >> (4 * (index / run % 2)) & 0xf
}

/// Scale and minimum of group `group` of 8, six bits each in 12 bytes: the first four groups' lie in the low six bits of
/// bytes 0–3 and 4–7; of the others, four bits lie in bytes 8–11 and two above those of the first.
fn scale_and_minimum(packed: &[u8], group: usize) -> (f32, f32) {
    let (scale, minimum) = match group.checked_sub(4) {
        None => (packed[group] & 0x3f, packed[4 + group] & 0x3f),
        Some(j) => (packed[8 + j] & 0xf | packed[j] >> 2 & 0x30, packed[8 + j] >> 4 | packed[4 + j] >> 2 & 0x30),
    };
    (f32::from(scale), f32::from(minimum))
}

/// 16 scales and minima of four bits, 64 bytes of two bits, `d`, `dmin`.
pub(super) fn q2_k(block: &[u8; 84]) -> [f32; 256] {
    let (d, dmin) = (half(block, 80), half(block, 82));
    let groups: [(f32, f32); 16] =
        from_fn(|group| (d * f32::from(block[group] & 0xf), dmin * f32::from(block[group] >> 4)));
    from_fn(|i| {
        let (scale, minimum) = groups[i / 16];
        scale * f32::from(two_bits(&block[16..80], i)) - minimum
    })
}

/// 32 bytes of high bits, 64 bytes of two bits, 16 scales of six bits in 12 bytes, `d`. Without its high bit an element is 4
/// lower.
pub(super) fn q3_k(block: &[u8; 110]) -> [f32; 256] {
    let (high, packed, d) = (&block[..32], &block[96..108], half(block, 108));
    let scales: [f32; 16] = from_fn(|group| {
        let low = packed[group % 8] >> (4 * (group / 8)) & 0xf;
        let above = packed[8 + group % 4] >> (2 * (group / 4)) & 3;
        d * (f32::from(low | above << 4) - 32.0)
    });
    from_fn(|i| {
        let lower = if high[i % 32] >> (i / 32) & 1 == 1 { 0.0 } else { 4.0 };
        scales[i / 16] * (f32::from(two_bits(&block[32..96], i)) - lower)
    })
}

/// `d`, `dmin`, scales and minima of 8 groups, 128 bytes of four bits.
pub(super) fn q4_k(block: &[u8; 144]) -> [f32; 256] {
    let groups = groups_of_32(block);
    from_fn(|i| {
        let (scale, minimum) = groups[i / 32];
        scale * f32::from(four_bits(&block[16..], i, 32)) - minimum
    })
}

/// `d`, `dmin`, scales and minima of 8 groups, 32 bytes of high bits, 128 bytes of four bits.
pub(super) fn q5_k(block: &[u8; 176]) -> [f32; 256] {
    let (groups, high) = (groups_of_32(block), &block[16..48]);
    from_fn(|i| {
        let (scale, minimum) = groups[i / 32];
        let above = high[i % 32] >> (i / 32) & 1;
        scale * f32::from(four_bits(&block[48..], i, 32) | above << 4) - minimum
    })
}

fn groups_of_32(block: &[u8]) -> [(f32, f32); 8] {
    let (d, dmin) = (half(block, 0), half(block, 2));
    from_fn(|group| {
        let (scale, minimum) = scale_and_minimum(&block[4..16], group);
        (d * scale, dmin * minimum)
    })
}

/// 128 bytes of four bits, 64 bytes of two bits above them, 16 signed scales, `d`; 32 is zero.
pub(super) fn q6_k(block: &[u8; 210]) -> [f32; 256] {
    let d = half(block, 208);
    let scales: [f32; 16] = from_fn(|group| d * f32::from(block[192 + group].cast_signed()));
    from_fn(|i| {
        let value = four_bits(&block[..128], i, 64) | two_bits(&block[128..192], i) << 4;
        scales[i / 16] * (f32::from(value) - 32.0)
    })
}
