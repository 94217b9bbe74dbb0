//! Gradient-domain blending.

use danqing_capability::Progress;
use danqing_media::{Mask, Raster, SrgbF32};

use super::{Error, same_size};
use crate::ring::{Known, membrane};

/// The hole (`hole` not 0) gets the fill's gradients and meets the picture's values at the border.
///
/// Solves Poisson's equation with the fill's Laplacian inside and the picture's values on the pixels that touch the
/// hole; no condition is set at the picture's edge. Equal to adding to the fill the membrane through
/// `picture - fill` on those pixels, which is how it is computed: the fill must be valid there. A part of the hole that
/// touches no known pixel keeps the fill. Values are not clamped. Within about 0.002 of the exact solution.
///
/// # Errors
/// See [`Error`].
pub fn gradient_domain(
    picture: &Raster<SrgbF32>,
    fill: &Raster<SrgbF32>,
    hole: &Mask,
    progress: &mut Progress<'_>,
) -> Result<Raster<SrgbF32>, Error> {
    same_size(picture, "fill", fill)?;
    same_size(picture, "hole", hole)?;
    let difference = Raster::from_fn(picture.width(), picture.height(), |x, y, out| {
        let pair = picture.pixel(x, y).iter().zip(fill.pixel(x, y));
        out.iter_mut().zip(pair).for_each(|(o, (p, f))| *o = p - f);
    });
    let correction = membrane(&difference, &Known::border_of(hole), progress)?;
    Ok(Raster::from_fn(picture.width(), picture.height(), |x, y, out| {
        if hole.pixel(x, y)[0] == 0 {
            out.copy_from_slice(picture.pixel(x, y));
        } else {
            let pair = fill.pixel(x, y).iter().zip(correction.pixel(x, y));
            out.iter_mut().zip(pair).for_each(|(o, (f, c))| *o = f + c);
        }
    }))
}
