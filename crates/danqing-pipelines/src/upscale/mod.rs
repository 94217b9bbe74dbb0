//! `upscale`: a picture up to eight times as large, by networks that draw what blur has swallowed.
//!
//! The network sees the picture in tiles without seams; its result is brought to exactly the asked size by Lanczos, its
//! low frequencies are the picture's own. Depth, channels, profile and metadata stay; alpha goes through the same
//! network. Detail is plausible, not measured: what the picture does not show, nobody knows.

mod alpha;
mod error;
mod networks;
mod noise;
mod params;
mod plan;
mod tiles;
mod tone;

use std::sync::Arc;

use danqing_capability::{Arity, CancelToken, Capability, Inputs, Kind, Outputs, Port, Progress};
use danqing_media::{Mask, Medium, Picture, Raster, ScalarF32, SrgbF32};
use danqing_nn::Engine;
use danqing_weights::ModelStore;

pub use self::error::Error;
use self::networks::Networks;
pub use self::params::{Model, Params};
use self::tiles::Enlarger;
use crate::lazy_network::Loaded;
use crate::{ports, seed};

/// Enlarges pictures.
pub struct Upscale {
    networks: Networks,
}

impl Upscale {
    /// Needs the store for the networks' weights and the engine to run them.
    #[must_use]
    pub fn new(store: &ModelStore, engine: &Engine) -> Self {
        Self { networks: Networks::new(store, engine) }
    }
}

impl Capability for Upscale {
    const ID: &'static str = "upscale";
    const VERSION: u32 = 1;
    const SUMMARY: &'static str = "Enlarges a picture up to eight times with a network that adds detail";
    const CHINESE: &'static str = include_str!("zh.toml");
    const INPUTS: &'static [Port] =
        &[Port { name: "picture", kind: Kind::Picture, arity: Arity::One, help: "Picture to enlarge" }];
    const OUTPUTS: &'static [Port] =
        &[Port { name: "picture", kind: Kind::Picture, arity: Arity::One, help: "Enlarged picture" }];
    type Params = Params;
    type Media = Medium;
    type Error = Error;

    fn resolve(
        &self,
        inputs: &Inputs<Medium>,
        mut params: Params,
        progress: &mut Progress<'_>,
    ) -> Result<Params, Error> {
        let cancel = progress.cancel_token();
        let picture = ports::picture(inputs)?;
        check_ranges(&params)?;
        let size = plan::target(&params, picture.size())?;
        params.model = plan::chosen(&params.model, plan::factor(size, picture.size()));
        if let Model::File(path) = &params.model {
            let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
            let actual = self.networks.get(&Model::File(path.clone()), cancel)?.weights.sha256.clone();
            if let Some(expected) = params.model_sha256.take().filter(|expected| *expected != actual) {
                return Err(Error::ModelChanged { path: path.display().to_string(), actual, expected });
            }
            params.model_sha256 = Some(actual);
            params.model = Model::File(path);
        }
        let scale = self.scale(&params.model, cancel)?;
        params.second = plan::second(&params, scale, plan::factor(size, picture.size()));
        params.seed = (params.keep_grain > 0.0).then(|| params.seed.unwrap_or_else(seed::drawn));
        (params.scale, params.size) = (None, None);
        (params.width, params.height) = (Some(size.0), Some(size.1));
        Ok(params)
    }

    fn models(&self, params: &Params) -> Vec<&'static str> {
        [Some(&params.model), params.second.as_ref()].into_iter().flatten().filter_map(networks::id).collect()
    }

    fn run(
        &self,
        inputs: &Inputs<Medium>,
        params: &Params,
        progress: &mut Progress<'_>,
    ) -> Result<Outputs<Medium>, Error> {
        let picture = ports::picture(inputs)?;
        let size = plan::target(params, picture.size())?;
        let passes = self.passes(params, plan::factor(size, picture.size()), progress.cancel_token())?;
        let colours = picture.to_srgb(progress.cancel_token())?;
        let alpha = picture.alpha();
        let visible = match &alpha {
            Some(alpha) => alpha::bled(&colours, alpha, progress.cancel_token())?,
            None => colours,
        };
        let (seen, grain) = noise::separated(visible, params, progress)?;
        let mut made = self.enlarged(&seen, size, &passes, params, Part::Colours, progress)?;
        let shift = tone::anchor(&seen, &mut made, progress.cancel_token())?;
        drop(seen);
        noise::given_back(&mut made, grain.as_ref(), params, progress)?;
        let alpha = match &alpha {
            Some(alpha) => Some(self.enlarged_alpha(alpha, size, &passes, params, progress)?),
            None => None,
        };
        let enlarged = composed(picture, &made, alpha.as_ref(), progress)?;
        let outputs = Outputs::one("picture", Medium::Picture(Arc::new(enlarged)));
        let networks: Vec<_> = passes.iter().map(|pass| pass.network.describe()).collect();
        let mut outputs = outputs
            .with_fact("networks", networks)
            .with_fact("tone_shift_of_networks", shift.before)
            .with_fact("tone_shift", shift.after);
        if let Some(grain) = &grain {
            outputs = outputs.with_fact("grain_sigma", f64::from(grain.sigma()));
        }
        for pass in &passes {
            if !outputs.weights.contains(&pass.weights) {
                outputs.weights.push(pass.weights.clone());
            }
        }
        Ok(outputs)
    }
}

/// Which part of the picture a network sees.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Colours,
    Alpha,
}

type Pass = Arc<Loaded<danqing_models::upscalers::Upscaler>>;

impl Upscale {
    /// Scale of a model; a file has to be read for it.
    fn scale(&self, model: &Model, cancel: &CancelToken) -> Result<usize, Error> {
        networks::listed_scale(model).map_or_else(|| Ok(self.networks.get(model, cancel)?.network.scale()), Ok)
    }

    /// The networks, one after another.
    fn passes(&self, params: &Params, factor: f64, cancel: &CancelToken) -> Result<Vec<Pass>, Error> {
        let mut passes = vec![self.networks.get(&params.model, cancel)?];
        if let Some(second) = &params.second {
            let further = self.networks.get(second, cancel)?;
            let left = factor / self.scale(&params.model, cancel)? as f64;
            let count = plan::repeats(further.network.scale(), left);
            passes.extend(std::iter::repeat_n(further, count));
        }
        Ok(passes)
    }

    fn enlarged(
        &self,
        picture: &Raster<SrgbF32>,
        size: (usize, usize),
        passes: &[Pass],
        params: &Params,
        part: Part,
        progress: &mut Progress<'_>,
    ) -> Result<Raster<SrgbF32>, Error> {
        let mut made: Option<Raster<SrgbF32>> = None;
        for (n, pass) in passes.iter().enumerate() {
            let network = &pass.network;
            let from = made.as_ref().unwrap_or(picture);
            let whole = (from.width() * network.scale(), from.height() * network.scale());
            let to = if n + 1 == passes.len() { size } else { whole };
            let enlarger = Enlarger {
                network,
                engine: self.networks.engine(),
                tile: plan::tile(network, params.tile),
                skips_flat: part == Part::Alpha,
            };
            let stage = if part == Part::Alpha { "alpha" } else { "network" };
            plan::check_memory(enlarger.bytes(from.size(), to))?;
            made = Some(enlarger.enlarged(from, to, stage, progress)?);
        }
        Ok(made.unwrap_or_else(|| picture.clone()))
    }

    /// Alpha seen as a grey picture. Where it is even all around, it stays exactly what it is.
    fn enlarged_alpha(
        &self,
        alpha: &Raster<ScalarF32>,
        size: (usize, usize),
        passes: &[Pass],
        params: &Params,
        progress: &mut Progress<'_>,
    ) -> Result<Raster<ScalarF32>, Error> {
        let (width, height) = alpha.size();
        let grey = Raster::from_fn(width, height, |x, y, s| s.fill(alpha.pixel(x, y)[0]));
        let made = self.enlarged(&grey, size, passes, params, Part::Alpha, progress)?;
        let even = alpha::even(alpha);
        Ok(Raster::from_fn(size.0, size.1, |x, y, s| {
            let kept = even.pixel(x * width / size.0, y * height / size.1)[0];
            s[0] = if kept >= 0.0 { kept } else { made.pixel(x, y).iter().sum::<f32>() / 3.0 };
        }))
    }
}

/// The colours in the picture's own depth, channels and profile.
fn composed(
    picture: &Picture,
    colours: &Raster<SrgbF32>,
    alpha: Option<&Raster<ScalarF32>>,
    progress: &mut Progress<'_>,
) -> Result<Picture, Error> {
    progress.cancel_token().check()?;
    let everywhere = Mask::filled(colours.width(), colours.height(), u8::MAX);
    Ok(picture.blank(colours.size(), alpha).compose(colours, &everywhere, colours.bounds(), progress.cancel_token())?)
}

fn check_ranges(params: &Params) -> Result<(), Error> {
    if let Some(tile) = params.tile.filter(|tile| !(64..=2048).contains(tile)) {
        return Err(Error::OutOfRange { name: "tile", actual: tile.to_string(), expected: "64 to 2048 pixels" });
    }
    for (name, value) in [("denoise", params.denoise), ("keep_grain", params.keep_grain)] {
        if !(0.0..=1.0).contains(&value) {
            return Err(Error::OutOfRange { name, actual: value.to_string(), expected: "0 to 1" });
        }
    }
    Ok(())
}
