//! What a picture file holds.

use std::sync::Arc;

use crate::Error;

/// Which channels a picture has, in this order, interleaved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channels {
    /// Grey.
    Gray,
    /// Grey and alpha.
    GrayAlpha,
    /// Red, green, blue.
    Rgb,
    /// Red, green, blue, alpha.
    Rgba,
}

impl Channels {
    /// Samples per pixel.
    #[must_use]
    pub fn count(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::GrayAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba => 4,
        }
    }

    /// Samples per pixel without alpha.
    #[must_use]
    pub fn colors(self) -> usize {
        if self.is_gray() { 1 } else { 3 }
    }

    /// Whether the colour is one grey channel.
    #[must_use]
    pub fn is_gray(self) -> bool {
        matches!(self, Self::Gray | Self::GrayAlpha)
    }

    /// The same colour channels with or without alpha.
    #[must_use]
    pub fn with_alpha(self, alpha: bool) -> Self {
        match (self.is_gray(), alpha) {
            (true, false) => Self::Gray,
            (true, true) => Self::GrayAlpha,
            (false, false) => Self::Rgb,
            (false, true) => Self::Rgba,
        }
    }

    /// Whether the last channel is alpha (straight, not premultiplied).
    #[must_use]
    pub fn has_alpha(self) -> bool {
        matches!(self, Self::GrayAlpha | Self::Rgba)
    }
}

/// Bits per sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Depth {
    /// `0..=255`.
    Eight,
    /// `0..=65535`.
    Sixteen,
}

/// Samples in the file's own depth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Samples {
    /// `0..=255`.
    U8(Vec<u8>),
    /// `0..=65535`.
    U16(Vec<u16>),
}

impl Samples {
    /// How many samples.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::U8(samples) => samples.len(),
            Self::U16(samples) => samples.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bits per sample.
    #[must_use]
    pub fn depth(&self) -> Depth {
        match self {
            Self::U8(_) => Depth::Eight,
            Self::U16(_) => Depth::Sixteen,
        }
    }
}

/// Something that was done differently than the file or the request says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Stable identifier, e.g. `"depth_reduced"`.
    pub code: &'static str,
    /// Sentence for the user.
    pub message: String,
}

impl Warning {
    /// From a stable identifier and a sentence.
    #[must_use]
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// What else the file says; kept on output unless stripped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Raw EXIF (TIFF structure, without the `Exif\0\0` prefix), orientation already reset to 1.
    pub exif: Option<Arc<[u8]>>,
    /// XMP packet, without danqing's recipe.
    pub xmp: Option<String>,
    /// Keyword and text of PNG tEXt, zTXt and iTXt, without XMP and danqing's recipe.
    pub texts: Vec<(String, String)>,
    /// danqing's recipe, JSON: how the picture was made. Written also when the rest is stripped.
    pub recipe: Option<String>,
    /// What decoding had to change, e.g. `"cmyk_converted"`; never written.
    pub warnings: Vec<Warning>,
}

/// A still picture upright (EXIF orientation applied), in its own depth, channels and colour space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Pixels per row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Which channels.
    pub channels: Channels,
    /// `width * height * channels.count()` samples, interleaved.
    pub samples: Samples,
    /// ICC profile of the samples; none means sRGB.
    pub icc_profile: Option<Arc<[u8]>>,
    /// What else the file says.
    pub metadata: Metadata,
}

impl Picture {
    /// From samples in row order; without profile (sRGB) and metadata.
    ///
    /// # Errors
    /// [`Error::SizeMismatch`] if their number is not `width * height * channels.count()`.
    pub fn new(width: usize, height: usize, channels: Channels, samples: Samples) -> Result<Self, Error> {
        let expected = width.saturating_mul(height).saturating_mul(channels.count());
        if samples.len() != expected {
            let (actual, expected) = ((samples.len(), 1), (expected, 1));
            return Err(Error::SizeMismatch { what: "list of samples", actual, expected });
        }
        Ok(Self { width, height, channels, samples, icc_profile: None, metadata: Metadata::default() })
    }

    /// Width and height.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    /// Bits per sample.
    #[must_use]
    pub fn depth(&self) -> Depth {
        self.samples.depth()
    }

    /// Everything but size, channels and samples taken from `self`.
    #[must_use]
    pub(crate) fn with_pixels(&self, width: usize, height: usize, samples: Samples) -> Self {
        Self {
            width,
            height,
            channels: self.channels,
            samples,
            icc_profile: self.icc_profile.clone(),
            metadata: self.metadata.clone(),
        }
    }
}
