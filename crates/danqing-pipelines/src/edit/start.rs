//! Where a run begins: the picture with its hole as the latent sees them.

use danqing_capability::Progress;
use danqing_media::{Mask, Raster, ScalarF32, SrgbF32};
use danqing_models::latent_codecs::LatentCodec;
use danqing_nn::{Engine, Shape};
use danqing_vision::resize::{Method, resized};
use danqing_vision::ring::{Known, membrane};

use super::place::View;
use super::{Error, Fill, Params};
use crate::diffusion::{Beside, Kept, Opened, Start, Takes};

/// Grey, 0 in the network's range: what stands for an unknown pixel.
const GREY: f32 = 0.5;

/// The part of the picture that the network sees, at its own size and at the network's.
pub(super) struct Scene {
    picture: Raster<SrgbF32>,
    /// Not 0 where the picture is to change.
    hole: Mask,
}

impl Scene {
    /// `picture` with what is drawn on it.
    pub(super) fn new(
        (picture, hole): (&Raster<SrgbF32>, &Mask),
        view: View,
        progress: &mut Progress<'_>,
    ) -> Result<Self, Error> {
        let ((width, height), cancel) = (view.work, progress.cancel_token());
        let picture = resized(&picture.crop(view.at), width, height, Method::Lanczos, cancel)?;
        Ok(Self { picture, hole: hole_at(&hole.crop(view.at), view.work, progress)? })
    }

    /// The beginning of every variant's run.
    pub(super) fn start(
        &self,
        engine: &Engine,
        opened: &Opened,
        (params, shape): (&Params, Shape),
        progress: &mut Progress<'_>,
    ) -> Result<Start, Error> {
        let codec = opened.codec(engine, &params.settings);
        if opened.takes() == Takes::Picture {
            let picture = codec.encoded_unscaled(&self.picture, progress)?;
            return Ok(Start { beside: Beside::Picture(picture, params.image_guidance as f32), ..Start::default() });
        }
        let hole = latent_hole(&self.hole, opened.model.codec.factor());
        let mut latent = codec.encoded(&self.filled(params.fill, progress)?, progress)?;
        if params.fill == Fill::Nothing {
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
        debug_assert_eq!(hole.len(), shape.height * shape.width);
        let kept = Kept { known: latent.clone(), hole, is_held: opened.takes() == Takes::Latent };
        Ok(Start { latent: Some(latent), kept: Some(kept), has_noise_in_hole: params.fill == Fill::Noise, beside })
    }

    /// The picture as the noise finds it.
    fn filled(&self, fill: Fill, progress: &mut Progress<'_>) -> Result<Raster<SrgbF32>, Error> {
        if fill != Fill::Fill {
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
