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

#[cfg(test)]
mod tests {
    use danqing_capability::{CancelToken, Progress};

    use super::*;
    use crate::painting::{Session, ink};

    fn is_red(pixel: &[f32]) -> bool {
        pixel[0] - pixel[1].max(pixel[2]) > 0.15
    }

    /// Red pixels of `after`; panics at a pixel that differs from `before` outside the lower left corner.
    fn red_in_the_corner(before: &Raster<SrgbF32>, after: &Raster<SrgbF32>) -> usize {
        let (width, height) = before.size();
        let mut red = 0;
        for y in 0..height {
            for x in 0..width {
                let (old, new) = (before.pixel(x, y), after.pixel(x, y));
                let in_corner = x < width / 4 && y >= height * 3 / 4;
                assert!(in_corner || old == new, "pixel {x},{y} outside the corner became {new:?}");
                red += usize::from(is_red(new));
            }
        }
        red
    }

    #[test]
    fn a_seal_reddens_a_square_in_the_lower_left_corner_alone() {
        let paper = Raster::<SrgbF32>::filled(800, 600, 0.95);
        let mut sealed = paper.clone();
        pressed(&mut sealed, 7);
        let red = red_in_the_corner(&paper, &sealed);
        // A side of 0.062 · √(800 · 600) = 43 pixels; strokes and wear stay pale.
        assert!((43 * 43 / 4..43 * 43).contains(&red), "{red} red pixels");
    }

    #[test]
    fn ink_is_sealed_when_asked_and_not_otherwise() {
        let picture = Raster::<SrgbF32>::from_fn(240, 180, |x, y, s| {
            let in_disc = (x as f32 - 140.0).hypot(y as f32 - 70.0) < 40.0;
            s.fill(if in_disc { 0.2 } else { 0.8 });
        });
        let painted = |seal: bool| {
            let mut silent = |_| ();
            let mut progress = Progress::new(CancelToken::default(), &mut silent);
            let params = ink::Params { seal, ..ink::Params::default() };
            ink::paint(&picture, &params, Session { seed: 3, scale: 1.0, threads: 1 }, &mut progress).expect("runs")
        };
        let (plain, sealed) = (painted(false), painted(true));
        assert_eq!(red_in_the_corner(&plain, &plain), 0, "ink and paper are not red");
        let red = red_in_the_corner(&plain, &sealed);
        assert!(red > 20, "{red} red pixels");
    }
}
