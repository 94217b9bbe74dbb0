//! Between a picture's own samples and the working spaces.
//!
//! Memory per pixel: [`Picture::to_srgb`] 12 bytes, [`Picture::to_srgb8`] 3, [`Picture::to_mask`] 1,
//! [`Picture::alpha`] 4, each plus a few rows.

use danqing_capability::CancelToken;

use crate::color::{byte_from_unit, gray::luma};
use crate::profile::{Conversion, Device};
use crate::{Channels, Depth, Error, Mask, Picture, Raster, Samples, ScalarF32, Srgb8, SrgbF32};

/// Where a mask's values come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MaskSource {
    /// Grey value, times alpha if there is any: what shows white on a black ground is white.
    #[default]
    Auto,
    /// Grey value (Rec. 601 luma of the stored values, no profile applied), alpha ignored.
    Luma,
    /// Alpha: opaque is white. A picture without alpha is all white.
    Alpha,
}

/// Sample types that pictures hold.
pub(crate) trait Stored: Copy + Default + Into<u32> {
    /// Largest value.
    const MAX: u32;

    /// Nearest value to one that lies in `0..=MAX`; others are clamped.
    fn nearest(value: f32) -> Self;

    /// Same value on the scale of bytes, rounded.
    fn byte(self) -> u8;
}

impl Stored for u8 {
    const MAX: u32 = 255;

    #[inline]
    fn nearest(value: f32) -> Self {
        (value + 0.5) as u8
    }

    #[inline]
    fn byte(self) -> u8 {
        self
    }
}

impl Stored for u16 {
    const MAX: u32 = 65_535;

    #[inline]
    fn nearest(value: f32) -> Self {
        (value + 0.5) as u16
    }

    #[inline]
    fn byte(self) -> u8 {
        ((u32::from(self) * 255 + 32_767) / 65_535) as u8
    }
}

impl Picture {
    pub(crate) fn device(&self) -> Device {
        if self.channels.is_gray() { Device::Gray } else { Device::Rgb }
    }

    /// Colour as sRGB: through the ICC profile, relative colorimetric, or as it is without one. Alpha is ignored. Colours
    /// outside sRGB give values outside `0.0..=1.0`.
    ///
    /// # Errors
    /// [`Error::Profile`] if the profile can't be used, [`Error::Cancelled`].
    pub fn to_srgb(&self, cancel: &CancelToken) -> Result<Raster<SrgbF32>, Error> {
        let mut made = Raster::filled(self.width, self.height, 0.0);
        self.for_each_srgb_row(cancel, |y, row| made.row_mut(y).copy_from_slice(row))?;
        Ok(made)
    }

    /// Like [`Self::to_srgb`], rounded to the nearest of 256 values and clamped; 8-bit pictures without a profile come
    /// unchanged.
    ///
    /// # Errors
    /// [`Error::Profile`] if the profile can't be used, [`Error::Cancelled`].
    pub fn to_srgb8(&self, cancel: &CancelToken) -> Result<Raster<Srgb8>, Error> {
        let mut made = Raster::filled(self.width, self.height, 0);
        self.for_each_srgb_row(cancel, |y, row| {
            for (to, &from) in made.row_mut(y).iter_mut().zip(row) {
                *to = byte_from_unit(from);
            }
        })?;
        Ok(made)
    }

    /// Calls `visit` with every row as sRGB.
    fn for_each_srgb_row(&self, cancel: &CancelToken, mut visit: impl FnMut(usize, &[f32])) -> Result<(), Error> {
        let colors = self.channels.colors();
        let conversion = self.icc_profile.as_deref().map(|icc| Conversion::to_srgb(icc, self.device())).transpose()?;
        let mut device = vec![0.0; self.width * colors];
        let mut srgb = vec![0.0; self.width * 3];
        for y in 0..self.height {
            cancel.check()?;
            self.device_row(y, &mut device);
            match (&conversion, colors) {
                (Some(conversion), _) => conversion.convert(&device, &mut srgb)?,
                (None, 1) => srgb.chunks_exact_mut(3).zip(&device).for_each(|(to, &v)| to.fill(v)),
                (None, _) => srgb.copy_from_slice(&device),
            }
            visit(y, &srgb);
        }
        Ok(())
    }

    /// Colour samples of one row as `0.0..=1.0`, without alpha.
    fn device_row(&self, y: usize, row: &mut [f32]) {
        let stride = self.width * self.channels.count();
        let (from, to) = (y * stride, (y + 1) * stride);
        match &self.samples {
            Samples::U8(samples) => unit_from_stored(&samples[from..to], self.channels, row),
            Samples::U16(samples) => unit_from_stored(&samples[from..to], self.channels, row),
        }
    }

    /// Alpha as `0.0..=1.0`; none if the picture has none.
    #[must_use]
    pub fn alpha(&self) -> Option<Raster<ScalarF32>> {
        if !self.channels.has_alpha() {
            return None;
        }
        let mut made = Raster::filled(self.width, self.height, 0.0);
        match &self.samples {
            Samples::U8(samples) => alpha_of(samples, self.channels, made.samples_mut()),
            Samples::U16(samples) => alpha_of(samples, self.channels, made.samples_mut()),
        }
        Some(made)
    }

    /// The picture read as a mask, on its stored values: a profile plays no part.
    #[must_use]
    pub fn to_mask(&self, source: MaskSource) -> Mask {
        let mut made = Raster::filled(self.width, self.height, 0);
        match &self.samples {
            Samples::U8(samples) => mask_of(samples, self.channels, source, made.samples_mut()),
            Samples::U16(samples) => mask_of(samples, self.channels, source, made.samples_mut()),
        }
        made
    }

    /// An 8-bit sRGB picture without profile or metadata.
    #[must_use]
    pub fn from_srgb8(image: Raster<Srgb8>) -> Self {
        let (width, height) = image.size();
        Self::bare(width, height, Channels::Rgb, Samples::U8(image.into_samples()))
    }

    /// An sRGB picture of that depth without profile or metadata; values are rounded and clamped.
    #[must_use]
    pub fn from_srgb(image: &Raster<SrgbF32>, depth: Depth) -> Self {
        let (width, height) = image.size();
        Self::bare(width, height, Channels::Rgb, quantised(image.samples(), depth))
    }

    /// A grey 8-bit picture that [`Self::to_mask`] reads back unchanged.
    #[must_use]
    pub fn from_mask(mask: Mask) -> Self {
        let (width, height) = mask.size();
        Self::bare(width, height, Channels::Gray, Samples::U8(mask.into_samples()))
    }

    fn bare(width: usize, height: usize, channels: Channels, samples: Samples) -> Self {
        Self { width, height, channels, samples, icc_profile: None, metadata: crate::Metadata::default() }
    }

    /// The same picture in that depth: 8 to 16 bit is exact (times 257), 16 to 8 bit rounds to the nearest.
    #[must_use]
    pub fn with_depth(&self, depth: Depth) -> Self {
        let samples = match (&self.samples, depth) {
            (Samples::U8(samples), Depth::Sixteen) => {
                Samples::U16(samples.iter().map(|&v| u16::from(v) * 257).collect())
            }
            (Samples::U16(samples), Depth::Eight) => Samples::U8(samples.iter().map(|&v| v.byte()).collect()),
            (same, _) => same.clone(),
        };
        self.with_pixels(self.width, self.height, samples)
    }
}

fn quantised(values: &[f32], depth: Depth) -> Samples {
    match depth {
        Depth::Eight => Samples::U8(values.iter().map(|&v| byte_from_unit(v)).collect()),
        Depth::Sixteen => Samples::U16(values.iter().map(|&v| u16::nearest(v * 65_535.0)).collect()),
    }
}

fn unit_from_stored<T: Stored>(samples: &[T], channels: Channels, row: &mut [f32]) {
    let scale = T::MAX as f32;
    let (count, colors) = (channels.count(), channels.colors());
    if count == colors {
        for (to, &from) in row.iter_mut().zip(samples) {
            *to = from.into() as f32 / scale;
        }
        return;
    }
    for (to, from) in row.chunks_exact_mut(colors).zip(samples.chunks_exact(count)) {
        for (to, &from) in to.iter_mut().zip(from) {
            *to = from.into() as f32 / scale;
        }
    }
}

fn alpha_of<T: Stored>(samples: &[T], channels: Channels, alpha: &mut [f32]) {
    let count = channels.count();
    for (to, from) in alpha.iter_mut().zip(samples.chunks_exact(count)) {
        *to = from[count - 1].into() as f32 / T::MAX as f32;
    }
}

fn mask_of<T: Stored>(samples: &[T], channels: Channels, source: MaskSource, mask: &mut [u8]) {
    let (count, alpha) = (channels.count(), channels.has_alpha());
    let gray = |p: &[T]| match channels.colors() {
        1 => p[0].byte(),
        _ => luma(p[0].byte().into(), p[1].byte().into(), p[2].byte().into()) as u8,
    };
    let opacity = |p: &[T]| if alpha { p[count - 1].byte() } else { 255 };
    for (to, p) in mask.iter_mut().zip(samples.chunks_exact(count)) {
        *to = match source {
            MaskSource::Luma => gray(p),
            MaskSource::Alpha => opacity(p),
            MaskSource::Auto => ((u32::from(gray(p)) * u32::from(opacity(p)) + 127) / 255) as u8,
        };
    }
}
