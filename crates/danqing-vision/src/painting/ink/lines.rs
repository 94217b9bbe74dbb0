//! Brush lines along the edges.

use danqing_capability::Cancelled;

use super::Params;
use super::tone::Tone;
use super::washes::Paper;
use crate::field::{Crew, Plane, blurred, mix, smoothstep};
use crate::noise::fractal;
use crate::painting::Study;
use crate::xdog::{Difference, dark_side};

/// Density of the lines at the result's size.
pub(super) fn drawn(
    study: &Study,
    (tone, paper): (&Tone, &Paper),
    params: &Params,
    seed: u32,
    crew: &Crew,
) -> Result<Plane, Cancelled> {
    let fine = darker(study, 0.0011, 0.008, crew)?;
    let bold = darker(study, 0.0028, 0.016, crew)?;
    let even = evened(study, &fine, crew)?;
    let (fine, bold) = (study.full(&fine, crew)?, study.full(&bold, crew)?);
    let light = study.full(&tone.light, crew)?;
    let even = study.full(&even, crew)?;
    let keep = params.keep_structure.get();
    let weight = params.lines.get() / 0.6;
    let dry = params.dry_brush.get();
    crew.plane(study.size, |x, y| {
        let at = study.in_sides(x, y);
        let pressure = fractal(at[0] * 22.0, at[1] * 22.0, 2, seed ^ 0x77);
        let speed = fractal(at[0] * 9.0 + 5.0, at[1] * 9.0, 2, seed ^ 0x99);
        let value = |plane: &Plane| plane.pixel(x, y)[0];
        // A pressed brush draws where the response is still weak: the same edge becomes a wider line.
        let from = 0.006 - 0.004 * pressure;
        let thin = smoothstep(from, from + 0.024, value(&fine) * value(&even) * mix(0.85, 1.15, keep));
        let from = 0.014 - 0.011 * pressure;
        let thick = smoothstep(from, from + 0.030, value(&bold) * value(&even));
        let tooth = 0.5 + 0.5 * value(&paper.surface);
        let gap =
            dry * smoothstep(0.05, 0.5, speed) * smoothstep(0.35, 0.75, 0.7 * value(&paper.streaks) + 0.3 * tooth);
        let dark = mix(0.92, 0.55, value(&light).clamp(0.0, 1.0));
        let stroke = (thick * (1.0 - 0.9 * gap) * dark).max(thin * (1.0 - 0.55 * gap) * mix(0.5, 0.85, keep));
        (stroke * weight).clamp(0.0, 0.95)
    })
}

/// How much darker a place is than its surroundings across the edge.
fn darker(study: &Study, width: f32, length: f32, crew: &Crew) -> Result<Plane, Cancelled> {
    let difference = Difference { sigma: study.pixels(width, 0.7), ratio: 1.6, sharpness: 0.0 };
    dark_side(&study.light, &study.flow, difference, study.pixels(length, 2.0), crew)
}

/// Strengthens lines where all are weak, so that pale shapes on pale ground have their outlines too.
fn evened(study: &Study, fine: &Plane, crew: &Crew) -> Result<Plane, Cancelled> {
    let strength = crew.plane(fine.size(), |x, y| fine.pixel(x, y)[0].abs())?;
    let around = blurred(&strength, study.pixels(0.03, 2.0), crew)?;
    crew.plane(fine.size(), |x, y| (0.010 / (around.pixel(x, y)[0] + 0.0015)).clamp(0.8, 2.3))
}
