//! The two pictures of a pair, as they are shown: cut, placed, scaled, marked.

use std::path::Path;

use danqing_capability::CancelToken;
use danqing_media::file::{Limits, read};
use danqing_media::{Mask, MaskSource, Raster, Rect, ScalarF32, Srgb8};
use danqing_vision::resize::{Method, resized};

use crate::Error;
use crate::layout::Place;
use crate::paper::{CINNABAR, Ink, dashed_frame, mix};
use crate::sheet::{Change, Pair};

/// Colour of the area that "extend" fills, where it is still empty.
const EMPTY: Ink = [238, 231, 214];

/// A pair read from its files, the same part and canvas on both sides.
pub(crate) struct Loaded {
    before: Raster<Srgb8>,
    after: Raster<Srgb8>,
    /// For erase: white = erased.
    mask: Option<Mask>,
    /// For extend: where "before" stands on the canvas of "after".
    inside: Option<Rect>,
}

impl Loaded {
    /// Reads the pictures from `pictures` and the mask from `beside`, the folder of the sheet's file.
    pub(crate) fn read(pair: &Pair, pictures: &Path, beside: &Path) -> Result<Self, Error> {
        let open = |path: std::path::PathBuf| read(path, &Limits::default(), &CancelToken::default());
        let before = open(pictures.join(&pair.before))?.to_srgb8(&CancelToken::default())?;
        let after = open(pictures.join(&pair.after))?;
        let alpha = after.alpha();
        let after = after.to_srgb8(&CancelToken::default())?;
        let plain = |before, after| Self { before, after, mask: None, inside: None };
        let loaded = match &pair.change {
            Change::Extend => Self::extended(&before, after),
            Change::Adjust | Change::Restyle => plain(before, after),
            Change::Upscale => {
                let (width, height) = after.size();
                plain(resized(&before, width, height, Method::Bicubic, &CancelToken::default())?, after)
            }
            Change::Cutout => plain(before, alpha.map_or(after.clone(), |alpha| on_chequers(&after, &alpha))),
            Change::Erase { mask } => {
                let mask = open(beside.join(mask))?.to_mask(MaskSource::default());
                Self { before, after, mask: Some(mask), inside: None }
            }
        };
        Ok(loaded.cut(pair))
    }

    /// "before" in the middle of an empty canvas as large as "after".
    fn extended(before: &Raster<Srgb8>, after: Raster<Srgb8>) -> Self {
        let mut canvas = Raster::from_fn(after.width(), after.height(), |_, _, pixel| pixel.copy_from_slice(&EMPTY));
        let (width, height) = (before.width().min(after.width()), before.height().min(after.height()));
        let (x, y) = ((after.width() - width) / 2, (after.height() - height) / 2);
        canvas.paste(&before.crop(Rect::new(0, 0, width, height)), x, y);
        Self { before: canvas, after, mask: None, inside: Some(Rect::new(x, y, width, height)) }
    }

    /// Only the asked detail of every side.
    fn cut(self, pair: &Pair) -> Self {
        let Some(detail) = pair.detail else { return self };
        let asked = Rect::new(detail.x, detail.y, detail.width, detail.height);
        let part = |image: &Raster<Srgb8>| image.crop(asked.clipped(image.width(), image.height()));
        Self {
            before: part(&self.before),
            after: part(&self.after),
            mask: self.mask.map(|mask| mask.crop(asked.clipped(mask.width(), mask.height()))),
            inside: self.inside,
        }
    }

    /// Width over height of "after".
    pub(crate) fn aspect(&self) -> f64 {
        self.after.width() as f64 / self.after.height().max(1) as f64
    }

    /// Draws both at their place.
    pub(crate) fn draw(&self, paper: &mut Raster<Srgb8>, place: &Place, cancel: &CancelToken) -> Result<(), Error> {
        for (image, x) in [(&self.before, place.x), (&self.after, place.after())] {
            paper.paste(&resized(image, place.width, place.height, Method::Lanczos, cancel)?, x, place.y);
        }
        if let Some(mask) = &self.mask {
            let mask = resized(mask, place.width, place.height, Method::Lanczos, cancel)?;
            outline(paper, &mask, place);
        }
        if let Some(inside) = self.inside {
            frame_new_area(paper, self.after.size(), inside, place);
        }
        Ok(())
    }
}

/// A picture with its transparency over light squares.
fn on_chequers(image: &Raster<Srgb8>, alpha: &Raster<ScalarF32>) -> Raster<Srgb8> {
    let side = (image.width().max(image.height()) / 40).max(4);
    Raster::from_fn(image.width(), image.height(), |x, y, pixel| {
        let ground = if (x / side + y / side).is_multiple_of(2) { 252.0 } else { 226.0 };
        let opacity = alpha.pixel(x, y)[0];
        for (to, &from) in pixel.iter_mut().zip(image.pixel(x, y)) {
            *to = (f32::from(from) * opacity + ground * (1.0 - opacity)).round() as u8;
        }
    })
}

/// A soft cinnabar line along the edge of the white area; none along the border of the picture.
fn outline(paper: &mut Raster<Srgb8>, mask: &Mask, place: &Place) {
    for y in 0..mask.height() {
        for x in 0..mask.width() {
            let edge = 1.0 - (2.0 * whiteness(mask, x, y) - 1.0).abs();
            if edge > 0.0 {
                mix(paper, (place.x + x) as isize, (place.y + y) as isize, CINNABAR, 1.6 * edge);
            }
        }
    }
}

/// Mean of the 5 × 5 samples about a place, `0.0..=1.0`; the border's samples go on outside.
fn whiteness(mask: &Mask, x: usize, y: usize) -> f32 {
    let row = |dy: usize| (y + dy).saturating_sub(2).min(mask.height() - 1);
    let column = |dx: usize| (x + dx).saturating_sub(2).min(mask.width() - 1);
    let sum: u32 = (0..5)
        .flat_map(|dy| (0..5).map(move |dx| (dx, dy)))
        .map(|(dx, dy)| u32::from(mask.pixel(column(dx), row(dy))[0]))
        .sum();
    sum as f32 / (25.0 * 255.0)
}

/// Dashed frames about the strips that "after" has and "before" lacks.
fn frame_new_area(paper: &mut Raster<Srgb8>, canvas: (usize, usize), inside: Rect, place: &Place) {
    let across = |x: usize| x * place.width / canvas.0.max(1);
    let down = |y: usize| y * place.height / canvas.1.max(1);
    let (left, right) = (across(inside.x), across(inside.right()));
    let (top, bottom) = (down(inside.y), down(inside.bottom()));
    for (x, width) in [(0, left), (right, place.width - right)] {
        dashed_frame(paper, place.x + x, place.y, width, place.height, CINNABAR);
    }
    for (y, height) in [(0, top), (bottom, place.height - bottom)] {
        dashed_frame(paper, place.x, place.y + y, place.width, height, CINNABAR);
    }
}
