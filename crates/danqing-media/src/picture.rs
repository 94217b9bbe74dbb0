//! What a picture file holds.

use std::sync::Arc;

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

    /// Whether the last channel is alpha (straight, not premultiplied).
    #[must_use]
    pub fn has_alpha(self) -> bool {
        matches!(self, Self::GrayAlpha | Self::Rgba)
    }
}

/// Samples in the file's own depth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Samples {
    /// `0..=255`.
    U8(Vec<u8>),
    /// `0..=65535`.
    U16(Vec<u16>),
}

/// What else the file says; kept on output unless stripped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Raw EXIF (TIFF structure, without the `Exif\0\0` prefix), orientation already reset to 1.
    pub exif: Option<Arc<[u8]>>,
    /// XMP packet.
    pub xmp: Option<String>,
    /// Keyword and text, e.g. PNG tEXt and iTXt.
    pub texts: Vec<(String, String)>,
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
