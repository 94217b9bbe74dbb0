//! Where the true picture lies inside flat bars: letterboxes, pillarboxes, scanner borders of any one colour.
//!
//! A bar is a run of outermost rows that are all one and the same colour (but for compression noise) and ends at a
//! straight Canny edge. Dark, pale or smooth scenes end their flat part gradually or along a shape, not along a straight
//! line over the whole width, and stay whole. A horizon under a burnt-out sky is the one scene that looks like a bar;
//! therefore a bar that has no twin on the other side must be narrow and its edge nearly without gaps.

mod bars;
mod side;
#[cfg(test)]
mod tests;

use danqing_capability::{CancelToken, Cancelled};
use danqing_media::{Raster, Rect, Srgb8};

use self::bars::{Bar, bar};
use self::side::View;
pub use self::side::{Side, Sides};
use crate::canny::{Thresholds, canny};
use crate::gradients::grey;

/// Sobel magnitudes (4 × the step in grey levels) above which a bar's end counts as an edge: a step of 5 starts one,
/// 3 continue it.
const EDGES: Thresholds =
    Thresholds { low: 12.0, high: 20.0, aperture: crate::canny::Aperture::Three, l2_gradient: true };

/// The true picture, and how sure each side is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// The picture without bars; the whole raster where none were found.
    pub rect: Rect,
    /// Per side: 0 = no bar, towards 1 = a bar whose end is a straight edge over the whole side.
    pub confidence: Sides<f32>,
}

/// Finds the bars around a picture. Only bars with a confidence of at least 0.5 are cut off.
///
/// # Errors
/// [`Cancelled`].
pub fn picture_boundary(from: &Raster<Srgb8>, cancel: &CancelToken) -> Result<Bounds, Cancelled> {
    let whole = Bounds { rect: from.bounds(), confidence: Sides::default() };
    if from.width() < 8 || from.height() < 8 {
        return Ok(whole);
    }
    let edges = canny(&grey(from, cancel)?, &EDGES, cancel)?;
    let rows = pair(from, &edges, from.bounds(), [Side::Top, Side::Bottom]);
    let middle = trimmed(from.bounds(), rows, [Side::Top, Side::Bottom]);
    cancel.check()?;
    let columns = pair(from, &edges, middle, [Side::Left, Side::Right]);
    let rect = trimmed(middle, columns, [Side::Left, Side::Right]);
    let confidence = Sides {
        top: rows[0].confidence,
        bottom: rows[1].confidence,
        left: columns[0].confidence,
        right: columns[1].confidence,
    };
    Ok(if rect.width < 8 || rect.height < 8 { whole } else { Bounds { rect, confidence } })
}

/// A bar that will be cut off: its depth in pixels, and how sure that is.
#[derive(Clone, Copy, Default)]
struct Cut {
    depth: usize,
    confidence: f32,
}

/// Judges the bars of two opposite sides of `part` together.
fn pair(from: &Raster<Srgb8>, edges: &Raster<danqing_media::Gray8>, part: Rect, sides: [Side; 2]) -> [Cut; 2] {
    let found = sides.map(|side| bar(&View::new(from, edges, part, side)));
    let twins = match &found {
        [Some(a), Some(b)] => a.is_twin_of(b),
        _ => false,
    };
    let length = if sides[0].is_horizontal() { part.height } else { part.width };
    found.map(|bar| bar.map_or(Cut::default(), |bar| judged(&bar, twins, length)))
}

fn judged(bar: &Bar, twins: bool, length: usize) -> Cut {
    let share = bar.depth as f32 / length as f32;
    let (least_edge, most_share) = if twins { (0.3, 0.45) } else { (0.85, 0.3) };
    if bar.edge_share < least_edge || share > most_share {
        return Cut { depth: 0, confidence: 0.0 };
    }
    let above = (bar.edge_share - least_edge) / (1.0 - least_edge);
    Cut { depth: bar.depth, confidence: 0.5 + 0.5 * above.clamp(0.0, 1.0) }
}

fn trimmed(part: Rect, cuts: [Cut; 2], sides: [Side; 2]) -> Rect {
    let [first, second] = cuts.map(|cut| cut.depth);
    match sides[0] {
        Side::Top | Side::Bottom => {
            Rect::new(part.x, part.y + first, part.width, part.height.saturating_sub(first + second))
        }
        Side::Left | Side::Right => {
            Rect::new(part.x + first, part.y, part.width.saturating_sub(first + second), part.height)
        }
    }
}
