//! 3×3 convolutions of stride 1 by minimal filtering, F(4×4, 3×3): 36 products for 16 outputs instead of 144 (A. Lavin,
//! S. Gray, "Fast Algorithms for Convolutional Neural Networks", 2015, arXiv 1509.09308).
//!
//! `Y = Aᵀ [Σ (G w Gᵀ) ⊙ (Bᵀ x B)] A` for each tile of 4×4 outputs, the sum over in channels: 36 products of matrices,
//! `[tiles, in channels] × [in channels, out channels]`, which the direct kernel's register tile computes.
//!
//! Weights stay as the direct kernel packs them and are transformed in each call, a range at a time, so that a network's
//! weights take no more memory than before: what a call needs besides its maps is bounded (see `plan`), and it is the
//! arena's. That costs little, since each weight serves all tiles.
//!
//! The order of each output's additions depends on the layer and on the place in its tile, never on threads or tasks.

mod field;
mod plan;
mod product;
mod transform;
mod weights;

use self::field::Field;
use self::plan::{DEPTH, Plan};
use self::product::{Inputs, Product, Weights};
use self::transform::{OUTPUTS, POSITIONS, TAPS};
use self::weights::Places;
use super::{Dense, Form};
use crate::cpu::dispatch::dispatch;
use crate::cpu::finish::Finish;
use crate::cpu::output::Output;
use crate::geometry::Axis;
use crate::{ConvolutionMethod, Engine, Error, FeatureMap, Shape};

/// Fewest in channels: below, the transforms' short vectors cost more than the products save.
const IN_CHANNELS: usize = 16;

/// Whether a convolution is one of these, and large enough: a rule of the layer's shape and one picture's alone, so that a
/// batch gives the bytes of its pictures.
///
/// In units of one in channel times one out channel, the direct kernel takes 9 per output, this one 36 per tile, and
/// besides, as measured (AVX2), 195 for the weights, and per tile 195 for the inputs shared by the out channels and 150
/// for the outputs shared by the in channels. It is chosen where that is at least a fifth less.
pub(super) fn pays(dense: &Dense, engine: &Engine, out_shape: Shape, (y, x): (&Axis, &Axis)) -> bool {
    let (inputs, outputs) = (dense.shape.in_channels, dense.shape.out_channels);
    let is_3x3 = [y, x].iter().all(|axis| axis.taps.len() == TAPS && axis.step == Some(1));
    let is_dense = dense.form != Form::Tiles && dense.shape.groups == 1 && inputs >= IN_CHANNELS;
    if !is_3x3 || !is_dense || engine.convolutions() == ConvolutionMethod::Direct {
        return false;
    }
    let tiles = out_shape.height.div_ceil(OUTPUTS) * out_shape.width.div_ceil(OUTPUTS);
    let cost = 195 + tiles * (36 + 195 / outputs + 150 / inputs);
    9 * out_shape.height * out_shape.width * 4 >= cost * 5
}

/// Convolves maps that `Dense::forward` has checked into the output.
pub(super) fn forward(
    dense: &Dense,
    engine: &Engine,
    maps: &[&FeatureMap],
    (out_shape, output): (Shape, Output<'_>),
    axes: (&Axis, &Axis),
    finish: Finish<'_>,
) -> Result<(), Error> {
    let is_rounded = dense.form == Form::Bf16;
    let plan = Plan::new(dense, engine, Field::new(maps, out_shape, axes, (&dense.zeros, is_rounded))?);
    let shared = if plan.shares_inputs { Some(plan.all_inputs()?) } else { None };
    let places = Places::new(dense);
    let mut room = engine.buffer(if plan.shares_weights { plan.panels * plan.panel_length() } else { 0 })?;
    for first_panel in (0..dense.blocks()).step_by(plan.panels) {
        let panels = plan.panels.min(dense.blocks() - first_panel);
        if plan.shares_weights {
            plan.transform_weights(&places, first_panel, &mut room[..panels * plan.panel_length()])?;
        }
        let (jobs, ready) = (plan.jobs(first_panel, panels), &room[..]);
        engine.run(jobs.len(), &|index| {
            let job = jobs[index];
            let inputs = match &shared {
                Some(inputs) => Inputs::Ready(inputs),
                None => Inputs::Room(engine.buffer(plan.input_length())?),
            };
            let (weights, panels) = if plan.shares_weights {
                (Weights::Ready(&ready[(job.first_panel - first_panel) * plan.panel_length()..]), job.panels)
            } else {
                (Weights::Room(&places, engine.buffer(POSITIONS * plan.weight_plane(DEPTH))?), 1)
            };
            let sums = engine.buffer(POSITIONS * plan.sum_plane(job.count, panels))?;
            dispatch(dense.tier, Product { plan: &plan, job, inputs, weights, sums, output, finish })
        })?;
    }
    Ok(())
}
