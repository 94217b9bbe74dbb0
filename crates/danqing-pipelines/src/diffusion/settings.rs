//! What the user can choose of every run of a diffusion network.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use danqing_capability::{CancelToken, Progress};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::checkpoint::{Instead, prediction};
use super::memory::Need;
use super::noise::Given;
use super::{Checkpoints, Error, Opened, additions, latent_shape, memory, words};
use crate::sampling::{NoiseOrder, Prediction, Schedule, Strength, Variation, sampler_and_schedule};
use crate::seed;

/// How many of the steps a strength means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepRule {
    /// A1111: the last `int(min(strength, 0.999)·steps) + 1`.
    #[default]
    A1111,
    /// Exactly as many as asked for, of a longer schedule.
    Exact,
    /// diffusers: the last `int(strength·steps)`; at strength 1 inpainting begins with noise alone.
    Diffusers,
}

impl From<StepRule> for Strength {
    fn from(rule: StepRule) -> Self {
        match rule {
            StepRule::A1111 => Self::A1111,
            StepRule::Exact => Self::A1111Exact,
            StepRule::Diffusers => Self::Diffusers,
        }
    }
}

/// Checkpoint, words, sampling and noise. Capabilities flatten it into their parameters, so it does not refuse fields that it
/// does not know: they do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[allow(clippy::doc_markdown, reason = "the documentation is the help text: names stand as they are typed")]
pub struct Settings {
    /// Stable Diffusion 1.x or 2.x checkpoint: PATH of a single file (.safetensors, .ckpt, .gguf) or of a diffusers folder, or
    /// NAME of one in the model folders or the hub's cache.
    #[schemars(extend("x-path" = "read"))]
    pub model: Option<PathBuf>,
    /// sha256 of the checkpoint; found when it is named, and checked when a recipe runs again. Of a folder, that of its three
    /// weight files' sha256.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_sha256: Option<String>,
    /// UNet instead of the checkpoint's own: PATH or NAME of a file (.gguf, .safetensors) or folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-path" = "read"))]
    pub unet: Option<PathBuf>,
    /// Autoencoder instead of the checkpoint's own: PATH or NAME, as a checkpoint's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-path" = "read"))]
    pub vae: Option<PathBuf>,
    /// What is wanted, in A1111's grammar: `(words:1.2)`, `[words]`, `BREAK`, `AND`, `[from:to:when]`, `[a|b]`,
    /// `<lora:name:0.8>`.
    pub prompt: String,
    /// What is not wanted.
    pub negative_prompt: String,
    /// LoRA or LoCon files beside those that the prompt names: NAME or PATH, and how much they count: `name:0.8`, or
    /// `name:0.8:0.5` for text encoder and denoiser. Names are looked up in the model folders.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-path" = "read"))]
    pub loras: Vec<String>,
    /// Textual inversions by NAME or PATH; those of the model folders are found by their name in the prompt.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-path" = "read"))]
    pub embeddings: Vec<String>,
    /// sha256 of each of these files; found when they are named, and checked when a recipe runs again.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub additions_sha256: BTreeMap<String, String>,
    /// How far from the picture, 0 to 1; at 0 the picture comes back as it is. Without a picture, and for InstructPix2Pix
    /// above 0, it plays no part.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub strength: f64,
    /// Sampling steps, 1 to 150; fewer of them run at a strength below 1.
    #[schemars(range(min = 1, max = 150))]
    pub steps: usize,
    /// How much the prompt counts (CFG scale), 1 to 30; at 1 the negative prompt plays no part and each step takes half the
    /// time.
    #[schemars(range(min = 1.0, max = 30.0))]
    pub guidance: f64,
    /// Contrast brought back after guidance (CFG rescale), 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub guidance_rescale: f64,
    /// Sampler, by the name of any program: euler, euler_ancestral, heun, lms, dpm_2, dpmpp_2m, dpmpp_sde, dpmpp_2m_sde,
    /// dpmpp_3m_sde, ddim, plms, uni_pc, deis, ipndm, lcm, tcd, restart, "DPM++ 2M Karras".
    pub sampler: String,
    /// Noise schedule: automatic, uniform, karras, exponential, polyexponential, sgm_uniform, simple, beta, kl_optimal,
    /// align_your_steps, trailing, leading, linspace, turbo, lcm.
    pub schedule: String,
    /// How many of the steps a strength means.
    pub step_rule: StepRule,
    /// Start of the random numbers; drawn when not given. Further variants count on from it.
    pub seed: Option<u64>,
    /// A second seed that the first noise is turned towards (A1111's variation seed); drawn when only the strength is given.
    /// Further variants then count on from it, with the same first seed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variation_seed: Option<u64>,
    /// How far it is turned, 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub variation_strength: f64,
    /// Whose random numbers a seed means.
    pub noise_order: NoiseOrder,
    /// How many pictures, 1 to 16.
    #[schemars(range(min = 1, max = 16))]
    pub variants: usize,
    /// Which layer of the text encoder is listened to, 1 to 12: 1 is the last, 2 the one before it.
    #[schemars(range(min = 1, max = 12))]
    pub clip_skip: usize,
    /// Share of fresh noise per step, 0 to 1, of samplers that take any; what is usual when not given.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub eta: Option<f64>,
    /// What the checkpoint was trained to predict; found from the checkpoint when not given.
    pub prediction: Option<Prediction>,
    /// File of the first noise instead of a seed's (.safetensors): one tensor of variants × channels × height/8 × width/8.
    #[schemars(extend("x-path" = "read"))]
    pub noise: Option<PathBuf>,
    /// sha256 of the noise file; found when one is named, and checked when a recipe runs again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noise_sha256: Option<String>,
    /// After every so many steps what the picture looks like so far is shown; with 0 the studio shows rough colours
    /// after each step, the command line nothing.
    pub preview: usize,
    /// Tiny autoencoder (TAESD) that shows it: PATH of a diffusers folder or file, or NAME, such as taesd;
    /// without one, colours alone.
    #[schemars(extend("x-path" = "read"))]
    pub preview_model: Option<PathBuf>,
    /// Side of the tiles that large pictures go through the autoencoder in, pixels, 256 to 2048 in steps of 64, 0 for none;
    /// chosen when not given.
    #[schemars(range(min = 0, max = 2048))]
    pub vae_tile: Option<usize>,
    /// File that the finished latents are written to (.safetensors), for comparing with other programs; replaced if it is
    /// there.
    #[schemars(extend("x-path" = "write"))]
    pub dump_latents: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            model: None,
            model_sha256: None,
            unet: None,
            vae: None,
            prompt: String::new(),
            negative_prompt: String::new(),
            loras: Vec::new(),
            embeddings: Vec::new(),
            additions_sha256: BTreeMap::new(),
            strength: 0.75,
            steps: 20,
            guidance: 7.0,
            guidance_rescale: 0.0,
            sampler: "dpmpp_2m".to_owned(),
            schedule: "automatic".to_owned(),
            step_rule: StepRule::default(),
            seed: None,
            variation_seed: None,
            variation_strength: 0.0,
            noise_order: NoiseOrder::default(),
            variants: 1,
            clip_skip: 1,
            eta: None,
            prediction: None,
            noise: None,
            noise_sha256: None,
            preview: 0,
            preview_model: None,
            vae_tile: None,
            dump_latents: None,
        }
    }
}

impl Settings {
    /// What can be said before a checkpoint is read: ranges, names, prompts.
    pub(crate) fn checked(&mut self) -> Result<(), Error> {
        self.check_ranges()?;
        let (sampler, schedule) = sampler_and_schedule(&self.sampler, Some(&self.schedule))?;
        let schedule = if schedule == Schedule::Automatic { sampler.usual_schedule() } else { schedule };
        (self.sampler, self.schedule) = (name_of(&sampler), name_of(&schedule));
        words::check(self)
    }

    /// The checkpoint, opened; its path and sha256 are noted, and what it predicts.
    pub(crate) fn with_checkpoint(
        &mut self,
        checkpoints: &Checkpoints,
        progress: &mut Progress<'_>,
    ) -> Result<Arc<Opened>, Error> {
        let path = checkpoints.found(self.model.take().ok_or(Error::NoModel)?);
        self.model = Some(std::path::absolute(&path).unwrap_or(path));
        if let Some(unet) = self.unet.take() {
            let unet = checkpoints.found_unet(unet);
            self.unet = Some(std::path::absolute(&unet).unwrap_or(unet));
        }
        if let Some(vae) = self.vae.take() {
            let vae = checkpoints.found_codec(vae);
            self.vae = Some(std::path::absolute(&vae).unwrap_or(vae));
        }
        let opened = self.opened(checkpoints, progress.cancel_token())?;
        additions::noted(&mut self.additions_sha256, opened.additions.iter())?;
        if let Some(preview) = self.preview_model.take() {
            self.preview_model = Some(checkpoints.found_preview(preview));
        }
        let words = checkpoints.words(self, &opened, progress.cancel_token())?;
        additions::noted(&mut self.additions_sha256, words.weights.iter())?;
        self.model_sha256 = Some(opened.weights.sha256.clone());
        self.prediction.get_or_insert_with(|| prediction(opened.model.predicts));
        Ok(opened)
    }

    /// What can be said once the latent's size is known: the noise file. Draws the seed.
    /// Chooses how the autoencoder works, and refuses what there is no memory for.
    pub(crate) fn settled(
        &mut self,
        (checkpoints, opened): (&Checkpoints, &Opened),
        work: (usize, usize),
        largest: (usize, usize),
        progress: &mut Progress<'_>,
    ) -> Result<(), Error> {
        let latent = latent_shape(opened, work);
        for path in [&mut self.noise, &mut self.dump_latents, &mut self.preview_model].into_iter().flatten() {
            *path = std::path::absolute(&*path).unwrap_or_else(|_| path.clone());
        }
        self.noise_sha256 = Given::read(self, latent)?.1;
        self.seed = Some(self.seed.unwrap_or_else(seed::drawn));
        if self.variation_strength > 0.0 {
            self.variation_seed = Some(self.variation_seed.unwrap_or_else(seed::drawn));
        }
        let available = checkpoints.available(opened.bytes);
        let networks = (opened.bytes, checkpoints.engine().precision());
        let need = |tile| Need::of_run(&opened.model, networks, largest, tile);
        let tile = self.vae_tile.unwrap_or_else(|| {
            let tile = memory::fitting_tile(largest, available, need);
            if tile != memory::usual_tile(largest) {
                let message = format!("memory is short: the autoencoder works in tiles of {tile} pixels");
                progress.warn("memory_short", message);
            }
            tile
        });
        self.vae_tile = Some(tile);
        need(tile).check(available, checkpoints.engine().precision())
    }

    /// The checkpoint, if it is the one expected.
    pub(crate) fn opened(&self, checkpoints: &Checkpoints, cancel: &CancelToken) -> Result<Arc<Opened>, Error> {
        let path = self.model.as_deref().ok_or(Error::NoModel)?;
        let wishes = checkpoints.wishes(self)?;
        let instead = Instead { wishes: &wishes, unet: self.unet.as_deref(), vae: self.vae.as_deref() };
        let opened = checkpoints.get(path, instead, cancel)?;
        additions::noted(&mut self.additions_sha256.clone(), opened.additions.iter())?;
        let actual = &opened.weights.sha256;
        match self.model_sha256.as_ref().filter(|expected| *expected != actual) {
            None => Ok(opened),
            Some(expected) => Err(Error::ModelChanged {
                path: path.display().to_string(),
                actual: actual.clone(),
                expected: expected.clone(),
            }),
        }
    }

    /// The seed of every variant.
    pub(crate) fn seeds(&self) -> Vec<u64> {
        (0..self.variants).map(|variant| self.seed_of(variant)).collect()
    }

    /// The seed of one variant.
    pub(super) fn seed_of(&self, variant: usize) -> u64 {
        let counted = if self.variation_strength > 0.0 { 0 } else { variant as u64 };
        self.seed.unwrap_or(0).wrapping_add(counted)
    }

    /// What the first noise of one variant is turned towards.
    pub(super) fn variation_of(&self, variant: usize) -> Option<Variation> {
        let seed = self.variation_seed.unwrap_or(0).wrapping_add(variant as u64);
        (self.variation_strength > 0.0).then_some(Variation { seed, strength: self.variation_strength as f32 })
    }

    fn check_ranges(&self) -> Result<(), Error> {
        let unit = |name, value: f64| (name, value, 0.0..=1.0, "0 to 1");
        let table = [
            unit("strength", self.strength),
            unit("guidance_rescale", self.guidance_rescale),
            unit("eta", self.eta.unwrap_or(0.0)),
            unit("variation_strength", self.variation_strength),
            ("guidance", self.guidance, 1.0..=30.0, "1 to 30"),
            ("steps", self.steps as f64, 1.0..=150.0, "1 to 150"),
            ("variants", self.variants as f64, 1.0..=16.0, "1 to 16"),
            ("clip_skip", self.clip_skip as f64, 1.0..=12.0, "1 to 12"),
        ];
        if let Some(tile) = self.vae_tile.filter(|tile| *tile != 0 && !((256..=2048).contains(tile) && tile % 64 == 0))
        {
            return Err(out_of_range("vae_tile", tile, "0, or 256 to 2048 in steps of 64"));
        }
        match table.into_iter().find(|(_, value, range, _)| !range.contains(value)) {
            None => Ok(()),
            Some((name, actual, _, expected)) => Err(out_of_range(name, actual, expected)),
        }
    }
}

/// The one way to say that a number can't be.
#[expect(clippy::needless_pass_by_value, reason = "callers hand over fields and copies alike")]
pub(crate) fn out_of_range(name: &'static str, actual: impl ToString, expected: &'static str) -> Error {
    Error::OutOfRange { name, actual: actual.to_string(), expected }
}

/// The name that requests and recipes have for it.
fn name_of(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}
