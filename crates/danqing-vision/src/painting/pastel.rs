//! 色粉: chalk strokes over toned paper, rubbed in below, grainy on top.
//!
//! Strokes are planned as in `strokes`; chalk catches on the tooth of the paper (after the paper model of
//! C. Curtis et al., "Computer-generated watercolor", 1997: height of the sheet against pressure).

use danqing_capability::{Cancelled, Progress};
use danqing_media::{Raster, SrgbF32};
use serde::{Deserialize, Serialize};

use super::{Session, Share, Study, paper};
use crate::field::{Crew, blurred, mix};
use crate::noise::seed_for;
use crate::strokes::{Brush, Canvas, Layer, drawn, planned};

/// How the chalk is used. All shares are `0.0..=1.0`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// How closely small shapes are kept, with finer strokes.
    pub keep_structure: Share,
    /// Roughness of the paper.
    pub grain: Share,
    /// How much of the toned paper shows.
    pub paper: Share,
    /// How far colours are strengthened.
    pub colour: Share,
    /// The paper's colour: red, green, blue.
    pub tone: [Share; 3],
}

impl Default for Params {
    fn default() -> Self {
        let [keep_structure, grain, paper, colour] = [0.6, 0.6, 0.4, 0.5].map(Share::of);
        Self { keep_structure, grain, paper, colour, tone: [0.66, 0.60, 0.53].map(Share::of) }
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
    const LAYERS: usize = 4;
    let crew = Crew::new(session.threads, progress.cancel_token());
    let seed = seed_for(session.seed, 6);
    progress.step("pastel", 0, LAYERS + 1)?;
    let study = Study::new(picture, session.scale, &crew)?;
    let subject = chalky(&study.flattened(0.004, &crew)?, params.colour.get(), &crew)?;
    let finest = 1.0 / (study.side * study.scale);
    let teeth = crew.plane(study.size, |x, y| paper::tooth(study.in_sides(x, y), 0.0030, finest, seed ^ 2))?;
    let mut canvas = rubbed(&study, &subject, params, &crew)?;
    let mut ground = None;
    for number in 0..LAYERS {
        progress.step("pastel", number + 1, LAYERS + 1)?;
        let layer = layer(&study, params, number, seed);
        let reference = blurred(&subject, 0.4 * layer.radius, &crew)?;
        let strokes = planned(&reference, ground.as_ref(), &study.flow, &layer, &crew)?;
        let grain = params.grain.get() * mix(1.0, 0.75, number as f32 / 3.0);
        let brush = Brush { opacity: 0.9, bristles: 0.55, dryness: 0.5, grain };
        drawn(&mut canvas, &strokes, &brush, |x, y| teeth.pixel(x, y)[0], &crew)?;
        ground = Some(reference);
    }
    let grain = params.grain.get();
    let made = crew.colours(study.size, |x, y| {
        let tooth = teeth.pixel(x, y)[0];
        let own = canvas.samples[y * study.size.0 + x];
        std::array::from_fn(|i| (own[i] * (1.0 + 0.09 * grain * tooth)).clamp(0.0, 1.0))
    })?;
    progress.step("pastel", LAYERS + 1, LAYERS + 1)?;
    Ok(made)
}

fn layer(study: &Study, params: &Params, number: usize, seed: u32) -> Layer {
    let keep = params.keep_structure.get();
    let share = number as f32 / 3.0;
    let (broadest, finest) = (study.pixels(0.011, 2.5), study.pixels(mix(0.0040, 0.0016, keep), 0.8));
    Layer {
        radius: broadest * (finest / broadest).powf(share),
        spacing: mix(1.4, 1.1, share),
        length: (3.0, 10.0),
        threshold: if number == 0 { -1.0 } else { mix(0.055, 0.018, keep) },
        slanted: mix(0.55, 0.1, share),
        slant: -0.9,
        jitter: mix(0.16, 0.08, share),
        scale: study.scale,
        seed: seed.wrapping_add(number as u32 * 977),
    }
}

/// Chalk is light and clear: no deep blacks.
fn chalky(picture: &Raster<SrgbF32>, amount: f32, crew: &Crew) -> Result<Raster<SrgbF32>, Cancelled> {
    crew.colours(picture.size(), |x, y| {
        let own = [0, 1, 2].map(|i| picture.pixel(x, y)[i].clamp(0.0, 1.0));
        let grey = 0.299 * own[0] + 0.587 * own[1] + 0.114 * own[2];
        own.map(|v| (grey + (v - grey) * (1.0 + 0.9 * amount)).clamp(0.0, 1.0).powf(0.86) * 0.90 + 0.085)
    })
}

/// Toned paper with a first, rubbed layer of chalk.
fn rubbed(study: &Study, subject: &Raster<SrgbF32>, params: &Params, crew: &Crew) -> Result<Canvas, Cancelled> {
    let soft = study.full(&blurred(subject, study.pixels(0.010, 1.5), crew)?, crew)?;
    let (width, height) = study.size;
    let mut canvas = Canvas { width, height, samples: vec![[0.0; 4]; width * height] };
    let share = mix(0.85, 0.25, params.paper.get());
    crew.rows(&mut canvas.samples, width, |y, row| {
        for (x, to) in row.iter_mut().enumerate() {
            let own = soft.pixel(x, y);
            let colour: [f32; 3] = std::array::from_fn(|i| mix(params.tone[i].get(), own[i], share));
            *to = [colour[0], colour[1], colour[2], 0.0];
        }
    })?;
    Ok(canvas)
}
