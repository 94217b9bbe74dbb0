//! Ink and paper as colours.

use danqing_capability::Cancelled;
use danqing_media::color::{lab_from_srgb, srgb_from_lab};
use danqing_media::{LabF32, Raster, SrgbF32};

use super::{Params, seal};
use crate::field::{Crew, Plane, mix};
use crate::painting::Study;

/// Rice paper, lightly warm.
const PAPER: [f32; 3] = [96.0, 0.2, 4.2];
/// Pine-soot ink, dense.
const INK: [f32; 3] = [11.0, 0.3, 0.4];

/// Washes and lines on paper, at the result's size.
pub(super) fn mounted(
    study: &Study,
    (washes, lines, surface): (&Plane, &Plane, &Plane),
    params: &Params,
    seed: u32,
    crew: &Crew,
) -> Result<Raster<SrgbF32>, Cancelled> {
    let colour = params.colour.get();
    let own = if colour > 0.0 { Some(study.full(&lab_from_srgb(study.flattened(0.01, crew)?), crew)?) } else { None };
    let texture = params.paper.get();
    let painted: Raster<LabF32> = crew.colours(study.size, |x, y| {
        let surface = surface.pixel(x, y)[0];
        let clear = (1.0 - washes.pixel(x, y)[0]) * (1.0 - lines.pixel(x, y)[0]);
        let dense = 1.0 - clear;
        let mut made = [
            mix(PAPER[0], INK[0], dense) + texture * 3.4 * surface * mix(1.0, 0.4, dense),
            mix(PAPER[1], INK[1], dense),
            mix(PAPER[2] * 2.0 * texture.min(0.75), INK[2], dense) - 0.6 * texture * surface,
        ];
        if let Some(own) = &own {
            let own = own.pixel(x, y);
            made[1] += 0.8 * colour * own[1];
            made[2] += 0.8 * colour * own[2];
        }
        made
    })?;
    let mut painted = srgb_from_lab(painted);
    if params.seal {
        seal::pressed(&mut painted, seed);
    }
    painted.samples_mut().iter_mut().for_each(|v| *v = v.clamp(0.0, 1.0));
    Ok(painted)
}
