//! 油画: layers of strokes, broad to fine, in thick paint that catches the light.
//!
//! Source: A. Hertzmann, "Painterly rendering with curved brush strokes of multiple sizes", 1998, and "Fast paint
//! texture", 2002 (a height per pixel, lit from above left).

use danqing_capability::{Cancelled, Progress};
use danqing_media::{Raster, SrgbF32};
use serde::{Deserialize, Serialize};

use super::{Session, Share, Study};
use crate::field::{Crew, blurred, mix};
use crate::noise::{gradient, seed_for};
use crate::strokes::{Brush, Canvas, Layer, drawn, planned};

/// How the paint is laid. All shares are `0.0..=1.0`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// How closely small shapes are kept, with finer strokes.
    pub keep_structure: Share,
    /// Width of the broadest strokes.
    pub brush: Share,
    /// Thickness of the paint.
    pub impasto: Share,
    /// How far colours are strengthened.
    pub colour: Share,
    /// How much colours vary between strokes.
    pub variety: Share,
}

impl Default for Params {
    fn default() -> Self {
        let [keep_structure, brush, impasto, colour, variety] = [0.6, 0.45, 0.5, 0.45, 0.4].map(Share::of);
        Self { keep_structure, brush, impasto, colour, variety }
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
    const LAYERS: usize = 4;
    let crew = Crew::new(session.threads, progress.cancel_token());
    let seed = seed_for(session.seed, 5);
    progress.step("oil", 0, LAYERS + 2)?;
    let study = Study::new(picture, session.scale, &crew)?;
    let subject = vivid(&study.picture, params.colour.get(), &crew)?;
    let (width, height) = study.size;
    let mut canvas = Canvas { width, height, samples: vec![[0.42, 0.34, 0.26, 0.2]; width * height] };
    let mut ground = None;
    for number in 0..LAYERS {
        progress.step("oil", number + 1, LAYERS + 2)?;
        let layer = layer(&study, params, number, seed);
        let reference = blurred(&subject, 0.45 * layer.radius, &crew)?;
        let strokes = planned(&reference, ground.as_ref(), &study.flow, &layer, &crew)?;
        let dryness = if number == 0 { 0.0 } else { 0.55 };
        let brush = Brush { opacity: 0.97, bristles: 0.8, dryness, grain: 0.0 };
        drawn(&mut canvas, &strokes, &brush, |_, _| 0.0, &crew)?;
        ground = Some(reference);
    }
    progress.step("oil", LAYERS + 1, LAYERS + 2)?;
    let made = lit(&canvas, &study, params.impasto.get(), seed, &crew)?;
    progress.step("oil", LAYERS + 2, LAYERS + 2)?;
    Ok(made)
}

fn layer(study: &Study, params: &Params, number: usize, seed: u32) -> Layer {
    let keep = params.keep_structure.get();
    let broadest = study.pixels(mix(0.016, 0.038, params.brush.get()), 3.0);
    let finest = study.pixels(mix(0.0050, 0.0018, keep), 0.9);
    let share = number as f32 / 3.0;
    let radius = broadest * (finest / broadest).powf(share);
    Layer {
        radius,
        spacing: 1.0,
        length: (3.0, mix(9.0, 14.0, share)),
        threshold: if number == 0 { -1.0 } else { mix(0.075, 0.030, keep) },
        slanted: 0.12,
        slant: -0.8,
        jitter: mix(0.02, 0.20, params.variety.get()) * mix(1.0, 0.45, share),
        scale: study.scale,
        seed: seed.wrapping_add(number as u32 * 977),
    }
}

/// Colours as a painter mixes them: stronger, and with more contrast in the middle.
fn vivid(picture: &Raster<SrgbF32>, amount: f32, crew: &Crew) -> Result<Raster<SrgbF32>, Cancelled> {
    crew.colours(picture.size(), |x, y| {
        let own = [0, 1, 2].map(|i| picture.pixel(x, y)[i]);
        let grey = 0.299 * own[0] + 0.587 * own[1] + 0.114 * own[2];
        own.map(|v| {
            let strong = (grey + (v - grey) * (1.0 + 0.8 * amount)).clamp(0.0, 1.0);
            let curved = strong * strong * (3.0 - 2.0 * strong);
            mix(strong, curved, 0.5 * amount)
        })
    })
}

/// Light from above left over the paint and the canvas below.
fn lit(canvas: &Canvas, study: &Study, impasto: f32, seed: u32, crew: &Crew) -> Result<Raster<SrgbF32>, Cancelled> {
    let (width, height) = study.size;
    let pixel = study.side * study.scale / 1024.0; // relief is as steep at every resolution
    let at = |x: isize, y: isize| {
        let inside = |v: isize, len: usize| v.clamp(0, len as isize - 1) as usize;
        canvas.samples[inside(y, height) * width + inside(x, width)][3]
    };
    let weave = |x: usize, y: usize| {
        let [u, v] = study.in_sides(x, y);
        0.5 * ((u * 1100.0).sin() * (v * 1100.0).sin()) + 0.4 * gradient(u * 300.0, v * 300.0, seed)
    };
    crew.colours((width, height), |x, y| {
        let (ix, iy) = (x as isize, y as isize);
        let dx = at(ix + 1, iy) - at(ix - 1, iy) + 0.5 * (at(ix + 1, iy + 1) - at(ix - 1, iy - 1));
        let dy = at(ix, iy + 1) - at(ix, iy - 1) + 0.5 * (at(ix + 1, iy + 1) - at(ix - 1, iy - 1));
        let slope = (dx + dy) * pixel.max(0.6); // rising towards the lower right: turned to the light
        let relief = (1.1 * slope).tanh() * 0.16 * 2.0 * impasto;
        let gloss = (slope - 0.35).clamp(0.0, 1.0) * 0.22 * impasto;
        let cloth = 0.018 * weave(x, y) * impasto;
        let own = canvas.samples[y * width + x];
        std::array::from_fn(|i| (own[i] * (1.0 + relief + cloth) + gloss + 0.03 * relief).clamp(0.0, 1.0))
    })
}
