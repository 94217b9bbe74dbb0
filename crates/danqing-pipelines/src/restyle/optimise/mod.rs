//! `optimise`: the pixels themselves are changed until their features are the style's.
//!
//! Source: L. Gatys, A. Ecker, M. Bethge, "Image Style Transfer Using Convolutional Neural Networks", CVPR 2016; layers
//! and normalisation as in [`loss`]. Runs in `f32` on the processor; results do not depend on the number of threads.

mod adam;
mod descent;
mod lbfgs;
mod levels;
mod loss;
mod preview;
mod settings;
#[cfg(test)]
mod tests;
mod vector;

use danqing_capability::{CancelToken, Progress};
use danqing_media::{Raster, Rect, SrgbF32};
use danqing_nn::{Engine, FeatureMap, Shape};
use danqing_vision::resize::{Method, resized};
use serde_json::json;

use self::descent::{Measured, Stretch, descended};
use self::levels::{Level, planned};
use self::loss::{Critic, Grams, Loss, Weights};
pub use self::settings::{Init, Optimizer, Pooling, Settings};
use super::work::{Networks, Painted, VGG19, Work};
use super::{Error, KeepColours, Params, canvas, colours};

/// Pixels mirrored around the picture while it is optimised: the network's own mirrored borders leave a dark line at the
/// edge of what it sees, which is then cut off.
const MARGIN: usize = 8;

/// Catalogue ids that a run needs.
pub(super) fn models() -> Vec<&'static str> {
    vec![VGG19]
}

/// The longer side to optimise at; refuses settings out of range and sizes that memory does not allow.
pub(super) fn resolved_side(
    params: &Params,
    size: (usize, usize),
    progress: &mut Progress<'_>,
) -> Result<usize, Error> {
    params.optimise.check()?;
    let longer = levels::longer_side(params, size);
    let finest = planned(params, size)?.last().map_or((0, 0), |level| (level.width, level.height));
    if finest.0 < size.0 && params.working_size.is_none() {
        let (width, height) = finest;
        progress.warn(
            "size_reduced",
            format!(
                "optimised at {width}x{height} and enlarged with the picture's own detail; --working-size asks for more"
            ),
        );
    }
    Ok(longer)
}

/// The picture, optimised.
pub(super) fn painted(networks: &Networks, work: Work<'_>, progress: &mut Progress<'_>) -> Result<Painted, Error> {
    let levels = planned(work.params, work.content.size())?;
    let network = networks.vgg19_gradient.get(progress.cancel_token())?;
    let engine = networks.vgg19_gradient.engine().with_cancel(progress.cancel_token().clone());
    let pooling = work.params.optimise.pooling.of_network();
    let run = Run { critic: Critic { network: &network.network, engine: &engine, pooling }, work };
    let total = levels.iter().map(|level| level.iterations).sum();
    let (mut picture, mut curve, mut small) = (None, Vec::new(), None);
    for &level in &levels {
        let stretch = Stretch { before: curve.len(), iterations: level.iterations, total };
        let content = run.resized(work.content, (level.width, level.height))?;
        let (made, lines) = run.at(level, &content, picture.as_ref(), stretch, progress)?;
        curve.extend(lines);
        (picture, small) = (Some(made), Some(content));
    }
    let (Some(picture), Some(small)) = (picture, small) else {
        return Err(Error::Bug { what: "no size was planned" });
    };
    let full = canvas::at_full_size(picture, &small, work.content, progress.cancel_token())?;
    let mut painted = Painted::new(full);
    painted.colours_kept = work.params.keep_colours == KeepColours::Match;
    painted.weights.push(network.weights.clone());
    painted.facts = facts(&levels, &curve);
    Ok(painted)
}

fn facts(levels: &[Level], curve: &[Measured]) -> Vec<(&'static str, serde_json::Value)> {
    let finest = levels.last().map_or((0, 0), |level| (level.width, level.height));
    vec![
        ("optimised_size", json!([finest.0, finest.1])),
        ("planned_peak_bytes", json!(levels::peak_bytes(finest))),
        ("loss", json!(curve)),
    ]
}

/// One job: what measures, and on what.
struct Run<'a> {
    critic: Critic<'a>,
    work: Work<'a>,
}

impl Run<'_> {
    /// Optimises one size, from the coarser result if there is one.
    fn at(
        &self,
        level: Level,
        content: &Raster<SrgbF32>,
        coarser: Option<&Raster<SrgbF32>>,
        stretch: Stretch,
        progress: &mut Progress<'_>,
    ) -> Result<(Raster<SrgbF32>, Vec<Measured>), Error> {
        let settings = &self.work.params.optimise;
        let start = match (coarser, settings.init) {
            (Some(coarser), _) => self.resized(coarser, content.size())?,
            (None, Init::Content) => content.clone(),
            (None, Init::Noise) => noise(content.size(), self.work.params.seed.unwrap_or_default()),
        };
        let (content, start) = (mirrored(content), mirrored(&start));
        let (grams, features) = self.critic.look(&map_of(self.critic.engine, &content)?)?;
        let style = self.style(level, grams)?;
        let weights =
            Weights { content: settings.content_weight, style: settings.style_weight, tv: settings.tv_weight };
        let loss = Loss::new(self.critic, weights, features, style)?;
        let shape = Shape::new(1, content.height(), content.width(), 3);
        let (samples, curve) =
            descended(self.critic, &loss, settings, (start.samples().to_vec(), shape), stretch, progress)?;
        let samples = samples.into_iter().map(|sample| sample.clamp(0.0, 1.0)).collect();
        let made = Raster::new(content.width(), content.height(), samples)?;
        Ok((made.crop(Rect::new(MARGIN, MARGIN, level.width, level.height)), curve))
    }

    /// The style pictures' matrices in their shares; of the content's own, what `strength` leaves.
    fn style(&self, level: Level, content: Grams) -> Result<Grams, Error> {
        let Work { arts, params, .. } = self.work;
        let equal = vec![1.0; arts.len()];
        let shares = if params.style_weights.is_empty() { &equal } else { &params.style_weights };
        let sum: f64 = shares.iter().sum();
        let mut mixed: Vec<Vec<f64>> = Vec::new();
        let mut mix = |grams: Grams, share: f64| {
            mixed.resize_with(grams.len(), Vec::new);
            for (to, from) in mixed.iter_mut().zip(grams) {
                to.resize(from.len(), 0.0);
                to.iter_mut().zip(from).for_each(|(to, from)| *to += share * f64::from(from));
            }
        };
        mix(content, 1.0 - params.strength);
        for (art, share) in arts.iter().zip(shares) {
            let art = self.resized(art, scaled(art.size(), level.longer() as f64 * params.style_scale))?;
            let art = match params.keep_colours {
                KeepColours::Match => colours::matched(art, self.work.content, self.cancel())?,
                KeepColours::No | KeepColours::Luminance => art,
            };
            let (grams, _) = self.critic.look(&map_of(self.critic.engine, &art)?)?;
            mix(grams, params.strength * share / sum);
        }
        Ok(mixed.into_iter().map(|matrix| matrix.into_iter().map(|value| value as f32).collect()).collect())
    }

    fn resized(&self, picture: &Raster<SrgbF32>, (width, height): (usize, usize)) -> Result<Raster<SrgbF32>, Error> {
        Ok(resized(picture, width, height, Method::Lanczos, self.cancel())?)
    }

    fn cancel(&self) -> &CancelToken {
        self.critic.engine.cancel_token()
    }
}

/// Size of a style picture with this longer side; its shorter side stays long enough for every layer.
fn scaled((width, height): (usize, usize), longer: f64) -> (usize, usize) {
    let factor = longer / width.max(height) as f64;
    let factor = factor.max(32.0 / width.min(height) as f64);
    let side = |length: usize| ((length as f64 * factor).round() as usize).max(32);
    (side(width), side(height))
}

fn map_of(engine: &Engine, picture: &Raster<SrgbF32>) -> Result<FeatureMap, Error> {
    let shape = Shape::new(1, picture.height(), picture.width(), 3);
    Ok(FeatureMap::from_nhwc(engine, shape, picture.samples().to_vec())?)
}

/// The picture with [`MARGIN`] pixels mirrored on every side; its sides are longer than that.
fn mirrored(picture: &Raster<SrgbF32>) -> Raster<SrgbF32> {
    let (width, height) = picture.size();
    let source = |at: usize, side: usize| {
        let from = at.abs_diff(MARGIN);
        if from < side { from } else { 2 * (side - 1) - from }
    };
    Raster::from_fn(width + 2 * MARGIN, height + 2 * MARGIN, |x, y, to| {
        to.copy_from_slice(picture.pixel(source(x, width), source(y, height)));
    })
}

/// Even noise around the middle grey, from splitmix64.
fn noise((width, height): (usize, usize), seed: u64) -> Raster<SrgbF32> {
    let mut state = seed;
    Raster::from_fn(width, height, |_, _, to| {
        for sample in to {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            *sample = 0.3 + 0.4 * ((mixed ^ (mixed >> 31)) >> 40) as f32 / (1_u32 << 24) as f32;
        }
    })
}
