//! The UNet with guidance, as samplers ask for it: a noisy latent in, the denoised one out.

use danqing_capability::Preview;
use danqing_models::denoisers::Denoiser as _;
use danqing_models::denoisers::unet::Unet;
use danqing_nn::{Engine, FeatureMap, Shape, concat};

use super::paint::Kept;
use super::preview::Previewer;
use super::words::Words;
use super::{Error, Plan};
use crate::sampling::{Denoiser, InstructGuidance, input_scale, instruct, rescaled, weighted};

/// What a network of more inputs sees beside the latent, as NCHW values of the latent's size.
#[derive(Default)]
pub(crate) enum Beside {
    /// Nothing: a plain network.
    #[default]
    Nothing,
    /// Mask and masked picture, 5 channels, in every answer: an inpainting network.
    Masked(Vec<f32>),
    /// The picture, as many channels as a latent, and how much it counts: `InstructPix2Pix`.
    Picture(Vec<f32>, f32),
}

/// One picture's run.
pub(super) struct Guided<'a> {
    pub(super) engine: &'a Engine,
    pub(super) unet: &'a Unet,
    pub(super) words: &'a Words,
    pub(super) plan: &'a Plan,
    pub(super) guidance: f32,
    pub(super) rescale: f32,
    pub(super) latent: Shape,
    pub(super) beside: &'a Beside,
    pub(super) kept: Option<&'a Kept>,
    /// What the network sees at its first look instead of the latent.
    pub(super) first: Option<Vec<f32>>,
    /// Looks so far.
    pub(super) looks: usize,
    /// What shows latents, and after how many steps each.
    pub(super) previewer: Option<(&'a Previewer, usize)>,
    /// The last answer, for previews.
    pub(super) last: Vec<f32>,
}

impl Denoiser for Guided<'_> {
    type Error = Error;

    fn denoised(&mut self, x: &mut [f32], sigma: f64) -> Result<Vec<f32>, Error> {
        self.looks += 1;
        let scale = input_scale(sigma);
        let first = self.first.take();
        let seen = first.as_deref().unwrap_or(x);
        let scaled: Vec<f32> = seen.iter().map(|value| (f64::from(*value) * scale) as f32).collect();
        let look = Look {
            guided: self,
            input: FeatureMap::from_nchw(self.engine, self.latent, &scaled)?, // [1, h, w, channels]
            timestep: self.plan.table.timestep_of(sigma) as f32,
        };
        let answer = match self.beside {
            Beside::Nothing => look.guided_by_words(None)?,
            Beside::Masked(beside) => look.guided_by_words(Some(beside))?,
            Beside::Picture(picture, counts) => look.guided_by_words_and_picture(picture, *counts)?,
        };
        let mut denoised = self.plan.prediction.denoised(x, &answer, sigma);
        if let Some(kept) = self.kept {
            kept.restore(&mut denoised, self.plan.left(sigma));
        }
        if self.previewer.is_some() {
            self.last.clone_from(&denoised);
        }
        Ok(denoised)
    }

    fn preview(&mut self, step: usize) -> Result<Option<Preview>, Error> {
        let due = self.previewer.filter(|(_, every)| step.is_multiple_of(*every));
        due.map(|(previewer, _)| previewer.shown(self.engine, &self.last, self.latent)).transpose()
    }
}

/// One look at the network. One forward per text: as many pictures at once would need as much more memory and take as long.
struct Look<'a> {
    guided: &'a Guided<'a>,
    input: FeatureMap,
    timestep: f32,
}

impl Look<'_> {
    /// Classifier-free guidance, for every prompt that `AND` joins.
    fn guided_by_words(&self, beside: Option<&[f32]>) -> Result<Vec<f32>, Error> {
        let Guided { words, guidance, rescale, looks, .. } = *self.guided;
        let input = self.input_with(beside)?;
        let mut wanted = Vec::new();
        for (weight, context) in words.wanted(looks) {
            wanted.push((self.answer(&input, context)?, weight));
        }
        Ok(match (wanted.as_slice(), words.unwanted(looks)) {
            ([(only, weight)], _) if guidance == 1.0 && *weight == 1.0 => only.clone(),
            (wanted, Some(unwanted)) => {
                let none = self.answer(&input, unwanted)?;
                let parts: Vec<(&[f32], f32)> =
                    wanted.iter().map(|(part, weight)| (part.as_slice(), *weight)).collect();
                let guided = weighted(&none, &parts, guidance);
                match parts.first() {
                    Some((first, _)) => rescaled(&guided, first, rescale),
                    None => guided,
                }
            }
            (wanted, None) => wanted.first().map(|(first, _)| first.clone()).unwrap_or_default(),
        })
    }

    /// Two guidances: the first prompt with the picture, the negative one with it, and the negative one without.
    fn guided_by_words_and_picture(&self, picture: &[f32], counts: f32) -> Result<Vec<f32>, Error> {
        let Guided { words, guidance, looks, .. } = *self.guided;
        let (seen, unseen) = (self.input_with(Some(picture))?, self.input_with(Some(&vec![0.0; picture.len()]))?);
        let Some(wanted) = words.wanted(looks).next().map(|(_, context)| context) else { return Ok(Vec::new()) };
        let unwanted = words.unwanted(looks).unwrap_or(wanted);
        let (text, image) = (self.answer(&seen, wanted)?, self.answer(&seen, unwanted)?);
        let neither = self.answer(&unseen, unwanted)?;
        Ok(instruct(&text, &image, &neither, InstructGuidance { text: guidance, image: counts }))
    }

    fn answer(&self, input: &FeatureMap, context: &FeatureMap) -> Result<Vec<f32>, Error> {
        let Guided { unet, engine, .. } = self.guided;
        Ok(unet.denoise(engine, input, &[self.timestep], context)?.to_nchw()?)
    }

    /// The latent, and what lies beside it.
    fn input_with(&self, beside: Option<&[f32]>) -> Result<FeatureMap, Error> {
        let Some(beside) = beside else { return Ok(self.input.clone()) };
        let (engine, shape) = (self.guided.engine, self.guided.latent);
        let channels = beside.len() / (shape.height * shape.width).max(1);
        let beside = FeatureMap::from_nchw(engine, Shape::new(1, shape.height, shape.width, channels), beside)?;
        Ok(concat(engine, &[&self.input, &beside])?) // [1, h, w, channels + beside]
    }
}
