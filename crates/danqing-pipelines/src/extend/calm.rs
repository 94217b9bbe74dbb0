//! Fills that invent nothing: one colour, or the picture mirrored and blurred more and more.

use danqing_capability::{Cancelled, Progress};
use danqing_media::{Raster, SrgbF32};
use danqing_vision::blur::gaussian;
use danqing_vision::resize::{Method, resized};

use super::layout::Sides;

/// The canvas with `colour` (sRGB `0..=1`) in the new area.
pub(super) fn coloured(picture: &Raster<SrgbF32>, sides: Sides, colour: [f32; 3]) -> Raster<SrgbF32> {
    let (width, height) = sides.canvas(picture.width(), picture.height());
    let mut canvas = Raster::from_fn(width, height, |_, _, s| s.copy_from_slice(&colour));
    canvas.paste(picture, sides.left, sides.top);
    canvas
}

/// The canvas with the picture's mirror image in the new area, sharp at the border, ever softer away from it.
pub(super) fn mirror_blurred(
    picture: &Raster<SrgbF32>,
    sides: Sides,
    progress: &mut Progress<'_>,
) -> Result<Raster<SrgbF32>, Cancelled> {
    let mirrored = mirror(picture, sides);
    let longest = sides.left.max(sides.right).max(sides.top).max(sides.bottom).max(1) as f32;
    let mut canvas = mirrored.clone();
    let levels = [0.01_f32, 0.03, 0.08].map(|share| share * picture.width().min(picture.height()) as f32);
    for (i, sigma) in levels.into_iter().enumerate() {
        let soft = softened(&mirrored, sigma.max(0.6), progress)?;
        mix(&mut canvas, &soft, picture, sides, longest * i as f32 / 4.0, longest / 4.0);
        progress.step("mirror", i + 1, levels.len())?;
    }
    Ok(canvas)
}

/// Gaussian blur; a wide one works on a smaller picture, where nothing it keeps is lost.
fn softened(picture: &Raster<SrgbF32>, sigma: f32, progress: &mut Progress<'_>) -> Result<Raster<SrgbF32>, Cancelled> {
    let cancel = progress.cancel_token();
    let shrink = (sigma / 4.0).floor().max(1.0);
    let (width, height) = picture.size();
    let side = |n: usize| ((n as f32 / shrink).round() as usize).max(1);
    let small = resized(picture, side(width), side(height), Method::Area, cancel)?;
    resized(&gaussian(&small, sigma / shrink, cancel)?, width, height, Method::Bicubic, cancel)
}

/// Mirrored as often as needed.
fn mirror(picture: &Raster<SrgbF32>, sides: Sides) -> Raster<SrgbF32> {
    let (width, height) = picture.size();
    let (w, h) = sides.canvas(width, height);
    let fold = |at: usize, before: usize, side: usize| {
        let period = 2 * side as isize;
        let folded = (at as isize - before as isize).rem_euclid(period);
        folded.min(period - 1 - folded) as usize
    };
    Raster::from_fn(w, h, |x, y, s| {
        s.copy_from_slice(picture.pixel(fold(x, sides.left, width), fold(y, sides.top, height)));
    })
}

/// Mixes `soft` in from `start` pixels outside the picture on, fully after `ramp` more.
fn mix(
    canvas: &mut Raster<SrgbF32>,
    soft: &Raster<SrgbF32>,
    picture: &Raster<SrgbF32>,
    sides: Sides,
    start: f32,
    ramp: f32,
) {
    let outside = |at: usize, before: usize, side: usize| {
        (before as f32 - at as f32).max(at as f32 + 1.0 - (before + side) as f32).max(0.0)
    };
    for y in 0..canvas.height() {
        let down = outside(y, sides.top, picture.height());
        for x in 0..canvas.width() {
            let away = outside(x, sides.left, picture.width()).hypot(down);
            let share = ((away - start) / ramp).clamp(0.0, 1.0);
            for (to, from) in canvas.pixel_mut(x, y).iter_mut().zip(soft.pixel(x, y)) {
                *to += (from - *to) * share;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use danqing_capability::CancelToken;

    use super::*;

    fn picture() -> Raster<SrgbF32> {
        Raster::from_fn(40, 30, |x, y, s| s.copy_from_slice(&[x as f32 / 40.0, y as f32 / 30.0, 0.5]))
    }

    #[test]
    fn the_picture_itself_is_untouched_and_the_border_is_continuous() {
        let sides = Sides { left: 50, right: 3, top: 0, bottom: 31 };
        let mut ignore = |_| {};
        let mut progress = Progress::new(CancelToken::default(), &mut ignore);
        let canvas = mirror_blurred(&picture(), sides, &mut progress).expect("not cancelled");
        assert_eq!(canvas.size(), (93, 61));
        assert_eq!(canvas.crop(sides.place(40, 30)), picture());
        for y in 0..30 {
            assert!((canvas.pixel(49, y)[0] - canvas.pixel(50, y)[0]).abs() < 0.03);
        }
    }

    #[test]
    fn one_colour_is_one_colour() {
        let canvas = coloured(&picture(), Sides { top: 2, ..Sides::default() }, [1.0, 0.5, 0.0]);
        assert_eq!(canvas.row(1)[..3], [1.0, 0.5, 0.0]);
        assert_eq!(canvas.row(2), picture().row(0));
    }
}
