//! Small pictures for lists: upright, sRGB, JPEG, or PNG where there is transparency. Made once for each size.

use std::path::PathBuf;

use danqing_capability::{CancelToken, Failure};
use danqing_media::file::{self, EncodeOptions, Format, Limits, Overwrite};
use danqing_media::{Channels, Metadata, Picture, Samples};
use danqing_vision::resize::{Method, resized};

use super::{ContentStore, make_parent};

/// Longer sides that are made; others are rounded up, so that nobody fills the disk with sizes.
pub(super) const SIDES: [u32; 4] = [128, 256, 512, 1024];
/// The side that lists ask for.
pub(super) const USUAL_SIDE: u32 = 256;

/// A small picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thumbnail {
    /// The file.
    pub bytes: Vec<u8>,
    /// `image/jpeg` or `image/png`.
    pub media_type: &'static str,
}

/// The side that is made for one that is asked for.
#[must_use]
pub fn thumbnail_side(asked: u32) -> u32 {
    SIDES.into_iter().find(|side| *side >= asked).unwrap_or(SIDES[SIDES.len() - 1])
}

impl ContentStore {
    /// The thumbnail of a content, from the disk where it was made before.
    ///
    /// # Errors
    /// No such content, not a picture, what the disk says, cancelled.
    pub fn thumbnail(&self, sha256: &str, side: u32, cancel: &CancelToken) -> Result<Thumbnail, Failure> {
        let side = thumbnail_side(side);
        for format in [Format::Jpeg, Format::Png] {
            if let Ok(bytes) = std::fs::read(self.thumbnail_path(sha256, side, format)?) {
                return Ok(Thumbnail { bytes, media_type: format.media_type() });
            }
        }
        let bytes = self.read(sha256, cancel)?;
        let picture = file::decode(&bytes, &Limits::default(), cancel).map_err(Failure::from_error)?;
        self.make_thumbnail(sha256, &picture, side, cancel)
    }

    /// Whether the thumbnail needs no work.
    #[must_use]
    pub fn has_thumbnail(&self, sha256: &str, side: u32) -> bool {
        let path = |format| self.thumbnail_path(sha256, thumbnail_side(side), format);
        [Format::Jpeg, Format::Png].into_iter().any(|format| path(format).is_ok_and(|path| path.is_file()))
    }

    pub(super) fn thumbnail_path(&self, sha256: &str, side: u32, format: Format) -> Result<PathBuf, super::Error> {
        let file = self.path(sha256)?;
        let below = file.strip_prefix(self.folder.join("files")).unwrap_or(&file).to_owned();
        let folder = self.folder.join("thumbnails").join(side.to_string());
        Ok(folder.join(below).with_extension(format.extensions()[0]))
    }

    pub(super) fn make_thumbnail(
        &self,
        sha256: &str,
        picture: &Picture,
        side: u32,
        cancel: &CancelToken,
    ) -> Result<Thumbnail, Failure> {
        let small = shrunk(picture, side as usize, cancel)?;
        let format = if small.channels.has_alpha() { Format::Png } else { Format::Jpeg };
        let options = EncodeOptions { quality: 85, strip_metadata: true, ..EncodeOptions::new(format) };
        let bytes = file::encode(&small, &options, cancel).map_err(Failure::from_error)?.bytes;
        let path = self.thumbnail_path(sha256, side, format)?;
        make_parent(&path)?;
        file::write_atomic(&path, &bytes, Overwrite::Replace, cancel).map_err(Failure::from_error)?;
        Ok(Thumbnail { bytes, media_type: format.media_type() })
    }
}

/// The picture in sRGB with its longer side at most `side`; colours count as far as they are opaque.
pub(crate) fn shrunk(picture: &Picture, side: usize, cancel: &CancelToken) -> Result<Picture, Failure> {
    let (width, height) = fitted(picture.size(), side);
    let mut colour = picture.to_srgb(cancel).map_err(Failure::from_error)?;
    let alpha = picture.alpha();
    if let Some(alpha) = &alpha {
        for (pixel, &opacity) in colour.samples_mut().chunks_exact_mut(3).zip(alpha.samples()) {
            for value in pixel {
                *value *= opacity;
            }
        }
    }
    let colour = resized(&colour, width, height, Method::Area, cancel).map_err(Failure::from_error)?;
    let alpha = alpha.map(|alpha| resized(&alpha, width, height, Method::Area, cancel));
    let alpha = alpha.transpose().map_err(Failure::from_error)?;
    let byte = |value: f32| (value.clamp(0.0, 1.0) * 255.0 + 0.5) as u8;
    let (channels, samples) = match alpha {
        None => (Channels::Rgb, colour.samples().iter().map(|&value| byte(value)).collect()),
        Some(alpha) => {
            let pixels = colour.samples().chunks_exact(3).zip(alpha.samples());
            let straight = |value: f32, opacity: f32| if opacity > 0.0 { byte(value / opacity) } else { 0 };
            let pixels = pixels.flat_map(|(c, &a)| [straight(c[0], a), straight(c[1], a), straight(c[2], a), byte(a)]);
            (Channels::Rgba, pixels.collect())
        }
    };
    let (icc_profile, metadata) = (None, Metadata::default());
    Ok(Picture { width, height, channels, samples: Samples::U8(samples), icc_profile, metadata })
}

/// A size with the same proportions and a longer side of at most `side`; never larger than the picture.
fn fitted((width, height): (usize, usize), side: usize) -> (usize, usize) {
    let longer = width.max(height);
    if longer <= side {
        return (width, height);
    }
    let scaled = |length: usize| ((length * side + longer / 2) / longer).max(1);
    (scaled(width), scaled(height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_keep_their_proportions_and_are_never_empty() {
        let cases = [
            ((4000, 3000), 256, (256, 192)),
            ((3000, 4000), 256, (192, 256)),
            ((100, 50), 256, (100, 50)),
            ((60_000, 1), 128, (128, 1)),
            ((256, 256), 256, (256, 256)),
        ];
        for (size, side, expected) in cases {
            assert_eq!(fitted(size, side), expected, "{size:?}");
        }
    }

    #[test]
    fn sides_are_rounded_up_to_those_that_are_made() {
        for (asked, made) in [(0, 128), (128, 128), (129, 256), (256, 256), (600, 1024), (9999, 1024)] {
            assert_eq!(thumbnail_side(asked), made, "{asked}");
        }
    }

    #[test]
    fn what_is_hidden_does_not_shine_into_what_is_seen() {
        // Left: opaque red. Right: transparent green, as an eraser leaves it.
        let pixel = |x: usize| if x < 4 { [255, 0, 0, 255] } else { [0, 255, 0, 0] };
        let samples = (0..8 * 8).flat_map(|at| pixel(at % 8)).collect();
        let picture = Picture {
            width: 8,
            height: 8,
            channels: Channels::Rgba,
            samples: Samples::U8(samples),
            icc_profile: None,
            metadata: Metadata::default(),
        };
        let small = shrunk(&picture, 1, &CancelToken::default()).expect("shrunk");
        assert_eq!(small.samples, Samples::U8(vec![255, 0, 0, 128]));
    }
}
