//! Moving the pixels of one size downhill.

use danqing_capability::Progress;
use danqing_nn::{FeatureMap, Shape};
use serde::Serialize;

use super::adam::Adam;
use super::lbfgs::Lbfgs;
use super::loss::{Critic, Loss, Terms};
use super::preview;
use super::settings::{Optimizer, Settings};
use crate::restyle::Error;

/// Told the loss and its gradient at `x`, moves `x` to where it wants to know them next.
pub(super) trait Optimiser {
    fn step(&mut self, x: &mut [f32], loss: f64, gradient: &[f32]);
}

/// One line of the loss curve.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Measured {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) iteration: usize,
    #[serde(flatten)]
    pub(super) terms: Terms,
    pub(super) total: f64,
}

/// Where a run is: iterations done before this size, and of all sizes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    pub(super) before: usize,
    pub(super) iterations: usize,
    pub(super) total: usize,
}

/// Moves `x`, the samples of a picture of `shape`, and gives the best one met, with the curve.
pub(super) fn descended(
    critic: Critic<'_>,
    loss: &Loss<'_>,
    settings: &Settings,
    (mut x, shape): (Vec<f32>, Shape),
    stretch: Stretch,
    progress: &mut Progress<'_>,
) -> Result<(Vec<f32>, Vec<Measured>), Error> {
    let mut optimiser: Box<dyn Optimiser> = match settings.optimizer {
        Optimizer::Lbfgs => Box::new(Lbfgs::new(settings.rate())),
        Optimizer::Adam => Box::new(Adam::new(settings.rate(), x.len())),
    };
    let mut curve: Vec<Measured> = Vec::with_capacity(stretch.iterations);
    let mut best: Option<(f64, Vec<f32>)> = None;
    for iteration in 0..stretch.iterations {
        let done = stretch.before + iteration;
        progress.step("optimise", done, stretch.total)?;
        preview::show(&x, shape, (done, stretch.total), progress)?;
        let picture = FeatureMap::from_nhwc(critic.engine, shape, x.clone())?;
        let (terms, gradient) = loss.at(&picture)?;
        let total = terms.total();
        if best.as_ref().is_none_or(|(least, _)| total < *least) {
            best = Some((total, x.clone()));
        }
        let line = Measured { width: shape.width, height: shape.height, iteration: done, terms, total };
        progress.measure(
            "optimise",
            done,
            &[("content", terms.content), ("style", terms.style), ("tv", terms.tv), ("total", total)],
        );
        curve.push(line);
        optimiser.step(&mut x, total, &gradient);
    }
    Ok((best.map_or(x, |(_, best)| best), curve))
}
