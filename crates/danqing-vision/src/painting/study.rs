//! What every painter looks at first: the picture at working size, its lightness and the way its edges run.

use danqing_capability::Cancelled;
use danqing_media::color::lab_from_srgb;
use danqing_media::{Raster, Space, SrgbF32};

use crate::field::{Crew, Plane};
use crate::flow::Flow;
use crate::kuwahara::{Kuwahara, kuwahara};
use crate::resize::{Method, resized};

/// Longer side of the picture that fields are computed on.
pub const WORK_SIDE: usize = 1152;

/// A picture prepared for painting.
#[derive(Clone, Debug)]
pub struct Study {
    /// Size of the result.
    pub size: (usize, usize),
    /// Pixels of the result per pixel of the study.
    pub scale: f32,
    /// Root of the study's area in pixels times the session's scale: what fractions are of.
    pub side: f32,
    /// The picture at working size, samples in `0..=1`.
    pub picture: Raster<SrgbF32>,
    /// CIE lightness as `0..=1`.
    pub light: Plane,
    /// Along the edges.
    pub flow: Flow,
}

impl Study {
    /// Prepares a picture that is not empty.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn new(from: &Raster<SrgbF32>, stroke_scale: f32, crew: &Crew) -> Result<Self, Cancelled> {
        let size = from.size();
        let longer = size.0.max(size.1);
        let scale = (longer as f32 / WORK_SIDE as f32).max(1.0);
        let less = |side: usize| ((side as f32 / scale).round() as usize).max(1);
        let mut picture = resized(from, less(size.0), less(size.1), Method::Area, crew.cancel())?;
        picture.samples_mut().iter_mut().for_each(|v| *v = v.clamp(0.0, 1.0));
        let light = lightness(&picture);
        let side = ((picture.width() * picture.height()) as f32).sqrt() * stroke_scale;
        let flow = Flow::new(&light, (0.003 * side).clamp(1.0, 12.0), crew)?;
        Ok(Self { size, scale, side, picture, light, flow })
    }

    /// Pixels of the study for a fraction of the side, at least `least`.
    #[must_use]
    pub fn pixels(&self, fraction: f32, least: f32) -> f32 {
        (fraction * self.side).max(least)
    }

    /// A field of the study at the size of the result.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn full<S: Space<Sample = f32>>(&self, field: &Raster<S>, crew: &Crew) -> Result<Raster<S>, Cancelled> {
        resized(field, self.size.0, self.size.1, Method::Bicubic, crew.cancel())
    }

    /// The position in the study of a pixel of the result.
    #[must_use]
    pub fn place(&self, x: usize, y: usize) -> [f32; 2] {
        [(x as f32 + 0.5) / self.scale - 0.5, (y as f32 + 0.5) / self.scale - 0.5]
    }

    /// A pixel of the result in sides: what textures are drawn in.
    #[must_use]
    pub fn in_sides(&self, x: usize, y: usize) -> [f32; 2] {
        let side = self.side * self.scale;
        [x as f32 / side, y as f32 / side]
    }

    /// The picture flattened into dabs whose radius is that fraction of the side. Large dabs are found on a smaller
    /// picture, so that time does not grow with them.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn flattened(&self, radius: f32, crew: &Crew) -> Result<Raster<SrgbF32>, Cancelled> {
        const MOST: f32 = 3.5;
        let radius = self.pixels(radius, 1.5);
        let shrink = (radius / MOST).max(1.0);
        let (width, height) = self.picture.size();
        let less = |side: usize| ((side as f32 / shrink).round() as usize).max(1);
        let small = resized(&self.picture, less(width), less(height), Method::Area, crew.cancel())?;
        let options = Kuwahara { radius: radius / shrink, sharpness: 8.0 };
        let flat = kuwahara(&small, &self.flow, options, crew)?;
        resized(&flat, width, height, Method::Bicubic, crew.cancel())
    }
}

/// CIE L* / 100.
pub(crate) fn lightness(picture: &Raster<SrgbF32>) -> Plane {
    let lab = lab_from_srgb(picture.clone());
    Plane::from_fn(picture.width(), picture.height(), |x, y, s| s[0] = lab.pixel(x, y)[0] / 100.0)
}
