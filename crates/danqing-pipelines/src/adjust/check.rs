//! Refuses, before any work, what no run could do: numbers out of range, places outside, sizes too large.

use danqing_vision::geometry::{Turn, inner_size, outer_size};
use danqing_vision::tone::Curve;

use super::Error;
use super::edit::{Corners, Crop, Edit, Fit, Resize, Rotate};

/// Most pixels of any step.
pub(super) const MAX_PIXELS: usize = 1 << 28;

/// Checks the whole list on a picture of `size`; the size of the result.
pub(super) fn size_after(edits: &[Edit], mut size: (usize, usize)) -> Result<(usize, usize), Error> {
    for (i, edit) in edits.iter().enumerate() {
        let step = Step { position: i + 1, edit };
        step.check_ranges()?;
        size = step.size_after(size)?;
    }
    Ok(size)
}

/// One edit at its place in the list.
struct Step<'a> {
    position: usize,
    edit: &'a Edit,
}

/// A field, its value, and its smallest and largest allowed value.
type Field = (&'static str, f64, f64, f64);

impl Step<'_> {
    fn check_ranges(&self) -> Result<(), Error> {
        let wrong = fields(self.edit).into_iter().find(|(_, value, low, high)| !(low..=high).contains(&value));
        if let Some((field, actual, low, high)) = wrong {
            return Err(Error::OutOfRange { position: self.position, edit: name(self.edit), field, actual, low, high });
        }
        match self.edit {
            Edit::Levels(levels) if levels.in_black >= levels.in_white => {
                let (black, white) = (levels.in_black, levels.in_white);
                Err(Error::LevelsCrossed { position: self.position, black, white })
            }
            Edit::Curves(curves) => {
                Curve::through(&points(&curves.points)).map(drop).map_err(|cause| self.curve_error(cause))
            }
            _ => Ok(()),
        }
    }

    fn curve_error(&self, cause: danqing_vision::tone::CurveError) -> Error {
        Error::Curve { position: self.position, cause }
    }

    fn size_after(&self, size: (usize, usize)) -> Result<(usize, usize), Error> {
        let after = match self.edit {
            Edit::Crop(crop) => self.cropped(crop, size)?,
            Edit::NeutralPoint(point) if point.x >= size.0 || point.y >= size.1 => {
                return Err(self.outside(format!("point {},{}", point.x, point.y), size));
            }
            Edit::Rotate(rotate) => rotated_size(rotate, size),
            Edit::Resize(resize) => self.resized(resize, size)?,
            _ => size,
        };
        if after.0.saturating_mul(after.1) > MAX_PIXELS {
            let (position, edit) = (self.position, name(self.edit));
            return Err(Error::TooLarge { position, edit, size: after, limit: MAX_PIXELS });
        }
        Ok(after)
    }

    fn cropped(&self, crop: &Crop, size: (usize, usize)) -> Result<(usize, usize), Error> {
        let fits = |start: usize, length: usize, whole: usize| {
            length > 0 && start.checked_add(length).is_some_and(|end| end <= whole)
        };
        if fits(crop.x, crop.width, size.0) && fits(crop.y, crop.height, size.1) {
            return Ok((crop.width, crop.height));
        }
        let Crop { x, y, width, height } = crop;
        Err(self.outside(format!("rectangle {width}x{height} at {x},{y}"), size))
    }

    fn outside(&self, place: String, size: (usize, usize)) -> Error {
        Error::Outside { position: self.position, edit: name(self.edit), place, size }
    }

    fn resized(&self, resize: &Resize, size: (usize, usize)) -> Result<(usize, usize), Error> {
        if resize.width.is_none() && resize.height.is_none() {
            return Err(Error::NoSize { position: self.position });
        }
        Ok(match (resize.fit, resize.width, resize.height) {
            (Fit::Cover, Some(width), Some(height)) => (width, height),
            _ => scaled_size(resize, size),
        })
    }
}

/// The size a picture is resampled to; with [`Fit::Cover`] it is cropped afterwards.
pub(super) fn scaled_size(resize: &Resize, (width, height): (usize, usize)) -> (usize, usize) {
    let by = |scale: f64| {
        let side = |length: usize| ((length as f64 * scale).round() as usize).max(1);
        (side(width), side(height))
    };
    let scale = |to: usize, from: usize| to as f64 / from as f64;
    match (resize.width, resize.height) {
        (Some(w), Some(h)) => match resize.fit {
            Fit::Exact => (w, h),
            Fit::Within => by(scale(w, width).min(scale(h, height))),
            Fit::Cover => {
                let (covering_w, covering_h) = by(scale(w, width).max(scale(h, height)));
                (covering_w.max(w), covering_h.max(h))
            }
        },
        (Some(w), None) => (w, by(scale(w, width)).1),
        (None, Some(h)) => (by(scale(h, height)).0, h),
        (None, None) => (width, height),
    }
}

/// How many quarter turns (0 to 3) a rotation is exactly; none for other angles.
pub(super) fn quarter_turns(degrees: f64) -> Option<u8> {
    let quarters = degrees / 90.0;
    let is_whole = (quarters - quarters.round()).abs() < 1e-9;
    is_whole.then(|| (quarters.round() as i64).rem_euclid(4) as u8)
}

/// That many quarter turns; none for 0.
pub(super) fn turn_of(quarters: u8) -> Option<Turn> {
    match quarters {
        1 => Some(Turn::Quarter),
        2 => Some(Turn::Half),
        3 => Some(Turn::ThreeQuarters),
        _ => None,
    }
}

pub(super) fn rotated_size(rotate: &Rotate, size: (usize, usize)) -> (usize, usize) {
    match (quarter_turns(rotate.degrees), rotate.corners) {
        (Some(quarters), _) => turn_of(quarters).map_or(size, |turn| turn.size(size)),
        (None, Corners::Crop) => inner_size(size, rotate.degrees),
        (None, Corners::Expand) => outer_size(size, rotate.degrees),
        (None, Corners::Keep) => size,
    }
}

pub(super) fn points(pairs: &[[f64; 2]]) -> Vec<(f32, f32)> {
    pairs.iter().map(|[x, y]| (*x as f32, *y as f32)).collect()
}

/// Every number of an edit with its hard range; the schema and the docs say the same.
fn fields(edit: &Edit) -> Vec<Field> {
    match edit {
        Edit::Exposure(e) => vec![("stops", e.stops, -10.0, 10.0)],
        Edit::Brightness(e) => vec![("amount", e.amount, -1.0, 1.0)],
        Edit::Contrast(e) => vec![("amount", e.amount, -1.0, 4.0)],
        Edit::Curves(e) => e.points.iter().flatten().map(|&v| ("points", v, 0.0, 1.0)).collect(),
        Edit::Levels(e) => vec![
            ("in_black", e.in_black, 0.0, 1.0),
            ("in_white", e.in_white, 0.0, 1.0),
            ("gamma", e.gamma, 0.1, 10.0),
            ("out_black", e.out_black, 0.0, 1.0),
            ("out_white", e.out_white, 0.0, 1.0),
        ],
        Edit::WhiteBalance(e) => {
            vec![("temperature", e.temperature, -100.0, 100.0), ("tint", e.tint, -100.0, 100.0)]
        }
        Edit::AutoWhiteBalance(e) => vec![("strength", e.strength, 0.0, 1.0)],
        Edit::NeutralPoint(e) => vec![("radius", e.radius as f64, 0.0, 256.0)],
        Edit::Hsl(e) => vec![
            ("hue", e.hue, -180.0, 180.0),
            ("saturation", e.saturation, -1.0, 1.0),
            ("lightness", e.lightness, -1.0, 1.0),
        ],
        Edit::Saturation(e) => vec![("amount", e.amount, -1.0, 4.0)],
        Edit::Vibrance(e) => vec![("amount", e.amount, -1.0, 1.0)],
        Edit::Sharpen(e) => vec![("amount", e.amount, 0.0, 10.0), ("radius", e.radius, 0.1, 100.0)],
        Edit::Blur(e) => vec![("radius", e.radius, 0.0, 200.0)],
        Edit::Denoise(e) => vec![("strength", e.strength, 0.0, 1.0)],
        Edit::Vignette(e) => vec![("stops", e.stops, -5.0, 5.0), ("start", e.start, 0.0, 0.95)],
        Edit::Rotate(e) => vec![("degrees", e.degrees, -360.0, 360.0)],
        Edit::Resize(e) => {
            let side = |name, side: Option<usize>| side.map(|side| (name, side as f64, 1.0, 65_535.0));
            side("width", e.width).into_iter().chain(side("height", e.height)).collect()
        }
        Edit::Crop(_) | Edit::Flip(_) => Vec::new(),
    }
}

/// The name of an edit in JSON.
fn name(edit: &Edit) -> &'static str {
    match edit {
        Edit::Exposure(_) => "exposure",
        Edit::Brightness(_) => "brightness",
        Edit::Contrast(_) => "contrast",
        Edit::Curves(_) => "curves",
        Edit::Levels(_) => "levels",
        Edit::WhiteBalance(_) => "white_balance",
        Edit::AutoWhiteBalance(_) => "auto_white_balance",
        Edit::NeutralPoint(_) => "neutral_point",
        Edit::Hsl(_) => "hsl",
        Edit::Saturation(_) => "saturation",
        Edit::Vibrance(_) => "vibrance",
        Edit::Sharpen(_) => "sharpen",
        Edit::Blur(_) => "blur",
        Edit::Denoise(_) => "denoise",
        Edit::Vignette(_) => "vignette",
        Edit::Crop(_) => "crop",
        Edit::Rotate(_) => "rotate",
        Edit::Flip(_) => "flip",
        Edit::Resize(_) => "resize",
    }
}
