//! The UNet with guidance, as samplers ask for it: a noisy latent in, the denoised one out.

use danqing_models::denoisers::Denoiser as _;
use danqing_models::denoisers::unet::Unet;
use danqing_nn::{Engine, FeatureMap, Shape};

use super::Error;
use super::words::Words;
use crate::sampling::{Denoiser, NoiseTable, Prediction, input_scale, rescaled, weighted};

/// One picture's run.
pub(super) struct Guided<'a> {
    pub(super) engine: &'a Engine,
    pub(super) unet: &'a Unet,
    pub(super) words: &'a Words,
    pub(super) table: &'a NoiseTable,
    pub(super) prediction: Prediction,
    pub(super) guidance: f32,
    pub(super) rescale: f32,
    pub(super) latent: Shape,
    /// Looks so far.
    pub(super) looks: usize,
}

impl Denoiser for Guided<'_> {
    type Error = Error;

    /// One forward per text: as many pictures at once would need as much more memory and take as long.
    fn denoised(&mut self, x: &mut [f32], sigma: f64) -> Result<Vec<f32>, Error> {
        self.looks += 1;
        let scale = input_scale(sigma);
        let scaled: Vec<f32> = x.iter().map(|value| (f64::from(*value) * scale) as f32).collect();
        let input = FeatureMap::from_nchw(self.engine, self.latent, &scaled)?; // [1, h, w, channels]
        let timestep = self.table.timestep_of(sigma) as f32;
        let answer = |context: &FeatureMap| -> Result<Vec<f32>, Error> {
            Ok(self.unet.denoise(self.engine, &input, &[timestep], context)?.to_nchw()?)
        };
        let mut wanted = Vec::new();
        for (weight, context) in self.words.wanted(self.looks) {
            wanted.push((answer(context)?, weight));
        }
        let guided = match (wanted.as_slice(), self.words.unwanted(self.looks)) {
            ([(only, weight)], _) if self.guidance == 1.0 && *weight == 1.0 => only.clone(),
            (wanted, Some(unwanted)) => {
                let none = answer(unwanted)?;
                let parts: Vec<(&[f32], f32)> =
                    wanted.iter().map(|(part, weight)| (part.as_slice(), *weight)).collect();
                let guided = weighted(&none, &parts, self.guidance);
                match parts.first() {
                    Some((first, _)) => rescaled(&guided, first, self.rescale),
                    None => guided,
                }
            }
            (wanted, None) => wanted.first().map(|(first, _)| first.clone()).unwrap_or_default(),
        };
        Ok(self.prediction.denoised(x, &guided, sigma))
    }
}
