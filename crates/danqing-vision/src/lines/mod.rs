//! Straight edges that meet the border of a picture: what has to go on when the picture is extended.
//!
//! Canny edges near a side are grown into regions of one gradient direction and fitted with a line, as the line segment
//! detector does. Source: R. Grompone von Gioi, J. Jakubowicz, J.-M. Morel, G. Randall, "LSD: a line segment detector",
//! IPOL 2012 (regions and directions; its false-alarm test is replaced by length and straightness).

mod region;
#[cfg(test)]
mod tests;

use danqing_capability::{CancelToken, Cancelled};
use danqing_media::{Gray8, Raster};

use self::region::{Field, Segment};
use crate::blur::{Border, gaussian};
pub use crate::boundary::Side;
use crate::canny::{Thresholds, canny_of_gradients};
use crate::gradients::{Operator, gradients};

/// What counts as a line. The default suits photographs of any size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LineSearch {
    /// How far inside a line is followed, pixels.
    pub depth: usize,
    /// Shortest line, pixels.
    pub min_length: f32,
    /// Smallest angle between line and border, degrees: flatter ones are not lines that leave the picture.
    pub min_angle: f32,
    /// Gradient (Sobel, 4 × the step in grey levels) above which an edge starts; it goes on above half of it.
    pub threshold: f64,
}

impl Default for LineSearch {
    fn default() -> Self {
        Self { depth: 96, min_length: 24.0, min_angle: 15.0, threshold: 60.0 }
    }
}

/// A straight edge that leaves the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BorderLine {
    /// Which side it meets.
    pub side: Side,
    /// Where, in pixels from the top left corner (pixel centres at .5), on the border itself.
    pub point: (f32, f32),
    /// Unit vector along the line, out of the picture.
    pub direction: (f32, f32),
    /// How far inside it was followed, pixels.
    pub length: f32,
    /// Mean step across it, `0.0..=1.0` of black to white.
    pub strength: f32,
}

/// Finds the lines that meet any side, the most important (length × strength) first.
///
/// # Errors
/// [`Cancelled`].
pub fn lines_meeting_border(
    from: &Raster<Gray8>,
    search: &LineSearch,
    cancel: &CancelToken,
) -> Result<Vec<BorderLine>, Cancelled> {
    let smooth = gaussian(from, 0.8, cancel)?;
    let slopes = gradients(&smooth, Operator::Sobel3, Border::Replicate, cancel)?;
    let (low, high) = (search.threshold / 2.0, search.threshold);
    let thresholds = Thresholds { low, high, l2_gradient: true, ..Thresholds::default() };
    let edges = canny_of_gradients(&slopes, &thresholds, cancel)?;
    let field = Field { slopes: &slopes, edges: &edges };
    let mut lines = Vec::new();
    for side in [Side::Left, Side::Top, Side::Right, Side::Bottom] {
        cancel.check()?;
        let segments = field.segments_at(side, search.depth);
        lines.extend(segments.iter().filter_map(|segment| border_line(segment, side, from.size(), search)));
    }
    let importance = |line: &BorderLine| line.length * line.strength;
    lines.sort_by(|a, b| importance(b).total_cmp(&importance(a)));
    Ok(without_doubles(lines))
}

/// The segment as a line out of `side`, if it is long and steep enough.
fn border_line(
    segment: &Segment,
    side: Side,
    (width, height): (usize, usize),
    search: &LineSearch,
) -> Option<BorderLine> {
    let (outward, position) = match side {
        Side::Left => ((-1.0, 0.0), 0.0),
        Side::Top => ((0.0, -1.0), 0.0),
        Side::Right => ((1.0, 0.0), width as f32),
        Side::Bottom => ((0.0, 1.0), height as f32),
    };
    let steepness = segment.direction.0 * outward.0 + segment.direction.1 * outward.1;
    if segment.length < search.min_length || steepness.abs() < search.min_angle.to_radians().sin() {
        return None;
    }
    let direction = (segment.direction.0 * steepness.signum(), segment.direction.1 * steepness.signum());
    let centre = segment.centre;
    let way = match side {
        Side::Left | Side::Right => (position - centre.0) / direction.0,
        Side::Top | Side::Bottom => (position - centre.1) / direction.1,
    };
    let point = (centre.0 + way * direction.0, centre.1 + way * direction.1);
    let inside = (0.0..=width as f32).contains(&point.0) && (0.0..=height as f32).contains(&point.1);
    inside.then_some(BorderLine { side, point, direction, length: segment.length, strength: segment.strength })
}

/// Drops lines that say what a more important one says already.
fn without_doubles(lines: Vec<BorderLine>) -> Vec<BorderLine> {
    let mut kept: Vec<BorderLine> = Vec::new();
    for line in lines {
        let is_double = kept.iter().any(|other| {
            let apart = (other.point.0 - line.point.0).hypot(other.point.1 - line.point.1);
            let agreement = other.direction.0 * line.direction.0 + other.direction.1 * line.direction.1;
            other.side == line.side && apart < 2.0 && agreement > 0.985
        });
        if !is_double {
            kept.push(line);
        }
    }
    kept
}
