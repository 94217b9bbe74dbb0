//! Guided filter: a picture as a line of another one, window by window.
//!
//! Equals `q = mean(a)·I + mean(b)` with `a = cov(I, p) / (var(I) + epsilon)`, `b = mean(p) − a·mean(I)`, windows
//! mirrored at the border (`BORDER_REFLECT_101`), to 1e-4 of the range: moments are differences of `f32` means.
//! Source: K. He, J. Sun, X. Tang, "Guided Image Filtering", TPAMI 2013, equations 5, 6 and 8.

use danqing_capability::{CancelToken, Cancelled};
use danqing_media::{GrayF32, Raster, ScalarF32, SrgbF32};

use crate::bands;
use crate::blur::boxed;

/// `picture ≈ gain · guide + offset` around every pixel, for each of three channels.
pub struct Lines {
    /// How much of the guide's detail the picture follows, per channel.
    pub gain: Raster<SrgbF32>,
    /// What the picture has where the guide is 0.
    pub offset: Raster<SrgbF32>,
}

impl Lines {
    /// Fitted in windows of `2 radius + 1` pixels; the larger `epsilon` (of squared guide values), the flatter.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn fitted(
        guide: &Raster<GrayF32>,
        picture: &Raster<SrgbF32>,
        radius: usize,
        epsilon: f32,
        cancel: &CancelToken,
    ) -> Result<Self, Cancelled> {
        let guide_mean = boxed(guide, radius, cancel)?;
        let squares: Raster<ScalarF32> =
            Raster::from_fn(guide.width(), guide.height(), |x, y, s| s[0] = guide.pixel(x, y)[0].powi(2));
        let square_mean = boxed(&squares, radius, cancel)?;
        let products =
            each_pixel(picture, cancel, |at, channel| picture.samples()[at * 3 + channel] * guide.samples()[at])?;
        let product_mean = boxed(&products, radius, cancel)?;
        drop(products);
        let mut offset = boxed(picture, radius, cancel)?;
        let gain = each_pixel(picture, cancel, |at, channel| {
            let mean = guide_mean.samples()[at];
            let variance = (square_mean.samples()[at] - mean * mean).max(0.0);
            let covariance = product_mean.samples()[at * 3 + channel] - mean * offset.samples()[at * 3 + channel];
            covariance / (variance + epsilon)
        })?;
        drop(product_mean);
        for (at, pixel) in offset.samples_mut().chunks_exact_mut(3).enumerate() {
            let gains = &gain.samples()[at * 3..at * 3 + 3];
            pixel.iter_mut().zip(gains).for_each(|(mean, gain)| *mean -= gain * guide_mean.samples()[at]);
        }
        Ok(Self { gain: boxed(&gain, radius, cancel)?, offset: boxed(&offset, radius, cancel)? })
    }

    /// The lines read at a guide of the same size.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn at(&self, guide: &Raster<GrayF32>, cancel: &CancelToken) -> Result<Raster<SrgbF32>, Cancelled> {
        each_pixel(&self.gain, cancel, |at, channel| {
            let index = at * 3 + channel;
            self.gain.samples()[index] * guide.samples()[at] + self.offset.samples()[index]
        })
    }
}

/// A picture of the size of `like`, from pixel index and channel.
fn each_pixel(
    like: &Raster<SrgbF32>,
    cancel: &CancelToken,
    value: impl Fn(usize, usize) -> f32 + Sync,
) -> Result<Raster<SrgbF32>, Cancelled> {
    let (width, height) = like.size();
    let mut made = Raster::filled(width, height, 0.0);
    bands::for_each_row(
        made.samples_mut(),
        width * 3,
        cancel,
        || (),
        |(), y, row| {
            for (x, pixel) in row.chunks_exact_mut(3).enumerate() {
                pixel.iter_mut().enumerate().for_each(|(channel, to)| *to = value(y * width + x, channel));
            }
        },
    )?;
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scene(width: usize, height: usize) -> (Raster<GrayF32>, Raster<SrgbF32>) {
        let hash = |x: usize, y: usize| ((x * 7919 + y * 104_729) % 97) as f32 / 97.0;
        let guide =
            Raster::from_fn(width, height, |x, y, s| s[0] = if x < width / 2 { 0.2 } else { 0.8 } + 0.1 * hash(x, y));
        let picture = Raster::from_fn(width, height, |x, y, s| {
            s.iter_mut().enumerate().for_each(|(c, v)| *v = 0.3 * hash(y + c, x) + 0.4 * hash(x, y));
        });
        (guide, picture)
    }

    /// Window by window, in `f64`.
    fn slow(guide: &Raster<GrayF32>, picture: &Raster<SrgbF32>, radius: usize, epsilon: f64, c: usize) -> Vec<f64> {
        let (width, height) = guide.size();
        let fold = |n: isize, len: usize| {
            let last = len as isize - 1;
            (if n < 0 {
                -n
            } else if n > last {
                2 * last - n
            } else {
                n
            }) as usize
        };
        let mean = |f: &dyn Fn(usize, usize) -> f64, x: usize, y: usize| {
            let reach = || -(radius as isize)..=radius as isize;
            let all = reach().flat_map(|dy| reach().map(move |dx| (dx, dy)));
            let values = all.map(|(dx, dy)| f(fold(x as isize + dx, width), fold(y as isize + dy, height)));
            values.sum::<f64>() / ((2 * radius + 1) as f64).powi(2)
        };
        let i = |x: usize, y: usize| f64::from(guide.pixel(x, y)[0]);
        let p = |x: usize, y: usize| f64::from(picture.pixel(x, y)[c]);
        let line = |x: usize, y: usize| {
            let (mi, mp) = (mean(&i, x, y), mean(&p, x, y));
            let a = (mean(&|x, y| i(x, y) * p(x, y), x, y) - mi * mp)
                / (mean(&|x, y| i(x, y).powi(2), x, y) - mi * mi + epsilon);
            (a, mp - a * mi)
        };
        let all = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        all.map(|(x, y)| mean(&|x, y| line(x, y).0, x, y) * i(x, y) + mean(&|x, y| line(x, y).1, x, y)).collect()
    }

    #[test]
    fn lines_equal_the_paper_s_sums() {
        let (guide, picture) = scene(23, 17);
        let cancel = CancelToken::default();
        let made = Lines::fitted(&guide, &picture, 3, 1e-3, &cancel).and_then(|l| l.at(&guide, &cancel)).expect("runs");
        for c in 0..3 {
            for (at, expected) in slow(&guide, &picture, 3, 1e-3, c).iter().enumerate() {
                assert!((f64::from(made.samples()[at * 3 + c]) - expected).abs() < 1e-4);
            }
        }
    }

    #[test]
    fn a_picture_that_is_its_guide_stays() {
        let (guide, _) = scene(40, 30);
        let picture = Raster::from_fn(40, 30, |x, y, s| s.fill(guide.pixel(x, y)[0]));
        let cancel = CancelToken::default();
        let made = Lines::fitted(&guide, &picture, 4, 1e-6, &cancel).and_then(|l| l.at(&guide, &cancel)).expect("runs");
        assert!(made.samples().iter().zip(picture.samples()).all(|(a, b)| (a - b).abs() < 5e-3));
    }

    #[test]
    fn a_cancelled_fit_stops() {
        let (guide, picture) = scene(9, 9);
        let cancel = CancelToken::default();
        cancel.cancel();
        assert!(Lines::fitted(&guide, &picture, 2, 1e-3, &cancel).is_err());
    }
}
