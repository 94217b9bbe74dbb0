//! `restyle`: the same picture, painted otherwise.
//!
//! The mode paints a picture of the same size; colours and structure of the original are brought back as far as asked;
//! the result is composed into the picture's own samples, so that beyond the mask and its feather no sample changes.

mod area;
mod canvas;
mod choice;
mod colours;
mod error;
mod gallery;
mod optimise;
mod params;
pub mod presets;
mod recipe;
mod share;
mod structure;
mod styles;
mod transfer;
mod work;

use std::sync::Arc;

use danqing_capability::{Arity, Capability, Inputs, Kind, Outputs, Port, Progress};
use danqing_media::Medium;
use danqing_nn::Engine;
use danqing_weights::ModelStore;

pub use self::error::Error;
pub use self::optimise::{Init as OptimiseInit, Optimizer, Pooling as OptimisePooling, Settings as OptimiseSettings};
pub use self::params::{KeepColours, Mode, Params};
pub use self::share::StyleShare;
pub use self::styles::{GALLERY, GalleryStyle};
use self::work::{Networks, Painted, Work};
use crate::{ports, seed};

/// Repaints a picture in a style.
pub struct Restyle {
    networks: Networks,
    store: ModelStore,
}

impl Restyle {
    /// Needs the store for the networks' weights and the engine to run them.
    #[must_use]
    pub fn new(store: &ModelStore, engine: &Engine) -> Self {
        Self { networks: Networks::new(store, engine), store: store.clone() }
    }
}

impl Capability for Restyle {
    const ID: &'static str = "restyle";
    const VERSION: u32 = 1;
    const SUMMARY: &'static str = "Repaints a picture in a named style or in the style of another picture";
    const CHINESE: &'static str = include_str!("zh.toml");
    const INPUTS: &'static [Port] = &[
        Port { name: "picture", kind: Kind::Picture, arity: Arity::One, help: "Picture to restyle" },
        Port { name: "style_image", kind: Kind::Picture, arity: Arity::Many, help: "Picture whose style is taken" },
        Port {
            name: "mask",
            kind: Kind::Mask,
            arity: Arity::Optional,
            help: "Mask of the picture's size: white = restyle",
        },
    ];
    const OUTPUTS: &'static [Port] =
        &[Port { name: "picture", kind: Kind::Picture, arity: Arity::One, help: "Picture in its new style" }];
    type Params = Params;
    type Media = Medium;
    type Error = Error;

    fn resolve(&self, inputs: &Inputs<Medium>, params: Params, progress: &mut Progress<'_>) -> Result<Params, Error> {
        let picture = ports::picture(inputs)?;
        let params = presets::found(params, &self.store, progress.cancel_token())?;
        let mut params = choice::decided(params, ports::pictures(inputs, "style_image").count())?;
        area::coverage(ports::optional_picture(inputs, "mask"), &params, picture, progress.cancel_token())?;
        if matches!(params.mode, Mode::Gallery | Mode::Transfer) {
            params.working_size = Some(canvas::longer_side(picture.size(), &params));
        }
        if params.mode == Mode::Optimise {
            params.working_size = Some(optimise::resolved_side(&params, picture.size(), progress)?);
        }
        params.seed = Some(params.seed.unwrap_or_else(seed::drawn));
        Ok(params)
    }

    fn models(&self, params: &Params) -> Vec<&'static str> {
        match params.mode {
            Mode::Gallery => gallery::models(),
            Mode::Transfer => transfer::models(),
            Mode::Optimise => optimise::models(),
            Mode::Recipe => presets::models(params),
            Mode::Auto => Vec::new(),
        }
    }

    fn run(
        &self,
        inputs: &Inputs<Medium>,
        params: &Params,
        progress: &mut Progress<'_>,
    ) -> Result<Outputs<Medium>, Error> {
        let picture = ports::picture(inputs)?;
        let cancel = progress.cancel_token().clone();
        let coverage = area::coverage(ports::optional_picture(inputs, "mask"), params, picture, &cancel)?;
        let content = picture.to_srgb(&cancel)?;
        let arts = ports::pictures(inputs, "style_image").map(|art| art.to_srgb(&cancel));
        let mut arts = arts.collect::<Result<Vec<_>, _>>()?;
        if let Some(preset) = &params.preset {
            arts.extend(presets::loaded_pictures(preset, &cancel)?);
        }
        let work = Work { content: &content, arts: &arts, params };
        let Painted { picture: mut made, weights, facts, structure_kept, colours_kept, share } =
            self.painted(work, progress)?;
        if !structure_kept {
            made = structure::kept(made, &content, params.keep_structure, &cancel)?;
        }
        if !colours_kept {
            made = colours::kept(made, &content, params.keep_colours, &cancel)?;
        }
        made = canvas::mixed(&content, made, share, &cancel)?;
        let result = picture.compose(&made, &coverage, made.bounds(), &cancel)?;
        let mut outputs = Outputs::one("picture", Medium::Picture(Arc::new(result)));
        outputs.facts.extend(facts);
        outputs.weights = weights;
        Ok(outputs)
    }
}

impl Restyle {
    fn painted(&self, work: Work<'_>, progress: &mut Progress<'_>) -> Result<Painted, Error> {
        match work.params.mode {
            Mode::Gallery => gallery::painted(&self.networks, work, progress),
            Mode::Transfer => transfer::painted(&self.networks, work, progress),
            Mode::Optimise => optimise::painted(&self.networks, work, progress),
            Mode::Recipe => recipe::painted(&self.networks, work, progress),
            Mode::Auto => Err(Error::NoStyle),
        }
    }
}
