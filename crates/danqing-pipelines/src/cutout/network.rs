//! The networks that find the subject, and their masks at the picture's size.

use std::path::{Path, PathBuf};

use danqing_capability::{Progress, WeightUse};
use danqing_media::{Raster, ScalarF32, SrgbF32};
use danqing_models::matting::{ModNet, matting_input};
use danqing_models::segmenters::{U2Net, segmenter_input};
use danqing_nn::{Engine, FeatureMap, Shape};
use danqing_vision::resize::{Method, resized};
use danqing_weights::{Limits, ModelStore, Sha256Hex, containers};

use super::Error;
use crate::lazy_network::LazyNetwork;

/// Catalogue id of the network for people.
pub(super) const PORTRAIT: &str = "modnet-portrait";
/// Catalogue id of the network for anything.
pub(super) const GENERAL: &str = "u2netp";
/// Shorter side that MODNet was trained on.
const PORTRAIT_SIDE: usize = 512;

/// Both networks, loaded when first needed.
pub(super) struct Networks {
    portrait: LazyNetwork<ModNet>,
    general: LazyNetwork<U2Net>,
    engine: Engine,
}

/// A mask of the subject at the size at which the network sees, and the weights that made it.
pub(super) struct Found {
    pub(super) mask: Raster<ScalarF32>,
    pub(super) weights: WeightUse,
}

impl Networks {
    pub(super) fn new(store: &ModelStore, engine: &Engine) -> Self {
        Self {
            portrait: LazyNetwork::new(store, engine, PORTRAIT, ModNet::load),
            general: LazyNetwork::new(store, engine, GENERAL, U2Net::load),
            engine: engine.clone(),
        }
    }

    pub(super) fn portrait(&self, picture: &Raster<SrgbF32>, progress: &mut Progress<'_>) -> Result<Found, Error> {
        let loaded = self.portrait.get(progress.cancel_token())?;
        let mask = portrait_mask(&loaded.network, &self.engine(progress), picture, progress)?;
        Ok(Found { mask, weights: loaded.weights.clone() })
    }

    pub(super) fn general(&self, picture: &Raster<SrgbF32>, progress: &mut Progress<'_>) -> Result<Found, Error> {
        let loaded = self.general.get(progress.cancel_token())?;
        let mask = general_mask(&loaded.network, &self.engine(progress), picture, progress)?;
        Ok(Found { mask, weights: loaded.weights.clone() })
    }

    /// A file of the user's: whichever network its tensors fit.
    pub(super) fn of_file(
        &self,
        path: &Path,
        picture: &Raster<SrgbF32>,
        progress: &mut Progress<'_>,
    ) -> Result<Found, Error> {
        let engine = self.engine(progress);
        let unreadable = |source| Error::Weights { path: path.to_owned(), source };
        let file = containers::read(path, &Limits::default()).map_err(unreadable)?;
        progress.step("load", 0, 1)?;
        let weights =
            WeightUse { id: path.display().to_string(), sha256: sha256_of(path)?, licence_class: "unclear".into() };
        let mask = match U2Net::load(&engine, &file) {
            Ok(network) => general_mask(&network, &engine, picture, progress)?,
            Err(first) => match ModNet::load(&engine, &file) {
                Ok(network) => portrait_mask(&network, &engine, picture, progress)?,
                Err(_) => return Err(Error::OtherNetwork { path: path.to_owned(), reason: first.to_string() }),
            },
        };
        Ok(Found { mask, weights })
    }

    fn engine(&self, progress: &Progress<'_>) -> Engine {
        self.engine.with_cancel(progress.cancel_token().clone())
    }
}

fn sha256_of(path: &Path) -> Result<String, Error> {
    let bytes = std::fs::read(path).map_err(|source| danqing_media::Error::Io { path: PathBuf::from(path), source })?;
    Ok(Sha256Hex::of(&bytes).to_string())
}

/// Shorter side 512, both multiples of 32, as MODNet's own script does it.
fn portrait_mask(
    network: &ModNet,
    engine: &Engine,
    picture: &Raster<SrgbF32>,
    progress: &mut Progress<'_>,
) -> Result<Raster<ScalarF32>, Error> {
    let (width, height) = picture.size();
    let scale = PORTRAIT_SIDE as f64 / width.min(height) as f64;
    let side = |n: usize| ((n as f64 * scale / 32.0).round() as usize).clamp(1, 64) * 32;
    let (w, h) = (side(width), side(height));
    let method = if scale < 1.0 { Method::Area } else { Method::Bicubic };
    let small = resized(picture, w, h, method, progress.cancel_token())?;
    let input = FeatureMap::from_nhwc(engine, Shape::new(1, h, w, 3), matting_input(small.samples()))?;
    let matte = network.forward_observed(engine, &input, &mut |_, _| {
        progress.step("portrait", 0, 1).map_err(|e| danqing_nn::Error::from(e).into())
    })?;
    Ok(Raster::new(w, h, matte.to_nhwc()?)?)
}

/// The whole picture squeezed into the square that the network was trained on, as its own script does it.
fn general_mask(
    network: &U2Net,
    engine: &Engine,
    picture: &Raster<SrgbF32>,
    progress: &mut Progress<'_>,
) -> Result<Raster<ScalarF32>, Error> {
    let side = network.side();
    let small = resized(picture, side, side, Method::Lanczos, progress.cancel_token())?;
    let input = segmenter_input(small.samples(), network.normalisation())?;
    let input = FeatureMap::from_nhwc(engine, Shape::new(1, side, side, 3), input)?;
    let mut stage = 0;
    let mask = network.forward_observed(engine, &input, &mut |_, _| {
        stage += 1;
        progress.step("general", stage, 12).map_err(|e| danqing_nn::Error::from(e).into())
    })?;
    Ok(Raster::new(side, side, mask.to_nhwc()?)?)
}

/// `mask` at the picture's size.
pub(super) fn at_size(
    mask: &Raster<ScalarF32>,
    (width, height): (usize, usize),
    progress: &Progress<'_>,
) -> Result<Raster<ScalarF32>, Error> {
    let shrinks = mask.width() >= width && mask.height() >= height;
    let method = if shrinks { Method::Area } else { Method::Bicubic };
    let mut made = resized(mask, width, height, method, progress.cancel_token())?;
    made.samples_mut().iter_mut().for_each(|v| *v = v.clamp(0.0, 1.0));
    Ok(made)
}
