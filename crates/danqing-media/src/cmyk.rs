//! Inks to sRGB.

use crate::Warning;
use crate::profile::{Conversion, Device};

/// What a stored sample of an ink says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ink {
    /// 0 = no ink.
    Plain,
    /// 255 = no ink, as Adobe writes JPEG.
    Inverted,
}

/// Pixels converted at once: bounds the memory of the intermediate `f32`.
const BLOCK: usize = 1 << 14;

/// sRGB bytes from four inks per pixel: through the profile, relative colorimetric; without a usable one
/// `(255 − ink) · (255 − black) / 255`, as Pillow does. Both are said in `warnings`.
pub(crate) fn srgb_from_inks(data: &[u8], ink: Ink, icc: Option<&[u8]>, warnings: &mut Vec<Warning>) -> Vec<u8> {
    if let Some(icc) = icc {
        match through_profile(data, ink, icc) {
            Ok(made) => {
                let message = "the CMYK picture was converted to sRGB through its ICC profile";
                warnings.push(Warning::new("cmyk_converted", message));
                return made;
            }
            Err(error) => warnings.push(Warning::new("profile_ignored", format!("{error}; it was left out"))),
        }
    }
    let message = "the CMYK picture has no usable ICC profile; its colours in sRGB are approximate";
    warnings.push(Warning::new("cmyk_approximated", message));
    plain(data, ink)
}

fn through_profile(data: &[u8], ink: Ink, icc: &[u8]) -> Result<Vec<u8>, crate::Error> {
    let conversion = Conversion::to_srgb(icc, Device::Cmyk)?;
    let mut made = Vec::with_capacity(data.len() / 4 * 3);
    for block in data.chunks(BLOCK * 4) {
        let inks: Vec<f32> = block.iter().map(|&v| f32::from(amount(v, ink)) / 255.0).collect();
        let mut srgb = vec![0.0; block.len() / 4 * 3];
        conversion.convert(&inks, &mut srgb)?;
        made.extend(srgb.into_iter().map(crate::color::byte_from_unit));
    }
    Ok(made)
}

fn plain(data: &[u8], ink: Ink) -> Vec<u8> {
    let mut made = Vec::with_capacity(data.len() / 4 * 3);
    for p in data.chunks_exact(4) {
        let [c, m, y, k] = [p[0], p[1], p[2], p[3]].map(|v| 255 - u32::from(amount(v, ink)));
        made.extend([c, m, y].map(|v| ((v * k + 127) / 255) as u8));
    }
    made
}

#[inline]
fn amount(stored: u8, ink: Ink) -> u8 {
    match ink {
        Ink::Plain => stored,
        Ink::Inverted => 255 - stored,
    }
}
