//! The generative fill: what a Stable Diffusion checkpoint paints beyond the picture's borders, side by side.
//!
//! Each step grows one side. The network sees the new area and as much of the picture as `context` says, the new area begun
//! with the border's colours drawn into it; what it made is fitted to the picture's colours along the border and joined to it
//! band by band.

use danqing_capability::{Progress, WeightUse};
use danqing_media::{Mask, Raster, Rect, SrgbF32};
use danqing_models::latent_codecs::LatentCodec;
use danqing_vision::resize::{Method, resized};
use danqing_vision::{blend, ring};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::layout::Sides;
use super::{Error, Params};
use crate::diffusion::{
    self, Checkpoints, HoleFill, Opened, Plan, Scene, Settings, Wanted, latent_shape, paint, work_size,
};
use crate::fill;

/// Width of the ring in which colours are fitted, pixels of the picture.
const RING: f32 = 16.0;
/// Halvings of the joint.
const OCTAVES: usize = 5;
/// The seen part is enlarged at most so much.
const MOST_SCALE: f64 = 4.0;

/// What the fill "generative" is told; other fills do not look at it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[allow(clippy::doc_markdown, reason = "the documentation is the help text: names stand as they are typed")]
pub struct Generative {
    /// Stable Diffusion 1.x or 2.x checkpoint for the fill "generative", best an inpainting one: PATH of a single file
    /// (.safetensors, .ckpt) or of a diffusers folder, or NAME of one in the model folders or the hub's cache.
    #[schemars(extend("x-path" = "read"))]
    pub model: Option<std::path::PathBuf>,
    /// sha256 of the checkpoint; found when it is named, and checked when a recipe runs again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_sha256: Option<String>,
    /// What the new area shows (fill "generative"), in A1111's grammar; may be empty: the scene goes on.
    pub prompt: String,
    /// What the new area on the left shows, instead of `prompt`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_left: Option<String>,
    /// What the new area on the right shows, instead of `prompt`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_right: Option<String>,
    /// What the new area above shows, instead of `prompt`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_top: Option<String>,
    /// What the new area below shows, instead of `prompt`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_bottom: Option<String>,
    /// What the new area does not show.
    pub negative_prompt: String,
    /// Sampling steps of the fill "generative", 1 to 150.
    #[schemars(range(min = 1, max = 150))]
    pub steps: usize,
    /// How much the prompt counts (CFG scale), 1 to 30.
    #[schemars(range(min = 1.0, max = 30.0))]
    pub guidance: f64,
    /// Sampler of the fill "generative", by the name of any program, such as "DPM++ 2M Karras".
    pub sampler: String,
    /// Picture that the fill "generative" sees beside the new area, pixels, 64 to 4096; as deep as the shorter side when not
    /// given.
    #[schemars(range(min = 64, max = 4096))]
    pub context: Option<usize>,
}

impl Default for Generative {
    fn default() -> Self {
        let Settings { prompt, negative_prompt, steps, guidance, sampler, .. } = Settings::default();
        Self {
            model: None,
            model_sha256: None,
            prompt,
            prompt_left: None,
            prompt_right: None,
            prompt_top: None,
            prompt_bottom: None,
            negative_prompt,
            steps,
            guidance,
            sampler,
            context: None,
        }
    }
}

impl Generative {
    /// As every run of a diffusion network has them, for a step on one side.
    fn settings(&self, sides: Sides, seed: u64) -> Settings {
        let own = match sides {
            Sides { left: 1.., .. } => &self.prompt_left,
            Sides { right: 1.., .. } => &self.prompt_right,
            Sides { top: 1.., .. } => &self.prompt_top,
            _ => &self.prompt_bottom,
        };
        Settings {
            model: self.model.clone(),
            model_sha256: self.model_sha256.clone(),
            prompt: own.as_ref().unwrap_or(&self.prompt).clone(),
            negative_prompt: self.negative_prompt.clone(),
            strength: 1.0,
            steps: self.steps,
            guidance: self.guidance,
            sampler: self.sampler.clone(),
            seed: Some(seed),
            ..Settings::default()
        }
    }

    /// What can be said before any work; notes path and sha256 of the checkpoint.
    pub(super) fn resolved(
        &mut self,
        checkpoints: &Checkpoints,
        progress: &mut Progress<'_>,
    ) -> Result<(), diffusion::Error> {
        if self.context.is_some_and(|context| !(64..=4096).contains(&context)) {
            return Err(diffusion::out_of_range("context", self.context.unwrap_or(0), "64 to 4096 pixels"));
        }
        for sides in [(1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1)] {
            let (left, right, top, bottom) = sides;
            self.settings(Sides { left, right, top, bottom }, 0).checked()?;
        }
        let mut settings = self.settings(Sides::default(), 0);
        settings.checked()?;
        self.sampler.clone_from(&settings.sampler);
        let opened = settings.with_checkpoint(checkpoints, progress)?;
        if opened.takes() == diffusion::Takes::Picture {
            opened.plain(settings.model.as_deref())?;
        }
        (self.model, self.model_sha256) = (settings.model, settings.model_sha256);
        Ok(())
    }
}

/// One step on one side.
pub(super) struct Growth<'a> {
    pub(super) checkpoints: &'a Checkpoints,
    pub(super) params: &'a Params,
    pub(super) picture: &'a Raster<SrgbF32>,
    pub(super) sides: Sides,
    pub(super) seed: u64,
}

impl Growth<'_> {
    /// The grown canvas and the weights that made it; of the picture only the feather differs.
    pub(super) fn made(&self, progress: &mut Progress<'_>) -> Result<(Raster<SrgbF32>, Vec<WeightUse>), Error> {
        let generative = &self.params.generative;
        let settings = generative.settings(self.sides, self.seed);
        let opened = settings.opened(self.checkpoints, progress.cancel_token())?;
        let near = self.seen();
        let (width, height) = self.sides.canvas(near.width, near.height);
        let place = Rect::new(self.sides.left, self.sides.top, near.width, near.height);
        let mut scene = Raster::filled(width, height, 0.5);
        scene.paste(&self.picture.crop(near), place.x, place.y);
        let mut hole = Mask::filled(width, height, u8::MAX);
        hole.paste(&Mask::filled(near.width, near.height, 0), place.x, place.y);
        let reach = fill::touched(&fill::feathered(&hole, self.params.feather, progress.cancel_token())?);
        let made = self.painted((&scene, &reach), &settings, &opened, progress)?;
        // The ring lies in what both know: the picture beyond the feather.
        let level = if reach.samples().contains(&0) {
            ring::level(&scene, &made, &reach, RING, progress).map_err(fill::Error::from)?
        } else {
            made
        };
        let mut joined = level.clone();
        let mut behind = level;
        behind.paste(&self.picture.crop(near), place.x, place.y);
        let coverage = blend::coverage(&hole, self.params.feather as f32, progress.cancel_token())?;
        if self.params.feather > 0 {
            joined = blend::multiband(&behind, &joined, &coverage, OCTAVES, progress)?;
        } else {
            joined.clone_from(&behind);
        }
        let weights = self.checkpoints.weights(&settings, &opened, progress.cancel_token())?;
        Ok((self.laid_on_canvas(&joined, near), weights))
    }

    fn painted(
        &self,
        (scene, hole): (&Raster<SrgbF32>, &Mask),
        settings: &Settings,
        opened: &Opened,
        progress: &mut Progress<'_>,
    ) -> Result<Raster<SrgbF32>, Error> {
        let (width, height) = scene.size();
        let native = opened.model.native_side() as f64;
        let scale = (native * 1.25 / ((width * height) as f64).sqrt()).min(MOST_SCALE);
        let work = work_size((None, None), (width, height), scale, opened.model.codec.factor())?;
        let engine = self.checkpoints.engine().with_cancel(progress.cancel_token().clone());
        let small = Scene::new(scene, hole, work, progress)?;
        let wanted = Wanted { settings, fill: HoleFill::Fill, image_guidance: 0.0 };
        let start = small.start(&engine, opened, wanted, progress)?;
        let plan = Plan::new(settings, Some(1.0), opened)?;
        let shape = latent_shape(opened, work);
        let mut made = None;
        paint(self.checkpoints, opened, settings, (&plan, &start, shape), progress, |colours, progress| {
            made = Some(resized(&colours, width, height, Method::Lanczos, progress.cancel_token())?);
            Ok::<_, Error>(())
        })?;
        Ok(made.unwrap_or_else(|| scene.clone()))
    }

    /// The part of the picture that the network sees.
    fn seen(&self) -> Rect {
        let (width, height) = self.picture.size();
        let depth = self.params.generative.context.unwrap_or_else(|| width.min(height));
        let (w, h) = (depth.min(width), depth.min(height));
        match self.sides {
            Sides { left: 1.., .. } => Rect::new(0, 0, w, height),
            Sides { right: 1.., .. } => Rect::new(width - w, 0, w, height),
            Sides { top: 1.., .. } => Rect::new(0, 0, width, h),
            _ => Rect::new(0, height - h, width, h),
        }
    }

    fn laid_on_canvas(&self, grown: &Raster<SrgbF32>, near: Rect) -> Raster<SrgbF32> {
        let (width, height) = self.picture.size();
        let (w, h) = self.sides.canvas(width, height);
        let mut canvas = Raster::filled(w, h, 0.0);
        canvas.paste(self.picture, self.sides.left, self.sides.top);
        canvas.paste(grown, near.x, near.y);
        canvas
    }
}
