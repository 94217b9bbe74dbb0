//! A picture's features, encoded tile by tile with the statistics of the whole, and decoded again.

use danqing_capability::Progress;
use danqing_media::{Raster, Rect, SrgbF32};
use danqing_models::stylizers::adain::{Exchange, Style};
use danqing_models::stylizers::vgg19::Layer;
use danqing_models::stylizers::{Decoder, Vgg19};
use danqing_nn::{Engine, FeatureMap, Moments, Shape, crop};

use super::tiles::{STRIDE, Tile, feature_side};
use crate::restyle::Error;

/// Channels of `relu4_1`.
const CHANNELS: usize = 512;

/// `relu4_1` of a whole picture: 32 bytes per pixel of the picture.
pub(super) struct Features {
    /// `[height, width, 512]`
    values: Vec<f32>,
    /// Pixels of the picture.
    size: (usize, usize),
    /// Statistics of all of them.
    pub(super) style: Style,
}

impl Features {
    /// Encodes every tile.
    pub(super) fn encoded(
        engine: &Engine,
        vgg19: &Vgg19,
        picture: &Raster<SrgbF32>,
        tiles: &[Tile],
        progress: &mut Progress<'_>,
    ) -> Result<Self, Error> {
        let (width, height) = (feature_side(picture.width()), feature_side(picture.height()));
        let mut values = vec![0.0; width * height * CHANNELS];
        let mut moments: Option<Moments> = None;
        for (i, tile) in tiles.iter().enumerate() {
            progress.step("encode", i, tiles.len())?;
            let (seen, own) = (tile.seen(), tile.features());
            let map = relu4_1(engine, vgg19, &picture.crop(seen))?; // [1, h / 8, w / 8, 512] of what is seen
            let at = (own.y - seen.y / STRIDE, own.x - seen.x / STRIDE);
            let map = crop(engine, &map, at, (own.height, own.width))?; // [1, h / 8, w / 8, 512] of the tile
            moments = Some(Moments::of(engine, &map)?.join(moments)?);
            let rows = map.as_slice()?.chunks_exact(own.width * CHANNELS);
            for (row, from) in rows.enumerate() {
                values[((own.y + row) * width + own.x) * CHANNELS..][..from.len()].copy_from_slice(from);
            }
        }
        let style = moments.as_ref().map(Style::new).ok_or(danqing_nn::Error::TooSmall {
            what: "picture",
            actual: 0,
            expected: 1,
        })?;
        Ok(Self { values, size: picture.size(), style })
    }

    /// Decodes every tile with exchanged statistics; about `0.0..=1.0`.
    pub(super) fn decoded(
        &self,
        engine: &Engine,
        decoder: &Decoder,
        exchange: &Exchange,
        tiles: &[Tile],
        progress: &mut Progress<'_>,
    ) -> Result<Raster<SrgbF32>, Error> {
        let mut made = Raster::filled(self.size.0, self.size.1, 0.0);
        for (i, tile) in tiles.iter().enumerate() {
            progress.step("decode", i, tiles.len())?;
            let (from, own) = (tile.decoded_from(), tile.own);
            let map = exchange.apply(engine, self.map(engine, from)?)?; // [1, h, w, 512]
            let picture = decoder.forward(engine, &map)?; // [1, 8h, 8w, 3]
            let at = (own.y - from.y * STRIDE, own.x - from.x * STRIDE);
            let picture = crop(engine, &picture, at, (own.height, own.width))?;
            made.paste(&Raster::new(own.width, own.height, picture.to_nhwc()?)?, own.x, own.y);
        }
        Ok(made)
    }

    fn map(&self, engine: &Engine, part: Rect) -> Result<FeatureMap, Error> {
        let width = feature_side(self.size.0);
        let mut values = Vec::with_capacity(part.width * part.height * CHANNELS);
        for y in part.y..part.bottom() {
            values.extend_from_slice(&self.values[(y * width + part.x) * CHANNELS..][..part.width * CHANNELS]);
        }
        Ok(FeatureMap::from_nhwc(engine, Shape::new(1, part.height, part.width, CHANNELS), values)?)
    }
}

/// What a style picture's features look like.
pub(super) fn style_of(engine: &Engine, vgg19: &Vgg19, art: &Raster<SrgbF32>) -> Result<Style, Error> {
    Ok(Style::new(&Moments::of(engine, &relu4_1(engine, vgg19, art)?)?))
}

fn relu4_1(engine: &Engine, vgg19: &Vgg19, picture: &Raster<SrgbF32>) -> Result<FeatureMap, Error> {
    let shape = Shape::new(1, picture.height(), picture.width(), 3);
    let input = FeatureMap::from_nhwc(engine, shape, picture.samples().to_vec())?; // [1, h, w, 3]
    let features = vgg19.forward(engine, &input, &[Layer::RELU4_1])?.pop();
    Ok(features.ok_or(danqing_nn::Error::Length { what: "relu4_1", actual: 0, expected: 1 })?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::restyle::transfer::tiles::{tiles, tiles_of};
    use danqing_capability::CancelToken;
    use danqing_nn::EngineConfig;
    use danqing_weights::{ModelStore, StoreConfig};

    /// Tiles and whole differ only in how moments are summed: 1e-12 of them, less than an `f32` shows behind nine layers.
    /// Nothing was seen; a quarter of an 8-bit step is allowed.
    const TOLERANCE: f32 = 1e-3;

    fn picture(width: usize, height: usize) -> Raster<SrgbF32> {
        Raster::from_fn(width, height, |x, y, s| {
            let wave = |a: f32, b: f32| 0.5 + 0.4 * (x as f32 / a).sin() * (y as f32 / b).cos();
            let grain = ((x * 7919 + y * 104_729) % 97) as f32 / 970.0;
            s.copy_from_slice(&[wave(31.0, 17.0) + grain, wave(9.0, 53.0), wave(70.0, 41.0) - grain]);
        })
    }

    #[test]
    fn tiles_make_the_picture_that_no_tiles_make() {
        let store = ModelStore::open(StoreConfig::from_environment(true).expect("a home")).expect("a store");
        let engine = Engine::new(EngineConfig { threads: Some(2), ..EngineConfig::default() }).expect("an engine");
        let tensors = |id: &str| store.open_tensors(id).expect("run `danqing models pull default --yes`").tensors;
        let vgg19 = Vgg19::load(&engine, &tensors("adain-vgg19")).expect("fits");
        let decoder = Decoder::load(&engine, &tensors("adain-decoder")).expect("fits");
        let mut ignore = |_| {};
        let mut progress = Progress::new(CancelToken::default(), &mut ignore);
        let content = picture(275, 203);
        let art = style_of(&engine, &vgg19, &picture(64, 160)).expect("a style");
        let mut made = |tiles: &[Tile]| {
            let features = Features::encoded(&engine, &vgg19, &content, tiles, &mut progress).expect("encodes");
            let exchange = Exchange::new(&features.style, &[(art.clone(), 1.0)], 1.0);
            features.decoded(&engine, &decoder, &exchange, tiles, &mut progress).expect("decodes")
        };
        let (whole, cut) = (made(&tiles(content.size())), made(&tiles_of(content.size(), 96)));
        let worst = whole.samples().iter().zip(cut.samples()).map(|(a, b)| (a - b).abs()).fold(0.0_f32, f32::max);
        println!("tiles differ by {worst:e}");
        assert!(worst <= TOLERANCE, "tiles differ by {worst}");
        let steps = |at: usize| mean_step(&cut, at);
        let around: f32 = [80, 88, 104, 112].map(steps).iter().sum::<f32>() / 4.0;
        assert!(steps(96) < 2.0 * around, "a seam of {} where steps are {around}", steps(96));
    }

    /// Mean difference of the columns before and at `x`.
    fn mean_step(picture: &Raster<SrgbF32>, x: usize) -> f32 {
        let rows = 0..picture.height();
        let pairs = rows.flat_map(|y| picture.pixel(x - 1, y).iter().zip(picture.pixel(x, y)));
        pairs.map(|(a, b)| (a - b).abs()).sum::<f32>() / (picture.height() * 3) as f32
    }
}
