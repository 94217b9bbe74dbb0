//! The size a network works at.

use super::{Error, out_of_range};

/// Sides that the network may work at.
const SIDES: std::ops::RangeInclusive<usize> = 64..=2048;
/// Pixels that the network works at where nobody asked for a size.
const USUAL_PIXELS: f64 = 768.0 * 768.0;

/// Scale that brings a large picture to the usual number of pixels; smaller ones stay.
pub(crate) fn usual_scale((width, height): (usize, usize)) -> f64 {
    (USUAL_PIXELS / (width as f64 * height as f64)).sqrt().min(1.0)
}

/// Width and height as asked for, or those of a picture at `scale`, kept within limits; multiples of `multiple`.
pub(crate) fn work_size(
    asked: (Option<usize>, Option<usize>),
    (width, height): (usize, usize),
    scale: f64,
    multiple: usize,
) -> Result<(usize, usize), Error> {
    let (w, h) = (width as f64, height as f64);
    let scale = scale.min(*SIDES.end() as f64 / w.max(h));
    let least = SIDES.start().next_multiple_of(multiple);
    let side = |side: f64| nearest(side * scale, multiple).clamp(least, *SIDES.end());
    let work = (asked.0.unwrap_or_else(|| side(w)), asked.1.unwrap_or_else(|| side(h)));
    for (name, actual) in [("work_width", work.0), ("work_height", work.1)] {
        if !SIDES.contains(&actual) {
            return Err(out_of_range(name, actual, "64 to 2048 pixels"));
        }
        if !actual.is_multiple_of(multiple) {
            let nearest = nearest(actual as f64, multiple);
            return Err(Error::NotAMultiple { name, actual, multiple, nearest });
        }
    }
    Ok(work)
}

fn nearest(side: f64, multiple: usize) -> usize {
    ((side / multiple as f64).round() as usize).max(1) * multiple
}
