//! Where strokes go.

use danqing_capability::Cancelled;
use danqing_media::{Raster, SrgbF32};

use super::Stroke;
use crate::field::{Crew, bilinear_rgb, mix};
use crate::flow::{Flow, onward};
use crate::noise::white;

/// How one layer of strokes is planned. Lengths are in pixels of the reference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Layer {
    /// Half the width of a stroke.
    pub radius: f32,
    /// Distance between strokes, in radii.
    pub spacing: f32,
    /// A stroke is at least and at most so long, in radii.
    pub length: (f32, f32),
    /// Strokes are painted where reference and ground differ by more than this (root of the sum of squares).
    pub threshold: f32,
    /// 0 = along the flow, 1 = along `slant`.
    pub slanted: f32,
    /// The hand's own direction, radians.
    pub slant: f32,
    /// How much colours vary between strokes.
    pub jitter: f32,
    /// Pixels of the canvas per pixel of the reference.
    pub scale: f32,
    /// Repeatable placement.
    pub seed: u32,
}

/// Strokes of one layer over `reference`, in the order they are painted; `ground` is what lies below, of the same size.
///
/// # Errors
/// [`Cancelled`].
pub fn planned(
    reference: &Raster<SrgbF32>,
    ground: Option<&Raster<SrgbF32>>,
    flow: &Flow,
    layer: &Layer,
    crew: &Crew,
) -> Result<Vec<Stroke>, Cancelled> {
    let step = (layer.radius * layer.spacing).max(1.0);
    let cells = |side: usize| (side as f32 / step).ceil() as usize;
    let (columns, rows) = (cells(reference.width()), cells(reference.height()));
    let mut places = vec![None; columns * rows];
    let planner = Planner { reference, ground, flow, layer };
    crew.rows(&mut places, columns, |row, to| {
        for (column, to) in to.iter_mut().enumerate() {
            *to = planner.stroke(column as i32, row as i32, step);
        }
    })?;
    let mut strokes: Vec<(u32, Stroke)> = places.into_iter().flatten().map(|stroke| (stroke.seed, stroke)).collect();
    strokes.sort_by_key(|(order, _)| *order);
    Ok(strokes.into_iter().map(|(_, stroke)| stroke).collect())
}

struct Planner<'a> {
    reference: &'a Raster<SrgbF32>,
    ground: Option<&'a Raster<SrgbF32>>,
    flow: &'a Flow,
    layer: &'a Layer,
}

impl Planner<'_> {
    /// The stroke of one cell, if it needs one: from where reference and ground differ most.
    fn stroke(&self, column: i32, row: i32, step: f32) -> Option<Stroke> {
        let random = |purpose: u32| white(column, row, self.layer.seed.wrapping_add(purpose));
        let mut start = [0.0, 0.0];
        let mut most = -1.0;
        for attempt in 0..4 {
            let x = (column as f32 + random(attempt * 2)) * step;
            let y = (row as f32 + random(attempt * 2 + 1)) * step;
            let difference = self
                .ground
                .map_or(f32::MAX, |ground| distance(bilinear_rgb(self.reference, x, y), bilinear_rgb(ground, x, y)));
            if difference > most {
                (most, start) = (difference, [x, y]);
            }
        }
        if most <= self.layer.threshold {
            return None;
        }
        let own = bilinear_rgb(self.reference, start[0], start[1]);
        let points = self.path(start, own);
        let bright = 1.0 + self.layer.jitter * (random(20) - 0.5);
        let tint: [f32; 3] = std::array::from_fn(|i| 0.4 * self.layer.jitter * (random(21 + i as u32) - 0.5));
        let colour = std::array::from_fn(|i| (own[i] * bright + tint[i] * 0.35).clamp(0.0, 1.0));
        let scaled = points.into_iter().map(|[x, y]| [x, y].map(|v| (v + 0.5) * self.layer.scale - 0.5)).collect();
        let seed = (random(30) * 16_777_216.0) as u32;
        Some(Stroke { points: scaled, radius: self.layer.radius * self.layer.scale, colour, seed })
    }

    /// Along the flow in both directions until the colour no longer fits.
    fn path(&self, start: [f32; 2], own: [f32; 3]) -> Vec<[f32; 2]> {
        let (least, most) = self.layer.length;
        let heading = self.direction(start, None);
        let back = self.half(start, [-heading[0], -heading[1]], own, (0.3 * least, 0.3 * most));
        let forth = self.half(start, heading, own, (0.7 * least, 0.7 * most));
        back.into_iter().rev().chain([start]).chain(forth).collect()
    }

    fn half(&self, start: [f32; 2], heading: [f32; 2], own: [f32; 3], (least, most): (f32, f32)) -> Vec<[f32; 2]> {
        let stride = (0.5 * self.layer.radius).max(1.0);
        let (mut at, mut heading, mut points) = (start, heading, Vec::new());
        let steps = (most * self.layer.radius / stride) as usize;
        for i in 0..steps {
            at = [at[0] + heading[0] * stride, at[1] + heading[1] * stride];
            let outside = at[0] < -self.layer.radius
                || at[1] < -self.layer.radius
                || at[0] > self.reference.width() as f32 + self.layer.radius
                || at[1] > self.reference.height() as f32 + self.layer.radius;
            let length = (i + 1) as f32 * stride / self.layer.radius;
            if outside || (length > least && self.leaves(at, own)) {
                break;
            }
            points.push(at);
            let next = self.direction(at, Some(heading));
            let mixed = [mix(heading[0], next[0], 0.6), mix(heading[1], next[1], 0.6)];
            let norm = mixed[0].hypot(mixed[1]).max(1e-6);
            heading = [mixed[0] / norm, mixed[1] / norm];
        }
        points
    }

    /// Whether another colour fits the place better than the stroke's.
    fn leaves(&self, at: [f32; 2], own: [f32; 3]) -> bool {
        let here = bilinear_rgb(self.reference, at[0], at[1]);
        let below = self.ground.map_or(0.10, |ground| distance(here, bilinear_rgb(ground, at[0], at[1])).max(0.06));
        distance(here, own) > below
    }

    fn direction(&self, at: [f32; 2], heading: Option<[f32; 2]>) -> [f32; 2] {
        let (sin, cos) = self.layer.slant.sin_cos();
        let along = self.flow.tangent(at[0], at[1]);
        let along = onward(along, heading.unwrap_or([cos, sin]));
        let hand = onward([cos, sin], heading.unwrap_or(along));
        let mixed = [mix(along[0], hand[0], self.layer.slanted), mix(along[1], hand[1], self.layer.slanted)];
        let norm = mixed[0].hypot(mixed[1]).max(1e-6);
        [mixed[0] / norm, mixed[1] / norm]
    }
}

fn distance(a: [f32; 3], b: [f32; 3]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f32>().sqrt()
}
