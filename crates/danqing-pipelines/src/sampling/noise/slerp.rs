//! Spherical interpolation between two noises as A1111 does it: equal to `modules/rng.py` of
//! lllyasviel/stable-diffusion-webui-forge@dfdcbab within 1e-6. Angles are taken per column of the latent, not over the whole
//! (that program's habit, kept so that a variation seed means the same picture).

use super::LatentShape;

/// `from` turned towards `to` by `amount` (0..=1), column by column of `[channels, height, width]`.
#[must_use]
pub fn slerp_columns(amount: f32, from: &[f32], to: &[f32], shape: LatentShape) -> Vec<f32> {
    let amount = f64::from(amount);
    let columns = shape.channels * shape.width;
    let angles: Vec<f64> = (0..columns).map(|column| cosine(from, to, shape, column)).collect();
    let mean = angles.iter().sum::<f64>() / columns as f64;
    let mut mixed = vec![0.0; from.len()];
    for (column, cosine) in angles.into_iter().enumerate() {
        // All but parallel noises are mixed straight, the wrong way round in the original too.
        let (a, b) = if mean > 0.9995 { (amount, 1.0 - amount) } else { weights(amount, cosine.acos()) };
        for i in indices(shape, column) {
            mixed[i] = (a * f64::from(from[i]) + b * f64::from(to[i])) as f32;
        }
    }
    mixed
}

fn weights(amount: f64, angle: f64) -> (f64, f64) {
    (((1.0 - amount) * angle).sin() / angle.sin(), (amount * angle).sin() / angle.sin())
}

fn cosine(from: &[f32], to: &[f32], shape: LatentShape, column: usize) -> f64 {
    let (mut dot, mut from_square, mut to_square) = (0.0, 0.0, 0.0);
    for i in indices(shape, column) {
        let (a, b) = (f64::from(from[i]), f64::from(to[i]));
        dot += a * b;
        from_square += a * a;
        to_square += b * b;
    }
    dot / (from_square.sqrt() * to_square.sqrt())
}

fn indices(shape: LatentShape, column: usize) -> impl Iterator<Item = usize> {
    let (channel, x) = (column / shape.width, column % shape.width);
    (0..shape.height).map(move |y| (channel * shape.height + y) * shape.width + x)
}
