//! From the network's logits to a mask of the picture's size.

use danqing_capability::{CancelToken, Progress};
use danqing_media::{Mask, Picture, Raster, Rect, ScalarF32};
use danqing_models::segmenters::mobile_sam::{MASK_SIDE, Masks, SIDE, scaled_size};
use danqing_nn::FeatureMap;
use danqing_vision::components::{Connectivity, components_of};
use danqing_vision::distance::{distance_to_nonzero, distance_to_zero};
use danqing_vision::matting::{BACKGROUND, SUBJECT, guided_coefficients, trimap_from_mask};
use danqing_vision::morphology::{Shape, dilated, eroded};
use danqing_vision::resize::{Method, resized};

use super::{Error, Extent, Params};
use crate::fill;

/// Steepness of the edge after the guided filter, and of the network's own edge, which is soft over several pixels.
const CONTRAST: f32 = 2.0;
const SHARPEST: f32 = 4.0;
/// Chances this far from a half are sure.
const CERTAINTY: f32 = 0.95;
/// How far from the edge chances between 0 and 1 stay, pixels as the encoder saw them: two steps of the network's grid.
const EDGE: f32 = 2.0 * (SIDE / MASK_SIDE) as f32;
/// Variance of colour below which the guided filter smooths.
const EPSILON: f32 = 1e-4;

/// What the four masks mean: all marks together, then a click's meanings from the smallest on.
pub(super) const MEANINGS: [&str; 4] = ["marks", "detail", "part", "whole"];

/// Which mask is meant. One click is ambiguous: the likeliest of its meanings counts. Several marks say together what is
/// meant, and the network has a mask for that.
pub(super) fn chosen(masks: &Masks, params: &Params) -> usize {
    let marks = params.points.len() + params.outside.len() + 2 * usize::from(params.rectangle.is_some());
    match params.extent {
        Extent::Detail => 1,
        Extent::Part => 2,
        Extent::Whole => 3,
        Extent::Auto if marks > 1 => 0,
        Extent::Auto => (1..4).max_by(|&a, &b| masks.quality[a].total_cmp(&masks.quality[b])).unwrap_or(0),
    }
}

/// The mask as asked for.
pub(super) fn finished(
    logits: &FeatureMap,
    chosen: usize,
    picture: &Picture,
    params: &Params,
    progress: &mut Progress<'_>,
) -> Result<Mask, Error> {
    let cancel = &progress.cancel_token().clone();
    let mut guess = inside(logits, chosen, picture.size(), cancel)?;
    tidy(&mut guess, params, picture.size(), cancel)?;
    settle(&mut guess, cancel)?;
    progress.step("refine", 0, 1)?;
    let opacity =
        if params.refine { refined(&guess, picture, cancel)? } else { enlarged(&guess, picture.size(), cancel)? };
    let mut mask = crisp(&opacity, if params.refine { CONTRAST } else { SHARPEST });
    if params.invert {
        mask.samples_mut().iter_mut().for_each(|value| *value = 255 - *value);
    }
    let radius = params.grow.unsigned_abs() as usize;
    let mask = match params.grow {
        0 => mask,
        1.. => dilated(&mask, radius, Shape::Ellipse, cancel)?,
        _ => eroded(&mask, radius, Shape::Ellipse, cancel)?,
    };
    if params.feather == 0 {
        return Ok(mask);
    }
    let mut inside = mask.clone();
    inside.samples_mut().iter_mut().for_each(|value| *value = if *value >= 128 { 255 } else { 0 });
    let soft = fill::feathered(&inside, params.feather, cancel)?;
    Ok(Mask::from_fn(mask.width(), mask.height(), |x, y, s| s[0] = soft.pixel(x, y)[0].max(mask.pixel(x, y)[0])))
}

/// Chance of each pixel to be inside, at the size at which the encoder saw the picture: enlarged and cut as
/// `Sam.postprocess_masks` does it.
fn inside(
    logits: &FeatureMap,
    chosen: usize,
    (width, height): (usize, usize),
    cancel: &CancelToken,
) -> Result<Raster<ScalarF32>, Error> {
    let values = logits.as_slice()?.chunks_exact(logits.shape().channels).map(|pixel| pixel[chosen]).collect();
    let square = Raster::<ScalarF32>::new(MASK_SIDE, MASK_SIDE, values)?;
    let square = resized(&square, SIDE, SIDE, Method::Bilinear, cancel)?;
    let (w, h) = scaled_size(width, height);
    let mut seen = square.crop(Rect::new(0, 0, w, h));
    seen.samples_mut().iter_mut().for_each(|value| *value = 1.0 / (1.0 + (-*value).exp()));
    Ok(seen)
}

/// Takes specks out and fills holes, but for those that a click is in.
fn tidy(
    guess: &mut Raster<ScalarF32>,
    params: &Params,
    (width, height): (usize, usize),
    cancel: &CancelToken,
) -> Result<(), Error> {
    let (w, h) = guess.size();
    let is_inside: Vec<bool> = guess.samples().iter().map(|&value| value > 0.5).collect();
    let selected = is_inside.iter().filter(|&&is| is).count();
    let least = (params.specks * selected as f64) as usize;
    for (wanted, clicks) in [(true, &params.points), (false, &params.outside)] {
        let found = components_of(w, h, Connectivity::Four, |at| is_inside[at] == wanted, cancel)?;
        let mut is_kept: Vec<bool> = found.found.iter().map(|one| one.area >= least).collect();
        for click in clicks {
            let (x, y) = (click.x * w as f64 / width as f64, click.y * h as f64 / height as f64);
            let label = found.labels[(y as usize).min(h - 1) * w + (x as usize).min(w - 1)];
            if let Some(kept) = (label as usize).checked_sub(1).and_then(|index| is_kept.get_mut(index)) {
                *kept = true;
            }
        }
        for (value, &label) in guess.samples_mut().iter_mut().zip(&found.labels) {
            if label > 0 && !is_kept[label as usize - 1] {
                *value = if wanted { 0.0 } else { 1.0 };
            }
        }
    }
    Ok(())
}

/// Chances away from the edge become certain: the network doubts whole areas, and doubt is no opacity.
fn settle(guess: &mut Raster<ScalarF32>, cancel: &CancelToken) -> Result<(), Error> {
    let (width, height) = guess.size();
    let inside = Mask::from_fn(width, height, |x, y, s| s[0] = if guess.pixel(x, y)[0] > 0.5 { 255 } else { 0 });
    let depths = [distance_to_zero(&inside, cancel)?, distance_to_nonzero(&inside, cancel)?];
    let places = inside.samples().iter().zip(depths[0].samples().iter().zip(depths[1].samples()));
    for (value, (&is_inside, (within, without))) in guess.samples_mut().iter_mut().zip(places) {
        if within.max(*without) > EDGE {
            *value = if is_inside > 0 { 1.0 } else { 0.0 };
        }
    }
    Ok(())
}

/// The guess with its edges on those of the picture.
fn refined(guess: &Raster<ScalarF32>, picture: &Picture, cancel: &CancelToken) -> Result<Raster<ScalarF32>, Error> {
    let (w, h) = guess.size();
    let srgb = picture.to_srgb(cancel)?;
    let shrinks = w <= picture.width && h <= picture.height;
    let small = resized(&srgb, w, h, if shrinks { Method::Area } else { Method::Bilinear }, cancel)?;
    // One step of the network's grid: its edge is wrong by no more.
    let step = SIDE / MASK_SIDE;
    let trimap = trimap_from_mask(guess, CERTAINTY, step, step, cancel)?;
    let coefficients = guided_coefficients(&small, guess, step, EPSILON, cancel)?;
    let mut made = coefficients.applied(&srgb, cancel)?;
    let (width, height) = made.size();
    for y in 0..height {
        let from = y * h / height;
        for (x, value) in made.row_mut(y).iter_mut().enumerate() {
            *value = match trimap.pixel(x * w / width, from)[0] {
                SUBJECT => 1.0,
                BACKGROUND => 0.0,
                _ => value.clamp(0.0, 1.0),
            };
        }
    }
    Ok(made)
}

fn enlarged(
    guess: &Raster<ScalarF32>,
    (width, height): (usize, usize),
    cancel: &CancelToken,
) -> Result<Raster<ScalarF32>, Error> {
    let shrinks = guess.width() >= width && guess.height() >= height;
    Ok(resized(guess, width, height, if shrinks { Method::Area } else { Method::Bicubic }, cancel)?)
}

/// Opacity with a steeper edge, in 255 steps.
fn crisp(opacity: &Raster<ScalarF32>, steepness: f32) -> Mask {
    Mask::from_fn(opacity.width(), opacity.height(), |x, y, s| {
        let value = (opacity.pixel(x, y)[0] - 0.5) * steepness + 0.5;
        s[0] = (value.clamp(0.0, 1.0) * 255.0 + 0.5) as u8;
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubt_away_from_the_edge_is_decided_and_the_edge_stays_soft() {
        // Sure on the left, a ramp over the edge, lasting doubt on the right.
        let chance = |x: usize| if x < 40 { 0.9 } else { (0.9 - 0.1 * (x - 39) as f32).max(0.3) };
        let mut guess = Raster::<ScalarF32>::from_fn(100, 3, |x, _, s| s[0] = chance(x));
        settle(&mut guess, &CancelToken::default()).expect("not cancelled");
        let row = guess.row(1);
        assert_eq!((row[0], row[99], row[60]), (1.0, 0.0, 0.0));
        assert_eq!(row[40..46], std::array::from_fn::<f32, 6, _>(|i| chance(40 + i)));
    }
}
