//! Brush strokes: curved paths planned from a picture, and their rendering with bristles and relief.
//!
//! Source: A. Hertzmann, "Painterly rendering with curved brush strokes of multiple sizes", 1998. Instead of painting and
//! measuring the canvas, a layer paints where it shows something that the layer before it (a wider blur) does not:
//! the same strokes, but without drawing twice.

mod canvas;
mod plan;

pub use self::canvas::{Brush, Canvas, drawn};
pub use self::plan::{Layer, planned};

/// One stroke, in pixels of the canvas.
#[derive(Clone, Debug, PartialEq)]
pub struct Stroke {
    /// Where it runs; at least one point.
    pub points: Vec<[f32; 2]>,
    /// Half its width.
    pub radius: f32,
    /// Samples of its paint.
    pub colour: [f32; 3],
    /// Its own bristles.
    pub seed: u32,
}

#[cfg(test)]
mod tests;
