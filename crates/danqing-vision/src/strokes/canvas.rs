//! Strokes as pixels.

use danqing_capability::Cancelled;

use super::Stroke;
use crate::field::{Crew, mix, smoothstep};
use crate::noise::{gradient, white};

/// What a brush leaves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Brush {
    /// How solid the paint is.
    pub opacity: f32,
    /// How much single bristles show, in paint and relief.
    pub bristles: f32,
    /// How early the stroke runs dry towards its end.
    pub dryness: f32,
    /// How much of the ground's tooth stays bare: 0 for paint, about 1 for chalk.
    pub grain: f32,
}

/// Colour and height of the paint: four numbers per pixel in row order.
#[derive(Clone, Debug, PartialEq)]
pub struct Canvas {
    /// Pixels per row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Red, green, blue, height.
    pub samples: Vec<[f32; 4]>,
}

/// Rows that one piece of work draws.
const BAND: usize = 48;

/// Draws strokes in their order. `tooth(x, y)` is the height of the ground, about `-1..=1`; it is asked for only where
/// the brush has grain.
///
/// # Errors
/// [`Cancelled`].
pub fn drawn(
    canvas: &mut Canvas,
    strokes: &[Stroke],
    brush: &Brush,
    tooth: impl Fn(usize, usize) -> f32 + Sync,
    crew: &Crew,
) -> Result<(), Cancelled> {
    let mut bands = vec![Vec::new(); canvas.height.div_ceil(BAND)];
    for (i, stroke) in strokes.iter().enumerate() {
        let (top, bottom) = reach(stroke, 1);
        let last = bands.len() - 1;
        let band = |y: f32| ((y.max(0.0) as usize) / BAND).min(last);
        if bottom >= 0.0 && top < canvas.height as f32 {
            (band(top)..=band(bottom)).for_each(|b| bands[b].push(i));
        }
    }
    let (width, height) = (canvas.width, canvas.height);
    let work = |band: usize, samples: &mut [[f32; 4]]| {
        let mut scratch = Vec::new();
        for &i in &bands[band] {
            if crew.cancel().is_cancelled() {
                return;
            }
            let rows = (band * BAND, ((band + 1) * BAND).min(height));
            Band { width, rows, samples: &mut *samples }.draw(&strokes[i], brush, &tooth, &mut scratch);
        }
    };
    crew.rows(&mut canvas.samples, width * BAND, work)
}

/// Least and greatest coordinate of a stroke with its width.
fn reach(stroke: &Stroke, axis: usize) -> (f32, f32) {
    let ends = stroke.points.iter().fold((f32::MAX, f32::MIN), |(l, h), p| (l.min(p[axis]), h.max(p[axis])));
    (ends.0 - stroke.radius - 1.0, ends.1 + stroke.radius + 1.0)
}

/// Where a pixel lies in a stroke: distance from its line (signed, in radii) and length from its start, in radii.
#[derive(Clone, Copy)]
struct Place {
    across: f32,
    along: f32,
}

struct Band<'a> {
    width: usize,
    rows: (usize, usize),
    samples: &'a mut [[f32; 4]],
}

impl Band<'_> {
    fn draw(&mut self, stroke: &Stroke, brush: &Brush, tooth: &impl Fn(usize, usize) -> f32, places: &mut Vec<Place>) {
        let ((left, right), (top, bottom)) = (reach(stroke, 0), reach(stroke, 1));
        let columns = (left.max(0.0) as usize, (right.max(-1.0) + 1.0).min(self.width as f32) as usize);
        let rows = ((top.max(0.0) as usize).max(self.rows.0), ((bottom.max(-1.0) + 1.0) as usize).min(self.rows.1));
        if columns.0 >= columns.1 || rows.0 >= rows.1 {
            return;
        }
        let wide = columns.1 - columns.0;
        places.clear();
        places.resize(wide * (rows.1 - rows.0), Place { across: 9.0, along: 0.0 });
        let length = placed(stroke, (columns, rows), places);
        for y in rows.0..rows.1 {
            for x in columns.0..columns.1 {
                let place = places[(y - rows.0) * wide + x - columns.0];
                if place.across.abs() < 1.0 + 1.0 / stroke.radius {
                    let ground = if brush.grain > 0.0 { tooth(x, y) } else { 0.0 };
                    let to = &mut self.samples[(y - self.rows.0) * self.width + x];
                    blend(to, stroke, brush, place, length, ground);
                }
            }
        }
    }
}

/// Fills in the nearest place of the stroke for every pixel of a rectangle; gives the stroke's length in radii.
fn placed(
    stroke: &Stroke,
    ((left, right), (top, bottom)): ((usize, usize), (usize, usize)),
    places: &mut [Place],
) -> f32 {
    let radius = stroke.radius;
    let mut start = 0.0;
    let single = [stroke.points[0], stroke.points[0]];
    let segments: Vec<&[[f32; 2]]> =
        if stroke.points.len() > 1 { stroke.points.windows(2).collect() } else { vec![&single[..]] };
    for segment in segments {
        let (a, b) = (segment[0], segment[1]);
        let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
        let length = dx.hypot(dy).max(1e-4);
        let within = |low: f32, high: f32, from: usize, to: usize| {
            let first = (low - radius - 1.0).max(from as f32) as usize;
            (first, ((high + radius + 2.0).max(0.0) as usize).min(to))
        };
        let (x0, x1) = within(a[0].min(b[0]), a[0].max(b[0]), left, right);
        let (y0, y1) = within(a[1].min(b[1]), a[1].max(b[1]), top, bottom);
        for y in y0..y1 {
            for x in x0..x1 {
                let (px, py) = (x as f32 - a[0], y as f32 - a[1]);
                let t = ((px * dx + py * dy) / (length * length)).clamp(0.0, 1.0);
                let side = if dx * py - dy * px < 0.0 { -1.0 } else { 1.0 };
                let across = side * (px - t * dx).hypot(py - t * dy) / radius;
                let place = &mut places[(y - top) * (right - left) + x - left];
                if across.abs() < place.across.abs() {
                    *place = Place { across, along: (start + t * length) / radius };
                }
            }
        }
        start += length;
    }
    start / radius
}

fn blend(to: &mut [f32; 4], stroke: &Stroke, brush: &Brush, place: Place, length: f32, ground: f32) {
    let soft = (0.7 / stroke.radius).clamp(0.04, 0.5);
    let ragged = 0.16 * brush.bristles * gradient(place.along * 0.9, place.across * 2.5, stroke.seed ^ 3);
    let edge = smoothstep(1.0 + soft, 1.0 - soft, place.across.abs() + ragged.abs());
    if edge <= 0.0 {
        return;
    }
    let bristle = gradient(place.along * 0.22, place.across * 5.5, stroke.seed)
        + 0.5 * gradient(place.along * 0.3, place.across * 12.0, stroke.seed ^ 1);
    let progress = if length > 0.1 { place.along / length } else { 0.0 };
    let dry = brush.dryness * smoothstep(0.45, 1.0, progress) * smoothstep(-0.1, 0.35, bristle);
    let mut cover = brush.opacity * edge * (1.0 - dry);
    if brush.grain > 0.0 {
        let pressure = 0.12 + 0.42 * white(0, 0, stroke.seed) - 0.25 * place.across * place.across;
        cover *= mix(1.0, smoothstep(-0.22, 0.22, ground + pressure - 0.35 + 0.35 * bristle), brush.grain);
    }
    let shade = 1.0 + 0.16 * brush.bristles * bristle;
    for (to, colour) in to.iter_mut().zip(stroke.colour) {
        *to = mix(*to, colour * shade, cover);
    }
    let ridge = smoothstep(0.55, 0.92, place.across.abs()); // paint pushed aside
    let height = 0.45 + 0.45 * brush.bristles * bristle + 0.35 * ridge;
    to[3] = mix(to[3], 0.35 * to[3] + height, cover);
}
