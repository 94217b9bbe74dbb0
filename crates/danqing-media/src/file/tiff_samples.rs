//! From what a TIFF stores to a picture's samples.

use danqing_capability::CancelToken;
use tiff::ColorType;
use tiff::decoder::DecodingResult;

use super::Format;
use super::decode::unreadable;
use crate::cmyk::{Ink, srgb_from_inks};
use crate::working::Stored as Sample;
use crate::{Channels, Error, Picture, Samples};

/// A decoded TIFF before its colours are what a picture holds.
pub(super) struct Stored {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) color: ColorType,
    pub(super) data: DecodingResult,
    /// Planes one after another; 1 when the samples are interleaved.
    pub(super) planes: usize,
    pub(super) premultiplied: bool,
    pub(super) has_alpha: bool,
}

/// What one pixel holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pixel {
    Channels(Channels),
    Ycbcr,
    Cmyk,
}

impl Stored {
    /// # Errors
    /// [`Error::Unsupported`] for depths and colours a picture does not hold, [`Error::Damaged`] if samples are missing.
    pub(super) fn into_picture(self, icc: Option<Vec<u8>>, cancel: &CancelToken) -> Result<Picture, Error> {
        let (pixel, per_pixel) = self.pixel()?;
        let bits = self.color.bit_depth();
        let (width, height, planes, premultiplied) = (self.width, self.height, self.planes, self.premultiplied);
        let area = width * height;
        match self.data {
            DecodingResult::U8(data) if bits < 8 && per_pixel == 1 => {
                let samples = expanded(&data, width, height, bits);
                finished(interleaved(samples, area, 1, 1)?, pixel, premultiplied, (width, height), icc, cancel)
            }
            DecodingResult::U8(data) if bits == 8 => {
                let samples = interleaved(data, area, planes, per_pixel)?;
                finished(samples, pixel, premultiplied, (width, height), icc, cancel)
            }
            DecodingResult::U16(data) if bits == 16 => {
                let samples = interleaved(data, area, planes, per_pixel)?;
                finished(samples, pixel, premultiplied, (width, height), icc, cancel)
            }
            _ => Err(unreadable(&format!("TIFF of {bits} bits per sample ({:?})", self.color), "convert it to 16 bit")),
        }
    }

    /// What a pixel holds, and how many samples that is.
    fn pixel(&self) -> Result<(Pixel, usize), Error> {
        let channels = |channels: Channels| (Pixel::Channels(channels), channels.count());
        Ok(match self.color {
            ColorType::Gray(_) => channels(Channels::Gray),
            ColorType::GrayA(_) => channels(Channels::GrayAlpha),
            ColorType::Multiband { num_samples: 2, .. } if self.has_alpha => channels(Channels::GrayAlpha),
            ColorType::RGB(_) => channels(Channels::Rgb),
            ColorType::RGBA(_) => channels(Channels::Rgba),
            ColorType::YCbCr(_) => (Pixel::Ycbcr, 3),
            ColorType::CMYK(_) => (Pixel::Cmyk, 4),
            other => return Err(unreadable(&format!("TIFF with colours {other:?}"), "convert it to RGB first")),
        })
    }
}

/// Sample types of both depths, wrapped as a picture holds them.
trait Wrapped: Sample {
    fn wrapped(samples: Vec<Self>) -> Samples;
}

impl Wrapped for u8 {
    fn wrapped(samples: Vec<Self>) -> Samples {
        Samples::U8(samples)
    }
}

impl Wrapped for u16 {
    fn wrapped(samples: Vec<Self>) -> Samples {
        Samples::U16(samples)
    }
}

fn finished<T: Wrapped>(
    mut samples: Vec<T>,
    pixel: Pixel,
    premultiplied: bool,
    (width, height): (usize, usize),
    icc: Option<Vec<u8>>,
    cancel: &CancelToken,
) -> Result<Picture, Error> {
    let mut warnings = Vec::new();
    let mut icc = icc;
    let channels = match pixel {
        Pixel::Channels(channels) => {
            if premultiplied && channels.has_alpha() {
                divide_by_alpha(&mut samples, channels.count());
            }
            channels
        }
        Pixel::Ycbcr => {
            rgb_from_ycbcr(&mut samples);
            Channels::Rgb
        }
        Pixel::Cmyk => {
            samples = srgb_from_inks(&samples, Ink::Plain, icc.take().as_deref(), &mut warnings, cancel)?;
            Channels::Rgb
        }
    };
    let mut picture = Picture::new(width, height, channels, T::wrapped(samples))?;
    picture.icc_profile = icc.map(Into::into);
    picture.metadata.warnings = warnings;
    Ok(picture)
}

/// Samples of a pixel side by side, from one plane per sample.
fn interleaved<T: Copy + Default>(data: Vec<T>, area: usize, planes: usize, per_pixel: usize) -> Result<Vec<T>, Error> {
    if data.len() != area * per_pixel {
        let detail = format!("it holds {} samples, expected {}", data.len(), area * per_pixel);
        return Err(Error::Damaged { format: Format::Tiff, detail });
    }
    if planes <= 1 || per_pixel == 1 {
        return Ok(data);
    }
    let mut made = vec![T::default(); data.len()];
    for (channel, plane) in data.chunks_exact(area).enumerate() {
        for (pixel, &sample) in made.chunks_exact_mut(per_pixel).zip(plane) {
            pixel[channel] = sample;
        }
    }
    Ok(made)
}

/// Packed samples of 1, 2 or 4 bits, rows padded to bytes, on the scale of bytes.
fn expanded(data: &[u8], width: usize, height: usize, bits: u8) -> Vec<u8> {
    let bits = usize::from(bits);
    let stride = (width * bits).div_ceil(8);
    let largest = (1_u32 << bits) - 1;
    let mut made = Vec::with_capacity(width * height);
    for row in data.chunks_exact(stride).take(height) {
        for x in 0..width {
            let shift = 8 - bits - x * bits % 8;
            let value = u32::from(row[x * bits / 8]) >> shift & largest;
            made.push((value * 255 / largest) as u8);
        }
    }
    made
}

/// Straight colours from colours multiplied by alpha.
fn divide_by_alpha<T: Sample>(samples: &mut [T], count: usize) {
    for pixel in samples.chunks_exact_mut(count) {
        let alpha: u32 = pixel[count - 1].into();
        if alpha == 0 || alpha == T::MAX {
            continue;
        }
        for sample in &mut pixel[..count - 1] {
            let value: u32 = (*sample).into();
            *sample = T::nearest((value as f32 * T::MAX as f32 / alpha as f32).min(T::MAX as f32));
        }
    }
}

/// Full-range BT.601, as JPEG in TIFF uses it.
fn rgb_from_ycbcr<T: Sample>(samples: &mut [T]) {
    let middle = (T::MAX / 2 + 1) as f32;
    for p in samples.chunks_exact_mut(3) {
        let [y, cb, cr] = [p[0], p[1], p[2]].map(|v| v.into() as f32);
        let (cb, cr) = (cb - middle, cr - middle);
        let rgb = [y + 1.402 * cr, y - 0.344_136_3 * cb - 0.714_136_3 * cr, y + 1.772 * cb];
        for (to, value) in p.iter_mut().zip(rgb) {
            *to = T::nearest(value.clamp(0.0, T::MAX as f32));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_bits_are_spread_over_the_range() {
        assert_eq!(expanded(&[0b1010_0000, 0b0100_0000], 3, 2, 1), [255, 0, 255, 0, 255, 0]);
        assert_eq!(expanded(&[0b0001_1011], 4, 1, 2), [0, 85, 170, 255]);
        assert_eq!(expanded(&[0x0F, 0x80], 3, 1, 4), [0, 255, 136]);
    }

    #[test]
    fn planes_are_interleaved() {
        assert_eq!(interleaved(vec![1, 2, 3, 4, 5, 6], 2, 3, 3).expect("complete"), [1, 3, 5, 2, 4, 6]);
        assert!(interleaved(vec![1_u8, 2], 2, 3, 3).is_err());
    }

    #[test]
    fn premultiplied_colours_become_straight() {
        let mut samples = [64_u8, 128, 0, 128, 9, 9, 9, 0];
        divide_by_alpha(&mut samples, 4);
        assert_eq!(samples, [128, 255, 0, 128, 9, 9, 9, 0]);
    }
}
