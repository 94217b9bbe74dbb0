//! 卡通: flat areas of clear colour, a few tones, clean dark lines.
//!
//! Source: H. Winnemöller, S. Olsen, B. Gooch, "Real-time video abstraction", 2006 (soft quantisation of lightness), with
//! flow-based lines.

use danqing_capability::{Cancelled, Progress};
use danqing_media::color::{lab_from_srgb, srgb_from_lab};
use danqing_media::{LabF32, Raster, SrgbF32};
use serde::{Deserialize, Serialize};

use super::study::lightness;
use super::{Session, Share, Study};
use crate::field::{Crew, Plane, mix, smoothstep};
use crate::xdog::{Difference, dark_side};

/// How flat, how colourful, how lined. All shares are `0.0..=1.0`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// How closely small shapes are kept.
    pub keep_structure: Share,
    /// How few tones there are: 0 = many, 1 = two or three.
    pub flatness: Share,
    /// How far colours are strengthened.
    pub colour: Share,
    /// Weight of the lines.
    pub lines: Share,
}

impl Default for Params {
    fn default() -> Self {
        let [keep_structure, flatness, colour, lines] = [0.6, 0.6, 0.5, 0.5].map(Share::of);
        Self { keep_structure, flatness, colour, lines }
    }
}

/// Paints at the picture's size.
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
    progress.step("cartoon", 0, 3)?;
    let study = Study::new(picture, session.scale, &crew)?;
    let flat = study.flattened(mix(0.020, 0.009, params.keep_structure.get()), &crew)?;
    progress.step("cartoon", 1, 3)?;
    let lines = study.full(&lines(&study, &lightness(&flat), params, &crew)?, &crew)?;
    progress.step("cartoon", 2, 3)?;
    let colours = study.full(&lab_from_srgb(flat), &crew)?;
    let made: Raster<LabF32> = crew.colours(study.size, |x, y| {
        let colour = [0, 1, 2].map(|i| colours.pixel(x, y)[i]);
        inked(stepped(colour, params), lines.pixel(x, y)[0])
    })?;
    let mut made = srgb_from_lab(made);
    made.samples_mut().iter_mut().for_each(|v| *v = v.clamp(0.0, 1.0));
    progress.step("cartoon", 3, 3)?;
    Ok(made)
}

/// Lightness in soft steps, lifted a little; chroma strengthened, most where it is weak but present.
fn stepped([light, a, b]: [f32; 3], params: &Params) -> [f32; 3] {
    let step = mix(8.0, 26.0, params.flatness.get());
    let level = ((light / step).floor() + 0.5) * step;
    let within = (light - level) / step; // -0.5..=0.5
    let soft = level + 0.5 * step * (within * 7.0).tanh();
    let lifted = 100.0 * (soft.clamp(0.0, 100.0) / 100.0).powf(0.88);
    let chroma = a.hypot(b);
    let gain =
        1.0 + 1.1 * params.colour.get() * smoothstep(2.0, 14.0, chroma) * (1.0 - smoothstep(50.0, 110.0, chroma));
    [lifted, a * gain, b * gain]
}

fn inked([light, a, b]: [f32; 3], line: f32) -> [f32; 3] {
    [mix(light, 9.0, line), mix(a, 1.0, line), mix(b, -2.0, line)]
}

/// Lines of one width, dark and closed.
fn lines(study: &Study, flat: &Plane, params: &Params, crew: &Crew) -> Result<Plane, Cancelled> {
    let weight = params.lines.get();
    let own = crew.plane(flat.size(), |x, y| 0.5 * (flat.pixel(x, y)[0] + study.light.pixel(x, y)[0]))?;
    let width = Difference { sigma: study.pixels(mix(0.0010, 0.0032, weight), 0.8), ratio: 1.6, sharpness: 0.0 };
    let dark = dark_side(&own, &study.flow, width, study.pixels(0.010, 2.5), crew)?;
    let from = mix(0.014, 0.001, weight);
    crew.plane(flat.size(), |x, y| smoothstep(from, from + 0.007, dark.pixel(x, y)[0]) * weight.min(0.12) / 0.12)
}
