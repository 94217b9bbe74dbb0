//! Five washes, pale to dense, laid over each other.

use danqing_capability::Cancelled;

use super::Params;
use super::tone::Tone;
use crate::field::{Crew, Plane, bilinear, blurred, equalised, smoothstep};
use crate::flow::along;
use crate::noise::{fractal, white};
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
    Wash { below: 0.86, density: 0.11, softness: 0.0080, border: 0.11, wander: 0.06, streaks: 0.10 },
    Wash { below: 0.66, density: 0.18, softness: 0.0045, border: 0.070, wander: 0.06, streaks: 0.30 },
    Wash { below: 0.46, density: 0.29, softness: 0.0028, border: 0.050, wander: 0.05, streaks: 0.60 },
    Wash { below: 0.28, density: 0.42, softness: 0.0016, border: 0.040, wander: 0.05, streaks: 0.80 },
    Wash { below: 0.13, density: 0.55, softness: 0.0010, border: 0.035, wander: 0.04, streaks: 0.80 },
];

/// What the brush meets, at the result's size.
pub(super) struct Paper {
    /// Height of the fibres, about `-1..=1`.
    pub(super) surface: Plane,
    /// Streaks of a broad brush that follows the picture, evenly in `0..=1`.
    pub(super) streaks: Plane,
    /// Where water stands and where it is soaked up, about `-1..=1`.
    pools: Plane,
    /// How far wet borders creep, in sides: right, then down.
    creep: [Plane; 2],
}

impl Paper {
    pub(super) fn new(study: &Study, seed: u32, crew: &Crew) -> Result<Self, Cancelled> {
        let finest = 1.0 / (study.side * study.scale);
        let surface = crew.plane(study.size, |x, y| paper::rice(study.in_sides(x, y), finest, seed ^ 0x99))?;
        let small = study.picture.size();
        let noise = |frequency: f32, octaves, seed| {
            let scale = frequency / study.side;
            let plane = crew.plane(small, |x, y| fractal(x as f32 * scale, y as f32 * scale, octaves, seed))?;
            study.full(&plane, crew)
        };
        let creep = [noise(70.0, 2, seed)?, noise(70.0, 2, seed ^ 0x1F)?];
        let streaks = study.full(&brushed(study, seed, crew)?, crew)?;
        Ok(Self { surface, streaks, pools: noise(13.0, 3, seed ^ 0x33)?, creep })
    }
}

/// Density of all washes together: 0 = paper, towards 1 = black. At the result's size.
pub(super) fn laid(
    study: &Study,
    (tone, paper): (&Tone, &Paper),
    params: &Params,
    seed: u32,
    crew: &Crew,
) -> Result<Plane, Cancelled> {
    let mut dense = Plane::filled(study.size.0, study.size.1, 0.0);
    for (number, wash) in WASHES.iter().enumerate() {
        let soft = blurred(&tone.light, study.pixels(wash.softness, 0.7), crew)?;
        let turn = 2.4 * number as f32 + (seed % 64) as f32;
        let layer = Layer { study, wash, tones: study.full(&soft, crew)?, paper, params, turn };
        crew.rows(dense.samples_mut(), study.size.0, |y, row| {
            for (x, dense) in row.iter_mut().enumerate() {
                *dense = 1.0 - (1.0 - *dense) * (1.0 - layer.density(x, y));
            }
        })?;
    }
    Ok(dense)
}

/// White noise drawn out along the flow.
fn brushed(study: &Study, seed: u32, crew: &Crew) -> Result<Plane, Cancelled> {
    let bristles = crew.plane(study.picture.size(), |x, y| white(x as i32, y as i32, seed ^ 0xB5))?;
    let bristles = blurred(&bristles, study.pixels(0.0011, 0.7), crew)?;
    Ok(equalised(&along(&bristles, &study.flow, study.pixels(0.016, 3.0), crew)?))
}

struct Layer<'a> {
    study: &'a Study,
    wash: &'a Wash,
    tones: Plane,
    paper: &'a Paper,
    params: &'a Params,
    /// Each wash creeps in another direction of the same noise.
    turn: f32,
}

impl Layer<'_> {
    fn density(&self, x: usize, y: usize) -> f32 {
        let value = |plane: &Plane| plane.pixel(x, y)[0];
        let wet = self.params.wetness.get() * 2.0;
        let free = 0.3 + 3.2 * (1.0 - self.params.keep_structure.get()).powi(2);
        let creep = 0.0022 * wet * free * self.study.side * self.study.scale;
        let (sin, cos) = self.turn.sin_cos();
        let (a, b) = (creep * value(&self.paper.creep[0]), creep * value(&self.paper.creep[1]));
        let tone = bilinear(&self.tones, x as f32 + a * cos - b * sin, y as f32 + a * sin + b * cos);
        let streak = value(&self.paper.streaks) - 0.5;
        let pool = value(&self.paper.pools);
        let dry = 2.0 * self.params.dry_brush.get() * self.wash.streaks;
        let fibre = 0.03 * wet * value(&self.paper.surface);
        let moved = tone + self.wash.wander * wet * free * pool + 0.12 * dry * streak + fibre;
        let depth = self.wash.below - moved; // > 0 inside the wash
        let inside = smoothstep(-self.wash.border, self.wash.border, depth);
        if inside == 0.0 {
            return 0.0;
        }
        let rim = 0.28 * wet * (1.0 - smoothstep(0.0, 1.6 * self.wash.border, depth)) * inside;
        let uneven = 1.0 + rim + 0.12 * value(&self.paper.surface) + 0.16 * pool - 0.32 * dry * streak;
        (self.wash.density * inside * uneven).clamp(0.0, 0.97)
    }
}
