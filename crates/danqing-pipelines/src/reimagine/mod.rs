//! `reimagine`: image-to-image, and text-to-image without a picture, with a Stable Diffusion 1.x or 2.x checkpoint of the
//! user's. Equal to diffusers 0.31.0 `StableDiffusionImg2ImgPipeline` and `StableDiffusionPipeline` for the same noise, to the
//! tolerance of `tests/diffusion/reimagine.rs`; names, defaults and the rule of steps are A1111's.
//!
//! A picture enters as the mean of its latent's distribution. At strength 0 it comes back as it is, without going through
//! any network.

mod params;
mod size;

use std::collections::BTreeMap;
use std::sync::Arc;

use danqing_capability::{Arity, CancelToken, Capability, Inputs, Kind, Outputs, Port, Progress};
use danqing_media::{Channels, Depth, Mask, Medium, Picture, Raster, Samples, SrgbF32};
use danqing_models::latent_codecs::LatentCodec;
use danqing_models::text_encoders::tokenizer;
use danqing_nn::Engine;
use danqing_vision::resize::{Method, resized};
use danqing_weights::ModelStore;

pub use self::params::{Params, Resize};
pub(crate) use self::size::{Sizes, fitted};
pub use crate::diffusion::Error;
use crate::diffusion::{
    Again, Checkpoints, Opened, Plan, Settings, Start, latent_shape, out_of_range, paint, with_settings_in_chinese,
};
use crate::ports;

/// Paints a picture anew after a prompt.
pub struct Reimagine {
    checkpoints: Checkpoints,
}

impl Reimagine {
    /// Needs the store for the tokenizer's vocabulary and the engine to run the networks.
    #[must_use]
    pub fn new(store: &ModelStore, engine: &Engine) -> Self {
        Self::of(Checkpoints::new(store, engine))
    }

    /// With checkpoints that others use too.
    #[must_use]
    pub fn of(checkpoints: Checkpoints) -> Self {
        Self { checkpoints }
    }
}

impl Capability for Reimagine {
    const ID: &'static str = "reimagine";
    const VERSION: u32 = 1;
    const SUMMARY: &'static str = "Paints a picture anew after a prompt, with a Stable Diffusion checkpoint of yours";
    const CHINESE: &'static str = with_settings_in_chinese!("zh.toml");
    const INPUTS: &'static [Port] = &[Port {
        name: "picture",
        kind: Kind::Picture,
        arity: Arity::Optional,
        help: "Picture to start from; without one, the prompt alone makes the picture",
    }];
    const OUTPUTS: &'static [Port] =
        &[Port { name: "picture", kind: Kind::Picture, arity: Arity::Many, help: "New picture, one per variant" }];
    type Params = Params;
    type Media = Medium;
    type Error = Error;

    fn resolve(
        &self,
        inputs: &Inputs<Medium>,
        mut params: Params,
        progress: &mut Progress<'_>,
    ) -> Result<Params, Error> {
        let picture = ports::optional_picture(inputs, "picture").map(Picture::size);
        params.settings.checked()?;
        check_ranges(&params)?;
        let opened = params.settings.with_checkpoint(&self.checkpoints, progress)?;
        opened.plain(params.settings.model.as_deref())?;
        let (multiple, native) = (opened.model.codec.factor(), opened.model.native_side());
        let sizes = Sizes::meant(&params, picture, (multiple, native), progress)?;
        let base = Sizes::base(&params, picture, native);
        (params.width, params.height) = (Some(base.0), Some(base.1));
        (params.work_width, params.work_height) = (Some(sizes.work.0), Some(sizes.work.1));
        let largest = sizes.second.unwrap_or(sizes.work);
        params.settings.settled((&self.checkpoints, &opened), sizes.work, largest, progress)?;
        Ok(params)
    }

    fn models(&self, _: &Params) -> Vec<&'static str> {
        vec![tokenizer::CATALOGUE_ID]
    }

    fn run(
        &self,
        inputs: &Inputs<Medium>,
        params: &Params,
        progress: &mut Progress<'_>,
    ) -> Result<Outputs<Medium>, Error> {
        let picture = ports::optional_picture(inputs, "picture");
        let opened = params.settings.opened(&self.checkpoints, progress.cancel_token())?;
        let sizes = Sizes::resolved(params, picture.map(Picture::size), opened.model.codec.factor())?;
        let plan = Plan::new(&params.settings, picture.map(|_| params.settings.strength), &opened)?;
        let canvas = Canvas::new(picture, sizes, params.resize, progress.cancel_token())?;
        let mut outputs = if plan.does_something() {
            self.painted(&plan, &canvas, &opened, params, progress)?
        } else {
            unchanged(&canvas, picture, params, progress)?
        };
        outputs.facts.insert("steps_run", plan.sigmas.len().saturating_sub(1).into());
        outputs.facts.insert("network_size", format!("{}x{}", sizes.work.0, sizes.work.1).into());
        outputs.weights.extend(self.checkpoints.weights(&params.settings, &opened, progress.cancel_token())?);
        Ok(outputs)
    }
}

/// What stays of the picture: its depth, channels and metadata, its alpha, and its colours at both sizes.
pub(crate) struct Canvas {
    sizes: Sizes,
    blank: Picture,
    /// At the network's size.
    pub(crate) start: Option<Raster<SrgbF32>>,
}

impl Canvas {
    pub(crate) fn new(
        picture: Option<&Picture>,
        sizes: Sizes,
        resize: Resize,
        cancel: &CancelToken,
    ) -> Result<Self, Error> {
        let Some(picture) = picture else {
            let one = Picture::new(1, 1, Channels::Rgb, Samples::U8(vec![0; 3]))?;
            return Ok(Self { sizes, blank: one.blank(sizes.result, None), start: None });
        };
        let alpha = picture.alpha().map(|alpha| size::fitted(&alpha, sizes.result, resize, cancel)).transpose()?;
        let start = size::fitted(&picture.to_srgb(cancel)?, sizes.work, resize, cancel)?;
        Ok(Self { sizes, blank: coloured(picture)?.blank(sizes.result, alpha.as_ref()), start: Some(start) })
    }

    /// New colours at the result's size, in the picture's own samples.
    pub(crate) fn composed(&self, colours: &Raster<SrgbF32>, cancel: &CancelToken) -> Result<Medium, Error> {
        let (width, height) = self.sizes.result;
        let colours = resized(colours, width, height, Method::Lanczos, cancel)?;
        let everywhere = Mask::filled(width, height, u8::MAX);
        Ok(Medium::Picture(Arc::new(self.blank.compose(&colours, &everywhere, colours.bounds(), cancel)?)))
    }
}

/// The picture's depth, alpha channel, profile and metadata; of a grey picture with colours, for the network paints them.
fn coloured(picture: &Picture) -> Result<Picture, Error> {
    if !picture.channels.is_gray() {
        return Ok(picture.clone());
    }
    let channels = Channels::Rgb.with_alpha(picture.channels.has_alpha());
    let samples = match picture.depth() {
        Depth::Eight => Samples::U8(vec![0; channels.count()]),
        Depth::Sixteen => Samples::U16(vec![0; channels.count()]),
    };
    Ok(Picture { metadata: picture.metadata.clone(), ..Picture::new(1, 1, channels, samples)? })
}

impl Reimagine {
    fn painted(
        &self,
        plan: &Plan,
        canvas: &Canvas,
        opened: &Opened,
        params: &Params,
        progress: &mut Progress<'_>,
    ) -> Result<Outputs<Medium>, Error> {
        let engine = self.checkpoints.engine().with_cancel(progress.cancel_token().clone());
        let codec = opened.codec(&engine, &params.settings);
        let latent = canvas.start.as_ref().map(|start| codec.encoded(start, progress));
        let again = canvas.sizes.second.map(|size| -> Result<Again, Error> {
            let steps = if params.hires_steps > 0 { params.hires_steps } else { params.settings.steps };
            let settings = Settings { steps, ..params.settings.clone() };
            let plan = Plan::new(&settings, Some(params.hires_strength), opened)?;
            Ok(Again { plan, shape: latent_shape(opened, size), enlarge: params.hires_enlarge })
        });
        let start = Start { latent: latent.transpose()?, again: again.transpose()?, ..Start::default() };
        let shape = latent_shape(opened, canvas.sizes.work);
        let mut media = Vec::new();
        let settings = &params.settings;
        paint(&self.checkpoints, opened, settings, (plan, &start, shape), progress, |colours, progress| {
            media.push(("picture", canvas.composed(&colours, progress.cancel_token())?));
            Ok::<_, Error>(())
        })?;
        let outputs = Outputs { media, facts: BTreeMap::new(), weights: Vec::new() };
        Ok(outputs.with_fact("seeds", settings.seeds()))
    }
}

/// Where no step is left to run: the picture itself, resized if it has to be.
fn unchanged(
    canvas: &Canvas,
    picture: Option<&Picture>,
    params: &Params,
    progress: &mut Progress<'_>,
) -> Result<Outputs<Medium>, Error> {
    let cancel = progress.cancel_token();
    let made = match picture {
        Some(picture) if picture.size() == canvas.sizes.result => Some(Medium::Picture(Arc::new(picture.clone()))),
        Some(picture) => {
            let colours = size::fitted(&picture.to_srgb(cancel)?, canvas.sizes.result, params.resize, cancel)?;
            Some(canvas.composed(&colours, cancel)?)
        }
        None => None,
    };
    let media = made.into_iter().flat_map(|made| vec![("picture", made); params.settings.variants]).collect();
    Ok(Outputs { media, facts: BTreeMap::new(), weights: Vec::new() })
}

fn check_ranges(params: &Params) -> Result<(), Error> {
    let table = [
        ("hires", params.hires, 1.0..=4.0, "1 to 4"),
        ("hires_strength", params.hires_strength, 0.0..=1.0, "0 to 1"),
        ("hires_steps", params.hires_steps as f64, 0.0..=150.0, "0 to 150"),
    ];
    match table.into_iter().find(|(_, value, range, _)| !range.contains(value)) {
        None => Ok(()),
        Some((name, actual, _, expected)) => Err(out_of_range(name, actual, expected)),
    }
}
