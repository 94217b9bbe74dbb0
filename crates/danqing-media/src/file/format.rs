//! Formats by name and by first bytes.

use std::path::Path;

/// A picture file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Portable Network Graphics: lossless, 8 and 16 bit.
    Png,
    /// JPEG (JFIF, Exif): lossy, 8 bit, no alpha.
    Jpeg,
    /// WebP: lossy or lossless, 8 bit.
    WebP,
    /// TIFF: lossless, 8 and 16 bit.
    Tiff,
    /// Windows bitmap; read only.
    Bmp,
    /// GIF, first frame; read only.
    Gif,
    /// AVIF; recognised, neither read nor written.
    Avif,
}

impl Format {
    /// Every format, in the order of messages.
    pub const ALL: [Self; 7] = [Self::Png, Self::Jpeg, Self::WebP, Self::Tiff, Self::Bmp, Self::Gif, Self::Avif];

    /// By the extension of a file name, in any case; the name may be in any script.
    #[must_use]
    pub fn from_path(path: impl AsRef<Path>) -> Option<Self> {
        let extension = path.as_ref().extension()?.to_str()?.to_ascii_lowercase();
        Self::ALL.into_iter().find(|format| format.extensions().contains(&extension.as_str()))
    }

    /// By the first bytes of a file (16 are enough); what the file is called plays no part.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Some(Self::Png),
            [0xFF, 0xD8, 0xFF, ..] => Some(Self::Jpeg),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::WebP),
            [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => Some(Self::Tiff),
            [b'B', b'M', ..] if bytes.len() >= 14 && bytes[6..10] == [0; 4] => Some(Self::Bmp),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Self::Gif),
            [_, _, _, _, b'f', b't', b'y', b'p', b'a', b'v', b'i', b'f' | b's', ..] => Some(Self::Avif),
            _ => None,
        }
    }

    /// Extensions in lower case, the usual one first.
    #[must_use]
    pub fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Png => &["png"],
            Self::Jpeg => &["jpg", "jpeg", "jpe", "jfif"],
            Self::WebP => &["webp"],
            Self::Tiff => &["tif", "tiff"],
            Self::Bmp => &["bmp"],
            Self::Gif => &["gif"],
            Self::Avif => &["avif"],
        }
    }

    /// Media type for HTTP and data links.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::WebP => "image/webp",
            Self::Tiff => "image/tiff",
            Self::Bmp => "image/bmp",
            Self::Gif => "image/gif",
            Self::Avif => "image/avif",
        }
    }

    /// Whether [`super::encode`] writes it.
    #[must_use]
    pub fn can_encode(self) -> bool {
        matches!(self, Self::Png | Self::Jpeg | Self::WebP | Self::Tiff)
    }
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::WebP => "WebP",
            Self::Tiff => "TIFF",
            Self::Bmp => "BMP",
            Self::Gif => "GIF",
            Self::Avif => "AVIF",
        })
    }
}

/// What bytes that are no picture look like, for a message; at most eight of them are shown.
pub(super) fn looks_like(bytes: &[u8]) -> String {
    const KNOWN: &[(&[u8], &str)] = &[
        (b"%PDF", "a PDF document"),
        (b"PK\x03\x04", "a zip archive (or an office document)"),
        (b"8BPS", "a Photoshop document (PSD)"),
        (b"\x1F\x8B", "a gzip archive"),
        (b"<svg", "an SVG drawing"),
        (b"<?xml", "an XML document"),
        (b"<!DOCTYPE", "an HTML page"),
        (b"<!doctype", "an HTML page"),
        (b"<html", "an HTML page"),
        (b"{", "a JSON text"),
        (b"\0\0\x01\0", "a Windows icon"),
        (b"\xFF\x0A", "a JPEG XL picture"),
        (b"\0\0\0\x0CJXL ", "a JPEG XL picture"),
        (b"\0\0\0\x0CjP  ", "a JPEG 2000 picture"),
        (b"\x1A\x45\xDF\xA3", "a Matroska or WebM video"),
        (b"version https://git-lfs", "a Git LFS pointer, not the file itself"),
    ];
    if let Some((_, name)) = KNOWN.iter().find(|(start, _)| bytes.starts_with(start)) {
        return format!("it looks like {name}");
    }
    if bytes.len() >= 12 && &bytes[4..8] == b"ftyp" {
        return match &bytes[8..12] {
            b"heic" | b"heix" | b"mif1" | b"msf1" => "it looks like a HEIC photo".to_owned(),
            _ => "it looks like an MP4 video".to_owned(),
        };
    }
    let shown: Vec<String> = bytes.iter().take(8).map(|b| format!("{b:02x}")).collect();
    format!("it begins with the bytes {}", shown.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_any_script_and_case_give_the_format() {
        assert_eq!(Format::from_path("江雪 图.PNG"), Some(Format::Png));
        assert_eq!(Format::from_path("a.b/🎨.JpEg"), Some(Format::Jpeg));
        assert_eq!(Format::from_path("without"), None);
        for format in Format::ALL {
            for extension in format.extensions() {
                assert_eq!(Format::from_path(format!("x.{extension}")), Some(format));
            }
        }
    }

    #[test]
    fn strangers_are_named() {
        assert_eq!(looks_like(b"%PDF-1.7"), "it looks like a PDF document");
        assert_eq!(looks_like(b"\0\0\0\x18ftypheic"), "it looks like a HEIC photo");
        assert_eq!(looks_like(&[1, 2]), "it begins with the bytes 01 02");
    }
}
