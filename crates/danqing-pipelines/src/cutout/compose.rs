//! The subject before its new background, in the picture's own samples.

use danqing_capability::Progress;
use danqing_media::{Mask, Picture, Raster, Rect, ScalarF32, SrgbF32};
use danqing_vision::blur;
use danqing_vision::matting::foreground_and_background;
use danqing_vision::resize::{Method, resized};

use super::{Background, Error, Params};

/// Subject, opacity and old background at the picture's size.
pub(super) struct Parts {
    /// Colours of the subject, continued beyond it.
    pub(super) foreground: Raster<SrgbF32>,
    /// Colours behind it; only estimated inside `place`.
    pub(super) background: Raster<SrgbF32>,
    /// Opacity, times the picture's own.
    pub(super) alpha: Raster<ScalarF32>,
    /// Where the subject is.
    pub(super) place: Rect,
}

impl Parts {
    /// Separates the colours in and around the subject.
    pub(super) fn new(
        srgb: Raster<SrgbF32>,
        alpha: Raster<ScalarF32>,
        decontaminate: bool,
        progress: &mut Progress<'_>,
    ) -> Result<Self, Error> {
        let (width, height) = srgb.size();
        let place = bounds(&alpha, 0.0).grown(width.max(height) / 50 + 4, width, height);
        let (mut foreground, mut background) = (srgb.clone(), srgb);
        if decontaminate && !place.is_empty() {
            let layers = foreground_and_background(&foreground.crop(place), &alpha.crop(place), progress)?;
            foreground.paste(&layers.foreground, place.x, place.y);
            background.paste(&layers.background, place.x, place.y);
        }
        Ok(Self { foreground, background, alpha, place })
    }
}

/// Smallest rectangle of the pixels above `least`; empty if there is none.
pub(super) fn bounds(alpha: &Raster<ScalarF32>, least: f32) -> Rect {
    let (width, height) = alpha.size();
    let rows: Vec<usize> = (0..height).filter(|&y| alpha.row(y).iter().any(|&v| v > least)).collect();
    let (Some(&top), Some(&bottom)) = (rows.first(), rows.last()) else { return Rect::default() };
    let (mut left, mut right) = (width, 0);
    for &y in &rows {
        let row = alpha.row(y);
        left = left.min(row.iter().position(|&v| v > least).unwrap_or(width));
        right = right.max(row.iter().rposition(|&v| v > least).map_or(0, |x| x + 1));
    }
    Rect::new(left, top, right - left, bottom + 1 - top)
}

/// Opacity of a soft shadow: the subject's outline, a little lower and much softer.
pub(super) fn shadow(parts: &Parts, strength: f64, progress: &Progress<'_>) -> Result<Raster<ScalarF32>, Error> {
    let (width, height) = parts.alpha.size();
    let size = parts.place.width.min(parts.place.height) as f64;
    let (drop, softness) = ((size * 0.03).round() as usize, (size * 0.03) as f32);
    let lower = Raster::<ScalarF32>::from_fn(width, height, |x, y, s| {
        s[0] = if y < drop { 0.0 } else { parts.alpha.pixel(x, y - drop)[0] * strength as f32 };
    });
    softened(&lower, softness, progress)
}

/// Gaussian of any width, on a smaller raster where the width allows it.
fn softened<S: danqing_media::Space<Sample = f32>>(
    raster: &Raster<S>,
    sigma: f32,
    progress: &Progress<'_>,
) -> Result<Raster<S>, Error> {
    let cancel = progress.cancel_token();
    let (width, height) = raster.size();
    let times = (sigma / 4.0).max(1.0);
    if times < 2.0 {
        return Ok(blur::gaussian(raster, sigma, cancel)?);
    }
    let side = |n: usize| ((n as f32 / times).round() as usize).max(1);
    let small = resized(raster, side(width), side(height), Method::Area, cancel)?;
    let small = blur::gaussian(&small, sigma / times, cancel)?;
    Ok(resized(&small, width, height, Method::Bilinear, cancel)?)
}

/// What stands behind, at the picture's size.
pub(super) fn backdrop(
    parts: &Parts,
    background: Background,
    params: &Params,
    given: Option<&Picture>,
    progress: &Progress<'_>,
) -> Result<Raster<SrgbF32>, Error> {
    let (width, height) = parts.alpha.size();
    match (background, given) {
        (Background::Picture, Some(picture)) => {
            covering(&picture.to_srgb(progress.cancel_token())?, width, height, progress)
        }
        (Background::Blur, _) => blurred(parts, params.blur * width.min(height) as f64, progress),
        _ => {
            let colour = colour_of(&params.colour).ok_or_else(|| Error::Colour(params.colour.clone()))?;
            Ok(Raster::from_fn(width, height, |_, _, s| s.copy_from_slice(&colour)))
        }
    }
}

/// `#rrggbb` or `rrggbb`.
pub(super) fn colour_of(text: &str) -> Option<[f32; 3]> {
    let digits = text.strip_prefix('#').unwrap_or(text);
    if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
    Some([byte(0)?, byte(2)?, byte(4)?].map(|v| f32::from(v) / 255.0))
}

/// Scaled to cover the size, the middle kept.
fn covering(
    picture: &Raster<SrgbF32>,
    width: usize,
    height: usize,
    progress: &Progress<'_>,
) -> Result<Raster<SrgbF32>, Error> {
    let (from_width, from_height) = picture.size();
    let scale = (width as f64 / from_width as f64).max(height as f64 / from_height as f64);
    // The part that is seen, cut first: a panorama behind a portrait is not enlarged as a whole.
    let part = |n: usize, limit: usize| ((n as f64 / scale).round() as usize).clamp(1, limit);
    let (w, h) = (part(width, from_width), part(height, from_height));
    let seen = picture.crop(Rect::new((from_width - w) / 2, (from_height - h) / 2, w, h));
    Ok(resized(&seen, width, height, Method::Lanczos, progress.cancel_token())?)
}

/// The old background blurred; each colour weighs as much as it is background, so the subject does not shine.
fn blurred(parts: &Parts, sigma: f64, progress: &Progress<'_>) -> Result<Raster<SrgbF32>, Error> {
    let mut weighted = parts.background.clone();
    let mut weight = parts.alpha.clone();
    for (pixel, weight) in weighted.samples_mut().chunks_exact_mut(3).zip(weight.samples_mut()) {
        // Never nothing: far inside a large subject the estimated background is all there is.
        *weight = (1.0 - *weight).max(0.002);
        for value in pixel {
            *value *= *weight;
        }
    }
    let (mut made, weight) = (softened(&weighted, sigma as f32, progress)?, softened(&weight, sigma as f32, progress)?);
    for (pixel, weight) in made.samples_mut().chunks_exact_mut(3).zip(weight.samples()) {
        for value in pixel {
            *value /= weight.max(1e-6);
        }
    }
    Ok(made)
}

/// The subject alone, transparent around it; a shadow lies below.
pub(super) fn transparent(
    picture: &Picture,
    mut parts: Parts,
    shadow: Option<&Raster<ScalarF32>>,
    progress: &Progress<'_>,
) -> Result<Picture, Error> {
    let (width, height) = picture.size();
    let mut changed = Mask::filled(width, height, 0);
    for y in 0..height {
        progress.cancel_token().check()?;
        for x in 0..width {
            let alpha = &mut parts.alpha.pixel_mut(x, y)[0];
            if *alpha >= 1.0 {
                continue;
            }
            changed.pixel_mut(x, y)[0] = 255;
            let inside =
                parts.place.x <= x && x < parts.place.right() && (parts.place.y..parts.place.bottom()).contains(&y);
            let colour = parts.foreground.pixel_mut(x, y);
            if !inside {
                colour.fill(0.0); // nothing of what was there stays in the file
            }
            if let Some(shadow) = shadow {
                let total = *alpha + (1.0 - *alpha) * shadow.pixel(x, y)[0];
                let share = if total > 0.0 { *alpha / total } else { 1.0 };
                for value in colour {
                    *value *= share;
                }
                *alpha = total;
            }
        }
    }
    let coloured =
        picture.opaque().compose(&parts.foreground, &changed, parts.foreground.bounds(), progress.cancel_token())?;
    Ok(coloured.with_alpha(&parts.alpha)?)
}

/// The subject before `backdrop`; opaque.
pub(super) fn before(
    picture: &Picture,
    parts: &Parts,
    mut backdrop: Raster<SrgbF32>,
    shadow: Option<&Raster<ScalarF32>>,
    progress: &Progress<'_>,
) -> Result<Picture, Error> {
    let (width, height) = picture.size();
    let mut changed = Mask::filled(width, height, 255);
    for y in 0..height {
        progress.cancel_token().check()?;
        for x in 0..width {
            let alpha = parts.alpha.pixel(x, y)[0];
            if alpha >= 1.0 {
                changed.pixel_mut(x, y)[0] = 0; // keeps its bits
                continue;
            }
            let light = 1.0 - shadow.map_or(0.0, |shadow| shadow.pixel(x, y)[0]);
            for (to, &front) in backdrop.pixel_mut(x, y).iter_mut().zip(parts.foreground.pixel(x, y)) {
                *to = alpha * front + (1.0 - alpha) * light * *to;
            }
        }
    }
    Ok(picture.opaque().compose(&backdrop, &changed, backdrop.bounds(), progress.cancel_token())?)
}
