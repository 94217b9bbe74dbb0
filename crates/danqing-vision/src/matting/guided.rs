//! Guided filter with a colour guide, equal to `cv2.ximgproc.guidedFilter` (OpenCV 4.10) within 1e-4 for an epsilon of
//! 1e-2; for far smaller ones OpenCV's `f32` covariances lose their digits, these (`f64`) do not.
//!
//! Source: K. He, J. Sun, X. Tang, "Guided Image Filtering", 2010; the coefficients at another scale than the result:
//! K. He, J. Sun, "Fast Guided Filter", 2015.

use danqing_capability::{CancelToken, Cancelled};
use danqing_media::{Raster, ScalarF32, SrgbF32};

use super::window::inverse;
use crate::bands;
use crate::blur::{Border, boxed_with};
use crate::resize::{Method, resized};

/// Linear function of colour around each pixel: `slope · colour + offset`.
#[derive(Clone, Debug, PartialEq)]
pub struct GuidedCoefficients {
    slope: Raster<SrgbF32>,
    offset: Raster<ScalarF32>,
}

/// `values` smoothed so that its edges are those of `guide`; `epsilon` is the variance of colour below which is smoothed.
///
/// # Errors
/// [`Cancelled`].
pub fn guided_filter(
    guide: &Raster<SrgbF32>,
    values: &Raster<ScalarF32>,
    radius: usize,
    epsilon: f32,
    cancel: &CancelToken,
) -> Result<Raster<ScalarF32>, Cancelled> {
    guided_coefficients(guide, values, radius, epsilon, cancel)?.applied(guide, cancel)
}

/// The functions that [`guided_filter`] applies. `guide` and `values` have one size.
///
/// # Errors
/// [`Cancelled`].
pub fn guided_coefficients(
    guide: &Raster<SrgbF32>,
    values: &Raster<ScalarF32>,
    radius: usize,
    epsilon: f32,
    cancel: &CancelToken,
) -> Result<GuidedCoefficients, Cancelled> {
    let (width, height) = guide.size();
    let mean = |raster: &Raster<SrgbF32>| boxed_with(raster, radius, Border::Reflect, cancel);
    let product = |of: &dyn Fn([f32; 3], f32) -> [f32; 3]| {
        let mut made = Raster::<SrgbF32>::filled(width, height, 0.0);
        let pixels = guide.samples().chunks_exact(3).zip(values.samples());
        for (to, (g, &v)) in made.samples_mut().chunks_exact_mut(3).zip(pixels) {
            to.copy_from_slice(&of([g[0], g[1], g[2]], v));
        }
        mean(&made)
    };
    let colour = mean(guide)?;
    let value = boxed_with(values, radius, Border::Reflect, cancel)?;
    let joint = product(&|g, v| g.map(|g| g * v))?;
    let squares = product(&|g, _| g.map(|v| v * v))?;
    let crossed = product(&|[r, g, b], _| [r * g, r * b, g * b])?;
    let (mut slope, mut offset) = (Raster::<SrgbF32>::filled(width, height, 0.0), value.clone());
    for i in 0..width * height {
        let of = |raster: &Raster<SrgbF32>| [0, 1, 2].map(|c| f64::from(raster.samples()[i * 3 + c]));
        let (m, j, s, x) = (of(&colour), of(&joint), of(&squares), of(&crossed));
        let v = f64::from(value.samples()[i]);
        let e = f64::from(epsilon);
        let covariance = [
            s[0] - m[0] * m[0] + e,
            x[0] - m[0] * m[1],
            x[1] - m[0] * m[2],
            s[1] - m[1] * m[1] + e,
            x[2] - m[1] * m[2],
            s[2] - m[2] * m[2] + e,
        ];
        let k = inverse(covariance);
        let [a, b, c] = [0, 1, 2].map(|c| j[c] - m[c] * v);
        let fit = [k[0] * a + k[1] * b + k[2] * c, k[1] * a + k[3] * b + k[4] * c, k[2] * a + k[4] * b + k[5] * c];
        slope.samples_mut()[i * 3..i * 3 + 3].copy_from_slice(&fit.map(|v| v as f32));
        offset.samples_mut()[i] = (v - fit[0] * m[0] - fit[1] * m[1] - fit[2] * m[2]) as f32;
    }
    Ok(GuidedCoefficients { slope: mean(&slope)?, offset: boxed_with(&offset, radius, Border::Reflect, cancel)? })
}

impl GuidedCoefficients {
    /// The functions at the pixels of `guide`, which may be larger than the picture they come from.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn applied(&self, guide: &Raster<SrgbF32>, cancel: &CancelToken) -> Result<Raster<ScalarF32>, Cancelled> {
        let (width, height) = guide.size();
        let slope = resized(&self.slope, width, height, Method::Bilinear, cancel)?;
        let mut made = resized(&self.offset, width, height, Method::Bilinear, cancel)?;
        bands::for_each_row(
            made.samples_mut(),
            width,
            cancel,
            || (),
            |(), y, row| {
                let pixels = slope.row(y).chunks_exact(3).zip(guide.row(y).chunks_exact(3));
                for (to, (s, g)) in row.iter_mut().zip(pixels) {
                    *to += s[0] * g[0] + s[1] * g[1] + s[2] * g[2];
                }
            },
        )?;
        Ok(made)
    }
}
