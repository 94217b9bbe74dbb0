//! Which candidate is kept.

use danqing_capability::Progress;
use danqing_vision::seam::Score;

use super::novelty::novelty;
use super::{Candidate, Error, Scene};

/// Weight of novelty against [`Score::total`]; a fill that is new by a tenth of the range loses a whole octave.
const NOVELTY_WEIGHT: f32 = 8.0;

/// What is wrong with a candidate; 0 would be a fill that can't be told from the picture.
fn faults(candidate: &Candidate, scene: Scene<'_>, progress: &mut Progress<'_>) -> Result<f32, Error> {
    progress.step("measure", 0, 1)?;
    let score = Score::measured(&candidate.filled, scene.hole).map_or(0.0, |score| score.total());
    let new = novelty(&candidate.filled, scene.hole, progress.cancel_token())?;
    if std::env::var_os("DANQING_EXPLAIN").is_some() {
        eprintln!("{:<60} {:?} novelty {new:.3}", candidate.label, Score::measured(&candidate.filled, scene.hole));
    }
    Ok(score + NOVELTY_WEIGHT * new)
}

/// Candidates meet here one after the other; only the best one so far is kept in memory.
pub(crate) struct Contest<'a> {
    scene: Scene<'a>,
    best: Option<(f32, Candidate)>,
}

impl<'a> Contest<'a> {
    /// Judged by how the candidates fill `scene`.
    pub(crate) fn new(scene: Scene<'a>) -> Self {
        Self { scene, best: None }
    }

    /// Keeps `candidate` if it has fewer faults than the best one so far.
    pub(crate) fn offer(&mut self, candidate: Candidate, progress: &mut Progress<'_>) -> Result<(), Error> {
        let sum = faults(&candidate, self.scene, progress)?;
        if self.best.as_ref().is_none_or(|(least, _)| sum < *least) {
            self.best = Some((sum, candidate));
        }
        Ok(())
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
