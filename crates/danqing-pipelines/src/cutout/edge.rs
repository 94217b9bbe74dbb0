//! From a network's small mask to opacity at the picture's size.

use danqing_capability::Progress;
use danqing_media::{Mask, Raster, ScalarF32, SrgbF32};
use danqing_vision::blur;
use danqing_vision::matting::{
    BACKGROUND, Options, SUBJECT, UNKNOWN, closed_form, guided_coefficients, trimap_from_mask,
};
use danqing_vision::morphology::{Shape, dilated, eroded};
use danqing_vision::resize::{Method, resized};

use super::hints::Hints;
use super::{Error, Params, Refine, network};

/// Opacity is solved for on at most this many pixels and carried to larger pictures by its own linear functions of
/// colour: what matting assumes in each window holds at both scales.
const WORKING_PIXELS: f64 = 1.2e6;
/// A network's mask is wrong by up to this many of its own pixels.
const NETWORK_PIXELS: f64 = 2.0;
/// Values this near to 0 or 1 are sure.
const CERTAINTY: f32 = 0.95;
/// Opacity below is taken for none, above 1 − `PINHOLE` for all.
const VEIL: f32 = 0.05;
const PINHOLE: f32 = 0.03;
/// Matting with noise and JPEG blocks in mind, held to the network where colours say nothing.
const MATTING: Options = Options { epsilon: 1e-5, pull: 0.02, iterations: 120, tolerance: 1e-3 };
/// With a trimap there is no network to hold to, and farther to go.
const WITHOUT_GUESS: Options = Options { epsilon: 1e-6, pull: 0.0, iterations: 800, tolerance: 1e-4 };

/// Opacity at the picture's size and how much of the picture was in doubt.
pub(super) struct Opacity {
    pub(super) alpha: Raster<ScalarF32>,
    pub(super) unknown_share: f32,
}

pub(super) fn opacity(
    picture: &Raster<SrgbF32>,
    mask: &Raster<ScalarF32>,
    hints: &Hints,
    params: &Params,
    progress: &mut Progress<'_>,
) -> Result<Opacity, Error> {
    let (width, height) = picture.size();
    let cancel = progress.cancel_token().clone();
    let scale = (WORKING_PIXELS / (width * height) as f64).sqrt().min(1.0);
    let side = |n: usize| ((n as f64 * scale).round() as usize).max(1);
    let (w, h) = (side(width), side(height));
    let small = if scale < 1.0 { resized(picture, w, h, Method::Area, &cancel)? } else { picture.clone() };
    let guess = network::at_size(mask, (w, h), progress)?;
    let trimap = trimap_at(&guess, mask, hints, params, progress)?;
    let unknown = trimap.samples().iter().filter(|&&v| v == UNKNOWN).count();
    let unknown_share = unknown as f32 / (w * h) as f32;
    let radius = (w.min(h) / 200).max(2);
    let found = match params.refine {
        Refine::Matting => {
            let options = if hints.trimap.is_some() { WITHOUT_GUESS } else { MATTING };
            closed_form(&small, &trimap, &guess, &options, progress)?
        }
        Refine::Guided => {
            let filtered = guided_coefficients(&small, &guess, radius, 1e-4, &cancel)?.applied(&small, &cancel)?;
            within(&filtered, &trimap)
        }
        Refine::None if hints.is_empty() => {
            return Ok(Opacity { alpha: network::at_size(mask, (width, height), progress)?, unknown_share });
        }
        Refine::None => within(&guess, &trimap),
    };
    let alpha = if scale < 1.0 { enlarged(picture, &small, &found, &trimap, params, progress)? } else { found };
    Ok(Opacity { alpha, unknown_share })
}

/// The band around the guess's edge, and what the user says.
fn trimap_at(
    guess: &Raster<ScalarF32>,
    mask: &Raster<ScalarF32>,
    hints: &Hints,
    params: &Params,
    progress: &Progress<'_>,
) -> Result<Mask, Error> {
    let (w, h) = guess.size();
    let per_network_pixel = (w as f64 / mask.width() as f64).max(h as f64 / mask.height() as f64);
    let band = match params.edge {
        Some(share) => (share * w.min(h) as f64).round() as usize,
        None => (per_network_pixel * NETWORK_PIXELS).ceil().max(2.0) as usize,
    };
    let mut trimap = trimap_from_mask(guess, CERTAINTY, band, band, progress.cancel_token())?;
    if !hints.is_empty() {
        hints.mark(&mut trimap);
    }
    Ok(trimap)
}

/// `values` where the trimap does not know.
fn within(values: &Raster<ScalarF32>, trimap: &Mask) -> Raster<ScalarF32> {
    let mut made = values.clone();
    for (value, &known) in made.samples_mut().iter_mut().zip(trimap.samples()) {
        *value = match known {
            SUBJECT => 1.0,
            BACKGROUND => 0.0,
            _ => value.clamp(0.0, 1.0),
        };
    }
    made
}

/// Opacity found on a smaller picture, at the size of the large one.
fn enlarged(
    picture: &Raster<SrgbF32>,
    small: &Raster<SrgbF32>,
    found: &Raster<ScalarF32>,
    trimap: &Mask,
    params: &Params,
    progress: &Progress<'_>,
) -> Result<Raster<ScalarF32>, Error> {
    let (width, height) = picture.size();
    let cancel = progress.cancel_token();
    if params.refine == Refine::None {
        return network::at_size(found, (width, height), progress);
    }
    let mut made = guided_coefficients(small, found, 2, 1e-5, cancel)?.applied(picture, cancel)?;
    // Where everything around is sure, so is the pixel.
    let (unsure, known) = (dilated(&unknown_of(trimap), 2, Shape::Ellipse, cancel)?, trimap);
    for y in 0..height {
        let (row, from) = (made.row_mut(y), y * known.height() / height);
        for (x, value) in row.iter_mut().enumerate() {
            let at = x * known.width() / width;
            *value = match (unsure.pixel(at, from)[0], known.pixel(at, from)[0]) {
                (0, SUBJECT) => 1.0,
                (0, _) => 0.0,
                _ => value.clamp(0.0, 1.0),
            };
        }
    }
    Ok(made)
}

fn unknown_of(trimap: &Mask) -> Mask {
    let mut made = trimap.clone();
    made.samples_mut().iter_mut().for_each(|v| *v = if *v == UNKNOWN { 255 } else { 0 });
    made
}

/// The edge moved and softened as asked.
pub(super) fn finished(
    mut alpha: Raster<ScalarF32>,
    params: &Params,
    progress: &Progress<'_>,
) -> Result<Raster<ScalarF32>, Error> {
    let cancel = progress.cancel_token();
    // Faint veils and pinholes of matting are nobody's hair; what the user or the network says alone stays as it is.
    if params.refine != Refine::None {
        alpha.samples_mut().iter_mut().for_each(|v| *v = ((*v - VEIL) / (1.0 - VEIL - PINHOLE)).clamp(0.0, 1.0));
    }
    if params.shift != 0 {
        let (width, height) = alpha.size();
        let bytes = Mask::from_fn(width, height, |x, y, s| s[0] = (alpha.pixel(x, y)[0] * 255.0 + 0.5) as u8);
        let radius = params.shift.unsigned_abs() as usize;
        let moved = if params.shift > 0 {
            dilated(&bytes, radius, Shape::Ellipse, cancel)?
        } else {
            eroded(&bytes, radius, Shape::Ellipse, cancel)?
        };
        for (to, &from) in alpha.samples_mut().iter_mut().zip(moved.samples()) {
            *to = f32::from(from) / 255.0;
        }
    }
    if params.feather > 0.0 {
        alpha = blur::gaussian(&alpha, params.feather as f32 / 2.0, cancel)?;
    }
    Ok(alpha)
}
