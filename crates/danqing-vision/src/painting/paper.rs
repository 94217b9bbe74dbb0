//! Papers: height of the surface around 0, positions in sides of the picture.

use crate::noise::{fractal, gradient};

/// Rice paper: long fibres in all directions over a soft cloud; about `-1..=1`. `finest` is the width of a pixel, below
/// which no detail is drawn.
pub(crate) fn rice(at: [f32; 2], finest: f32, seed: u32) -> f32 {
    let cell = |width: f32| 1.0 / width.max(2.0 * finest);
    let cloud = fractal(at[0] * 9.0, at[1] * 9.0, 3, seed);
    let fibres: f32 = (0..4).map(|i| fibre(at, i, cell(0.0016), seed)).sum();
    let grain = gradient(at[0] * cell(0.0022), at[1] * cell(0.0022), seed ^ 0x51);
    0.25 * cloud + 0.45 * fibres + 0.4 * grain
}

/// Fibres of one direction: noise stretched tenfold, bent by wide noise.
fn fibre(at: [f32; 2], direction: u32, frequency: f32, seed: u32) -> f32 {
    let bend = 0.35 * gradient(at[0] * 14.0, at[1] * 14.0, seed ^ (direction + 11));
    let (sin, cos) = (0.4 + direction as f32 * 0.785 + bend).sin_cos();
    let (u, v) = (at[0] * cos + at[1] * sin, at[1] * cos - at[0] * sin);
    let ridge = 1.0 - gradient(u * frequency * 0.1, v * frequency, seed ^ (direction + 31)).abs() * 3.0;
    ridge.max(0.0).powi(3) * 0.8
}

/// Cold-pressed watercolour paper and pencil paper: rounded bumps with a finer tooth; about `-1..=1`.
pub(crate) fn tooth(at: [f32; 2], width: f32, finest: f32, seed: u32) -> f32 {
    let frequency = 1.0 / width.max(2.0 * finest);
    let (x, y) = (at[0] * frequency, at[1] * frequency);
    let bumps = gradient(x, y, seed) + 0.6 * gradient(x * 1.9 + 7.3, y * 1.9 - 2.1, seed ^ 0x77);
    bumps.clamp(-1.0, 1.0)
}
