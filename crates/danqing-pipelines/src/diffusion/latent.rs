//! Pictures to latents and back.

use danqing_capability::{Cancelled, Progress};
use danqing_media::{Raster, SrgbF32};
use danqing_models::latent_codecs::LatentCodec;
use danqing_models::latent_codecs::autoencoder_kl::AutoencoderKl;
use danqing_nn::{Engine, FeatureMap, Shape};

use super::Error;

/// The most likely latent of a picture (the mean of the encoder's distribution, not a sample of it), as NCHW values.
pub(crate) fn encoded(
    engine: &Engine,
    codec: &AutoencoderKl,
    picture: &Raster<SrgbF32>,
    progress: &mut Progress<'_>,
) -> Result<Vec<f32>, Error> {
    let values = picture.samples().iter().map(|value| value.clamp(0.0, 1.0) * 2.0 - 1.0).collect();
    let shape = Shape::new(1, picture.height(), picture.width(), 3);
    let picture = FeatureMap::from_nhwc(engine, shape, values)?;
    let levels = codec.factor().trailing_zeros() as usize + 2;
    let mut done = 0;
    let encoded = codec.encode_observed(engine, &picture, &mut |_, _| {
        done += 1;
        stepped(progress.step("encode picture", done.min(levels), levels))
    })?;
    Ok(encoded.mean.to_nchw()?)
}

/// As [`encoded`], without the factor that latents have: what `InstructPix2Pix` was trained on.
pub(crate) fn encoded_unscaled(
    engine: &Engine,
    codec: &AutoencoderKl,
    picture: &Raster<SrgbF32>,
    progress: &mut Progress<'_>,
) -> Result<Vec<f32>, Error> {
    let factor = codec.scaling_factor();
    Ok(encoded(engine, codec, picture, progress)?.into_iter().map(|value| value / factor).collect())
}

/// The picture of a latent.
pub(super) fn decoded(
    engine: &Engine,
    codec: &AutoencoderKl,
    latent: &[f32],
    shape: Shape,
    progress: &mut Progress<'_>,
) -> Result<Raster<SrgbF32>, Error> {
    let latent = FeatureMap::from_nchw(engine, shape, latent)?;
    let levels = codec.factor().trailing_zeros() as usize + 2;
    let mut done = 0;
    let decoded = codec.decode_observed(engine, &latent, &mut |_, _| {
        done += 1;
        stepped(progress.step("decode", done.min(levels), levels))
    })?; // [1, h, w, 3]
    let size = decoded.shape();
    let mut picture = Raster::filled(size.width, size.height, 0.0);
    for (sample, value) in picture.samples_mut().iter_mut().zip(decoded.as_slice()?) {
        *sample = (value / 2.0 + 0.5).clamp(0.0, 1.0);
    }
    Ok(picture)
}

/// A cancelled step as the network's error: it ends the forward.
fn stepped(step: Result<(), Cancelled>) -> Result<(), danqing_models::Error> {
    step.map_err(|cancelled| danqing_models::Error::Engine(cancelled.into()))
}
