//! What the user can choose.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::sampling::{NoiseOrder, Prediction, Strength};

/// How a picture of other proportions becomes one of the size asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Resize {
    /// Stretched: A1111's "just resize".
    #[default]
    Stretch,
    /// Enlarged until it covers, its middle taken: "crop and resize".
    Crop,
    /// Fitted into the middle, its border pixels drawn out to the edges: "resize and fill".
    Fill,
}

/// How many of the steps a strength means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepRule {
    /// A1111: the last `int(min(strength, 0.999)·steps) + 1`.
    #[default]
    A1111,
    /// Exactly as many as asked for, of a longer schedule.
    Exact,
    /// diffusers: the last `int(strength·steps)`.
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

/// Parameters of `reimagine`: what is wanted, by which checkpoint, how far from the picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[allow(clippy::doc_markdown, reason = "the documentation is the help text: names stand as they are typed")]
pub struct Params {
    /// Stable Diffusion 1.x or 2.x checkpoint: a single file (.safetensors, .ckpt) or a diffusers folder.
    #[schemars(extend("x-path" = "read"))]
    pub model: Option<PathBuf>,
    /// sha256 of the checkpoint; found when it is named, and checked when a recipe runs again. Of a folder, that of its three
    /// weight files' sha256.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_sha256: Option<String>,
    /// What is wanted, in A1111's grammar: `(words:1.2)`, `[words]`, `BREAK`, `AND`, `[from:to:when]`, `[a|b]`.
    pub prompt: String,
    /// What is not wanted.
    pub negative_prompt: String,
    /// How far from the picture, 0 to 1; at 0 the picture comes back as it is. Without a picture it plays no part.
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
    /// Whose random numbers a seed means.
    pub noise_order: NoiseOrder,
    /// How many pictures, 1 to 16.
    #[schemars(range(min = 1, max = 16))]
    pub variants: usize,
    /// Width of the result in pixels, 16 to 4096; the picture's own when neither side is given, and without a picture the
    /// size the network was trained at.
    #[schemars(range(min = 16, max = 4096))]
    pub width: Option<usize>,
    /// Height of the result in pixels, 16 to 4096.
    #[schemars(range(min = 16, max = 4096))]
    pub height: Option<usize>,
    /// How a picture of other proportions becomes one of that size.
    pub resize: Resize,
    /// Width the network works at, a multiple of 8 from 64 to 2048; chosen when not given: that of the result, or for a large
    /// picture of no given size one of about 768x768 pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 64, max = 2048))]
    pub work_width: Option<usize>,
    /// Height the network works at, see `work_width`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 64, max = 2048))]
    pub work_height: Option<usize>,
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
    /// File that the finished latents are written to (.safetensors), for comparing with other programs; replaced if it is
    /// there.
    #[schemars(extend("x-path" = "write"))]
    pub dump_latents: Option<PathBuf>,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            model: None,
            model_sha256: None,
            prompt: String::new(),
            negative_prompt: String::new(),
            strength: 0.75,
            steps: 20,
            guidance: 7.0,
            guidance_rescale: 0.0,
            sampler: "dpmpp_2m".to_owned(),
            schedule: "automatic".to_owned(),
            step_rule: StepRule::default(),
            seed: None,
            noise_order: NoiseOrder::default(),
            variants: 1,
            width: None,
            height: None,
            resize: Resize::default(),
            work_width: None,
            work_height: None,
            clip_skip: 1,
            eta: None,
            prediction: None,
            noise: None,
            noise_sha256: None,
            dump_latents: None,
        }
    }
}
