//! Which network's mask is kept.

use std::path::Path;

use danqing_capability::{Progress, WeightUse};
use danqing_media::{Mask, Raster, ScalarF32, SrgbF32};
use danqing_vision::components::{Connectivity, components_of, holes_filled};
use danqing_vision::morphology::{Shape, eroded};

use super::network::{self, Networks};
use super::{Error, Params};

/// Masks are compared at this size.
const SIDE: usize = 128;
/// Two masks that agree so far show one subject.
const SAME: f32 = 0.6;
/// A portrait mask below this is guesswork.
const CERTAIN: f32 = 0.85;
/// Holes of at most a 250th of the picture are mended.
const SMALL_HOLE: usize = 250;
/// Pixels of the network's mask along its outline in which nothing is mended.
const OUTLINE: usize = 6;

/// The kept mask at its network's size, and why.
pub(super) struct Choice {
    pub(super) mask: Raster<ScalarF32>,
    pub(super) weights: Vec<WeightUse>,
    pub(super) label: String,
    /// Overlap of both masks, 0 to 1; only where both were made.
    pub(super) agreement: Option<f32>,
    /// 1 = every pixel is surely subject or surely not.
    pub(super) certainty: f32,
}

/// The mask of the network that was asked for, or of the better one.
pub(super) fn choose(
    networks: &Networks,
    params: &Params,
    picture: &Raster<SrgbF32>,
    progress: &mut Progress<'_>,
) -> Result<Choice, Error> {
    let alone = |found: network::Found, label: &str| Choice {
        certainty: certainty(&found.mask),
        mask: found.mask,
        weights: vec![found.weights],
        label: label.into(),
        agreement: None,
    };
    match params.model.as_str() {
        "portrait" => Ok(alone(networks.portrait(picture, progress)?, "portrait")),
        "general" => Ok(alone(networks.general(picture, progress)?, "general")),
        "auto" => {
            let (portrait, general) = (networks.portrait(picture, progress)?, networks.general(picture, progress)?);
            let small = |mask: &Raster<ScalarF32>| network::at_size(mask, (SIDE, SIDE), progress);
            let agreement = overlap(&small(&portrait.mask)?, &small(&general.mask)?);
            let (of_portrait, of_general) = (certainty(&portrait.mask), certainty(&general.mask));
            let people = is_portrait(agreement, of_portrait, of_general);
            let weights = vec![portrait.weights, general.weights];
            let same = agreement >= SAME;
            let (mask, label) = match people {
                true if same => (mended(portrait.mask, &general.mask, progress)?, "portrait"),
                true => (portrait.mask, "portrait"),
                false => (general.mask, "general"),
            };
            let certainty = if people { of_portrait } else { of_general };
            Ok(Choice { mask, weights, label: label.into(), agreement: Some(agreement), certainty })
        }
        path => Ok(alone(networks.of_file(Path::new(path), picture, progress)?, "file")),
    }
}

/// MODNet draws edges and hair better wherever it sees what the other network sees; where it sees no person it gives
/// patches. Measured on 22 photographs: 14 with people agree by 0.70 to 0.99, things and rooms by 0.00 to 0.51, a cat,
/// a flower and a ball game (where both masks are good) by 0.86 to 0.95.
fn is_portrait(agreement: f32, portrait: f32, general: f32) -> bool {
    agreement >= SAME || (portrait >= CERTAIN && portrait > general + 0.05)
}

/// `mask` without the small holes inside the subject in which the other mask is sure: a ring on a wrist, the corner of an
/// eye. Its outline stays as it is.
fn mended(
    mut mask: Raster<ScalarF32>,
    other: &Raster<ScalarF32>,
    progress: &Progress<'_>,
) -> Result<Raster<ScalarF32>, Error> {
    let (width, height) = mask.size();
    let other = network::at_size(other, (width, height), progress)?;
    let solid = Mask::from_fn(width, height, |x, y, s| s[0] = if mask.pixel(x, y)[0] >= 0.5 { 255 } else { 0 });
    let cancel = progress.cancel_token();
    let inside = eroded(&holes_filled(&solid, cancel)?, OUTLINE, Shape::Ellipse, cancel)?;
    let lacks = |i: usize| inside.samples()[i] > 0 && mask.samples()[i] < 0.97 && other.samples()[i] > 0.9;
    let holes = components_of(width, height, Connectivity::Eight, lacks, cancel)?;
    let most = (width * height) / SMALL_HOLE;
    for (i, value) in mask.samples_mut().iter_mut().enumerate() {
        let label = holes.labels[i] as usize;
        if label > 0 && holes.found[label - 1].area <= most {
            *value = value.max(other.samples()[i]);
        }
    }
    Ok(mask)
}

/// Overlap of two soft masks of one size.
fn overlap(a: &Raster<ScalarF32>, b: &Raster<ScalarF32>) -> f32 {
    let pairs = || a.samples().iter().zip(b.samples());
    let both: f32 = pairs().map(|(a, b)| a.min(*b)).sum();
    both / pairs().map(|(a, b)| a.max(*b)).sum::<f32>().max(1e-6)
}

/// How far a mask's values lie from the middle, weighed by the subject.
fn certainty(mask: &Raster<ScalarF32>) -> f32 {
    let total: f32 = mask.samples().iter().sum();
    let unsure: f32 = mask.samples().iter().map(|v| 4.0 * v * (1.0 - v)).sum();
    (1.0 - unsure / total.max(1e-3)).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn half(value: f32) -> Raster<ScalarF32> {
        Raster::from_fn(8, 8, |x, _, s| s[0] = if x < 4 { value } else { 0.0 })
    }

    #[test]
    fn agreement_and_certainty_are_shares() {
        assert!((overlap(&half(1.0), &half(0.5)) - 0.5).abs() < 1e-6);
        assert!((certainty(&half(1.0)) - 1.0).abs() < 1e-6);
        assert!(certainty(&half(0.5)).abs() < 1e-6);
        assert!(overlap(&half(0.0), &half(0.0)).abs() < 1e-6, "nothing agrees with nothing by no share");
    }
}
