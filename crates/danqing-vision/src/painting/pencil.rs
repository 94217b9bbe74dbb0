//! 素描: graphite on toothed paper: outlines, and tones hatched in several directions.
//!
//! Hatching is noise drawn out along a direction (line integral convolution, after X. Mao, Y. Nagasaka, A. Imamiya,
//! "Automatic generation of pencil drawing from 2D images using line integral convolution", 2001), laid in three
//! directions; the tooth of the paper takes graphite on its bumps first.

use danqing_capability::{Cancelled, Progress};
use danqing_media::color::srgb_from_lab;
use danqing_media::{LabF32, Raster, SrgbF32};
use serde::{Deserialize, Serialize};

use super::study::lightness;
use super::{Session, Share, Study, paper};
use crate::field::{Crew, Plane, bilinear, blurred, equalised, mix, percentile, smoothstep};
use crate::flow::{Flow, along};
use crate::noise::{fractal, seed_for, white};
use crate::xdog::{Difference, dark_side};

/// How the pencil is used. All shares are `0.0..=1.0`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// How closely small shapes are kept.
    pub keep_structure: Share,
    /// Darkness of the tones.
    pub shading: Share,
    /// Weight of the outlines.
    pub lines: Share,
    /// Roughness of the paper.
    pub grain: Share,
    /// How loosely outlines are drawn, a second time beside the first.
    pub looseness: Share,
}

impl Default for Params {
    fn default() -> Self {
        let [keep_structure, shading, lines, grain, looseness] = [0.7, 0.55, 0.6, 0.5, 0.4].map(Share::of);
        Self { keep_structure, shading, lines, grain, looseness }
    }
}

/// Draws at the picture's size.
///
/// # Errors
/// [`Cancelled`].
pub fn paint(
    picture: &Raster<SrgbF32>,
    params: &Params,
    session: Session,
    progress: &mut Progress<'_>,
) -> Result<Raster<SrgbF32>, Cancelled> {
    let crew = Crew::new(session.threads, progress.cancel_token());
    let seed = seed_for(session.seed, 2);
    progress.step("pencil", 0, 4)?;
    let study = Study::new(picture, session.scale, &crew)?;
    let tone = tones(&study, params, &crew)?;
    progress.step("pencil", 1, 4)?;
    let shade = study.full(&hatched(&study, &tone, params, seed, &crew)?, &crew)?;
    progress.step("pencil", 2, 4)?;
    let lines = study.full(&outlines(&study, params, seed, &crew)?, &crew)?;
    progress.step("pencil", 3, 4)?;
    let finest = 1.0 / (study.side * study.scale);
    let grain = params.grain.get();
    let made: Raster<LabF32> = crew.colours(study.size, |x, y| {
        let at = study.in_sides(x, y);
        let tooth = paper::tooth(at, 0.0022, finest, seed ^ 7);
        let graphite =
            1.0 - (1.0 - shade.pixel(x, y)[0].clamp(0.0, 1.0)) * (1.0 - lines.pixel(x, y)[0].clamp(0.0, 1.0));
        // Light pressure reaches the bumps only; heavy pressure fills the valleys too.
        let caught = graphite * (1.0 + 1.1 * grain * tooth * (1.0 - graphite));
        let dense = caught.clamp(0.0, 1.0);
        [mix(96.5, 17.0, dense) + 0.8 * grain * tooth, mix(0.2, 0.0, dense), mix(2.6, -0.6, dense)]
    })?;
    let mut made = srgb_from_lab(made);
    made.samples_mut().iter_mut().for_each(|v| *v = v.clamp(0.0, 1.0));
    progress.step("pencil", 4, 4)?;
    Ok(made)
}

/// Darkness to draw, 0 = paper.
fn tones(study: &Study, params: &Params, crew: &Crew) -> Result<Plane, Cancelled> {
    let keep = params.keep_structure.get();
    let flat = lightness(&study.flattened(mix(0.007, 0.003, keep), crew)?);
    let around = blurred(&flat, study.pixels(0.05, 2.0), crew)?;
    let (low, high) = (percentile(&flat, 0.02), percentile(&flat, 0.95));
    let gamma = mix(1.9, 0.75, params.shading.get());
    crew.plane(flat.size(), |x, y| {
        let own = mix(flat.pixel(x, y)[0], study.light.pixel(x, y)[0], 0.5 * keep);
        let level = (own - low) / (high - low).max(0.2) + 0.5 * (own - around.pixel(x, y)[0]);
        (1.0 - level).clamp(0.0, 1.0).powf(gamma)
    })
}

/// Three layers of hatching: slanted strokes, strokes along the shapes, and a crossing layer in the depths.
fn hatched(study: &Study, tone: &Plane, params: &Params, seed: u32, crew: &Crew) -> Result<Plane, Cancelled> {
    let size = tone.size();
    let slanted = strokes(study, &Flow::uniform(size, -0.86), seed ^ 1, crew)?;
    let shaped = strokes(study, &study.flow, seed ^ 2, crew)?;
    let crossed = strokes(study, &Flow::uniform(size, -0.25), seed ^ 3, crew)?;
    crew.plane(size, |x, y| {
        let dark = tone.pixel(x, y)[0];
        let layer = |plane: &Plane, from: f32, full: f32, density: f32| {
            let cover = smoothstep(from, full, dark);
            density * cover * smoothstep(0.75, 0.25, plane.pixel(x, y)[0] + 0.45 - 0.9 * cover)
        };
        let first = layer(&slanted, 0.04, 0.75, 0.42);
        let second = layer(&shaped, 0.12, 0.85, 0.55);
        let third = layer(&crossed, 0.45, 1.0, 0.60);
        let laid = 1.0 - (1.0 - first) * (1.0 - second) * (1.0 - third);
        // Some graphite is rubbed in between the strokes.
        mix(laid, 0.8 * dark, 0.30 + 0.1 * params.keep_structure.get())
    })
}

/// Noise drawn out along a flow, evenly in `0..=1`.
fn strokes(study: &Study, flow: &Flow, seed: u32, crew: &Crew) -> Result<Plane, Cancelled> {
    let points = crew.plane(study.picture.size(), |x, y| white(x as i32, y as i32, seed))?;
    let points = blurred(&points, study.pixels(0.0008, 0.6), crew)?;
    Ok(equalised(&along(&points, flow, study.pixels(0.013, 3.0), crew)?))
}

/// Outlines, drawn twice with a slightly unsteady hand.
fn outlines(study: &Study, params: &Params, seed: u32, crew: &Crew) -> Result<Plane, Cancelled> {
    let width = Difference { sigma: study.pixels(0.0011, 0.75), ratio: 1.6, sharpness: 0.0 };
    let dark = dark_side(&study.light, &study.flow, width, study.pixels(0.006, 2.0), crew)?;
    let weight = params.lines.get() / 0.6;
    let loose = params.looseness.get() * study.pixels(0.005, 1.0);
    crew.plane(dark.size(), |x, y| {
        let at = [x as f32 / study.side, y as f32 / study.side];
        let pressure = 0.5 + 0.5 * fractal(at[0] * 18.0, at[1] * 18.0, 2, seed ^ 0x15);
        let pass = |number: u32, strength: f32| {
            let dx = loose * fractal(at[0] * 11.0, at[1] * 11.0, 2, seed ^ (0x28 + number));
            let dy = loose * fractal(at[0] * 11.0, at[1] * 11.0, 2, seed ^ (0x32 + number));
            strength * smoothstep(0.004, 0.040, bilinear(&dark, x as f32 + dx, y as f32 + dy))
        };
        let first = pass(0, 0.85);
        let second = pass(1, 0.5);
        ((1.0 - (1.0 - first) * (1.0 - second)) * weight * mix(0.65, 1.0, pressure.clamp(0.0, 1.0))).clamp(0.0, 0.95)
    })
}
