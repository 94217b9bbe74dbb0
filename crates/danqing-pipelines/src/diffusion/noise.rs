//! The first noise of each variant, and the noise that samplers ask for later.

use std::path::Path;

use danqing_nn::Shape;
use danqing_weights::{TensorFile, Weights};

use super::{Error, Settings};
use crate::sampling::{BrownianPath, InitialNoise, LatentShape, NoiseSource, Sampler, StreamNoise};

/// Given noise, or none.
pub(super) struct Given {
    values: Option<Vec<f32>>,
}

impl Given {
    /// The seed's own noise.
    pub(super) fn nothing() -> Self {
        Self { values: None }
    }

    /// Reads the noise file, if one is named, and checks its dimensions: `[variants, channels, height, width]`. Gives its
    /// sha256 too.
    pub(super) fn read(settings: &Settings, latent: Shape) -> Result<(Self, Option<String>), Error> {
        let Some(path) = &settings.noise else { return Ok((Self { values: None }, None)) };
        let named = || path.display().to_string();
        let weights = Weights::of_file(path).map_err(|cause| Error::NoiseFile { path: named(), cause })?;
        let actual = weights.sha256.to_string();
        if let Some(expected) = settings.noise_sha256.clone().filter(|expected| *expected != actual) {
            return Err(Error::NoiseChanged { path: named(), actual, expected });
        }
        let expected = [settings.variants, latent.channels, latent.height, latent.width];
        let values = fitting(&weights.tensors, expected, path)?;
        Ok((Self { values: Some(values) }, Some(actual)))
    }

    /// The first noise of a variant, and where later noise comes from: the seed's own stream, whether or not its beginning
    /// is used.
    pub(super) fn of_variant(
        &self,
        variant: usize,
        settings: &Settings,
        sampler: Sampler,
        latent: Shape,
        sigmas: &[f32],
    ) -> (Vec<f32>, Box<dyn NoiseSource>) {
        let seed = settings.seed_of(variant);
        let shape = LatentShape { channels: latent.channels, height: latent.height, width: latent.width };
        let plain = InitialNoise::new(settings.noise_order, seed);
        let (drawn, stream) = InitialNoise { variation: settings.variation_of(variant), ..plain }.draw(shape);
        let given = self.values.as_ref().and_then(|values| values.chunks_exact(shape.values()).nth(variant));
        let first = given.map_or(drawn, <[f32]>::to_vec);
        if sampler.wants_brownian_noise() {
            let levels = || sigmas.iter().copied().filter(|sigma| *sigma > 0.0).map(f64::from);
            let (low, high) = (levels().fold(f64::INFINITY, f64::min), levels().fold(0.0, f64::max));
            return (first, Box::new(BrownianPath::new(vec![seed], shape.values(), low, high)));
        }
        (first, Box::new(StreamNoise::new(vec![stream], shape.values())))
    }
}

fn fitting(file: &TensorFile, expected: [usize; 4], path: &Path) -> Result<Vec<f32>, Error> {
    let misfit = |actual| Error::NoiseShape { path: path.display().to_string(), actual, expected };
    let mut tensors = file.iter();
    match (tensors.next(), tensors.next()) {
        (Some(only), None) if only.shape() == expected => {
            only.to_f32().map_err(|cause| Error::NoiseFile { path: path.display().to_string(), cause })
        }
        (Some(only), None) => Err(misfit(format!("one of {:?}", only.shape()))),
        _ => Err(misfit(format!("{} tensors", file.len()))),
    }
}
