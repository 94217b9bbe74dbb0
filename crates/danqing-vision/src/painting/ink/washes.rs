//! Five washes, pale to dense, laid over each other.

use danqing_capability::Cancelled;

use super::Params;
use super::tone::Tone;
use crate::field::{Crew, Plane, bilinear, blurred, equalised, mix, smoothstep};
use crate::flow::along;
use crate::noise::{fractal, gradient, white};
use crate::painting::{Study, paper};

/// One wash: where tones are darker than `below`, so dense.
struct Wash {
    below: f32,
    density: f32,
    /// Width of its smoothing, as a fraction of the side.
    softness: f32,
    /// Width of its border, in tone.
    border: f32,
    /// How much its border is moved by wet paper, in tone.
    wander: f32,
    /// How much it shows the brush's streaks.
    streaks: f32,
}

/// 清 pale, 淡 light, 重 middle, 浓 dark, 焦 burnt.
const WASHES: [Wash; 5] = [
    Wash { below: 0.86, density: 0.10, softness: 0.0065, border: 0.07, wander: 0.10, streaks: 0.15 },
    Wash { below: 0.66, density: 0.17, softness: 0.0040, border: 0.055, wander: 0.08, streaks: 0.25 },
    Wash { below: 0.46, density: 0.29, softness: 0.0026, border: 0.045, wander: 0.06, streaks: 0.40 },
    Wash { below: 0.28, density: 0.42, softness: 0.0016, border: 0.04, wander: 0.05, streaks: 0.55 },
    Wash { below: 0.13, density: 0.55, softness: 0.0010, border: 0.035, wander: 0.04, streaks: 0.60 },
];

/// Density of all washes together: 0 = paper, towards 1 = black. At the result's size.
pub(super) fn laid(study: &Study, tone: &Tone, params: &Params, seed: u32, crew: &Crew) -> Result<Plane, Cancelled> {
    let streaks = study.full(&brushed(study, seed, crew)?, crew)?;
    let mut clear = Plane::filled(study.size.0, study.size.1, 1.0);
    for (number, wash) in WASHES.iter().enumerate() {
        let soft = blurred(&tone.light, study.pixels(wash.softness, 0.7), crew)?;
        let seed = seed.wrapping_add(number as u32 * 101);
        let layer = Layer { study, wash, tones: study.full(&soft, crew)?, streaks: &streaks, params, seed };
        crew.rows(clear.samples_mut(), study.size.0, |y, row| {
            for (x, clear) in row.iter_mut().enumerate() {
                *clear *= 1.0 - layer.density(x, y);
            }
        })?;
    }
    crew.plane(study.size, |x, y| 1.0 - clear.pixel(x, y)[0])
}

/// Streaks of a broad brush that follows the picture, evenly in `0..=1`.
pub(super) fn brushed(study: &Study, seed: u32, crew: &Crew) -> Result<Plane, Cancelled> {
    let bristles = crew.plane(study.picture.size(), |x, y| white(x as i32, y as i32, seed ^ 0xB5))?;
    let bristles = blurred(&bristles, study.pixels(0.0009, 0.6), crew)?;
    Ok(equalised(&along(&bristles, &study.flow, study.pixels(0.014, 3.0), crew)?))
}

struct Layer<'a> {
    study: &'a Study,
    wash: &'a Wash,
    tones: Plane,
    streaks: &'a Plane,
    params: &'a Params,
    seed: u32,
}

impl Layer<'_> {
    fn density(&self, x: usize, y: usize) -> f32 {
        let at = self.study.in_sides(x, y);
        let wet = self.params.wetness.get() * 2.0;
        let free = mix(1.3, 0.6, self.params.keep_structure.get());
        let side = self.study.side * self.study.scale;
        let creep = 0.0022 * wet * free * side;
        let dx = creep * fractal(at[0] * 90.0, at[1] * 90.0, 3, self.seed);
        let dy = creep * fractal(at[0] * 90.0 + 31.7, at[1] * 90.0, 3, self.seed ^ 0x1F);
        let tone = bilinear(&self.tones, x as f32 + dx, y as f32 + dy);
        let streak = self.streaks.pixel(x, y)[0] - 0.5;
        let pool = fractal(at[0] * 16.0, at[1] * 16.0, 3, self.seed ^ 0x33);
        let dry = self.params.dry_brush.get() * self.wash.streaks;
        let moved = tone + self.wash.wander * wet * free * pool + 0.14 * dry * streak;
        let depth = self.wash.below - moved; // > 0 inside the wash
        let inside = smoothstep(-self.wash.border, self.wash.border, depth);
        if inside == 0.0 {
            return 0.0;
        }
        let rim = 0.30 * wet * (1.0 - smoothstep(0.0, 1.6 * self.wash.border, depth)) * inside;
        let grain = paper::rice(at, 1.0 / side, self.seed ^ 0x99) * 0.10;
        let uneven = 1.0 + rim + grain + 0.16 * pool + 0.5 * dry * streak;
        (self.wash.density * inside * uneven * mix(1.0, 0.94, gradient(at[0] * 5.0, at[1] * 5.0, self.seed)))
            .clamp(0.0, 0.97)
    }
}
