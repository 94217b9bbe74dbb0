//! ICC profiles to sRGB and back, relative colorimetric, in `f32`.

use std::sync::Arc;

use moxcms::{ColorProfile, DataColorSpace, Layout, RenderingIntent, TransformF32Executor, TransformOptions};

use crate::Error;

/// Which device values a profile describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Device {
    Gray,
    Rgb,
    Cmyk,
}

impl Device {
    fn layout(self) -> Layout {
        match self {
            Self::Gray => Layout::Gray,
            Self::Rgb => Layout::Rgb,
            Self::Cmyk => Layout::Rgba,
        }
    }

    fn space(self) -> DataColorSpace {
        match self {
            Self::Gray => DataColorSpace::Gray,
            Self::Rgb => DataColorSpace::Rgb,
            Self::Cmyk => DataColorSpace::Cmyk,
        }
    }
}

/// A conversion between device values of a profile (`0.0..=1.0`) and sRGB-encoded values.
pub(crate) struct Conversion {
    executor: Arc<TransformF32Executor>,
}

impl Conversion {
    /// Device values of `icc` to sRGB; three samples out.
    pub(crate) fn to_srgb(icc: &[u8], device: Device) -> Result<Self, Error> {
        let executor = parsed(icc, device)?
            .create_transform_f32(device.layout(), &ColorProfile::new_srgb(), Layout::Rgb, options())
            .map_err(|e| refused(&e))?;
        Ok(Self { executor })
    }

    /// sRGB to device values of `icc`.
    pub(crate) fn from_srgb(icc: &[u8], device: Device) -> Result<Self, Error> {
        let profile = parsed(icc, device)?;
        let executor = ColorProfile::new_srgb()
            .create_transform_f32(Layout::Rgb, &profile, device.layout(), options())
            .map_err(|e| refused(&e))?;
        Ok(Self { executor })
    }

    /// Converts whole pixels; both slices hold the same number of them.
    pub(crate) fn convert(&self, from: &[f32], to: &mut [f32]) -> Result<(), Error> {
        self.executor.transform(from, to).map_err(|e| refused(&e))
    }
}

fn options() -> TransformOptions {
    TransformOptions {
        rendering_intent: RenderingIntent::RelativeColorimetric,
        allow_use_cicp_transfer: true,
        prefer_fixed_point: false,
        allow_extended_range_rgb_xyz: true,
        ..TransformOptions::default()
    }
}

fn parsed(icc: &[u8], device: Device) -> Result<ColorProfile, Error> {
    let profile = ColorProfile::new_from_slice(icc).map_err(|e| refused(&e))?;
    if profile.color_space != device.space() {
        let detail = format!("it describes {:?} values, but the picture holds {device:?}", profile.color_space);
        return Err(Error::Profile { detail });
    }
    Ok(profile)
}

fn refused(error: &moxcms::CmsError) -> Error {
    Error::Profile { detail: error.to_string() }
}
