//! Which size the result has, which size the network works at, and how a picture gets there and back.

use danqing_capability::{CancelToken, Cancelled, Progress};
use danqing_media::{Raster, Rect, Space};
use danqing_vision::resize::{Method, resized};

use super::{Params, Resize};
use crate::diffusion::{Error, out_of_range, usual_scale, work_size};

/// Sides that a result may have.
const SIDES: std::ops::RangeInclusive<usize> = 16..=4096;
/// Width and height of the result, and of the network's work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sizes {
    pub(crate) result: (usize, usize),
    pub(crate) work: (usize, usize),
    /// Of a second painting.
    pub(crate) second: Option<(usize, usize)>,
}

impl Sizes {
    /// What the parameters mean for a picture of that size, or for none. `multiple`: pixels of a latent's pixel; `native`:
    /// side that the network was trained at.
    pub(super) fn meant(
        params: &Params,
        picture: Option<(usize, usize)>,
        (multiple, native): (usize, usize),
        progress: &mut Progress<'_>,
    ) -> Result<Self, Error> {
        let base = result(params, picture, native);
        let result = enlarged(base, params.hires);
        // A picture's own side is always fine.
        let (own_width, own_height) = (picture.map(|size| size.0), picture.map(|size| size.1));
        if params.hires > 1.0 && (result.0.max(result.1) > *SIDES.end()) {
            let actual = format!("{} of {}x{}", params.hires, base.0, base.1);
            return Err(out_of_range("hires", actual, "at most 4096 pixels on a side"));
        }
        for (name, actual, own) in [("width", base.0, own_width), ("height", base.1, own_height)] {
            if !SIDES.contains(&actual) && own != Some(actual) {
                return Err(out_of_range(name, actual, "16 to 4096 pixels"));
            }
        }
        let is_free = params.width.is_none() && params.height.is_none();
        let scale = if is_free { usual_scale(base) } else { 1.0 };
        let work = work_size((params.work_width, params.work_height), base, scale, multiple)?;
        if work != base && params.work_width.is_none() {
            let ((w, h), (width, height)) = (work, result);
            let message = format!("the network works at {w}x{h}, the result is brought to {width}x{height}");
            progress.warn("size_rounded", message);
        }
        Ok(Self { result, work, second: second(params, work, multiple)? })
    }

    /// Of resolved parameters.
    pub(super) fn resolved(params: &Params, picture: Option<(usize, usize)>, multiple: usize) -> Result<Self, Error> {
        let base = result(params, picture, 512);
        let work = (params.work_width.unwrap_or(base.0), params.work_height.unwrap_or(base.1));
        Ok(Self { result: enlarged(base, params.hires), work, second: second(params, work, multiple)? })
    }

    /// What is resolved: the result's size before a second painting enlarges it.
    pub(super) fn base(params: &Params, picture: Option<(usize, usize)>, native: usize) -> (usize, usize) {
        result(params, picture, native)
    }
}

fn enlarged((width, height): (usize, usize), times: f64) -> (usize, usize) {
    let side = |side: usize| (side as f64 * times).round() as usize;
    (side(width), side(height))
}

fn second(params: &Params, work: (usize, usize), multiple: usize) -> Result<Option<(usize, usize)>, Error> {
    let size = || work_size((None, None), work, params.hires, multiple);
    (params.hires > 1.0).then(size).transpose()
}

fn result(params: &Params, picture: Option<(usize, usize)>, native: usize) -> (usize, usize) {
    let (width, height) = picture.unwrap_or((native, native));
    match (params.width, params.height) {
        (Some(w), Some(h)) => (w, h),
        (Some(w), None) => (w, followed(w, height, width)),
        (None, Some(h)) => (followed(h, width, height), h),
        (None, None) => (width, height),
    }
}

/// The other side at the same proportions.
fn followed(side: usize, other: usize, own: usize) -> usize {
    ((side as f64 * other as f64 / own as f64).round() as usize).max(1)
}

/// `from` at another size, as `mode` says.
pub(crate) fn fitted<S: Space<Sample = f32>>(
    from: &Raster<S>,
    (width, height): (usize, usize),
    mode: Resize,
    cancel: &CancelToken,
) -> Result<Raster<S>, Cancelled> {
    match mode {
        Resize::Stretch => resized(from, width, height, Method::Lanczos, cancel),
        Resize::Crop => {
            let (w, h) = from.size();
            let part = (followed(h, width, height).min(w).max(1), followed(w, height, width).min(h).max(1));
            let middle = Rect::new((w - part.0) / 2, (h - part.1) / 2, part.0, part.1);
            resized(&from.crop(middle), width, height, Method::Lanczos, cancel)
        }
        Resize::Fill => {
            let (w, h) = (from.width() as f64, from.height() as f64);
            let scale = (width as f64 / w).min(height as f64 / h);
            let side = |side: f64, most: usize| ((side * scale).round() as usize).clamp(1, most);
            let inner = resized(from, side(w, width), side(h, height), Method::Lanczos, cancel)?;
            let (left, top) = ((width - inner.width()) / 2, (height - inner.height()) / 2);
            Ok(Raster::from_fn(width, height, |x, y, pixel| {
                let column = x.saturating_sub(left).min(inner.width() - 1);
                let row = y.saturating_sub(top).min(inner.height() - 1);
                pixel.copy_from_slice(inner.pixel(column, row));
            }))
        }
    }
}
