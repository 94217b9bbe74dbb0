//! Noise before the network sees the picture, and grain after.
//!
//! Networks take grain for texture, sharpen it or wipe it away. So the picture's grain is measured on its flat places,
//! taken out (non-local means at the measured strength), and, if wished, made anew on the result, with the same power
//! spectrum per tone in cycles per pixel of the result.

use danqing_capability::Progress;
use danqing_media::{Raster, SrgbF32};
use danqing_vision::denoise::{NonLocalMeans, non_local_means};
use danqing_vision::grain::{self, Grain};

use super::{Error, Params};

/// Strength of non-local means per standard deviation of the grain.
const STRENGTH: f32 = 1.1;
/// Half width of the area that is searched.
const SEARCH: usize = 6;

/// What the network is to see, and the grain that was in it.
pub(super) fn separated(
    picture: Raster<SrgbF32>,
    params: &Params,
    progress: &mut Progress<'_>,
) -> Result<(Raster<SrgbF32>, Option<Grain>), Error> {
    let share = if params.keep_grain > 0.0 { 1.0 } else { params.denoise as f32 };
    if share <= 0.0 {
        return Ok((picture, None));
    }
    let Some(found) = grain::measure(&picture, progress.cancel_token())? else {
        progress.warn("no_grain", "no grain was found on flat places: nothing is taken out or given back");
        return Ok((picture, None));
    };
    let h = found.sigma() * STRENGTH;
    let settings = NonLocalMeans { search_radius: SEARCH, ..NonLocalMeans::with_strength(h) };
    let mut clean = non_local_means(&picture, &settings, progress)?;
    for (clean, noisy) in clean.samples_mut().iter_mut().zip(picture.samples()) {
        *clean = noisy + (*clean - noisy) * share;
    }
    Ok((clean, Some(found)))
}

/// Gives back as much of the grain as was asked for.
pub(super) fn given_back(
    made: &mut Raster<SrgbF32>,
    grain: Option<&Grain>,
    params: &Params,
    progress: &mut Progress<'_>,
) -> Result<(), Error> {
    if let Some(grain) = grain.filter(|_| params.keep_grain > 0.0) {
        let seed = params.seed.unwrap_or_default();
        grain::add(made, grain, params.keep_grain as f32, seed, progress.cancel_token())?;
    }
    Ok(())
}
