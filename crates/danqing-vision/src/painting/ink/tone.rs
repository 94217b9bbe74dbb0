//! Which tone goes where: 1 is blank paper, 0 the densest ink.

use danqing_capability::Cancelled;

use super::{Params, ground};
use crate::field::{Crew, Plane, blurred, mix, percentile, smoothstep};
use crate::painting::Study;
use crate::painting::study::lightness;

/// Tones of the whole picture.
pub(super) struct Tone {
    /// 1 = paper, 0 = densest ink.
    pub(super) light: Plane,
}

/// Flattens texture, spreads the tones, brings out local contrast and fades what is calm.
pub(super) fn composed(study: &Study, params: &Params, crew: &Crew) -> Result<Tone, Cancelled> {
    let keep = params.keep_structure.get();
    let flat = study.flattened(mix(0.0115, 0.0015, keep), crew)?;
    let behind = ground::likely(&flat, crew)?;
    let flat = lightness(&flat);
    let fine = &study.light;
    let busy = busyness(study, &flat, crew)?;
    let (low, high) = (percentile(&flat, 0.01), percentile(&flat, 0.98));
    let spread = |v: f32| ((v - low) / (high - low).max(0.2)).clamp(-0.1, 1.1);
    let local = blurred(&flat, study.pixels(0.035, 2.0), crew)?;
    let wide = blurred(&flat, study.pixels(0.12, 2.0), crew)?;
    let gamma = mix(0.62, 1.15, params.ink.get());
    let light = crew.plane(flat.size(), |x, y| {
        let at = |plane: &Plane| plane.pixel(x, y)[0];
        let own = mix(at(&flat), at(fine), 0.30 * keep);
        let level = spread(own).max(0.0).powf(gamma);
        // Broad middle tones are thinned, so that a meadow or a wall does not drown what stands on it.
        let thinned = 0.5 * params.blank.get() * (0.85 - at(&wide)).max(0.0) * smoothstep(0.15, 0.40, level);
        let lifted = level + thinned + 0.55 * (own - at(&local)) + 0.35 * (at(&local) - at(&wide));
        let calm = 1.0 - at(&busy);
        let fade = mix(1.3, 0.8, keep)
            * params.blank.get()
            * calm
            * smoothstep(-0.25, 0.6, lifted.max(0.12 + 0.40 * at(&behind)));
        mix(lifted, 1.0, (fade * mix(1.3, 1.75, at(&behind))).clamp(0.0, 1.0)).clamp(0.0, 1.0)
    })?;
    // Calm places are painted wet in wet: their tones run into each other.
    let wet = blurred(&light, study.pixels(0.028, 2.0), crew)?;
    let light = crew.plane(flat.size(), |x, y| {
        let calm = smoothstep(0.75, 0.05, busy.pixel(x, y)[0]);
        mix(light.pixel(x, y)[0], wet.pixel(x, y)[0], calm)
    })?;
    Ok(Tone { light })
}

/// Edge strength, spread wide: flat areas far from any edge are calm.
fn busyness(study: &Study, flat: &Plane, crew: &Crew) -> Result<Plane, Cancelled> {
    let near = blurred(flat, study.pixels(0.002, 0.8), crew)?;
    let far = blurred(flat, study.pixels(0.012, 1.5), crew)?;
    let edges = crew.plane(flat.size(), |x, y| (near.pixel(x, y)[0] - far.pixel(x, y)[0]).abs())?;
    let around = blurred(&edges, study.pixels(0.045, 3.0), crew)?;
    let most = percentile(&around, 0.95).max(0.01);
    crew.plane(flat.size(), |x, y| smoothstep(0.06, 0.55, around.pixel(x, y)[0] / most))
}
