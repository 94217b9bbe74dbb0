//! What is marked, how far it reaches, and which part of the picture the network sees.

use danqing_capability::CancelToken;
use danqing_media::{Mask, Picture, Raster, Rect, SrgbF32};
use danqing_vision::blur::{Border, Kernel, gaussian_with};

use super::{Area, Error, Params};
use crate::diffusion::{self, Takes, usual_scale, work_size};
use crate::erase::{self, region};
use crate::fill;

/// A drawing differs from the picture where a channel does by more than this: JPEG's noise does not count.
const DRAWN: f32 = 12.0 / 255.0;
/// A marked area is enlarged at most so much.
const MOST_SCALE: f64 = 8.0;

/// Where the picture is to change.
pub(super) struct Marked {
    /// 255 there, 0 elsewhere.
    pub(super) hole: Mask,
    /// How far it may, where the mask's grey says so.
    pub(super) levels: Option<Mask>,
}

impl From<Mask> for Marked {
    fn from(hole: Mask) -> Self {
        Self { hole, levels: None }
    }
}

/// What mask, rectangles and dabs mark, else what is drawn, else, for a network that needs no marks, everything.
pub(super) fn marked(
    (picture, mask, drawn): (&Picture, Option<&Picture>, Option<&Mask>),
    params: &Params,
    takes: Takes,
    cancel: &CancelToken,
) -> Result<Marked, Error> {
    let everywhere = || Mask::filled(picture.width, picture.height, u8::MAX);
    let has_marks = mask.is_some() || !params.rectangles.is_empty() || !params.points.is_empty();
    match drawn {
        _ if has_marks => {}
        Some(drawn) => return Ok(drawn.clone().into()),
        None if takes == Takes::Picture => return Ok(everywhere().into()),
        None => return Err(Error::NothingMarked),
    }
    let marks = erase::Params {
        rectangles: params.rectangles.clone(),
        points: params.points.clone(),
        mask_channel: params.mask_channel,
        invert: params.invert,
        grow: params.grow,
        ..erase::Params::default()
    };
    if params.soft_mask {
        let levels = region::levels(mask, &marks, picture.size(), cancel)?;
        let mut hole = levels.clone();
        hole.samples_mut().iter_mut().for_each(|v| *v = if *v > 0 { u8::MAX } else { 0 });
        if fill::bounds(&hole).is_empty() {
            return Err(erase::Error::EmptyMask.into());
        }
        return Ok(Marked { hole, levels: Some(levels) });
    }
    match region::hole(mask, &marks, picture.size(), cancel) {
        Err(erase::Error::FullMask) => Ok(everywhere().into()),
        marked => Ok(marked?.into()),
    }
}

/// How far beyond the hole the picture may change, pixels.
pub(super) fn reach(params: &Params) -> usize {
    if params.mask_blur > 0.0 { blur_radius(params.mask_blur) } else { params.feather }
}

/// Half of A1111's kernel, `2·int(2.5·sigma + 0.5) + 1` wide.
fn blur_radius(sigma: f64) -> usize {
    (2.5 * sigma + 0.5) as usize
}

/// How much of what is made every pixel gets.
pub(super) fn coverage(hole: &Mask, params: &Params, cancel: &CancelToken) -> Result<Mask, Error> {
    if params.mask_blur > 0.0 {
        let kernel = Kernel::Radius(blur_radius(params.mask_blur));
        return Ok(gaussian_with(hole, params.mask_blur as f32, kernel, Border::Replicate, cancel)?);
    }
    Ok(fill::feathered(hole, params.feather, cancel)?)
}

/// Where a drawing has something: its alpha, or what differs from the picture.
pub(super) fn drawn(
    picture: &Picture,
    doodle: &Picture,
    colours: (&Raster<SrgbF32>, &Raster<SrgbF32>),
) -> Result<Mask, Error> {
    if doodle.size() != picture.size() {
        return Err(Error::DoodleSize { doodle: doodle.size(), picture: picture.size() });
    }
    let alpha = doodle.alpha();
    let differs = |x: usize, y: usize| {
        let (a, b) = (colours.0.pixel(x, y), colours.1.pixel(x, y));
        a.iter().zip(b).any(|(a, b)| (a - b).abs() > DRAWN)
    };
    let mask = Mask::from_fn(picture.width, picture.height, |x, y, to| {
        let is_drawn = match &alpha {
            Some(alpha) => alpha.pixel(x, y)[0] > 0.5,
            None => differs(x, y),
        };
        to[0] = if is_drawn { u8::MAX } else { 0 };
    });
    if mask.samples().iter().all(|value| *value == 0) {
        return Err(Error::EmptyDoodle);
    }
    Ok(mask)
}

/// What the network sees, in the picture's pixels, and the size it works at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct View {
    pub(super) at: Rect,
    pub(super) work: (usize, usize),
}

impl View {
    /// `native`: side that the network was trained at; `multiple`: pixels of a latent's pixel.
    pub(super) fn new(
        coverage: &Mask,
        params: &Params,
        (multiple, native): (usize, usize),
    ) -> Result<Self, diffusion::Error> {
        let (width, height) = coverage.size();
        let asked = (params.work_width, params.work_height);
        let whole = Rect::new(0, 0, width, height);
        let is_whole = match params.area {
            Area::Auto => usual_scale(coverage.size()) >= 1.0,
            Area::Whole => true,
            Area::Masked => false,
        };
        let marked = fill::bounds(coverage);
        if is_whole || marked.is_empty() {
            let work = work_size(asked, coverage.size(), usual_scale(coverage.size()), multiple)?;
            return Ok(Self { at: whole, work });
        }
        let mut at = marked.grown(params.padding, width, height);
        if let (Some(w), Some(h)) = asked {
            at = proportioned(at, w as f64 / h as f64, (width, height));
        }
        let scale = native as f64 / ((at.width * at.height) as f64).sqrt();
        Ok(Self { at, work: work_size(asked, (at.width, at.height), scale.min(MOST_SCALE), multiple)? })
    }
}

/// `at` widened or heightened to a ratio as far as the picture reaches.
fn proportioned(at: Rect, ratio: f64, (width, height): (usize, usize)) -> Rect {
    let (w, h) = (at.width as f64, at.height as f64);
    let side = |wanted: f64, least: usize, most: usize| (wanted.round() as usize).clamp(least, most);
    let (w, h) = if w / h < ratio {
        (side(h * ratio, at.width, width), at.height)
    } else {
        (at.width, side(w / ratio, at.height, height))
    };
    let start =
        |first: usize, old: usize, new: usize, most: usize| first.saturating_sub((new - old) / 2).min(most - new);
    Rect::new(start(at.x, at.width, w, width), start(at.y, at.height, h, height), w, h)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(width: usize, height: usize, at: Rect) -> Mask {
        let mut mask = Mask::filled(width, height, 0);
        mask.paste(&Mask::filled(at.width, at.height, 255), at.x, at.y);
        mask
    }

    fn view(mask: &Mask, params: &Params) -> View {
        View::new(mask, params, (8, 512)).expect("a size")
    }

    #[test]
    fn a_small_picture_is_seen_whole_and_a_large_one_where_it_is_marked() {
        let small = view(&marked(500, 400, Rect::new(10, 10, 50, 50)), &Params::default());
        assert_eq!(small, View { at: Rect::new(0, 0, 500, 400), work: (504, 400) });
        let mask = marked(4000, 3000, Rect::new(2000, 1000, 128, 128));
        let large = view(&mask, &Params::default());
        assert_eq!(large, View { at: Rect::new(1936, 936, 256, 256), work: (512, 512) });
        let whole = view(&mask, &Params { area: Area::Whole, ..Params::default() });
        assert_eq!((whole.at, whole.work), (Rect::new(0, 0, 4000, 3000), (888, 664)));
        let wide = Params { work_width: Some(768), work_height: Some(384), ..Params::default() };
        assert_eq!(view(&mask, &wide), View { at: Rect::new(1808, 936, 512, 256), work: (768, 384) });
    }

    #[test]
    fn what_is_marked_at_the_edge_keeps_its_proportions_as_far_as_the_picture_reaches() {
        let at = proportioned(Rect::new(0, 0, 10, 40), 1.0, (100, 40));
        assert_eq!(at, Rect::new(0, 0, 40, 40));
        assert_eq!(proportioned(Rect::new(90, 0, 10, 40), 1.0, (100, 40)), Rect::new(60, 0, 40, 40));
        assert_eq!(proportioned(Rect::new(0, 0, 100, 40), 1.0, (100, 60)), Rect::new(0, 0, 100, 60));
    }

    #[test]
    fn blur_reaches_as_far_as_said_and_no_farther() {
        let hole = marked(60, 1, Rect::new(0, 0, 20, 1));
        for mask_blur in [0.5, 4.0] {
            let params = Params { mask_blur, ..Params::default() };
            let soft = coverage(&hole, &params, &CancelToken::default()).expect("not cancelled");
            let reach = reach(&params);
            assert!(soft.samples()[20 + reach..].iter().all(|value| *value == 0), "{mask_blur}");
            assert!(soft.samples()[19] < 255 && soft.samples()[20] > 0, "{mask_blur}");
        }
        assert_eq!((blur_radius(4.0), blur_radius(0.1)), (10, 0));
    }
}
