//! 水彩: transparent washes with dark rims, wandering borders, pigment that settles in the paper.
//!
//! Source: A. Bousseau et al., "Interactive watercolor rendering with temporal coherence and abstraction", 2006: pigment
//! density d changes a colour C to C·(1 − (1 − C)(d − 1)); rims, turbulence, granulation and wobble are its densities.

use danqing_capability::{Cancelled, Progress};
use danqing_media::{Raster, SrgbF32};
use serde::{Deserialize, Serialize};

use super::study::lightness;
use super::{Session, Share, Study, paper};
use crate::field::{Crew, Plane, bilinear, bilinear_rgb, blurred, mix, smoothstep};
use crate::noise::{fractal, seed_for};
use crate::xdog::{Difference, dark_side};

/// How wet and how free. All shares are `0.0..=1.0`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// How closely small shapes are kept.
    pub keep_structure: Share,
    /// How far borders wander and pigment clouds.
    pub wetness: Share,
    /// Darkness of the rims of dried washes.
    pub rims: Share,
    /// Roughness of the paper.
    pub grain: Share,
    /// How much light and calm area stays white.
    pub blank: Share,
    /// Fine pencil lines under the paint.
    pub lines: Share,
}

impl Default for Params {
    fn default() -> Self {
        let [keep_structure, wetness, rims, grain, blank, lines] = [0.55, 0.5, 0.5, 0.5, 0.45, 0.35].map(Share::of);
        Self { keep_structure, wetness, rims, grain, blank, lines }
    }
}

/// Fields that the paint is laid with, at the result's size.
struct Wash {
    colours: Raster<SrgbF32>,
    rims: Plane,
    clouds: Plane,
    wobble: [Plane; 2],
    lines: Plane,
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
    let seed = seed_for(session.seed, 4);
    progress.step("watercolour", 0, 3)?;
    let study = Study::new(picture, session.scale, &crew)?;
    progress.step("watercolour", 1, 3)?;
    let wash = prepared(&study, params, seed, &crew)?;
    progress.step("watercolour", 2, 3)?;
    let side = study.side * study.scale;
    let made = crew.colours(study.size, |x, y| {
        let at = study.in_sides(x, y);
        let value = |plane: &Plane| plane.pixel(x, y)[0];
        let reach = 0.0042 * side * params.wetness.get() * mix(1.5, 0.6, params.keep_structure.get());
        let (u, v) = (x as f32 + reach * value(&wash.wobble[0]), y as f32 + reach * value(&wash.wobble[1]));
        let tooth = paper::tooth(at, 0.0032, 1.0 / side, seed ^ 5);
        let colour = bilinear_rgb(&wash.colours, u, v);
        let border = border_of_sheet(&study, x, y, value(&wash.clouds), params.blank.get());
        let density = 1.0
            + 1.1 * params.rims.get() * bilinear(&wash.rims, u, v)
            + 0.55 * params.wetness.get() * value(&wash.clouds)
            + 0.30 * params.grain.get() * tooth;
        let sheet = [0.985, 0.978, 0.958].map(|v| v * (1.0 + 0.022 * params.grain.get() * (tooth - 0.3)));
        let line = 0.55 * value(&wash.lines) * (0.7 + 0.3 * tooth);
        std::array::from_fn(|i| {
            let pigment = mix(colour[i], 1.0, border).clamp(0.02, 1.0);
            let laid = pigment * (1.0 - (1.0 - pigment) * (density - 1.0));
            (laid.clamp(0.0, 1.0) * sheet[i] * (1.0 - line)).clamp(0.0, 1.0)
        })
    })?;
    progress.step("watercolour", 3, 3)?;
    Ok(made)
}

fn prepared(study: &Study, params: &Params, seed: u32, crew: &Crew) -> Result<Wash, Cancelled> {
    let flat = study.flattened(mix(0.022, 0.009, params.keep_structure.get()), crew)?;
    let flat = blurred(&flat, study.pixels(0.0010, 0.5), crew)?;
    let rims = rims(study, &lightness(&flat), crew)?;
    let run = blurred(&flat, study.pixels(0.012, 1.5), crew)?;
    let clouds = |x: usize, y: usize, seed| fractal(x as f32 * 9.0 / study.side, y as f32 * 9.0 / study.side, 3, seed);
    let mixed = crew.colours(flat.size(), |x, y| {
        // Here and there neighbouring washes have run into each other.
        let wet = params.wetness.get() * smoothstep(-0.2, 0.7, clouds(x, y, seed ^ 8));
        let tint = 0.10 * params.wetness.get();
        std::array::from_fn(|i| {
            let colour = mix(flat.pixel(x, y)[i], run.pixel(x, y)[i], wet);
            colour * (1.0 + tint * clouds(x, y, seed ^ (20 + i as u32)))
        })
    })?;
    let gaps = gaps(study, &lightness(&flat), params.blank.get(), crew)?;
    let pale = pale(&mixed, &gaps, params, crew)?;
    let noise = |frequency: f32, octaves, seed| {
        let scale = frequency / study.side;
        let plane = crew.plane(flat.size(), |x, y| fractal(x as f32 * scale, y as f32 * scale, octaves, seed))?;
        study.full(&plane, crew)
    };
    let width = Difference { sigma: study.pixels(0.0010, 0.7), ratio: 1.6, sharpness: 0.0 };
    let dark = dark_side(&study.light, &study.flow, width, study.pixels(0.006, 2.0), crew)?;
    let weight = params.lines.get();
    let lines = crew.plane(flat.size(), |x, y| weight * smoothstep(0.010, 0.05, dark.pixel(x, y)[0]))?;
    Ok(Wash {
        colours: study.full(&pale, crew)?,
        rims: study.full(&rims, crew)?,
        clouds: noise(7.0, 4, seed ^ 1)?,
        wobble: [noise(60.0, 3, seed ^ 2)?, noise(60.0, 3, seed ^ 3)?],
        lines: study.full(&lines, crew)?,
    })
}

/// Thin paint: lighter, clearer colours, and white where the picture is light.
fn pale(flat: &Raster<SrgbF32>, gaps: &Plane, params: &Params, crew: &Crew) -> Result<Raster<SrgbF32>, Cancelled> {
    let blank = params.blank.get();
    crew.colours(flat.size(), |x, y| {
        let colour = [0, 1, 2].map(|i| flat.pixel(x, y)[i].clamp(0.0, 1.0));
        let grey = 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2];
        let white = (blank * smoothstep(0.50, 0.95, grey)).max(gaps.pixel(x, y)[0]);
        let step = 0.13;
        let level = ((grey / step).floor() + 0.5) * step;
        let washed = level + 0.5 * step * ((grey - level) / step * 5.0).tanh();
        let lift = mix(1.0, washed / grey.max(0.02), 0.75);
        colour.map(|v| {
            let clear = (grey + (v - grey) * 1.45) * lift;
            let thin = clear.clamp(0.0, 1.0).powf(0.74) * 0.88 + 0.12;
            mix(thin, 1.0, white)
        })
    })
}

/// Slits of bare paper that a careful brush leaves beside a dark shape.
fn gaps(study: &Study, flat: &Plane, blank: f32, crew: &Crew) -> Result<Plane, Cancelled> {
    let near = blurred(flat, study.pixels(0.0012, 0.6), crew)?;
    let wide = blurred(flat, study.pixels(0.0040, 1.4), crew)?;
    crew.plane(flat.size(), |x, y| blank * smoothstep(0.035, 0.10, near.pixel(x, y)[0] - wide.pixel(x, y)[0]))
}

/// Dark where a wash ends: the slope of the flattened picture, sharpened.
fn rims(study: &Study, flat: &Plane, crew: &Crew) -> Result<Plane, Cancelled> {
    let near = blurred(flat, study.pixels(0.0014, 0.7), crew)?;
    let wide = blurred(flat, study.pixels(0.0055, 1.6), crew)?;
    crew.plane(flat.size(), |x, y| {
        let below = wide.pixel(x, y)[0] - near.pixel(x, y)[0]; // > 0 on the dark side of an edge
        smoothstep(0.004, 0.055, below)
    })
}

/// 1 on the bare margin of the sheet, 0 inside; its border wanders.
fn border_of_sheet(study: &Study, x: usize, y: usize, cloud: f32, blank: f32) -> f32 {
    let (width, height) = (study.size.0 as f32, study.size.1 as f32);
    let near = (x as f32).min(y as f32).min(width - x as f32).min(height - y as f32) / width.min(height);
    let reach = 0.055 * blank;
    1.0 - smoothstep(0.25 * reach, 0.9 * reach + 1e-4, near - 0.6 * reach * cloud)
}
