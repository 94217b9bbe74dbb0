//! Brush lines along the edges.

use danqing_capability::Cancelled;

use super::Params;
use super::tone::Tone;
use super::washes::brushed;
use crate::field::{Crew, Plane, mix, smoothstep};
use crate::noise::fractal;
use crate::painting::{Study, paper};
use crate::xdog::{Difference, flow_based};

/// Density of the lines at the result's size.
pub(super) fn drawn(study: &Study, tone: &Tone, params: &Params, seed: u32, crew: &Crew) -> Result<Plane, Cancelled> {
    let fine = dark_side(study, 0.0011, 0.006, crew)?;
    let bold = dark_side(study, 0.0026, 0.012, crew)?;
    let (fine, bold) = (study.full(&fine, crew)?, study.full(&bold, crew)?);
    let streaks = study.full(&brushed(study, seed ^ 0x5A5A, crew)?, crew)?;
    let light = study.full(&tone.light, crew)?;
    let keep = params.keep_structure.get();
    let weight = params.lines.get() / 0.6;
    let dry = params.dry_brush.get();
    let side = study.side * study.scale;
    crew.plane(study.size, |x, y| {
        let at = study.in_sides(x, y);
        let pressure = fractal(at[0] * 22.0, at[1] * 22.0, 2, seed ^ 0x77);
        let speed = fractal(at[0] * 9.0 + 5.0, at[1] * 9.0, 2, seed ^ 0x99);
        let value = |plane: &Plane| plane.pixel(x, y)[0];
        // A pressed brush draws where the response is still weak: the same edge becomes a wider line.
        let from = 0.010 - 0.006 * pressure;
        let thin = smoothstep(from, from + 0.030, value(&fine) * mix(0.7, 1.25, keep));
        let from = 0.020 - 0.014 * pressure;
        let thick = smoothstep(from, from + 0.035, value(&bold));
        let tooth = 0.5 + 0.5 * paper::rice(at, 1.0 / side, seed ^ 0xAB);
        let gap = dry * smoothstep(0.05, 0.5, speed) * smoothstep(0.35, 0.75, 0.7 * value(&streaks) + 0.3 * tooth);
        let dark = mix(0.92, 0.55, value(&light).clamp(0.0, 1.0));
        let stroke = (thick * (1.0 - 0.9 * gap) * dark).max(thin * (1.0 - 0.55 * gap) * mix(0.5, 0.85, keep));
        (stroke * weight).clamp(0.0, 0.95)
    })
}

/// How much darker a place is than its surroundings across the edge; 0 where it is lighter.
fn dark_side(study: &Study, width: f32, length: f32, crew: &Crew) -> Result<Plane, Cancelled> {
    let difference = Difference { sigma: study.pixels(width, 0.7), ratio: 1.6, sharpness: 1.0 };
    let lines = flow_based(&study.light, &study.flow, difference, study.pixels(length, 2.0), crew)?;
    let soft = Difference { sharpness: 0.0, ..difference };
    let plain = flow_based(&study.light, &study.flow, soft, study.pixels(length, 2.0), crew)?;
    crew.plane(lines.size(), |x, y| (plain.pixel(x, y)[0] - lines.pixel(x, y)[0]).max(0.0))
}
