//! The engines: each takes a scene and makes one candidate.

use danqing_capability::{CancelToken, Cancelled, Progress};
use danqing_media::{Mask, Raster, Rect, Space, SrgbF32};
use danqing_vision::distance::distance_to_zero;
use danqing_vision::{inpaint, patch};

use super::{Candidate, Error, Inpainter, Scene, network};

/// Pictures with a shorter side below this many pixels show a network nothing that it could know.
pub(crate) const LEAST_FOR_NETWORK: usize = 32;
/// A hole no thicker than this share of the network's square is filled with enough picture around it.
const FITTING_SHARE: f64 = 0.5;

/// Scale at which the hole's thickest part fits into the network's square with context around it; at most 1.
pub(crate) fn working_scale(scene: Scene<'_>, cancel: &CancelToken) -> Result<f64, Cancelled> {
    let distances = distance_to_zero(scene.hole, cancel)?;
    let depth = distances.samples().iter().filter(|d| d.is_finite()).fold(0.0_f32, |a, &b| a.max(b));
    Ok((network::SIDE as f64 * FITTING_SHARE / (2.0 * f64::from(depth)).max(1.0)).min(1.0))
}

/// Scale at which the network sees the scene's whole shorter side at once; at most 1.
pub(crate) fn whole_scale(scene: Scene<'_>) -> f64 {
    let (width, height) = scene.picture.size();
    (network::SIDE as f64 / width.min(height) as f64).min(1.0)
}

/// The inpainting network at `scale`, its colours fitted to the picture around the hole.
pub(crate) fn network_at(
    inpainter: &Inpainter,
    scene: Scene<'_>,
    scale: f64,
    progress: &mut Progress<'_>,
) -> Result<Candidate, Error> {
    let loaded = inpainter.get(progress.cancel_token())?;
    let engine = inpainter.engine().with_cancel(progress.cancel_token().clone());
    let filled = network::filled(&loaded.network, &engine, scene.picture, scene.hole, scale, progress)?;
    Ok(Candidate { label: format!("network at {scale:.2}"), filled })
}

/// Texture and structure copied from the scene itself.
pub(crate) fn patches(scene: Scene<'_>, search: Search, progress: &mut Progress<'_>) -> Result<Candidate, Error> {
    let wider = Wider::new(scene, progress.cancel_token())?;
    let filled = patch::complete(&wider.picture, &wider.hole, wider.source.as_ref(), &search.options(), progress)?;
    progress.cancel_token().check()?;
    Ok(Candidate { label: "patches".into(), filled: filled.crop(wider.scene) })
}

/// `guess` rebuilt from the scene's own texture: the guess says what, the picture says how it looks.
pub(crate) fn guided(
    scene: Scene<'_>,
    guess: &Candidate,
    search: Search,
    progress: &mut Progress<'_>,
) -> Result<Candidate, Error> {
    let wider = Wider::new(scene, progress.cancel_token())?;
    let (picture, hole, guessed) = (&wider.picture, &wider.hole, mirrored(&guess.filled, progress.cancel_token())?);
    let filled = patch::refine(picture, hole, &guessed, wider.source.as_ref(), &search.options(), progress)?;
    progress.cancel_token().check()?;
    Ok(Candidate { label: format!("{} rebuilt from patches", guess.label), filled: filled.crop(wider.scene) })
}

/// Pixels by which a scene is mirrored outwards for patches: at a border few patches cover a pixel, and it shows.
const MARGIN: usize = 16;

/// A scene mirrored at its borders, the hole too.
struct Wider {
    picture: Raster<SrgbF32>,
    hole: Mask,
    source: Option<Mask>,
    /// Where the scene lies.
    scene: Rect,
}

impl Wider {
    fn new(scene: Scene<'_>, cancel: &CancelToken) -> Result<Self, Cancelled> {
        let (width, height) = scene.picture.size();
        Ok(Self {
            picture: mirrored(scene.picture, cancel)?,
            hole: mirrored(scene.hole, cancel)?,
            source: scene.source.map(|source| mirrored(source, cancel)).transpose()?,
            scene: Rect::new(MARGIN, MARGIN, width, height),
        })
    }
}

fn mirrored<S: Space>(raster: &Raster<S>, cancel: &CancelToken) -> Result<Raster<S>, Cancelled> {
    cancel.check()?;
    let (width, height) = raster.size();
    let fold = |at: usize, side: usize| {
        let period = 2 * side as isize;
        let folded = (at as isize - MARGIN as isize).rem_euclid(period);
        folded.min(period - 1 - folded) as usize
    };
    Ok(Raster::from_fn(width + 2 * MARGIN, height + 2 * MARGIN, |x, y, to| {
        to.copy_from_slice(raster.pixel(fold(x, width), fold(y, height)));
    }))
}

/// How patches are looked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Search {
    /// Start of the random search.
    pub(crate) seed: u64,
    /// Threads to use; the result does not depend on it.
    pub(crate) threads: usize,
}

impl Search {
    fn options(self) -> patch::Options {
        let mut options = patch::Options::default();
        (options.seed, options.threads) = (self.seed, self.threads);
        options
    }
}

/// Diffusion-like baselines.
pub(crate) fn classical(
    scene: Scene<'_>,
    method: inpaint::Method,
    radius: usize,
    progress: &mut Progress<'_>,
) -> Result<Candidate, Error> {
    let filled = inpaint::fill(scene.picture, scene.hole, radius, method, progress)?;
    Ok(Candidate { label: format!("{method:?}").to_lowercase(), filled })
}
