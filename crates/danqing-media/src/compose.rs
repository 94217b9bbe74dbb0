//! Changed colours back into a picture, and only where they belong.

use danqing_capability::CancelToken;

use crate::color::{encoded_from_linear, linear_from_encoded};
use crate::profile::Conversion;
use crate::working::Stored;
use crate::{Error, Mask, Picture, Raster, Rect, Samples, SrgbF32};

impl Picture {
    /// Writes `changed` over the part `at` of the picture as far as `coverage` says:
    /// 255 = the new colour, 0 = **the sample keeps its bits**, between = mixed in the picture's own encoded samples.
    /// `changed` is converted from sRGB to the picture's profile, depth and channels (grey: relative luminance). Alpha,
    /// profile and metadata stay as they are.
    ///
    /// Costs a copy of the samples and a few rows.
    ///
    /// # Errors
    /// [`Error::SizeMismatch`] if `changed` or `coverage` is not as large as `at`, or `at` lies partly outside;
    /// [`Error::Profile`] if the profile can't be written to; [`Error::Cancelled`].
    pub fn compose(
        &self,
        changed: &Raster<SrgbF32>,
        coverage: &Mask,
        at: Rect,
        cancel: &CancelToken,
    ) -> Result<Self, Error> {
        let expected = (at.width, at.height);
        for (what, actual) in [("changed part", changed.size()), ("coverage mask", coverage.size())] {
            if actual != expected {
                return Err(Error::SizeMismatch { what, actual, expected });
            }
        }
        if at.clipped(self.width, self.height) != at {
            let actual = (at.right(), at.bottom());
            return Err(Error::SizeMismatch {
                what: "right bottom of the changed part",
                actual,
                expected: self.size(),
            });
        }
        let mut made = self.clone();
        let painter = Painter::new(self)?;
        for y in 0..at.height {
            cancel.check()?;
            let Some((start, end)) = touched(coverage.row(y)) else { continue };
            let colours = painter.device_values(&changed.row(y)[start * 3..end * 3])?;
            let weights = &coverage.row(y)[start..end];
            let first = ((at.y + y) * self.width + at.x + start) * self.channels.count();
            let range = first..first + weights.len() * self.channels.count();
            match &mut made.samples {
                Samples::U8(samples) => self.mix(&mut samples[range], &colours, weights),
                Samples::U16(samples) => self.mix(&mut samples[range], &colours, weights),
            }
        }
        Ok(made)
    }

    fn mix<T: Stored>(&self, samples: &mut [T], colours: &[f32], weights: &[u8]) {
        let (count, colors) = (self.channels.count(), self.channels.colors());
        for ((pixel, colour), &weight) in samples.chunks_exact_mut(count).zip(colours.chunks_exact(colors)).zip(weights)
        {
            if weight == 0 {
                continue;
            }
            let share = f32::from(weight) / 255.0;
            for (sample, &value) in pixel.iter_mut().zip(colour) {
                let new = value.clamp(0.0, 1.0) * T::MAX as f32;
                let old = (*sample).into() as f32;
                *sample = T::nearest(if weight == 255 { new } else { old + (new - old) * share });
            }
        }
    }
}

/// First and one past the last covered column.
fn touched(weights: &[u8]) -> Option<(usize, usize)> {
    let start = weights.iter().position(|&w| w > 0)?;
    let end = weights.iter().rposition(|&w| w > 0)? + 1;
    Some((start, end))
}

/// sRGB to the device values of one picture.
struct Painter {
    gray: bool,
    conversion: Option<Conversion>,
}

impl Painter {
    fn new(picture: &Picture) -> Result<Self, Error> {
        let icc = picture.icc_profile.as_deref();
        let conversion = icc.map(|icc| Conversion::from_srgb(icc, picture.device())).transpose()?;
        Ok(Self { gray: picture.channels.is_gray(), conversion })
    }

    fn device_values(&self, srgb: &[f32]) -> Result<Vec<f32>, Error> {
        let mut made = vec![0.0; if self.gray { srgb.len() / 3 } else { srgb.len() }];
        match &self.conversion {
            Some(conversion) => conversion.convert(srgb, &mut made)?,
            None if self.gray => gray_values(srgb, &mut made),
            None => made.copy_from_slice(srgb),
        }
        Ok(made)
    }
}

/// Encoded relative luminance (Rec. 709 weights in linear light); grey stays exactly as it is.
#[expect(clippy::float_cmp, reason = "only exact grey is exempt from the round trip")]
fn gray_values(srgb: &[f32], gray: &mut [f32]) {
    for (to, p) in gray.iter_mut().zip(srgb.chunks_exact(3)) {
        *to = if p[0] == p[1] && p[1] == p[2] {
            p[0]
        } else {
            let [r, g, b] = [p[0], p[1], p[2]].map(linear_from_encoded);
            encoded_from_linear(0.2126 * r + 0.7152 * g + 0.0722 * b)
        };
    }
}
