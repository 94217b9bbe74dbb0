//! `transfer`: any style picture in one pass, by adaptive instance normalisation.
//!
//! Large pictures are encoded and decoded in tiles. Statistics are those of the whole picture, and every tile sees as much
//! around it as the networks' windows reach, so that the result is the one without tiles.

mod features;
mod tiles;

use danqing_capability::{CancelToken, Progress};
use danqing_media::color::gray_from_srgb;
use danqing_media::{Raster, Rect, SrgbF32};
use danqing_models::stylizers::adain::{Exchange, Style};
use danqing_vision::guided::Lines;

use self::features::Features;
use super::work::{DECODER, Networks, Painted, VGG19, Work};
use super::{Error, KeepColours, canvas, colours};

/// Shorter side at which style pictures are looked at: what the decoder was trained on.
const ART_SIDE: usize = 512;
/// Windows in which the decoder's grid is smoothed, pixels each side.
const GRID_RADIUS: usize = 2;
/// Variance of light in a window up to which it is taken for grid; seen on three pictures and four paintings.
const GRID_VARIANCE: f32 = 4e-3;

/// Catalogue ids that a run needs.
pub(super) fn models() -> Vec<&'static str> {
    vec![VGG19, DECODER]
}

/// The picture in the style of the style pictures.
pub(super) fn painted(networks: &Networks, work: Work<'_>, progress: &mut Progress<'_>) -> Result<Painted, Error> {
    let params = work.params;
    let cancel = progress.cancel_token().clone();
    let (vgg19, decoder) = (networks.vgg19.get(&cancel)?, networks.decoder.get(&cancel)?);
    let engine = networks.vgg19.engine().with_cancel(cancel.clone());
    let seen = canvas::at_side(work.content, canvas::longer_side(work.content.size(), params), &cancel)?;
    let mut styles = Vec::new();
    for (i, art) in work.arts.iter().enumerate() {
        progress.step("style", i, work.arts.len())?;
        let weight = params.style_weights.get(i).copied().unwrap_or(1.0);
        styles.push((style(&engine, &vgg19.network, art, &work)?, weight));
    }
    let framed = canvas::framed(&seen, 1);
    let tiles = tiles::tiles(framed.size());
    let features = Features::encoded(&engine, &vgg19.network, &framed, &tiles, progress)?;
    let exchange = Exchange::new(&features.style, &styles, params.strength);
    let made = features.decoded(&engine, &decoder.network, &exchange, &tiles, progress)?;
    drop(features);
    engine.reset_peak();
    let made = made.crop(Rect::new(0, 0, seen.width(), seen.height()));
    let made = smoothed(made, params.smoothing, &cancel)?;
    let made = canvas::at_full_size(made, &seen, work.content, &cancel)?;
    let mut painted = Painted::new(made);
    // Features without style are decoded softly: a weak style fades into the picture itself.
    painted.share = (2.0 * params.strength).min(1.0) as f32;
    painted.weights.extend([vgg19.weights.clone(), decoder.weights.clone()]);
    painted.facts.push(("tiles", tiles.len().into()));
    painted.colours_kept = params.keep_colours == KeepColours::Match;
    Ok(painted)
}

/// Without the decoder's grid, which stands in even places at 2 to 8 pixels; contours of strokes guide themselves.
fn smoothed(made: Raster<SrgbF32>, amount: f64, cancel: &CancelToken) -> Result<Raster<SrgbF32>, Error> {
    if amount <= 0.0 {
        return Ok(made);
    }
    let guide = gray_from_srgb(&made);
    let smooth = Lines::fitted(&guide, &made, GRID_RADIUS, GRID_VARIANCE, cancel)?.at(&guide, cancel)?;
    canvas::mixed(&made, smooth, amount as f32, cancel)
}

/// What a style picture's features look like, its palette moved onto the content's if asked for.
fn style(
    engine: &danqing_nn::Engine,
    vgg19: &danqing_models::stylizers::Vgg19,
    art: &Raster<SrgbF32>,
    work: &Work<'_>,
) -> Result<Style, Error> {
    let cancel = engine.cancel_token();
    let (width, height) = art.size();
    let side = (ART_SIDE * width.max(height)).div_ceil(width.min(height)).min(2 * ART_SIDE);
    let mut art = canvas::framed(&canvas::at_side(art, side, cancel)?, 1);
    if work.params.keep_colours == KeepColours::Match {
        art = colours::matched(art, work.content, cancel)?;
    }
    features::style_of(engine, vgg19, &art)
}
