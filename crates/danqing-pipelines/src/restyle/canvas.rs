//! The picture at the size at which a network paints it, and back.

use danqing_capability::CancelToken;
use danqing_media::color::gray_from_srgb;
use danqing_media::{Raster, SrgbF32};
use danqing_vision::guided::Lines;
use danqing_vision::resize::{Method, resized};

use super::{Error, Params};

/// Longer side at which the networks know their strokes best; larger pictures are painted at this size unless asked
/// otherwise. Seen on photographs of 3264 pixels: at 1280 a mountain is a photograph with a texture, at 768 a painting.
const KNOWN_SIDE: f64 = 768.0;
/// Shortest side that every network takes.
const LEAST_SIDE: usize = 32;

/// Longer side to paint at: the picture's own, at most [`KNOWN_SIDE`], divided by the size of strokes.
pub(super) fn longer_side((width, height): (usize, usize), params: &Params) -> usize {
    let natural = (width.max(height) as f64).min(KNOWN_SIDE) / params.style_scale;
    params.working_size.unwrap_or((natural.round() as usize).clamp(64, 16384))
}

/// The picture with that longer side.
pub(super) fn at_side(picture: &Raster<SrgbF32>, side: usize, cancel: &CancelToken) -> Result<Raster<SrgbF32>, Error> {
    let (width, height) = picture.size();
    let scaled = |n: usize| ((n * side) as f64 / width.max(height) as f64).round().max(1.0) as usize;
    let method = if side < width.max(height) { Method::Lanczos } else { Method::Bicubic };
    let mut made = resized(picture, scaled(width), scaled(height), method, cancel)?;
    made.samples_mut().iter_mut().for_each(|v| *v = v.clamp(0.0, 1.0));
    Ok(made)
}

/// The border pixels repeated to the right and below, to sides that are multiples of `multiple` and long enough.
pub(super) fn framed(picture: &Raster<SrgbF32>, multiple: usize) -> Raster<SrgbF32> {
    let side = |n: usize| n.max(LEAST_SIDE).next_multiple_of(multiple);
    let (width, height) = picture.size();
    Raster::from_fn(side(width), side(height), |x, y, s| {
        s.copy_from_slice(picture.pixel(x.min(width - 1), y.min(height - 1)));
    })
}

/// What was painted over `seen` (the content at another size), at the content's size. Enlarged strokes stay soft, but
/// contours get the content's own detail back, as far as the painted picture follows them.
pub(super) fn at_full_size(
    painted: Raster<SrgbF32>,
    seen: &Raster<SrgbF32>,
    content: &Raster<SrgbF32>,
    cancel: &CancelToken,
) -> Result<Raster<SrgbF32>, Error> {
    let (width, height) = content.size();
    if painted.size() == (width, height) {
        return Ok(painted);
    }
    if painted.width() > width {
        return Ok(resized(&painted, width, height, Method::Lanczos, cancel)?);
    }
    let small = gray_from_srgb(seen);
    let gain = Lines::fitted(&small, &painted, 2, 2e-3, cancel)?.gain;
    let gain = resized(&gain, width, height, Method::Bilinear, cancel)?;
    let coarse = resized(&small, width, height, Method::Bicubic, cancel)?;
    let fine = gray_from_srgb(content);
    let mut made = resized(&painted, width, height, Method::Bicubic, cancel)?;
    for y in 0..height {
        cancel.check()?;
        for (x, pixel) in made.row_mut(y).chunks_exact_mut(3).enumerate() {
            let detail = fine.pixel(x, y)[0] - coarse.pixel(x, y)[0];
            pixel.iter_mut().zip(gain.pixel(x, y)).for_each(|(value, gain)| *value += gain.clamp(0.0, 1.0) * detail);
        }
    }
    Ok(made)
}

/// `share` of `painted`, the rest of `content`; inside `0.0..=1.0`.
pub(super) fn mixed(
    content: &Raster<SrgbF32>,
    mut painted: Raster<SrgbF32>,
    share: f32,
    cancel: &CancelToken,
) -> Result<Raster<SrgbF32>, Error> {
    for y in 0..content.height() {
        cancel.check()?;
        for (value, own) in painted.row_mut(y).iter_mut().zip(content.row(y)) {
            *value = (own + (*value - own) * share).clamp(0.0, 1.0);
        }
    }
    Ok(painted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(width: usize, height: usize) -> Raster<SrgbF32> {
        Raster::from_fn(width, height, |x, y, s| s.fill((x + y) as f32 / (width + height) as f32))
    }

    #[test]
    fn large_strokes_are_painted_small_and_the_asked_side_wins() {
        let with = |style_scale, working_size| Params { style_scale, working_size, ..Params::default() };
        assert_eq!(longer_side((700, 600), &with(1.0, None)), 700);
        assert_eq!(longer_side((700, 600), &with(2.0, None)), 350);
        assert_eq!(longer_side((800, 4000), &with(0.5, None)), 1536);
        assert_eq!(longer_side((800, 600), &with(0.5, Some(3840))), 3840);
    }

    #[test]
    fn every_size_comes_back_and_a_painting_of_nothing_is_the_picture() {
        let cancel = CancelToken::default();
        for size in [(1, 1), (3, 500), (640, 333)] {
            let content = ramp(size.0, size.1);
            for side in [64, 300] {
                let seen = at_side(&content, side, &cancel).expect("runs");
                assert_eq!(seen.width().max(seen.height()), side);
                assert!(framed(&seen, 8).size().0.is_multiple_of(8) && framed(&seen, 8).height() >= 32);
                let back = at_full_size(seen.clone(), &seen, &content, &cancel).expect("runs");
                assert_eq!(back.size(), size);
                let worst =
                    back.samples().iter().zip(content.samples()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                assert!(worst < 0.03, "{size:?} at {side}: {worst}");
            }
        }
    }
}
