//! Pictures to latents and back.

use danqing_capability::Progress;
use danqing_media::{Raster, Rect, SrgbF32};
use danqing_models::latent_codecs::LatentCodec;
use danqing_models::latent_codecs::autoencoder_kl::AutoencoderKl;
use danqing_nn::{Engine, FeatureMap, Shape};

use super::Error;
use super::tiles::{Tiles, part};

const COLOURS: usize = 3;

/// Network, engine and the side of the tiles that large pictures go through it in.
#[derive(Clone, Copy)]
pub(crate) struct Codec<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) network: &'a AutoencoderKl,
    /// Pixels; 0 for none.
    pub(crate) tile: usize,
}

impl Codec<'_> {
    /// The most likely latent of a picture (the mean of the encoder's distribution, not a sample of it), as NCHW values.
    pub(crate) fn encoded(&self, picture: &Raster<SrgbF32>, progress: &mut Progress<'_>) -> Result<Vec<f32>, Error> {
        let factor = self.network.factor();
        let (width, height) = (picture.width() / factor, picture.height() / factor);
        let channels = self.network.latent_channels();
        let Some(tiles) = Tiles::new((width, height), self.tile / factor) else {
            return self.encoded_whole(picture, Some(progress));
        };
        tiles.joined((width, height, channels, 1), "encode picture", progress, |(left, top), (w, h), _| {
            let place = Rect::new(left * factor, top * factor, w * factor, h * factor);
            self.encoded_whole(&picture.crop(place), None)
        })
    }

    /// As [`Self::encoded`], without the factor that latents have: what `InstructPix2Pix` was trained on.
    pub(crate) fn encoded_unscaled(
        &self,
        picture: &Raster<SrgbF32>,
        progress: &mut Progress<'_>,
    ) -> Result<Vec<f32>, Error> {
        let factor = self.network.scaling_factor();
        Ok(self.encoded(picture, progress)?.into_iter().map(|value| value / factor).collect())
    }

    /// The picture of a latent.
    pub(crate) fn decoded(
        &self,
        latent: &[f32],
        shape: Shape,
        progress: &mut Progress<'_>,
    ) -> Result<Raster<SrgbF32>, Error> {
        let (factor, size) = (self.network.factor(), (shape.width, shape.height));
        let Some(tiles) = Tiles::new(size, self.tile / factor) else {
            return Ok(picture_of(&self.decoded_whole(latent, shape, Some(progress))?)?);
        };
        let sides = (shape.width, shape.height, COLOURS, factor);
        let joined = tiles.joined(sides, "decode", progress, |corner, (w, h), _| {
            let latent = part(latent, size, corner, (w, h));
            Ok(self.decoded_whole(&latent, Shape { width: w, height: h, ..shape }, None)?.to_nchw()?)
        })?;
        let whole = Shape::new(1, shape.height * factor, shape.width * factor, COLOURS);
        Ok(picture_of(&FeatureMap::from_nchw(self.engine, whole, &joined)?)?)
    }

    fn encoded_whole(&self, picture: &Raster<SrgbF32>, progress: Option<&mut Progress<'_>>) -> Result<Vec<f32>, Error> {
        let values = picture.samples().iter().map(|value| value.clamp(0.0, 1.0) * 2.0 - 1.0).collect();
        let shape = Shape::new(1, picture.height(), picture.width(), COLOURS);
        let picture = FeatureMap::from_nhwc(self.engine, shape, values)?;
        let encoded =
            self.network.encode_observed(self.engine, &picture, &mut self.counting("encode picture", progress))?;
        Ok(encoded.mean.to_nchw()?)
    }

    fn decoded_whole(
        &self,
        latent: &[f32],
        shape: Shape,
        progress: Option<&mut Progress<'_>>,
    ) -> Result<FeatureMap, Error> {
        let latent = FeatureMap::from_nchw(self.engine, shape, latent)?;
        Ok(self.network.decode_observed(self.engine, &latent, &mut self.counting("decode", progress))?) // [1, h, w, 3]
    }

    /// Reports every block of the network.
    fn counting<'a, 'p>(
        &self,
        stage: &'static str,
        mut progress: Option<&'a mut Progress<'p>>,
    ) -> impl FnMut(&str, &FeatureMap) -> Result<(), danqing_models::Error> + use<'a, 'p> {
        let levels = self.network.factor().trailing_zeros() as usize + 2;
        let mut done = 0;
        move |_, _| {
            done += 1;
            let step = progress.as_mut().map_or(Ok(()), |progress| progress.step(stage, done.min(levels), levels));
            // A cancelled step as the network's error: it ends the forward.
            step.map_err(|cancelled| danqing_models::Error::Engine(cancelled.into()))
        }
    }
}

fn picture_of(map: &FeatureMap) -> Result<Raster<SrgbF32>, danqing_nn::Error> {
    let size = map.shape();
    let mut picture = Raster::filled(size.width, size.height, 0.0);
    for (sample, value) in picture.samples_mut().iter_mut().zip(map.as_slice()?) {
        *sample = (value / 2.0 + 0.5).clamp(0.0, 1.0);
    }
    Ok(picture)
}
