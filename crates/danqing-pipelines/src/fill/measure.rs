//! What is measured on every result and stands in its recipe.

use std::collections::BTreeMap;

use danqing_capability::{Outputs, Progress};
use danqing_media::{Mask, Picture, Samples};
use danqing_vision::distance::distance_to_nonzero;
use danqing_vision::seam::Score;
use serde_json::Value;

use super::{Error, coverage};

/// Measured on the finished picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Facts {
    /// Largest difference of any sample with zero coverage, in the picture's own steps; promised to be 0.
    pub(crate) max_difference_outside: u32,
    /// Mean gradient across the hole's border against mean gradient in the ring around it; 1 = no visible seam.
    pub(crate) seam_ratio: Option<f32>,
    /// Fine-detail variance of the fill against the ring's; below 0.5 = blurred, above 2 = noisy.
    pub(crate) variance_ratio: Option<f32>,
    /// Pixels that were filled.
    filled_pixels: usize,
    /// Share of the picture that was filled.
    pub(crate) filled_share: f32,
}

impl Facts {
    /// The output with its facts.
    pub(crate) fn into_outputs<M>(self, medium: M) -> Outputs<M> {
        Outputs { facts: self.by_name(), ..Outputs::one("picture", medium) }
    }

    /// As the recipe has them.
    pub(crate) fn by_name(self) -> BTreeMap<&'static str, Value> {
        let short = |v: f32| (f64::from(v) * 1e4).round() / 1e4;
        BTreeMap::from([
            ("max_difference_outside", self.max_difference_outside.into()),
            ("seam_ratio", self.seam_ratio.map(short).into()),
            ("variance_ratio", self.variance_ratio.map(short).into()),
            ("filled_share", short(self.filled_share).into()),
        ])
    }

    /// Of two results of the same hole: the larger difference outside, the more visible seam, the stranger detail.
    pub(crate) fn worse(self, other: Self) -> Self {
        let strange = |ratio: &f32| ratio.max(f32::MIN_POSITIVE).ln().abs();
        let seams = self.seam_ratio.into_iter().chain(other.seam_ratio);
        let details = self.variance_ratio.into_iter().chain(other.variance_ratio);
        Self {
            max_difference_outside: self.max_difference_outside.max(other.max_difference_outside),
            seam_ratio: seams.max_by(f32::total_cmp),
            variance_ratio: details.max_by(|a, b| strange(a).total_cmp(&strange(b))),
            ..self
        }
    }
}

/// Compares `result` with `before`, of the same size. Outside is what is farther than `feather` from the hole, found
/// from the hole itself and not from what a fill says it covered.
pub(crate) fn facts(
    before: &Picture,
    result: &Picture,
    hole: &Mask,
    feather: usize,
    progress: &mut Progress<'_>,
) -> Result<Facts, Error> {
    let cancel = progress.cancel_token().clone();
    let marked = hole.samples().iter().filter(|&&v| v > 0).count();
    let place = coverage::bounds(hole).grown(48, hole.width(), hole.height());
    let around = result.on_canvas(place.width, place.height, -(place.x as isize), -(place.y as isize));
    let around = around.to_srgb(&cancel)?;
    let distances = distance_to_nonzero(hole, &cancel)?;
    let beyond: Vec<bool> = distances.samples().iter().map(|&d| d > feather as f32).collect();
    let hole = hole.crop(place);
    progress.step("measure", 0, 1)?;
    let score = Score::measured(&around, &hole, &cancel)?;
    cancel.check()?;
    Ok(Facts {
        max_difference_outside: max_difference(before, result, &beyond),
        seam_ratio: score.map(|s| s.seam_ratio),
        variance_ratio: score.map(|s| s.variance_ratio),
        filled_pixels: marked,
        filled_share: marked as f32 / beyond.len().max(1) as f32,
    })
}

/// Largest difference of samples, alpha included, where `outside` is true.
fn max_difference(before: &Picture, after: &Picture, outside: &[bool]) -> u32 {
    fn largest<T: Copy + Into<u32>>(a: &[T], b: &[T], channels: usize, outside: &[bool]) -> u32 {
        let pixels = a.chunks_exact(channels).zip(b.chunks_exact(channels)).zip(outside);
        let outside = pixels.filter(|(_, outside)| **outside).map(|(pair, _)| pair);
        outside.flat_map(|(a, b)| a.iter().zip(b)).map(|(&a, &b)| a.into().abs_diff(b.into())).max().unwrap_or(0)
    }
    match (&before.samples, &after.samples) {
        (Samples::U8(a), Samples::U8(b)) => largest(a, b, before.channels.count(), outside),
        (Samples::U16(a), Samples::U16(b)) => largest(a, b, before.channels.count(), outside),
        _ => u32::MAX,
    }
}

/// A smaller fill says nothing reliable about its fine detail.
const LEAST_FOR_DETAIL: usize = 1024;

/// Says so where a fill's fine detail is not its surroundings'.
pub(crate) fn warn_of_detail(facts: &Facts, progress: &mut Progress<'_>) {
    match facts.variance_ratio.filter(|_| facts.filled_pixels >= LEAST_FOR_DETAIL) {
        Some(ratio) if ratio < 0.5 => progress.warn(
            "fill_smooth",
            format!("the fill is smoother than its surroundings: its fine detail is {ratio:.2} of theirs"),
        ),
        Some(ratio) if ratio > 2.0 => progress.warn(
            "fill_rough",
            format!("the fill is rougher than its surroundings: its fine detail is {ratio:.2} times theirs"),
        ),
        _ => {}
    }
}
