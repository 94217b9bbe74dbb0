//! The seam and texture measures rank fills of real photographs as a person would.

use danqing_capability::CancelToken;
use danqing_media::{Mask, Raster, Srgb8, SrgbF32};
use danqing_vision::inpaint::{self, Method};
use danqing_vision::seam::Score;

use crate::golden::{Golden, scaled};
use crate::{disc, unwatched};

/// Twelve crops and three holes each.
const TRIALS: usize = 36;

struct Trial {
    name: String,
    truth: Raster<SrgbF32>,
    hole: Mask,
}

impl Trial {
    fn all() -> Vec<Self> {
        let golden = Golden::open("vision_fill_photos");
        let photo = |name: &String| scaled::<Srgb8, SrgbF32>(&golden.raster_u8(name));
        let trials = golden.names("").into_iter().filter(|n| n != "__metadata__").flat_map(|name| {
            let truth = photo(&name);
            let (width, height) = truth.size();
            let third = Mask::from_fn(width, height, |x, y, out| out[0] = u8::from(x > 52 && (20..70).contains(&y)));
            let square = Mask::from_fn(width, height, |x, y, out| {
                out[0] = u8::from((24..64).contains(&x) && (24..64).contains(&y));
            });
            [disc(width, height, 17.0), third, square].map(|hole| Self {
                name: name.clone(),
                truth: truth.clone(),
                hole,
            })
        });
        trials.collect()
    }

    /// The truth with the hole's pixels replaced.
    fn with(&self, pixel: impl Fn(usize, usize) -> [f32; 3]) -> Raster<SrgbF32> {
        Raster::from_fn(self.truth.width(), self.truth.height(), |x, y, out| {
            let new = pixel(x, y);
            out.copy_from_slice(if self.hole.pixel(x, y)[0] == 0 { self.truth.pixel(x, y) } else { &new });
        })
    }

    fn mean(&self) -> [f32; 3] {
        let known = self.truth.samples().chunks_exact(3).zip(self.hole.samples()).filter(|(_, m)| **m == 0);
        let (sum, count) =
            known.fold(([0.0f32; 3], 0.0), |(s, n), (p, _)| ([s[0] + p[0], s[1] + p[1], s[2] + p[2]], n + 1.0));
        sum.map(|s| s / count)
    }

    fn score(&self, picture: &Raster<SrgbF32>) -> Score {
        Score::measured(picture, &self.hole, &CancelToken::default()).expect("runs").expect("both sides are there")
    }

    /// Whether the true content scores better than `worse`.
    fn truth_wins(&self, worse: &Raster<SrgbF32>) -> bool {
        let (truth, worse) = (self.score(&self.truth), self.score(worse));
        if truth.total() >= worse.total() {
            eprintln!("{}: {truth:?} = {}, {worse:?} = {}", self.name, truth.total(), worse.total());
        }
        truth.total() < worse.total()
    }
}

fn wins(worse: impl Fn(&Trial) -> Raster<SrgbF32>) -> usize {
    let trials = Trial::all();
    assert_eq!(trials.len(), TRIALS);
    trials.iter().filter(|t| t.truth_wins(&worse(t))).count()
}

fn telea(trial: &Trial) -> Raster<SrgbF32> {
    unwatched(|p| inpaint::fill(&trial.truth, &trial.hole, 5, Method::Telea, p)).expect("a fill")
}

#[test]
fn true_content_beats_a_blur() {
    let wins = wins(telea);
    assert!(wins >= 32, "{wins} of {TRIALS}");
}

#[test]
fn true_content_beats_a_flat_colour() {
    let wins = wins(|trial| {
        let mean = trial.mean();
        trial.with(|_, _| mean)
    });
    assert!(wins >= 35, "{wins} of {TRIALS}");
}

#[test]
fn true_content_beats_a_shift_of_brightness_that_shows_a_line() {
    let wins = wins(|trial| {
        let truth = trial.truth.clone();
        trial.with(|x, y| {
            [0, 1, 2].map(|i| truth.pixel(x, y)[i] + if truth.pixel(x, y)[i] < 0.5 { 0.15 } else { -0.15 })
        })
    });
    assert!(wins >= 34, "{wins} of {TRIALS}");
}

#[test]
fn true_content_beats_its_mirror_image_whose_seams_do_not_fit() {
    let wins = wins(|trial| {
        let truth = trial.truth.clone();
        trial.with(|x, y| {
            let p = truth.pixel(truth.width() - 1 - x, truth.height() - 1 - y);
            [p[0], p[1], p[2]]
        })
    });
    assert!(wins >= 30, "{wins} of {TRIALS}");
}

#[test]
fn the_variance_of_true_content_passes_and_that_of_a_blur_does_not() {
    let trials = Trial::all();
    let passes = |s: Score| (0.5..=2.0).contains(&s.variance_ratio);
    let truth = trials.iter().filter(|t| passes(t.score(&t.truth))).count();
    let blurred = trials.iter().filter(|t| passes(t.score(&telea(t)))).count();
    assert!(truth >= 24, "{truth} of {TRIALS} true contents pass");
    assert!(blurred <= 6, "{blurred} of {TRIALS} blurs pass");
}
