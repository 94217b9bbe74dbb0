//! 木刻: black ink and bare paper: solid shadows, and gouged lines along the shapes that swell with the light.
//!
//! The lines are noise of one wavelength across the flow, drawn out along it; the picture's tone is their threshold.
//! Sources: `flow`, `xdog`; the idea of a flow-aligned screen is that of engraving filters after V. Ostromoukhov,
//! "Digital facial engraving", 1999.

use danqing_capability::{Cancelled, Progress};
use danqing_media::{Raster, SrgbF32};
use serde::{Deserialize, Serialize};

use super::study::lightness;
use super::{Session, Share, Study, paper};
use crate::field::{Crew, Plane, blurred, equalised, mix, percentile, smoothstep};
use crate::flow::Flow;
use crate::noise::{fractal, gradient, seed_for, white};
use crate::xdog::{Difference, dark_side};

/// How the block is cut. All shares are `0.0..=1.0`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// How closely small shapes are kept.
    pub keep_structure: Share,
    /// Amount of black.
    pub ink: Share,
    /// Width of the gouge: 0 = wood engraving, 1 = a broad knife.
    pub gouge: Share,
    /// How much wood grain shows in the black.
    pub grain: Share,
}

impl Default for Params {
    fn default() -> Self {
        let [keep_structure, ink, gouge, grain] = [0.6, 0.5, 0.4, 0.4].map(Share::of);
        Self { keep_structure, ink, gouge, grain }
    }
}

const PAPER: [f32; 3] = [0.955, 0.925, 0.855];
const INK: [f32; 3] = [0.085, 0.078, 0.075];

/// Prints at the picture's size.
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
    let seed = seed_for(session.seed, 3);
    progress.step("woodcut", 0, 4)?;
    let study = Study::new(picture, session.scale, &crew)?;
    let tone = tones(&study, params, &crew)?;
    progress.step("woodcut", 1, 4)?;
    let screen = screen(&study, params, seed, &crew)?;
    progress.step("woodcut", 2, 4)?;
    let cut = study.full(&black(&study, &tone, &screen, &crew)?, &crew)?;
    progress.step("woodcut", 3, 4)?;
    let finest = 1.0 / (study.side * study.scale);
    let soft = 0.16 / study.scale.sqrt();
    let made = crew.colours(study.size, |x, y| {
        let at = study.in_sides(x, y);
        let wood = grain(at, finest, seed);
        let tooth = paper::tooth(at, 0.002, finest, seed ^ 3);
        let dry = params.grain.get() * (0.30 * wood.max(0.0) + 0.10 * tooth);
        let ink = smoothstep(-soft, soft, cut.pixel(x, y)[0] + 0.05 * tooth) * (1.0 - dry).clamp(0.0, 1.0);
        std::array::from_fn(|i| mix(PAPER[i] * (1.0 + 0.012 * tooth), INK[i], ink).clamp(0.0, 1.0))
    })?;
    progress.step("woodcut", 4, 4)?;
    Ok(made)
}

/// Darkness: 0 = bare paper, 1 = solid black.
fn tones(study: &Study, params: &Params, crew: &Crew) -> Result<Plane, Cancelled> {
    let keep = params.keep_structure.get();
    let flat = lightness(&study.flattened(mix(0.010, 0.004, keep), crew)?);
    let around = blurred(&flat, study.pixels(0.06, 2.0), crew)?;
    let (low, high) = (percentile(&flat, 0.03), percentile(&flat, 0.97));
    let gamma = mix(1.5, 0.55, params.ink.get());
    crew.plane(flat.size(), |x, y| {
        let own = flat.pixel(x, y)[0];
        let level = (own - low) / (high - low).max(0.2) + 0.7 * (own - around.pixel(x, y)[0]);
        let dark = (1.0 - level).clamp(0.0, 1.0).powf(gamma);
        // Lights stay bare and shadows solid: no hairlines of either.
        ((dark - 0.16) / 0.60).clamp(-0.2, 1.2)
    })
}

/// Lines of one wavelength along smooth curves, evenly in `0..=1`.
fn screen(study: &Study, params: &Params, seed: u32, crew: &Crew) -> Result<Plane, Cancelled> {
    let width = study.pixels(mix(0.0014, 0.0034, params.gouge.get()), 1.1);
    let calm = blurred(&study.light, study.pixels(0.004, 1.0), crew)?;
    let curves = Flow::new(&calm, study.pixels(0.010, 3.0), crew)?;
    let points = crew.plane(calm.size(), |x, y| white(x as i32, y as i32, seed))?;
    let points = blurred(&points, 0.7 * width, crew)?;
    let lines = Difference { sigma: width, ratio: 1.6, sharpness: 0.0 };
    Ok(equalised(&dark_side(&points, &curves, lines, study.pixels(0.030, 6.0), crew)?))
}

/// Above 0 = ink: tone against screen, with outlines in black and a light line beside them.
fn black(study: &Study, tone: &Plane, screen: &Plane, crew: &Crew) -> Result<Plane, Cancelled> {
    let width = Difference { sigma: study.pixels(0.0016, 0.9), ratio: 1.6, sharpness: 0.0 };
    let edges = dark_side(&study.light, &study.flow, width, study.pixels(0.010, 2.5), crew)?;
    let cut = crew.plane(tone.size(), |x, y| {
        let edge = edges.pixel(x, y)[0];
        let outline = smoothstep(0.012, 0.035, edge) * 1.6;
        let carved = smoothstep(0.022, 0.065, -edge) * 0.9;
        (tone.pixel(x, y)[0] - screen.pixel(x, y)[0] + outline - carved).clamp(-1.0, 1.0)
    })?;
    blurred(&cut, 0.6, crew)
}

/// Annual rings of a plank: bent stripes along the width.
fn grain(at: [f32; 2], finest: f32, seed: u32) -> f32 {
    let bent = at[1] + 0.06 * fractal(at[0] * 1.3, at[1] * 3.0, 2, seed ^ 8);
    gradient(at[0] * 4.0, bent / (0.004_f32).max(2.0 * finest), seed ^ 9)
        + 0.4 * gradient(at[0] * 30.0, bent / (0.0016_f32).max(2.0 * finest), seed ^ 4)
}
