//! The picture between edits: its own samples, and its colours in `f32` once an edit has touched them.

use danqing_capability::{CancelToken, Cancelled};
use danqing_media::{Error, Mask, Picture, Raster, Rect, Samples, ScalarF32, Space, SrgbF32};
use danqing_vision::geometry::{Turn, turned, turned_samples};

/// A picture being edited.
pub(super) struct Canvas {
    /// Own depth, alpha, profile and metadata; its colours are old where `colours` holds new ones.
    picture: Picture,
    colours: Option<Raster<SrgbF32>>,
}

/// Samples another size: bilinear, rotated…
pub(super) trait Resampling {
    /// Size afterwards.
    fn size(&self) -> (usize, usize);
    /// The plane resampled; what lies outside the picture is 0.
    fn resample<S: Space<Sample = f32>>(&self, from: &Raster<S>, cancel: &CancelToken) -> Result<Raster<S>, Cancelled>;
}

impl Canvas {
    pub(super) fn new(picture: Picture) -> Self {
        Self { picture, colours: None }
    }

    pub(super) fn size(&self) -> (usize, usize) {
        self.picture.size()
    }

    /// The colours, converted at the first call.
    pub(super) fn colours(&mut self, cancel: &CancelToken) -> Result<&mut Raster<SrgbF32>, Error> {
        let colours = match self.colours.take() {
            Some(colours) => colours,
            None => self.picture.to_srgb(cancel)?,
        };
        Ok(self.colours.insert(colours))
    }

    /// Moves samples without changing them.
    pub(super) fn turn(&mut self, turn: Turn, cancel: &CancelToken) -> Result<(), Cancelled> {
        let (size, channels) = (self.size(), self.picture.channels.count());
        let samples = match &self.picture.samples {
            Samples::U8(samples) => Samples::U8(turned_samples(samples, size, channels, turn, cancel)?),
            Samples::U16(samples) => Samples::U16(turned_samples(samples, size, channels, turn, cancel)?),
        };
        self.replace(turn.size(size), samples);
        self.colours = self.colours.as_ref().map(|colours| turned(colours, turn, cancel)).transpose()?;
        Ok(())
    }

    /// Keeps a rectangle that lies inside, without changing samples.
    pub(super) fn crop(&mut self, part: Rect) {
        let cropped = self.picture.on_canvas(part.width, part.height, -(part.x as isize), -(part.y as isize));
        self.replace((part.width, part.height), cropped.samples);
        self.colours = self.colours.as_ref().map(|colours| colours.crop(part));
    }

    /// Colours weighted by alpha, and alpha itself, resampled: transparent places lend no colour to their neighbours.
    pub(super) fn resample(&mut self, how: &impl Resampling, cancel: &CancelToken) -> Result<(), super::Error> {
        let alpha = self.picture.alpha();
        let colours = self.colours(cancel)?;
        if let Some(alpha) = &alpha {
            multiply(colours, alpha, cancel)?;
        }
        let mut made = how.resample(colours, cancel)?;
        let alpha = alpha.map(|alpha| how.resample(&alpha, cancel)).transpose()?;
        if let Some(alpha) = &alpha {
            divide(&mut made, alpha, cancel)?;
        }
        self.colours = Some(made);
        self.picture = self.picture.blank(how.size(), alpha.as_ref());
        Ok(())
    }

    fn replace(&mut self, (width, height): (usize, usize), samples: Samples) {
        self.picture.width = width;
        self.picture.height = height;
        self.picture.samples = samples;
    }

    /// Back in the picture's own depth, channels and profile; untouched colours keep their bits.
    pub(super) fn finish(self, cancel: &CancelToken) -> Result<Picture, Error> {
        let Some(colours) = self.colours else { return Ok(self.picture) };
        let everywhere = Mask::filled(colours.width(), colours.height(), u8::MAX);
        self.picture.compose(&colours, &everywhere, colours.bounds(), cancel)
    }
}

/// Colours times what `scale` makes of their alpha.
fn scaled_by_alpha(
    colours: &mut Raster<SrgbF32>,
    alpha: &Raster<ScalarF32>,
    cancel: &CancelToken,
    scale: impl Fn(f32) -> f32,
) -> Result<(), Cancelled> {
    for y in 0..colours.height() {
        cancel.check()?;
        for (pixel, &alpha) in colours.row_mut(y).chunks_exact_mut(3).zip(alpha.row(y)) {
            let scale = scale(alpha);
            for value in pixel {
                *value *= scale;
            }
        }
    }
    Ok(())
}

fn multiply(colours: &mut Raster<SrgbF32>, alpha: &Raster<ScalarF32>, cancel: &CancelToken) -> Result<(), Cancelled> {
    scaled_by_alpha(colours, alpha, cancel, |alpha| alpha)
}

fn divide(colours: &mut Raster<SrgbF32>, alpha: &Raster<ScalarF32>, cancel: &CancelToken) -> Result<(), Cancelled> {
    scaled_by_alpha(colours, alpha, cancel, |alpha| if alpha > 1e-6 { 1.0 / alpha } else { 0.0 })
}
