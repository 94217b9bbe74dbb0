//! Which network's mask is kept.

use std::path::Path;

use danqing_capability::{Progress, WeightUse};
use danqing_media::{Raster, ScalarF32, SrgbF32};

use super::network::{self, Networks};
use super::{Error, Params};

/// Masks are compared at this size.
const SIDE: usize = 128;
/// Two masks that agree so far show one subject.
const SAME: f32 = 0.75;

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
            let (mask, label) = if people { (portrait.mask, "portrait") } else { (general.mask, "general") };
            let certainty = if people { of_portrait } else { of_general };
            Ok(Choice { mask, weights, label: label.into(), agreement: Some(agreement), certainty })
        }
        path => Ok(alone(networks.of_file(Path::new(path), picture, progress)?, "file")),
    }
}

/// MODNet draws hair better where it sees people; where it sees none it gives patches that nobody is sure of and that
/// are not the salient object's.
fn is_portrait(agreement: f32, portrait: f32, general: f32) -> bool {
    agreement >= SAME || portrait > general + 0.05
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
