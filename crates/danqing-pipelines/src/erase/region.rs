//! From mask file, rectangles and dabs to the pixels that are to go.

use danqing_capability::CancelToken;
use danqing_media::{Mask, Picture};
use danqing_vision::morphology::{Shape, dilated, eroded};

use super::{Error, MaskChannel, Params, Point, Rectangle};

/// 255 where `params` and `mask` say erase, 0 elsewhere; `width` × `height`.
pub(crate) fn hole(
    mask: Option<&Picture>,
    params: &Params,
    size: (usize, usize),
    cancel: &CancelToken,
) -> Result<Mask, Error> {
    let mut hole = levels(mask, params, size, cancel)?;
    let highest = hole.samples().iter().copied().max().unwrap_or(0);
    hole.samples_mut().iter_mut().for_each(|v| *v = if *v >= MARKED { 255 } else { 0 });
    match hole.samples().iter().filter(|&&v| v > 0).count() {
        0 if highest > 0 && !params.invert => Err(Error::DarkMask { highest }),
        0 => Err(Error::EmptyMask),
        marked if marked == size.0 * size.1 => Err(Error::FullMask),
        _ => Ok(hole),
    }
}

/// How much each pixel is marked: the mask's own grey, 255 in rectangles and dabs; `width` × `height`.
pub(crate) fn levels(
    mask: Option<&Picture>,
    params: &Params,
    (width, height): (usize, usize),
    cancel: &CancelToken,
) -> Result<Mask, Error> {
    if mask.is_none() && params.rectangles.is_empty() && params.points.is_empty() {
        return Err(Error::NothingMarked);
    }
    let mut levels = match mask {
        Some(picture) => from_picture(picture, params.mask_channel, (width, height))?,
        None => Mask::filled(width, height, 0),
    };
    params.rectangles.iter().try_for_each(|r| draw_rectangle(&mut levels, *r))?;
    params.points.iter().try_for_each(|p| draw_point(&mut levels, *p))?;
    if params.invert {
        levels.samples_mut().iter_mut().for_each(|v| *v = 255 - *v);
    }
    let radius = params.grow.unsigned_abs() as usize;
    Ok(match params.grow {
        0 => levels,
        1.. => dilated(&levels, radius, Shape::Ellipse, cancel)?,
        _ => eroded(&levels, radius, Shape::Ellipse, cancel)?,
    })
}

/// Half and brighter is marked: a soft brush edge does not spread the hole.
const MARKED: u8 = 128;

/// How much a mask file marks.
fn from_picture(picture: &Picture, channel: MaskChannel, (width, height): (usize, usize)) -> Result<Mask, Error> {
    if (picture.width, picture.height) != (width, height) {
        return Err(Error::MaskSize { mask: (picture.width, picture.height), picture: (width, height) });
    }
    Ok(match channel {
        MaskChannel::Brightness => picture.to_mask(danqing_media::MaskSource::Luma),
        MaskChannel::Transparency if picture.channels.has_alpha() => {
            let mut opaque = picture.to_mask(danqing_media::MaskSource::Alpha);
            opaque.samples_mut().iter_mut().for_each(|v| *v = 255 - *v);
            opaque
        }
        MaskChannel::Transparency => return Err(Error::NoTransparency),
    })
}

fn draw_rectangle(hole: &mut Mask, r: Rectangle) -> Result<(), Error> {
    let (width, height) = hole.size();
    let outside = r.x >= width || r.y >= height || r.width == 0 || r.height == 0;
    if outside {
        let mark = format!("rectangle {},{} {}x{}", r.x, r.y, r.width, r.height);
        return Err(Error::MarkOutside { mark, picture: (width, height) });
    }
    let right = r.x.saturating_add(r.width).min(width);
    for y in r.y..r.y.saturating_add(r.height).min(height) {
        hole.row_mut(y)[r.x..right].fill(255);
    }
    Ok(())
}

fn draw_point(hole: &mut Mask, p: Point) -> Result<(), Error> {
    let (width, height) = hole.size();
    let touches = p.radius > 0.0
        && p.x + p.radius > 0.0
        && p.y + p.radius > 0.0
        && p.x - p.radius < width as f64
        && p.y - p.radius < height as f64;
    if !touches {
        let mark = format!("point {},{} with radius {}", p.x, p.y, p.radius);
        return Err(Error::MarkOutside { mark, picture: (width, height) });
    }
    let top = (p.y - p.radius).max(0.0) as usize;
    let bottom = ((p.y + p.radius).ceil() as usize + 1).min(height);
    for y in top..bottom {
        for (x, sample) in hole.row_mut(y).iter_mut().enumerate() {
            if (x as f64 + 0.5 - p.x).hypot(y as f64 + 0.5 - p.y) <= p.radius {
                *sample = 255;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(params: &Params, size: (usize, usize)) -> Result<usize, Error> {
        let hole = hole(None, params, size, &CancelToken::default())?;
        Ok(hole.samples().iter().filter(|&&v| v == 255).count())
    }

    #[test]
    fn rectangles_points_and_growth_add_up() {
        let rectangle = Rectangle { x: 2, y: 2, width: 3, height: 2 };
        let mut params = Params { rectangles: vec![rectangle], ..Params::default() };
        assert_eq!(marked(&params, (20, 20)).expect("inside"), 6);
        params.grow = 1;
        assert_eq!(marked(&params, (20, 20)).expect("inside"), 6 + 3 + 3 + 2 + 2, "an ellipse of radius 1 is a cross");
        params.grow = 0;
        params.points = vec![Point { x: 15.0, y: 15.0, radius: 1.0 }];
        assert_eq!(marked(&params, (20, 20)).expect("inside"), 6 + 4);
        params.invert = true;
        assert_eq!(marked(&params, (20, 20)).expect("inside"), 400 - 10);
    }

    #[test]
    fn a_mask_that_is_too_dark_says_how_dark_it_is() {
        let message = |highest: u8| {
            let mut mask = Mask::filled(4, 4, 0);
            mask.samples_mut()[5] = highest;
            let made = hole(Some(&Picture::from_mask(mask)), &Params::default(), (4, 4), &CancelToken::default());
            made.map(|_| ()).map_err(|e| e.to_string())
        };
        let dark = "the mask marks nothing: its highest value is 127, what is marked has 128 or more";
        assert_eq!(message(127), Err(dark.to_owned()));
        assert_eq!(message(0), Err("the mask is empty: no pixel is marked".to_owned()));
        assert_eq!(message(128), Ok(()));
    }

    #[test]
    fn what_can_not_be_is_said() {
        let far = Params { rectangles: vec![Rectangle { x: 9, y: 0, width: 1, height: 1 }], ..Params::default() };
        let all = Params { rectangles: vec![Rectangle { x: 0, y: 0, width: 9, height: 9 }], ..Params::default() };
        let cases = [
            (Params::default(), "nothing is marked to be erased"),
            (far, "rectangle 9,0 1x1 lies outside the picture of 4x4"),
            (all.clone(), "the mask covers the whole picture: nothing is left to continue from"),
            (Params { invert: true, ..all }, "the mask is empty: no pixel is marked"),
        ];
        for (params, message) in cases {
            assert_eq!(marked(&params, (4, 4)).expect_err(message).to_string(), message);
        }
    }
}
