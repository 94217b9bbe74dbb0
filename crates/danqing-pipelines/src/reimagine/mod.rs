//! `reimagine`: image-to-image, and text-to-image without a picture, with a Stable Diffusion 1.x or 2.x checkpoint of the
//! user's. Equal to diffusers 0.31.0 `StableDiffusionImg2ImgPipeline` and `StableDiffusionPipeline` for the same noise, to the
//! tolerance of `tests/reimagine.rs`; names, defaults and the rule of steps are A1111's.
//!
//! A picture enters as the mean of its latent's distribution. At strength 0 it comes back as it is, without going through
//! any network.

mod checkpoint;
mod dump;
mod error;
mod guided;
mod latent;
mod noise;
mod params;
mod size;
mod words;

use std::collections::BTreeMap;
use std::path::Path as FilePath;
use std::sync::Arc;

use danqing_capability::{Arity, CancelToken, Capability, Inputs, Kind, Outputs, Port, Progress};
use danqing_media::{Channels, Depth, Mask, Medium, Picture, Raster, Samples, SrgbF32};
use danqing_models::latent_codecs::LatentCodec;
use danqing_models::stable_diffusion::{Family, Predicts};
use danqing_models::text_encoders::tokenizer;
use danqing_nn::{Engine, Shape};
use danqing_vision::resize::{Method, resized};
use danqing_weights::ModelStore;

use self::checkpoint::{Checkpoints, Opened};
pub use self::error::Error;
use self::guided::Guided;
use self::noise::Given;
pub use self::params::{Params, Resize, StepRule};
use self::size::Sizes;
use self::words::Words;
use crate::sampling::{
    NoiseTable, Path, Prediction, Sampler, Schedule, Shape as ScheduleShape, Tuning, denoise_steps, input_scale,
    sample, sampler_and_schedule,
};
use crate::{ports, seed};

/// Paints a picture anew after a prompt.
pub struct Reimagine {
    checkpoints: Checkpoints,
}

impl Reimagine {
    /// Needs the store for the tokenizer's vocabulary and the engine to run the networks.
    #[must_use]
    pub fn new(store: &ModelStore, engine: &Engine) -> Self {
        Self { checkpoints: Checkpoints::new(store, engine) }
    }
}

impl Capability for Reimagine {
    const ID: &'static str = "reimagine";
    const VERSION: u32 = 1;
    const SUMMARY: &'static str = "Paints a picture anew after a prompt, with a Stable Diffusion checkpoint of yours";
    const CHINESE: &'static str = include_str!("zh.toml");
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
        check_ranges(&params)?;
        let (sampler, schedule) = sampler_and_schedule(&params.sampler, Some(&params.schedule))?;
        let schedule = if schedule == Schedule::Automatic { sampler.usual_schedule() } else { schedule };
        (params.sampler, params.schedule) = (name_of(&sampler), name_of(&schedule));
        words::check(&params)?;
        let path = params.model.take().ok_or(Error::NoModel)?;
        let path = std::path::absolute(&path).unwrap_or(path);
        let opened = self.opened(&path, params.model_sha256.as_deref(), progress.cancel_token())?;
        params.model = Some(path);
        params.model_sha256 = Some(opened.weights.sha256.clone());
        params.prediction.get_or_insert_with(|| checkpoint::prediction(opened.model.predicts));
        let native =
            if opened.model.family == Family::Two && opened.model.predicts == Predicts::Velocity { 768 } else { 512 };
        let sizes = Sizes::meant(&params, picture, (opened.model.codec.factor(), native), progress)?;
        (params.width, params.height) = (Some(sizes.result.0), Some(sizes.result.1));
        (params.work_width, params.work_height) = (Some(sizes.work.0), Some(sizes.work.1));
        if let Some(noise) = params.noise.take() {
            params.noise = Some(std::path::absolute(&noise).unwrap_or(noise));
        }
        params.noise_sha256 = Given::read(&params, latent_shape(&opened, sizes))?.1;
        if let Some(dump) = params.dump_latents.take() {
            params.dump_latents = Some(std::path::absolute(&dump).unwrap_or(dump));
        }
        params.seed = Some(params.seed.unwrap_or_else(seed::drawn));
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
        let path = params.model.as_deref().ok_or(Error::NoModel)?;
        let opened = self.opened(path, params.model_sha256.as_deref(), progress.cancel_token())?;
        let sizes = Sizes::resolved(params, picture.map(Picture::size));
        let plan = Plan::new(params, picture.is_some(), &opened)?;
        let canvas = Canvas::new(picture, sizes, params.resize, progress.cancel_token())?;
        let mut outputs = if plan.sigmas.len() > 1 {
            self.painted(&plan, &canvas, &opened, params, progress)?
        } else {
            unchanged(&canvas, picture, params, progress)?
        };
        outputs.facts.insert("steps_run", plan.sigmas.len().saturating_sub(1).into());
        outputs.facts.insert("network_size", format!("{}x{}", sizes.work.0, sizes.work.1).into());
        outputs.weights.push(opened.weights.clone());
        outputs.weights.extend(self.checkpoints.tokenizer_use());
        Ok(outputs)
    }
}

/// What walks from which noise level to which.
struct Plan {
    sampler: Sampler,
    table: NoiseTable,
    prediction: Prediction,
    /// Falling levels; one or none where nothing is to be done.
    sigmas: Vec<f32>,
}

impl Plan {
    fn new(params: &Params, has_picture: bool, opened: &Opened) -> Result<Self, Error> {
        let (sampler, schedule) = sampler_and_schedule(&params.sampler, Some(&params.schedule))?;
        let table = checkpoint::noise_table(&opened.model.training);
        let (length, first) = if !has_picture {
            (params.steps, 0)
        } else if params.strength == 0.0 {
            (0, 0)
        } else {
            denoise_steps(params.step_rule.into(), params.steps, params.strength)
        };
        let mut sigmas = sampler.sigmas(schedule, length, &table, &ScheduleShape::default());
        sigmas.drain(..first.min(sigmas.len()));
        let prediction = params.prediction.unwrap_or_else(|| checkpoint::prediction(opened.model.predicts));
        Ok(Self { sampler, table, prediction, sigmas })
    }

    /// What the first noise is multiplied by. Without a picture, A1111 and diffusers begin at the first level; samplers
    /// that count in timesteps begin in the network's own scale.
    fn first_scale(&self, has_picture: bool) -> f32 {
        let sigma = self.sigmas.first().copied().unwrap_or(0.0);
        match self.sampler {
            Sampler::Ddim | Sampler::Plms | Sampler::UniPc if !has_picture => (1.0 / input_scale(sigma.into())) as f32,
            _ => sigma,
        }
    }
}

/// What stays of the picture: its depth, channels and metadata, its alpha, and its colours at both sizes.
struct Canvas {
    sizes: Sizes,
    blank: Picture,
    /// At the network's size.
    start: Option<Raster<SrgbF32>>,
}

impl Canvas {
    fn new(picture: Option<&Picture>, sizes: Sizes, resize: Resize, cancel: &CancelToken) -> Result<Self, Error> {
        let Some(picture) = picture else {
            let one = Picture::new(1, 1, Channels::Rgb, Samples::U8(vec![0; 3]))?;
            return Ok(Self { sizes, blank: one.blank(sizes.result, None), start: None });
        };
        let alpha = picture.alpha().map(|alpha| size::fitted(&alpha, sizes.result, resize, cancel)).transpose()?;
        let start = size::fitted(&picture.to_srgb(cancel)?, sizes.work, resize, cancel)?;
        Ok(Self { sizes, blank: coloured(picture)?.blank(sizes.result, alpha.as_ref()), start: Some(start) })
    }

    /// New colours at the result's size, in the picture's own samples.
    fn composed(&self, colours: &Raster<SrgbF32>, cancel: &CancelToken) -> Result<Medium, Error> {
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
    /// The checkpoint, if it is the one expected.
    fn opened(&self, path: &FilePath, expected: Option<&str>, cancel: &CancelToken) -> Result<Arc<Opened>, Error> {
        let opened = self.checkpoints.get(path, cancel)?;
        let actual = &opened.weights.sha256;
        match expected.filter(|expected| *expected != actual) {
            None => Ok(opened),
            Some(expected) => Err(Error::ModelChanged {
                path: path.display().to_string(),
                actual: actual.clone(),
                expected: expected.to_owned(),
            }),
        }
    }

    fn painted(
        &self,
        plan: &Plan,
        canvas: &Canvas,
        opened: &Opened,
        params: &Params,
        progress: &mut Progress<'_>,
    ) -> Result<Outputs<Medium>, Error> {
        let cancel = progress.cancel_token().clone();
        let (model, engine) = (&opened.model, &self.checkpoints.engine().with_cancel(cancel.clone()));
        let shape = latent_shape(opened, canvas.sizes);
        let (given, _) = Given::read(params, shape)?;
        let tokenizer = self.checkpoints.tokenizer()?;
        let words = Words::encoded(engine, model, &tokenizer, params, plan.sampler, progress)?;
        let start = canvas.start.as_ref().map(|start| latent::of_picture(engine, &model.codec, start, progress));
        let start = start.transpose()?;
        let path = Path::new(plan.sigmas.clone(), &plan.table)?;
        let tuning = Tuning { eta: params.eta, ..Tuning::default() };
        let (mut media, mut latents) = (Vec::new(), Vec::new());
        for variant in 0..params.variants {
            let (noise, mut later) = given.of_variant(variant, params, plan.sampler, shape, &plan.sigmas);
            let x = noisy(start.as_deref(), &noise, plan.first_scale(start.is_some()));
            let mut guided = Guided {
                engine,
                unet: &model.unet,
                words: &words,
                table: &plan.table,
                prediction: plan.prediction,
                guidance: params.guidance as f32,
                rescale: params.guidance_rescale as f32,
                latent: shape,
                looks: 0,
            };
            let mut x = sample(plan.sampler, x, &path, &tuning, &mut guided, &mut *later, progress)?;
            let last = input_scale(plan.sigmas.last().copied().unwrap_or(0.0).into()) as f32;
            for value in &mut x {
                *value *= last;
            }
            let colours = latent::decoded(engine, &model.codec, &x, shape, progress)?;
            media.push(("picture", canvas.composed(&colours, &cancel)?));
            latents.push(x);
        }
        if let Some(path) = &params.dump_latents {
            dump::write(path, &latents, shape)?;
        }
        let seeds: Vec<u64> = (0..params.variants).map(|n| params.seed.unwrap_or(0).wrapping_add(n as u64)).collect();
        let outputs = Outputs { media, facts: BTreeMap::new(), weights: Vec::new() };
        Ok(outputs.with_fact("seeds", seeds))
    }
}

/// A latent with noise on it, in k-diffusion's scale.
fn noisy(start: Option<&[f32]>, noise: &[f32], scale: f32) -> Vec<f32> {
    match start {
        Some(start) => start.iter().zip(noise).map(|(start, noise)| start + scale * noise).collect(),
        None => noise.iter().map(|noise| scale * noise).collect(),
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
    let media = made.into_iter().flat_map(|made| vec![("picture", made); params.variants]).collect();
    Ok(Outputs { media, facts: BTreeMap::new(), weights: Vec::new() })
}

fn latent_shape(opened: &Opened, sizes: Sizes) -> Shape {
    let (codec, (width, height)) = (&opened.model.codec, sizes.work);
    Shape::new(1, height / codec.factor(), width / codec.factor(), codec.latent_channels())
}

/// The name that requests and recipes have for it.
fn name_of(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

fn check_ranges(params: &Params) -> Result<(), Error> {
    let unit = |name, value: f64| (name, value, 0.0..=1.0, "0 to 1");
    let table = [
        unit("strength", params.strength),
        unit("guidance_rescale", params.guidance_rescale),
        unit("eta", params.eta.unwrap_or(0.0)),
        ("guidance", params.guidance, 1.0..=30.0, "1 to 30"),
        ("steps", params.steps as f64, 1.0..=150.0, "1 to 150"),
        ("variants", params.variants as f64, 1.0..=16.0, "1 to 16"),
        ("clip_skip", params.clip_skip as f64, 1.0..=12.0, "1 to 12"),
    ];
    match table.into_iter().find(|(_, value, range, _)| !range.contains(value)) {
        None => Ok(()),
        Some((name, actual, _, expected)) => Err(Error::OutOfRange { name, actual: actual.to_string(), expected }),
    }
}
