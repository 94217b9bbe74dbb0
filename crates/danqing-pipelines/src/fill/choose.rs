//! Which candidate is kept.

use danqing_capability::Progress;
use danqing_media::{Mask, Raster, SrgbF32};
use danqing_vision::patch;
use danqing_vision::seam::Score;

use super::novelty::novelty;
use super::{Candidate, Error, Scene};

/// Weights of the measures against the texture distance. They were chosen on 22 photographs with random holes (erase,
/// the masks of tools/quality with seed 1) so that the kept candidate has the lowest LPIPS to what the hole hid; a broad
/// range around them chooses alike.
const SEAM_WEIGHT: f32 = 0.1;
const DETAIL_WEIGHT: f32 = 0.05;
const NOVELTY_WEIGHT: f32 = 20.0;

/// What is wrong with a candidate; 0 would be a fill that can't be told from the picture.
///
/// The seam and fine-detail ratios count by their octaves away from 1; a seam softer than the picture counts half.
fn faults(candidate: &Candidate, scene: Scene<'_>, progress: &mut Progress<'_>) -> Result<f32, Error> {
    let new = novelty(&candidate.filled, scene.hole, scene.source, progress.cancel_token())?;
    let Some(score) = Score::measured(&candidate.filled, scene.hole, progress.cancel_token())? else {
        return Ok(NOVELTY_WEIGHT * new); // too small to compare textures
    };
    let octaves = |ratio: f32| ratio.max(1e-6).log2();
    let seam = octaves(score.seam_ratio).max(-0.5 * octaves(score.seam_ratio));
    let detail = octaves(score.variance_ratio).abs();
    Ok(score.texture_distance + SEAM_WEIGHT * seam + DETAIL_WEIGHT * detail + NOVELTY_WEIGHT * new)
}

/// Candidates meet here one after the other, blended with the picture; only the best one so far is kept in memory.
pub(crate) struct Contest<'a> {
    /// What is filled; the hole is the true one, without feather.
    scene: Scene<'a>,
    coverage: &'a Mask,
    best: Option<(f32, Candidate)>,
}

impl<'a> Contest<'a> {
    /// Judged by how the candidates fill `scene` when they cover it as `coverage` says.
    pub(crate) fn new(scene: Scene<'a>, coverage: &'a Mask) -> Self {
        Self { scene, coverage, best: None }
    }

    /// Keeps `candidate` if it has fewer faults than the best one so far, and says whether it has.
    pub(crate) fn offer(&mut self, candidate: Candidate, progress: &mut Progress<'_>) -> Result<bool, Error> {
        progress.step("measure", 0, 1)?;
        let Candidate { label, filled } = candidate;
        let candidate = Candidate { label, filled: blended(self.scene.picture, filled, self.coverage) };
        progress.step("measure", 0, 1)?;
        let sum = faults(&candidate, self.scene, progress)?;
        let leads = self.best.as_ref().is_none_or(|(least, _)| sum < *least);
        if leads {
            self.best = Some((sum, candidate));
        }
        Ok(leads)
    }

    /// [`Self::offer`]; an engine that finds nothing to copy from has no candidate.
    pub(crate) fn offer_if_possible(
        &mut self,
        made: Result<Candidate, Error>,
        progress: &mut Progress<'_>,
    ) -> Result<bool, Error> {
        match made {
            Ok(candidate) => self.offer(candidate, progress),
            Err(Error::Patch(patch::Error::NoSource { .. })) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The best one so far.
    pub(crate) fn leader(&self) -> Option<&Candidate> {
        self.best.as_ref().map(|(_, candidate)| candidate)
    }

    /// The best one.
    pub(crate) fn winner(self) -> Result<Candidate, Error> {
        self.best.map(|(_, candidate)| candidate).ok_or(Error::NoCandidate)
    }
}

/// `over` laid on `picture` as `coverage` says.
fn blended(picture: &Raster<SrgbF32>, mut over: Raster<SrgbF32>, coverage: &Mask) -> Raster<SrgbF32> {
    let pixels = over.samples_mut().chunks_exact_mut(3).zip(picture.samples().chunks_exact(3));
    for ((to, under), &cover) in pixels.zip(coverage.samples()) {
        if cover < 255 {
            let share = f32::from(cover) / 255.0;
            to.iter_mut().zip(under).for_each(|(to, under)| *to = under + (*to - under) * share);
        }
    }
    over
}
