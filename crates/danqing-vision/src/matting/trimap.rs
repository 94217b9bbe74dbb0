//! What is surely subject, surely background, and what has to be found out.

use danqing_capability::{CancelToken, Cancelled};
use danqing_media::{Mask, Raster, ScalarF32};

use crate::morphology::{Shape, eroded};

/// Surely subject.
pub const SUBJECT: u8 = 255;
/// Surely background.
pub const BACKGROUND: u8 = 0;
/// To be found out.
pub const UNKNOWN: u8 = 128;

/// Trimap of a soft mask: sure is what is at least `certainty` away from the middle (0.5..=1.0: a value below
/// `1 − certainty` or above `certainty`) and farther than `inner` (subject) or `outer` (background) pixels from anything
/// that is not.
///
/// # Errors
/// [`Cancelled`].
pub fn trimap_from_mask(
    mask: &Raster<ScalarF32>,
    certainty: f32,
    inner: usize,
    outer: usize,
    cancel: &CancelToken,
) -> Result<Mask, Cancelled> {
    let (width, height) = mask.size();
    let sure = |is_sure: &dyn Fn(f32) -> bool| {
        Mask::from_fn(width, height, |x, y, s| s[0] = if is_sure(mask.pixel(x, y)[0]) { 255 } else { 0 })
    };
    let subject = eroded(&sure(&|v| v > certainty), inner, Shape::Ellipse, cancel)?;
    let background = eroded(&sure(&|v| v < 1.0 - certainty), outer, Shape::Ellipse, cancel)?;
    let mut made = subject;
    for (to, &background) in made.samples_mut().iter_mut().zip(background.samples()) {
        *to = match (*to, background) {
            (255, _) => SUBJECT,
            (_, 255) => BACKGROUND,
            _ => UNKNOWN,
        };
    }
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_band_lies_on_both_sides_of_the_edge_as_wide_as_asked() {
        let mask = Raster::<ScalarF32>::from_fn(20, 3, |x, _, s| s[0] = if x < 10 { 1.0 } else { 0.0 });
        let made = trimap_from_mask(&mask, 0.9, 2, 3, &CancelToken::default()).expect("not cancelled");
        let expected: Vec<u8> = (0..20)
            .map(|x| {
                if x < 8 {
                    SUBJECT
                } else if x < 13 {
                    UNKNOWN
                } else {
                    BACKGROUND
                }
            })
            .collect();
        assert_eq!(made.row(1), expected);
    }

    #[test]
    fn what_the_mask_does_not_know_is_unknown() {
        let mask = Raster::<ScalarF32>::filled(4, 4, 0.5);
        let made = trimap_from_mask(&mask, 0.9, 0, 0, &CancelToken::default()).expect("not cancelled");
        assert!(made.samples().iter().all(|&s| s == UNKNOWN));
    }
}
