//! Repeatable noise: a value for every position and seed, smooth between whole positions.
//!
//! Source: K. Perlin, "Improving noise", 2002 (gradient noise, quintic fade); the lattice is hashed instead of tabled.
//! Values of [`gradient`] lie in `-1..=1`, of [`fractal`] about so, of [`white`] in `0..1`.

/// A well mixed 32-bit number for a lattice point.
fn hashed(x: i32, y: i32, seed: u32) -> u32 {
    let mut h =
        (x as u32).wrapping_mul(0x9E37_79B1) ^ (y as u32).wrapping_mul(0x85EB_CA77) ^ seed.wrapping_mul(0xC2B2_AE3D);
    h = (h ^ (h >> 15)).wrapping_mul(0x2C1B_3C6D);
    h = (h ^ (h >> 12)).wrapping_mul(0x297A_2D39);
    h ^ (h >> 15)
}

/// Independent values, evenly in `0..1`, for whole positions.
#[must_use]
pub fn white(x: i32, y: i32, seed: u32) -> f32 {
    (hashed(x, y, seed) >> 8) as f32 / (1 << 24) as f32
}

/// Gradient noise with features about 1 wide.
#[must_use]
pub fn gradient(x: f32, y: f32, seed: u32) -> f32 {
    let (left, top) = (x.floor(), y.floor());
    let (fx, fy) = (x - left, y - top);
    let (ix, iy) = (left as i32, top as i32);
    let fade = |t: f32| t * t * t * (t * (t * 6.0 - 15.0) + 10.0);
    let corner = |dx: i32, dy: i32| {
        let [gx, gy] = DIRECTIONS[(hashed(ix.wrapping_add(dx), iy.wrapping_add(dy), seed) >> 28) as usize];
        gx * (fx - dx as f32) + gy * (fy - dy as f32)
    };
    let (u, v) = (fade(fx), fade(fy));
    let upper = corner(0, 0) + (corner(1, 0) - corner(0, 0)) * u;
    let lower = corner(0, 1) + (corner(1, 1) - corner(0, 1)) * u;
    (upper + (lower - upper) * v) * std::f32::consts::SQRT_2
}

/// Sixteen unit vectors.
const DIRECTIONS: [[f32; 2]; 16] = {
    const A: f32 = 0.980_785_3;
    const B: f32 = 0.831_469_6;
    const C: f32 = 0.555_570_24;
    const D: f32 = 0.195_090_32;
    [
        [A, D],
        [B, C],
        [C, B],
        [D, A],
        [-D, A],
        [-C, B],
        [-B, C],
        [-A, D],
        [-A, -D],
        [-B, -C],
        [-C, -B],
        [-D, -A],
        [D, -A],
        [C, -B],
        [B, -C],
        [A, -D],
    ]
};

/// Octaves of [`gradient`] noise, each half as wide and half as strong.
#[must_use]
pub fn fractal(x: f32, y: f32, octaves: u32, seed: u32) -> f32 {
    let (mut sum, mut scale, mut weight) = (0.0, 1.0, 1.0);
    for octave in 0..octaves {
        sum += weight * gradient(x * scale, y * scale, seed.wrapping_add(octave.wrapping_mul(0x68E3_1DA4)));
        scale *= 2.0;
        weight *= 0.5;
    }
    sum
}

/// A seed of 32 bits for one purpose of a run.
#[must_use]
pub fn seed_for(seed: u64, purpose: u32) -> u32 {
    hashed(seed as i32, (seed >> 32) as i32, purpose)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_values_are_even_and_uncorrelated() {
        let values: Vec<f32> = (0..10_000).map(|i| white(i % 100, i / 100, 7)).collect();
        let mean = values.iter().sum::<f32>() / 1e4;
        let next: f32 = values.windows(2).map(|w| (w[0] - 0.5) * (w[1] - 0.5)).sum::<f32>() / 1e4;
        assert!((mean - 0.5).abs() < 0.01 && next.abs() < 0.002, "mean {mean}, covariance {next}");
        assert_ne!(white(3, 4, 1), white(3, 4, 2));
    }

    #[test]
    fn gradient_noise_is_smooth_bounded_and_zero_on_the_lattice() {
        let at = |i: i32| gradient(i as f32 * 0.013, i as f32 * 0.007, 5);
        let values: Vec<f32> = (0..20_000).map(at).collect();
        assert!(values.iter().all(|v| v.abs() <= 1.0));
        assert!(values.windows(2).all(|w| (w[0] - w[1]).abs() < 0.06));
        assert!(values.iter().any(|v| v.abs() > 0.5));
        assert_eq!(gradient(-3.0, 8.0, 5), 0.0);
    }
}
