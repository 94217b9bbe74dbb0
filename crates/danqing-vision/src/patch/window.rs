//! The part of a picture that a completion works on.

use danqing_media::{Mask, Raster, Rect, SrgbF32};

/// Least margin around the hole, in pixels.
const LEAST_MARGIN: usize = 96;

/// The hole's box with room around it, cut out of the picture.
pub(super) struct Window {
    /// Where it lies in the picture.
    pub(super) place: Rect,
    pub(super) image: Raster<SrgbF32>,
    pub(super) guess: Option<Raster<SrgbF32>>,
    pub(super) unknown: Vec<bool>,
    /// Where pixels may be copied from.
    pub(super) allowed: Vec<bool>,
}

impl Window {
    /// `None` if the hole is empty.
    pub(super) fn around(
        image: &Raster<SrgbF32>,
        hole: &Mask,
        source: Option<&Mask>,
        guess: Option<&Raster<SrgbF32>>,
        reach: f32,
    ) -> Option<Self> {
        let hole_box = bounding_box(hole)?;
        let place = place(hole_box, hole, source, reach);
        let unknown: Vec<bool> = hole.crop(place).samples().iter().map(|m| *m != 0).collect();
        let allowed = match source {
            None => unknown.iter().map(|u| !u).collect(),
            Some(mask) => mask.crop(place).samples().iter().zip(&unknown).map(|(m, u)| *m != 0 && !u).collect(),
        };
        Some(Self { place, image: image.crop(place), guess: guess.map(|g| g.crop(place)), unknown, allowed })
    }
}

/// Grows the box until at least twice as many pixels may be copied as must be filled.
fn place(hole_box: Rect, hole: &Mask, source: Option<&Mask>, reach: f32) -> Rect {
    let (width, height) = hole.size();
    let longer = hole_box.width.max(hole_box.height) as f32;
    let mut margin = ((longer * reach) as usize).max(LEAST_MARGIN);
    loop {
        let place = hole_box.grown(margin, width, height);
        let (filled, free) = counts(hole, source, place);
        if free >= 2 * filled || place == hole.bounds() {
            return place;
        }
        margin *= 2;
    }
}

/// Pixels to fill and pixels to copy from.
fn counts(hole: &Mask, source: Option<&Mask>, place: Rect) -> (usize, usize) {
    let mut counts = (0, 0);
    for y in place.y..place.bottom() {
        for x in place.x..place.right() {
            if hole.pixel(x, y)[0] != 0 {
                counts.0 += 1;
            } else if source.is_none_or(|s| s.pixel(x, y)[0] != 0) {
                counts.1 += 1;
            }
        }
    }
    counts
}

/// Smallest rectangle that holds every pixel that is not 0.
fn bounding_box(mask: &Mask) -> Option<Rect> {
    let rows: Vec<usize> = (0..mask.height()).filter(|&y| mask.row(y).iter().any(|m| *m != 0)).collect();
    let (top, bottom) = (*rows.first()?, *rows.last()?);
    let first = |y: usize| mask.row(y).iter().position(|m| *m != 0);
    let last = |y: usize| mask.row(y).iter().rposition(|m| *m != 0);
    let left = rows.iter().filter_map(|&y| first(y)).min()?;
    let right = rows.iter().filter_map(|&y| last(y)).max()?;
    Some(Rect::new(left, top, right + 1 - left, bottom + 1 - top))
}
