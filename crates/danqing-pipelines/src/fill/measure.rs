//! What is measured on every result and stands in its recipe.

use danqing_capability::{Outputs, Progress};
use danqing_media::{Mask, Picture, Samples};
use danqing_vision::seam::Score;

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
    /// Share of the picture that was filled.
    pub(crate) filled_share: f32,
}

impl Facts {
    /// The output with its facts.
    pub(crate) fn into_outputs<M>(self, medium: M) -> Outputs<M> {
        let short = |v: f32| (f64::from(v) * 1e4).round() / 1e4;
        Outputs::one("picture", medium)
            .with_fact("max_difference_outside", self.max_difference_outside)
            .with_fact("seam_ratio", self.seam_ratio.map(short))
            .with_fact("variance_ratio", self.variance_ratio.map(short))
            .with_fact("filled_share", short(self.filled_share))
    }
}

/// Compares `result` with `before`, of the same size.
pub(crate) fn facts(
    before: &Picture,
    result: &Picture,
    hole: &Mask,
    covered: &Mask,
    progress: &mut Progress<'_>,
) -> Result<Facts, Error> {
    let marked = hole.samples().iter().filter(|&&v| v > 0).count();
    let place = coverage::bounds(hole).grown(48, hole.width(), hole.height());
    let around = result.on_canvas(place.width, place.height, -(place.x as isize), -(place.y as isize)).to_srgb()?;
    let hole = hole.crop(place);
    progress.step("measure", 0, 1)?;
    let score = Score::measured(&around, &hole);
    Ok(Facts {
        max_difference_outside: max_difference(before, result, covered),
        seam_ratio: score.map(|s| s.seam_ratio),
        variance_ratio: score.map(|s| s.variance_ratio),
        filled_share: marked as f32 / covered.samples().len().max(1) as f32,
    })
}

/// Largest difference of samples, alpha included, where `covered` is 0.
fn max_difference(before: &Picture, after: &Picture, covered: &Mask) -> u32 {
    fn largest<T: Copy + Into<u32>>(a: &[T], b: &[T], channels: usize, covered: &Mask) -> u32 {
        let pixels = a.chunks_exact(channels).zip(b.chunks_exact(channels)).zip(covered.samples());
        let outside = pixels.filter(|(_, cover)| **cover == 0).map(|(pair, _)| pair);
        outside.flat_map(|(a, b)| a.iter().zip(b)).map(|(&a, &b)| a.into().abs_diff(b.into())).max().unwrap_or(0)
    }
    match (&before.samples, &after.samples) {
        (Samples::U8(a), Samples::U8(b)) => largest(a, b, before.channels.count(), covered),
        (Samples::U16(a), Samples::U16(b)) => largest(a, b, before.channels.count(), covered),
        _ => u32::MAX,
    }
}
