//! What was typed → what was meant: trim, sides, size.

use danqing_media::Rect;

use super::layout::Sides;
use super::size::Length;
use super::{Error, Params, Trim};

/// Longest side of a result, pixels.
const MOST_SIDE: usize = 32_768;
/// Most pixels of a result.
const MOST_PIXELS: usize = 256_000_000;

/// The part of a `width` × `height` picture that stays.
pub(super) fn kept(trim: Trim, width: usize, height: usize) -> Result<Rect, Error> {
    let inner = |before: usize, after: usize, side: usize| {
        side.checked_sub(before.saturating_add(after)).filter(|&n| n > 0).ok_or(Error::NothingLeft { width, height })
    };
    let (w, h) = (inner(trim.left, trim.right, width)?, inner(trim.top, trim.bottom, height)?);
    Ok(Rect::new(trim.left, trim.top, w, h))
}

/// New pixels on each side of a kept part of `width` × `height`; `refill` is what `auto` gives back where it trimmed.
pub(super) fn sides(params: &Params, refill: Trim, width: usize, height: usize) -> Result<Sides, Error> {
    let given = [params.left, params.right, params.top, params.bottom];
    let names = ["left", "right", "top", "bottom"];
    let side = given.iter().zip(names).find_map(|(length, name)| length.map(|_| name));
    let sides = match (params.ratio, side) {
        (Some(_), Some(side)) => return Err(Error::RatioAndSides { side }),
        (Some(ratio), None) => Sides::for_ratio(ratio, params.anchor, width, height),
        (None, Some(_)) => {
            let pixels = |length: Option<Length>, side| length.map_or(0, |l| l.in_pixels(side));
            Sides {
                left: pixels(params.left, width),
                right: pixels(params.right, width),
                top: pixels(params.top, height),
                bottom: pixels(params.bottom, height),
            }
        }
        (None, None) if params.auto => {
            Sides { left: refill.left, right: refill.right, top: refill.top, bottom: refill.bottom }
        }
        (None, None) => return Err(Error::NoTarget),
    };
    if params.ratio.is_some() && sides.is_zero() && width.max(height) < 4 {
        return Err(Error::TooSmall { width, height });
    }
    bounded(sides, width, height)
}

fn bounded(sides: Sides, width: usize, height: usize) -> Result<Sides, Error> {
    let (w, h) = sides.canvas(width, height);
    if sides.is_zero() {
        return Err(Error::NothingNew { width, height });
    }
    if w.max(h) > MOST_SIDE || w.saturating_mul(h) > MOST_PIXELS {
        return Err(Error::TooLarge { width: w, height: h, most: MOST_SIDE, pixels: MOST_PIXELS });
    }
    Ok(sides)
}

/// Growth cut into steps of one side and at most `most` new pixels each: left and right first, then above and below,
/// which take the corners.
pub(super) fn steps(sides: Sides, most: usize) -> Vec<Sides> {
    let none = Sides::default();
    let cut = |new: usize, side: fn(usize, Sides) -> Sides| {
        let count = new.div_ceil(most.max(1));
        (0..count).map(move |i| side(new * (i + 1) / count - new * i / count, Sides::default()))
    };
    cut(sides.left, |left, none| Sides { left, ..none })
        .chain(cut(sides.right, |right, none| Sides { right, ..none }))
        .chain(cut(sides.top, |top, none| Sides { top, ..none }))
        .chain(cut(sides.bottom, |bottom, none| Sides { bottom, ..none }))
        .filter(|step| *step != none)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(change: impl FnOnce(&mut Params)) -> Params {
        let mut params = Params::default();
        change(&mut params);
        params
    }

    #[test]
    fn requests_that_can_not_be_say_why() {
        let cases = [
            (Params::default(), "nothing says how far to extend"),
            (with(|p| p.ratio = "1:1".parse().ok()), "nothing to do: the picture of 100x100 already has that size"),
            (
                with(|p| (p.ratio, p.top) = ("1:1".parse().ok(), Some(Length::Pixels(3)))),
                "a ratio and top are given, but only one of them can decide the size",
            ),
            (
                with(|p| p.left = Some(Length::Pixels(32_768))),
                "the result would be 32868x100 (expected at most 32768 pixels on a side and 256000000 in all)",
            ),
        ];
        for (params, message) in cases {
            assert_eq!(sides(&params, Trim::default(), 100, 100).expect_err(message).to_string(), message);
        }
        assert!(kept(Trim { left: 60, right: 40, ..Trim::default() }, 100, 100).is_err());
    }

    #[test]
    fn steps_add_up_and_each_grows_one_side_a_little() {
        let whole = Sides { left: 700, right: 33, top: 0, bottom: 250 };
        let steps = steps(whole, 256);
        assert_eq!(steps.len(), 3 + 1 + 1);
        assert!(steps.iter().all(|s| s.left.max(s.right).max(s.bottom) <= 256));
        assert!(steps.iter().all(|s| [s.left, s.right, s.top, s.bottom].iter().filter(|&&n| n > 0).count() == 1));
        let sum = |side: fn(&Sides) -> usize| steps.iter().map(side).sum::<usize>();
        assert_eq!((sum(|s| s.left), sum(|s| s.right), sum(|s| s.top), sum(|s| s.bottom)), (700, 33, 0, 250));
    }
}
