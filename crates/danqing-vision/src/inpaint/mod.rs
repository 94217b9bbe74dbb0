//! Small holes filled by diffusion from their border: equal, bit for bit on the goldens, to `cv2.inpaint` of
//! opencv-python-headless 4.11.0.86 on 8-bit pictures of one and three channels.
//!
//! Sources: A. Telea, "An Image Inpainting Technique Based on the Fast Marching Method", 2004; M. Bertalmio, A. Bertozzi,
//! G. Sapiro, "Navier-Stokes, Fluid Dynamics, and Image and Video Inpainting", 2001, in the local form that OpenCV uses
//! (opencv/opencv `modules/photo/src/inpaint.cpp`).

mod estimate;
mod march;

use danqing_capability::{Cancelled, Class, Classified, Progress};
use danqing_media::{Gray8, Mask, Raster, Space, Srgb8, SrgbF32};

/// Which of the two estimators fills a pixel from its known neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Weighted first-order extrapolation along the marching front.
    Telea,
    /// Mean along the isophotes.
    NavierStokes,
}

/// Why a hole can't be filled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Mask and picture differ in size.
    #[error("mask is {mask_width}x{mask_height}, picture is {width}x{height}")]
    SizeMismatch {
        /// Width of the picture.
        width: usize,
        /// Height of the picture.
        height: usize,
        /// Width of the mask.
        mask_width: usize,
        /// Height of the mask.
        mask_height: usize,
    },
    /// There is no pixel to start from.
    #[error("the hole covers all {pixels} pixels, at least one must be known")]
    NothingKnown {
        /// Pixels in the picture.
        pixels: usize,
    },
    /// The neighbourhood is empty or too large.
    #[error("radius {radius} is outside 1..=100")]
    Radius {
        /// The radius given, in pixels.
        radius: usize,
    },
    /// Stopped by the caller.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl Classified for Error {
    fn class(&self) -> Class {
        match self {
            Self::Cancelled(_) => Class::Cancelled,
            _ => Class::Caller,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NothingKnown { .. } => Some("leave some of the picture black in the mask".to_owned()),
            _ => None,
        }
    }
}

/// Fills the pixels where `hole` is not 0 from a disc of `radius` pixels (1 to 100) around each.
///
/// Equal to `cv2.inpaint` on 8-bit three-channel pictures. Known pixels are returned unchanged.
///
/// # Errors
/// See [`Error`].
pub fn rgb(
    image: &Raster<Srgb8>,
    hole: &Mask,
    radius: usize,
    method: Method,
    progress: &mut Progress<'_>,
) -> Result<Raster<Srgb8>, Error> {
    samples(image, hole, radius, method, progress)
}

/// As [`rgb`], equal to `cv2.inpaint` on 8-bit one-channel pictures.
///
/// # Errors
/// See [`Error`].
pub fn gray(
    image: &Raster<Gray8>,
    hole: &Mask,
    radius: usize,
    method: Method,
    progress: &mut Progress<'_>,
) -> Result<Raster<Gray8>, Error> {
    samples(image, hole, radius, method, progress)
}

/// Fills a hole of any shape, also at the border, in a floating-point picture.
///
/// The hole's values are those of [`rgb`] on the picture rounded to 8 bits; pixels outside it are returned bit for bit.
///
/// # Errors
/// See [`Error`].
pub fn fill(
    image: &Raster<SrgbF32>,
    hole: &Mask,
    radius: usize,
    method: Method,
    progress: &mut Progress<'_>,
) -> Result<Raster<SrgbF32>, Error> {
    check(image, hole, radius)?;
    let (width, height) = image.size();
    let rounded = image.samples().iter().map(|v| (v * 255.0).round() as u8);
    let mut filled = Raster::<Srgb8>::filled(width, height, 0);
    filled.samples_mut().iter_mut().zip(rounded).for_each(|(to, v)| *to = v);
    let filled = march::run(&filled, hole, radius, method, progress)?;
    Ok(Raster::from_fn(width, height, |x, y, out| {
        if hole.pixel(x, y)[0] == 0 {
            out.copy_from_slice(image.pixel(x, y));
        } else {
            for (to, from) in out.iter_mut().zip(filled.pixel(x, y)) {
                *to = f32::from(*from) / 255.0;
            }
        }
    }))
}

fn samples<S: Space<Sample = u8>>(
    image: &Raster<S>,
    hole: &Mask,
    radius: usize,
    method: Method,
    progress: &mut Progress<'_>,
) -> Result<Raster<S>, Error> {
    check(image, hole, radius)?;
    Ok(march::run(image, hole, radius, method, progress)?)
}

fn check<S: Space>(image: &Raster<S>, hole: &Mask, radius: usize) -> Result<(), Error> {
    let ((width, height), (mask_width, mask_height)) = (image.size(), hole.size());
    if image.size() != hole.size() {
        return Err(Error::SizeMismatch { width, height, mask_width, mask_height });
    }
    if !(1..=100).contains(&radius) {
        return Err(Error::Radius { radius });
    }
    if hole.samples().iter().all(|&m| m != 0) {
        return Err(Error::NothingKnown { pixels: width * height });
    }
    Ok(())
}
