//! Weights made by a rule of name and index alone, so that a network of any size can run without a file: for timing, and
//! for goldens whose reference is given the same values (`tools/golden/seeded_weights.py`).

/// Value `index` of the tensor `name`, in −1..1: SplitMix64 (S. Steele, D. Lea, C. Flood, "Fast Splittable Pseudorandom
/// Number Generators", 2014) of FNV-1a 64 of the name plus `index` golden steps; the top 24 bits.
#[must_use]
pub fn seeded_unit(name: &str, index: u64) -> f32 {
    unit(fnv(name), index)
}

/// All values of a tensor: biases within ±0.1, vectors within 1 ± 0.1, matrices and kernels with the variance
/// `1 / inputs`, so that magnitudes neither grow nor fade through a network.
#[must_use]
pub fn seeded_values(name: &str, shape: &[usize]) -> Vec<f32> {
    let seed = fnv(name);
    let count = shape.iter().product::<usize>() as u64;
    let inputs = shape.iter().skip(1).product::<usize>();
    let (offset, scale) = if name.ends_with("bias") {
        (0.0, 0.1)
    } else if shape.len() == 1 {
        (1.0, 0.1)
    } else {
        (0.0, (3.0 / inputs as f64).sqrt() as f32)
    };
    (0..count).map(|index| offset + unit(seed, index) * scale).collect()
}

fn unit(seed: u64, index: u64) -> f32 {
    let mut x = seed.wrapping_add(index.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^= x >> 31;
    (x >> 40) as f32 / (1_u32 << 23) as f32 - 1.0
}

fn fnv(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
