//! The loop: for every variant from its noise to its latent, and to its picture.

use danqing_capability::Progress;
use danqing_media::{Raster, SrgbF32};
use danqing_models::latent_codecs::LatentCodec;
use danqing_nn::{Engine, FeatureMap, Interpolation, Shape, resize};
use danqing_vision::resize::{Method, resized};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::guided::Guided;
use super::memory::Need;
use super::noise::Given;
use super::preview::Previewer;
use super::words::Words;
use super::{Beside, Checkpoints, Error, Opened, Plan, Settings, dump};
use crate::sampling::{Path, Tuning, input_scale, sample};

/// Where a run begins. Latents are NCHW values of one picture.
#[derive(Default)]
pub(crate) struct Start {
    /// The latent that noise is laid on; without one the run begins with noise alone.
    pub(crate) latent: Option<Vec<f32>>,
    /// What stays as it is.
    pub(crate) kept: Option<Kept>,
    /// Whether the latent is plain noise where it does not stay.
    pub(crate) has_noise_in_hole: bool,
    /// What the network sees beside the latent.
    pub(crate) beside: Beside,
    /// A second pass over the finished latent, enlarged.
    pub(crate) again: Option<Again>,
}

/// The second pass of A1111's "hires. fix".
pub(crate) struct Again {
    pub(crate) plan: Plan,
    /// Of the enlarged latent.
    pub(crate) shape: Shape,
    pub(crate) enlarge: Enlarge,
}

/// How a latent is enlarged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Enlarge {
    /// As a picture, by Lanczos' filter: sharp, and fine at a low strength.
    #[default]
    Picture,
    /// As it is, bilinearly (A1111's "Latent"): blurred, so it wants a strength of 0.5 and more, and invents more.
    Latent,
}

/// The known part of a latent: put back into every answer of the network, as A1111's `CFGDenoiser` does
/// (lllyasviel/stable-diffusion-webui-forge@dfdcbab `modules/sd_samplers_cfg_denoiser.py`). For samplers without fresh noise
/// that is the same as laying noise on it anew after every step, as diffusers' inpainting does with 4-channel networks.
pub(crate) struct Kept {
    /// The latent.
    pub(crate) known: Vec<f32>,
    /// Per pixel of the latent, how much of it is made anew: 0 or 1.
    pub(crate) hole: Vec<f32>,
    /// Whether it is put back at every step. Inpainting networks see it beside the latent and keep it themselves.
    pub(crate) is_held: bool,
    /// Per pixel of the latent, how far it may change, 0 to 1, where a grey mask says so (Differential Diffusion, Levin and
    /// Fried 2023): a pixel is free once no more of the run is left than this.
    pub(crate) levels: Option<Vec<f32>>,
}

impl Kept {
    /// `known` with noise on it, where nothing is made anew. A run that begins with noise alone shows the network that noise
    /// once and goes on from here, as diffusers' inpainting with 4-channel networks does at full strength.
    fn begin(&self, values: &mut [f32], noise: &[f32], scale: f32) {
        let holes = self.hole.iter().cycle();
        for (((value, known), noise), hole) in values.iter_mut().zip(&self.known).zip(noise).zip(holes) {
            let begun = known + scale * noise;
            *value = begun + hole * (*value - begun);
        }
    }

    /// `known` where nothing is made anew while this share of the run is `left`.
    pub(super) fn restore(&self, values: &mut [f32], left: f32) {
        let freed = |level: &f32| f32::from(u8::from(*level > 0.0 && *level >= left));
        let freed: Option<Vec<f32>> = self.levels.as_ref().map(|levels| levels.iter().map(freed).collect());
        let holes = freed.as_ref().unwrap_or(&self.hole).iter().cycle();
        for ((value, known), hole) in values.iter_mut().zip(&self.known).zip(holes) {
            *value = known + hole * (*value - known);
        }
    }
}

/// The latent of a picture of `width` × `height`.
pub(crate) fn latent_shape(opened: &Opened, (width, height): (usize, usize)) -> Shape {
    let codec = &opened.model.codec;
    Shape::new(1, height / codec.factor(), width / codec.factor(), codec.latent_channels())
}

/// Paints every variant and hands its picture to `each`; writes latents where asked for.
pub(crate) fn paint<E: From<Error>>(
    checkpoints: &Checkpoints,
    opened: &Opened,
    settings: &Settings,
    (plan, start, shape): (&Plan, &Start, Shape),
    progress: &mut Progress<'_>,
    mut each: impl FnMut(Raster<SrgbF32>, &mut Progress<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let (model, engine) = (&opened.model, &checkpoints.engine().with_cancel(progress.cancel_token().clone()));
    let tile = settings.vae_tile.unwrap_or(0);
    let factor = model.codec.factor();
    let largest = start.again.as_ref().map_or(shape, |again| again.shape);
    let networks = (opened.bytes, engine.precision());
    let need = Need::of_run(&opened.model, networks, (largest.width * factor, largest.height * factor), tile);
    let said = [("memory_bytes", need.total()), ("weights_bytes", need.weights), ("maps_bytes", need.maps)];
    progress.measure("plan", 0, &said.map(|(name, bytes)| (name, bytes as f64)));
    need.check(checkpoints.available(opened.bytes), engine.precision())?;
    let cancel = progress.cancel_token().clone();
    let previewer = match settings.preview {
        // The cheapest ones, for who watches.
        0 => progress.shows_previews().then_some((Previewer::Straight, 1)),
        every => Some((Previewer::new(settings.preview_model.as_deref(), engine, &cancel)?, every)),
    };
    let (given, _) = Given::read(settings, shape)?;
    let tokenizer = checkpoints.tokenizer()?;
    let own = checkpoints.words(settings, opened, progress.cancel_token())?;
    let words = Words::encoded(engine, model, (&tokenizer, &own), settings, plan.sampler, progress)?;
    let run = Run { engine, opened, settings, words: &words, previewer: previewer.as_ref() };
    let mut latents = Vec::new();
    for variant in 0..settings.variants {
        let mut x = run.walked((plan, start, shape), &given, variant, progress)?;
        let mut shape = shape;
        if let Some(again) = &start.again {
            let latent = Some(run.enlarged(&x, shape, again, progress)?);
            let second = Start { latent, ..Start::default() };
            x = run.walked((&again.plan, &second, again.shape), &Given::nothing(), variant, progress)?;
            shape = again.shape;
        }
        each(opened.codec(engine, settings).decoded(&x, shape, progress)?, progress)?;
        latents.push(x);
    }
    if let Some(path) = &settings.dump_latents {
        dump::write(path, &latents, start.again.as_ref().map_or(shape, |again| again.shape))?;
    }
    Ok(())
}

/// What is the same for every variant and pass.
struct Run<'a> {
    engine: &'a Engine,
    opened: &'a Opened,
    settings: &'a Settings,
    words: &'a Words,
    previewer: Option<&'a (Previewer, usize)>,
}

impl Run<'_> {
    /// From noise to a finished latent.
    fn walked(
        &self,
        (plan, start, shape): (&Plan, &Start, Shape),
        given: &Given,
        variant: usize,
        progress: &mut Progress<'_>,
    ) -> Result<Vec<f32>, Error> {
        let settings = self.settings;
        let path = Path::new(plan.sigmas.clone(), &plan.table)?;
        let tuning = Tuning { eta: settings.eta, ..Tuning::default() };
        let (noise, mut later) = given.of_variant(variant, settings, plan.sampler, shape, &plan.sigmas);
        let mut x = noisy(start, &noise, plan.first_scale(start.latent.is_some()));
        let kept = start.kept.as_ref().filter(|kept| kept.is_held);
        let first = kept.filter(|_| start.latent.is_none()).map(|kept| {
            let seen = x.clone();
            kept.begin(&mut x, &noise, plan.first_scale(true));
            seen
        });
        let mut guided = Guided {
            engine: self.engine,
            unet: &self.opened.model.unet,
            words: self.words,
            plan,
            guidance: settings.guidance as f32,
            rescale: settings.guidance_rescale as f32,
            latent: shape,
            beside: &start.beside,
            kept,
            first,
            looks: 0,
            previewer: self.previewer.map(|(previewer, every)| (previewer, *every)),
            last: Vec::new(),
        };
        let mut x = sample(plan.sampler, x, &path, &tuning, &mut guided, &mut *later, progress)?;
        let last = input_scale(plan.sigmas.last().copied().unwrap_or(0.0).into()) as f32;
        for value in &mut x {
            *value *= last;
        }
        if let Some(kept) = kept {
            kept.restore(&mut x, 0.0);
        }
        Ok(x)
    }

    fn enlarged(
        &self,
        latent: &[f32],
        shape: Shape,
        again: &Again,
        progress: &mut Progress<'_>,
    ) -> Result<Vec<f32>, Error> {
        let Shape { width, height, .. } = again.shape;
        match again.enlarge {
            Enlarge::Picture => {
                let (codec, factor) = (self.opened.codec(self.engine, self.settings), self.opened.model.codec.factor());
                let small = codec.decoded(latent, shape, progress)?;
                let cancel = progress.cancel_token().clone();
                let large = resized(&small, width * factor, height * factor, Method::Lanczos, &cancel)?;
                codec.encoded(&large, progress)
            }
            Enlarge::Latent => {
                let small = FeatureMap::from_nchw(self.engine, shape, latent)?;
                Ok(resize(self.engine, &small, height, width, Interpolation::Bilinear { align_corners: false })?
                    .to_nchw()?)
            }
        }
    }
}

/// A latent with noise on it, in k-diffusion's scale.
fn noisy(start: &Start, noise: &[f32], scale: f32) -> Vec<f32> {
    let Some(latent) = &start.latent else { return noise.iter().map(|noise| scale * noise).collect() };
    let hole = start.kept.as_ref().filter(|_| start.has_noise_in_hole).map(|kept| &kept.hole);
    let begun = |index: usize| match hole {
        Some(hole) => latent[index] + hole[index % hole.len()] * (noise[index] - latent[index]),
        None => latent[index],
    };
    noise.iter().enumerate().map(|(index, noise)| begun(index) + scale * noise).collect()
}
