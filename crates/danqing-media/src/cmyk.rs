//! Inks to sRGB.

use danqing_capability::{CancelToken, Cancelled};

use crate::profile::{Conversion, Device};
use crate::working::Stored;
use crate::{Error, Warning};

/// What a stored sample of an ink says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ink {
    /// 0 = no ink.
    Plain,
    /// Largest value = no ink, as Adobe writes JPEG.
    Inverted,
}

/// Pixels converted at once: bounds the memory of the intermediate `f32`.
const BLOCK: usize = 1 << 14;

/// sRGB samples from four inks per pixel: through the profile, relative colorimetric; without a usable one
/// `(largest − ink) · (largest − black) / largest`, as Pillow does. Both are said in `warnings`.
pub(crate) fn srgb_from_inks<T: Stored>(
    data: &[T],
    ink: Ink,
    icc: Option<&[u8]>,
    warnings: &mut Vec<Warning>,
    cancel: &CancelToken,
) -> Result<Vec<T>, Cancelled> {
    if let Some(icc) = icc {
        match through_profile(data, ink, icc, cancel) {
            Ok(made) => {
                let message = "the CMYK picture was converted to sRGB through its ICC profile";
                warnings.push(Warning::new("cmyk_converted", message));
                return Ok(made);
            }
            Err(Error::Cancelled(cancelled)) => return Err(cancelled),
            Err(error) => warnings.push(Warning::new("profile_ignored", format!("{error}; it was left out"))),
        }
    }
    let message = "the CMYK picture has no usable ICC profile; its colours in sRGB are approximate";
    warnings.push(Warning::new("cmyk_approximated", message));
    plain(data, ink, cancel)
}

fn through_profile<T: Stored>(data: &[T], ink: Ink, icc: &[u8], cancel: &CancelToken) -> Result<Vec<T>, Error> {
    let conversion = Conversion::to_srgb(icc, Device::Cmyk)?;
    let largest = T::MAX as f32;
    let mut made = Vec::with_capacity(data.len() / 4 * 3);
    for block in data.chunks(BLOCK * 4) {
        cancel.check()?;
        let inks: Vec<f32> = block.iter().map(|&v| amount(v, ink) as f32 / largest).collect();
        let mut srgb = vec![0.0; block.len() / 4 * 3];
        conversion.convert(&inks, &mut srgb)?;
        made.extend(srgb.into_iter().map(|v| T::nearest(v.clamp(0.0, 1.0) * largest)));
    }
    Ok(made)
}

fn plain<T: Stored>(data: &[T], ink: Ink, cancel: &CancelToken) -> Result<Vec<T>, Cancelled> {
    let mut made = Vec::with_capacity(data.len() / 4 * 3);
    for block in data.chunks(BLOCK * 4) {
        cancel.check()?;
        for p in block.chunks_exact(4) {
            let [c, m, y, k] = [p[0], p[1], p[2], p[3]].map(|v| T::MAX - amount(v, ink));
            made.extend([c, m, y].map(|v| T::nearest(v as f32 * k as f32 / T::MAX as f32)));
        }
    }
    Ok(made)
}

#[inline]
fn amount<T: Stored>(stored: T, ink: Ink) -> u32 {
    match ink {
        Ink::Plain => stored.into(),
        Ink::Inverted => T::MAX - stored.into(),
    }
}
