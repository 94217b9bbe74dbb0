//! Where a run that fills a hole begins: the picture with its hole as the latent sees them. What `edit` and the generative
//! fill of `extend` share.

use danqing_capability::Progress;
use danqing_media::{Mask, Raster, ScalarF32, SrgbF32};
use danqing_models::latent_codecs::LatentCodec;
use danqing_nn::Engine;
use danqing_vision::resize::{Method, resized};
use danqing_vision::ring::{Known, membrane};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Beside, Error, Kept, Opened, Settings, Start, StepRule, Takes};

/// Grey, 0 in the network's range: what stands for an unknown pixel.
const GREY: f32 = 0.5;

/// What a hole holds before noise is laid on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HoleFill {
    /// What is there: keeps its shapes and colours as far as the strength lets them.
    #[default]
    Original,
    /// Colours of the surroundings, drawn smoothly into it: A1111's "fill".
    Fill,
    /// Noise: A1111's "latent noise".
    Noise,
    /// Grey: A1111's "latent nothing".
    Nothing,
}

/// How a hole is begun.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) fill: HoleFill,
    /// How much the picture counts beside the words, for `InstructPix2Pix`.
    pub(crate) image_guidance: f64,
}

/// The part of a picture that the network sees, at the network's size.
pub(crate) struct Scene {
    picture: Raster<SrgbF32>,
    /// Not 0 where the picture is to change.
    hole: Mask,
    /// How far it may change there, of the picture's own size.
    levels: Option<Mask>,
}

impl Scene {
    /// Picture and hole of one size, brought to the network's.
    pub(crate) fn new(
        picture: &Raster<SrgbF32>,
        hole: &Mask,
        work: (usize, usize),
        progress: &mut Progress<'_>,
    ) -> Result<Self, Error> {
        let picture = resized(picture, work.0, work.1, Method::Lanczos, progress.cancel_token())?;
        Ok(Self { picture, hole: hole_at(hole, work, progress)?, levels: None })
    }

    /// The grey of a mask, of the size that [`Self::new`] was given, says how far the picture may change.
    #[must_use]
    pub(crate) fn with_levels(self, levels: Option<Mask>) -> Self {
        Self { levels, ..self }
    }

    /// The beginning of every variant's run.
    pub(crate) fn start(
        &self,
        engine: &Engine,
        opened: &Opened,
        wanted: Wanted<'_>,
        progress: &mut Progress<'_>,
    ) -> Result<Start, Error> {
        let Wanted { settings, fill, image_guidance } = wanted;
        let codec = opened.codec(engine, settings);
        if opened.takes() == Takes::Picture {
            let picture = codec.encoded_unscaled(&self.picture, progress)?;
            return Ok(Start { beside: Beside::Picture(picture, image_guidance as f32), ..Start::default() });
        }
        let hole = latent_hole(&self.hole, opened.model.codec.factor());
        let mut latent = codec.encoded(&self.filled(fill, progress)?, progress)?;
        if fill == HoleFill::Nothing {
            latent.iter_mut().zip(hole.iter().cycle()).for_each(|(value, hole)| *value *= 1.0 - hole);
        }
        let beside = match opened.takes() {
            Takes::Mask => {
                let mut values = hole.clone(); // [1, h, w]
                values.extend(codec.encoded(&self.masked(), progress)?); // [5, h, w]
                Beside::Masked(values)
            }
            _ => Beside::Nothing,
        };
        let levels =
            self.levels.as_ref().map(|levels| self.latent_levels(levels, opened.model.codec.factor(), progress));
        let levels = levels.transpose()?;
        let is_held = opened.takes() == Takes::Latent || levels.is_some();
        let kept = Kept { known: latent.clone(), hole, is_held, levels };
        // diffusers begins with noise alone at full strength; A1111 lays the noise on the picture.
        let is_asked = settings.step_rule == StepRule::Diffusers && settings.strength >= 1.0;
        let is_forgotten = is_asked && kept.levels.is_none();
        Ok(Start {
            latent: (!is_forgotten).then_some(latent),
            kept: Some(kept),
            has_noise_in_hole: fill == HoleFill::Noise,
            beside,
            again: None,
        })
    }

    /// Mean levels of a latent's pixels, 0 to 1.
    fn latent_levels(&self, levels: &Mask, factor: usize, progress: &mut Progress<'_>) -> Result<Vec<f32>, Error> {
        let grey = Raster::<ScalarF32>::from_fn(levels.width(), levels.height(), |x, y, to| {
            to[0] = f32::from(levels.pixel(x, y)[0]) / f32::from(u8::MAX);
        });
        let (width, height) = (self.picture.width() / factor, self.picture.height() / factor);
        let method = if width < levels.width() { Method::Area } else { Method::Bilinear };
        Ok(resized(&grey, width, height, method, progress.cancel_token())?.samples().to_vec())
    }

    /// The picture as the noise finds it.
    fn filled(&self, fill: HoleFill, progress: &mut Progress<'_>) -> Result<Raster<SrgbF32>, Error> {
        if fill != HoleFill::Fill {
            return Ok(self.picture.clone());
        }
        if self.hole.samples().iter().all(|value| *value > 0) {
            return Ok(self.masked());
        }
        let drawn = membrane(&self.picture, &Known::border_of(&self.hole), progress)?;
        Ok(self.with_hole(|at| drawn.samples()[at]))
    }

    /// The picture with grey in its hole.
    fn masked(&self) -> Raster<SrgbF32> {
        self.with_hole(|_| GREY)
    }

    fn with_hole(&self, value: impl Fn(usize) -> f32) -> Raster<SrgbF32> {
        let mut made = self.picture.clone();
        for (at, sample) in made.samples_mut().iter_mut().enumerate() {
            if self.hole.samples()[at / 3] > 0 {
                *sample = value(at);
            }
        }
        made
    }
}

/// The hole at another size: a pixel belongs to it if half of it does.
fn hole_at(hole: &Mask, (width, height): (usize, usize), progress: &mut Progress<'_>) -> Result<Mask, Error> {
    let share = Raster::<ScalarF32>::from_fn(hole.width(), hole.height(), |x, y, to| {
        to[0] = f32::from(u8::from(hole.pixel(x, y)[0] > 0));
    });
    let method = if width < hole.width() { Method::Area } else { Method::Bilinear };
    let share = resized(&share, width, height, method, progress.cancel_token())?;
    Ok(Mask::from_fn(width, height, |x, y, to| to[0] = if share.pixel(x, y)[0] >= 0.5 { u8::MAX } else { 0 }))
}

/// 1 for every pixel of a latent of which any pixel of the picture is in the hole, 0 elsewhere.
fn latent_hole(hole: &Mask, factor: usize) -> Vec<f32> {
    let (columns, rows) = (hole.width() / factor, hole.height() / factor);
    let is_touched = |row: usize, column: usize| {
        (0..factor).any(|y| {
            let line = hole.row(row * factor + y);
            line[column * factor..(column + 1) * factor].iter().any(|value| *value > 0)
        })
    };
    let places = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
    places.map(|(row, column)| f32::from(u8::from(is_touched(row, column)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_latent_pixel_is_made_anew_if_any_of_its_pixels_is() {
        let hole = Mask::from_fn(24, 16, |x, y, to| to[0] = if (x, y) == (8, 15) { 255 } else { 0 });
        assert_eq!(latent_hole(&hole, 8), [0.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
    }
}
