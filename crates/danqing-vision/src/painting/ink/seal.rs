//! A square red seal with the two characters 丹青, white strokes on cinnabar (白文).

use danqing_media::{Raster, SrgbF32};

use crate::field::{mix, smoothstep};
use crate::noise::gradient;

/// Strokes of 丹 (right half; seals read from the right) and 青 (left half), in sides of the seal.
const STROKES: [[[f32; 2]; 2]; 17] = [
    // 丹
    [[0.60, 0.18], [0.86, 0.18]],
    [[0.60, 0.18], [0.60, 0.70]],
    [[0.86, 0.18], [0.86, 0.86]],
    [[0.60, 0.70], [0.54, 0.86]],
    [[0.54, 0.50], [0.91, 0.50]],
    [[0.73, 0.28], [0.73, 0.41]],
    [[0.86, 0.86], [0.79, 0.86]],
    // 青
    [[0.14, 0.19], [0.42, 0.19]],
    [[0.14, 0.32], [0.42, 0.32]],
    [[0.09, 0.45], [0.47, 0.45]],
    [[0.28, 0.11], [0.28, 0.45]],
    [[0.16, 0.56], [0.16, 0.88]],
    [[0.16, 0.56], [0.41, 0.56]],
    [[0.41, 0.56], [0.41, 0.88]],
    [[0.16, 0.66], [0.41, 0.66]],
    [[0.16, 0.76], [0.41, 0.76]],
    [[0.41, 0.88], [0.35, 0.88]],
];

const CINNABAR: [f32; 3] = [0.72, 0.15, 0.11];

/// Presses the seal into the lower left corner.
pub(super) fn pressed(picture: &mut Raster<SrgbF32>, seed: u32) {
    let (width, height) = picture.size();
    let side = 0.062 * ((width * height) as f32).sqrt();
    let (left, top) = (width as f32 * 0.055, height as f32 * 0.945 - side);
    for y in top.max(0.0) as usize..((top + side) as usize + 1).min(height) {
        for x in left as usize..((left + side) as usize + 1).min(width) {
            let at = [(x as f32 - left) / side, (y as f32 - top) / side];
            let ink = stamped(at, 1.5 / side, seed);
            for (to, colour) in picture.pixel_mut(x, y).iter_mut().zip(CINNABAR) {
                *to = mix(*to, colour * mix(1.0, *to, 0.5), ink);
            }
        }
    }
}

/// Amount of seal paste at a place of the seal.
fn stamped(at: [f32; 2], soft: f32, seed: u32) -> f32 {
    let ragged = 0.008 * gradient(at[0] * 17.0, at[1] * 17.0, seed);
    let edge = at[0].min(at[1]).min(1.0 - at[0]).min(1.0 - at[1]) - 0.01 + ragged;
    let stroke = STROKES.iter().map(|[a, b]| distance(at, *a, *b)).fold(f32::MAX, f32::min) - 0.024 + ragged;
    let worn = smoothstep(
        0.42,
        0.62,
        gradient(at[0] * 9.0, at[1] * 9.0, seed ^ 5) * 0.5 + gradient(at[0] * 31.0, at[1] * 31.0, seed ^ 9) * 0.5,
    );
    smoothstep(-soft, soft, edge) * smoothstep(-soft, soft, stroke) * (1.0 - 0.8 * worn) * 0.94
}

fn distance(at: [f32; 2], from: [f32; 2], to: [f32; 2]) -> f32 {
    let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
    let t = (((at[0] - from[0]) * dx + (at[1] - from[1]) * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0);
    (at[0] - from[0] - t * dx).hypot(at[1] - from[1] - t * dy)
}
