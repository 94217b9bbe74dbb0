//! Bytes to pictures.

use std::io::Read;
use std::path::Path;

use danqing_capability::CancelToken;

use super::limits::Deadline;
use super::{Format, Limits, bmp, comment, exif, format, gif, jpeg, png, tiff, webp, xmp};
use crate::profile::Conversion;
use crate::{Error, Picture, Warning};

/// Bytes of a file read between two looks at the token.
const READ_AT_ONCE: u64 = 4 << 20;

/// Decodes a picture file of any readable format, upright: EXIF orientation applied, profile and metadata kept.
///
/// CMYK becomes sRGB (through its profile if it has a usable one); profiles that can't be used are left out; both say so
/// in [`crate::Metadata::warnings`].
///
/// Memory: the samples (bytes per pixel = channels × depth / 8), once more while an orientation is applied, and for JPEG
/// the decoder's own planes (progressive: 2 bytes per sample).
///
/// # Errors
/// [`Error::Empty`], [`Error::NotAPicture`], [`Error::Truncated`], [`Error::Damaged`], [`Error::TooLarge`],
/// [`Error::TooSlow`], [`Error::Unsupported`], [`Error::Cancelled`].
pub fn decode(bytes: &[u8], limits: &Limits, cancel: &CancelToken) -> Result<Picture, Error> {
    limits.check_bytes(bytes.len() as u64)?;
    let format = known_format(bytes)?;
    let deadline = &Deadline::new(format, limits, cancel);
    let stored = match format {
        Format::Png => png::decode(bytes, limits, deadline)?,
        Format::Jpeg => jpeg::decode(bytes, limits, deadline)?,
        Format::WebP => webp::decode(bytes, limits, deadline)?,
        Format::Tiff => tiff::decode(bytes, limits, deadline)?,
        Format::Bmp => bmp::decode(bytes, limits, deadline)?,
        Format::Gif => gif::decode(bytes, limits, deadline)?,
        Format::Avif => return Err(unreadable("AVIF", "convert it to PNG first")),
    };
    deadline.check()?;
    upright(checked_profile(separate_recipe(stored)), cancel)
}

/// Reads and decodes a file; see [`decode`].
///
/// # Errors
/// Those of [`read_bytes`] and [`decode`].
pub fn read(path: impl AsRef<Path>, limits: &Limits, cancel: &CancelToken) -> Result<Picture, Error> {
    decode(&read_bytes(path, limits, cancel)?, limits, cancel)
}

/// Reads a whole file of at most `limits.max_bytes`.
///
/// # Errors
/// [`Error::Missing`], [`Error::TooLarge`] before anything is read where the length is known, [`Error::Io`],
/// [`Error::Cancelled`].
pub fn read_bytes(path: impl AsRef<Path>, limits: &Limits, cancel: &CancelToken) -> Result<Vec<u8>, Error> {
    let path = path.as_ref();
    let failed = |source: std::io::Error| match source.kind() {
        std::io::ErrorKind::NotFound => Error::Missing { path: path.to_owned() },
        _ => Error::Io { path: path.to_owned(), source },
    };
    let file = std::fs::File::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    limits.check_bytes(length)?;
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
    let mut rest = file.take(limits.max_bytes.saturating_add(1));
    while rest.by_ref().take(READ_AT_ONCE).read_to_end(&mut bytes).map_err(failed)? > 0 {
        cancel.check()?;
    }
    limits.check_bytes(bytes.len() as u64)?;
    Ok(bytes)
}

/// The recipe (JSON) that danqing left in a file; pixels are not decoded, so a file whose pixels were changed or
/// damaged still gives it.
///
/// # Errors
/// [`Error::Empty`] and [`Error::NotAPicture`], and those of a container too broken to look into.
pub fn read_recipe(bytes: &[u8]) -> Result<Option<String>, Error> {
    match known_format(bytes)? {
        Format::Png => png::recipe(bytes),
        Format::Jpeg => Ok(jpeg::xmp_packet(bytes).as_deref().and_then(xmp::recipe)),
        Format::WebP => Ok(webp::xmp_packet(bytes).as_deref().and_then(xmp::recipe)),
        Format::Tiff => Ok(tiff::xmp_packet(bytes).as_deref().and_then(xmp::recipe)),
        Format::Bmp | Format::Gif | Format::Avif => Ok(None),
    }
}

/// What programs wrote into a file about how the picture was made: PNG texts by their keywords, texts in EXIF data by the
/// names of their tags. Pixels are not decoded; danqing's recipe is left out.
///
/// # Errors
/// Those of [`read_recipe`].
pub fn read_texts(bytes: &[u8]) -> Result<Vec<(String, String)>, Error> {
    let in_exif = |exif: Option<&[u8]>| exif.map_or_else(Vec::new, comment::texts);
    match known_format(bytes)? {
        Format::Png => {
            let found = png::description(bytes)?;
            Ok([found.texts, in_exif(found.exif.as_deref())].concat())
        }
        Format::Jpeg => Ok(in_exif(jpeg::exif_data(bytes).as_deref())),
        Format::WebP => Ok(in_exif(webp::exif_data(bytes))),
        Format::Tiff => Ok(in_exif(Some(bytes))),
        Format::Bmp | Format::Gif | Format::Avif => Ok(Vec::new()),
    }
}

fn known_format(bytes: &[u8]) -> Result<Format, Error> {
    if bytes.is_empty() {
        return Err(Error::Empty);
    }
    Format::from_bytes(bytes).ok_or_else(|| Error::NotAPicture { looks_like: format::looks_like(bytes) })
}

pub(super) fn unreadable(what: &str, way_out: &str) -> Error {
    Error::Unsupported { what: what.to_owned(), way_out: way_out.to_owned() }
}

/// Takes the recipe out of the XMP packet, where decoders of formats without texts leave it.
fn separate_recipe(mut picture: Picture) -> Picture {
    let metadata = &mut picture.metadata;
    if let Some(packet) = metadata.xmp.take() {
        metadata.recipe = metadata.recipe.take().or_else(|| xmp::recipe(&packet));
        metadata.xmp = xmp::without_recipe(&packet);
    }
    picture
}

/// Leaves out a profile that can't be read, or does not describe these channels.
fn checked_profile(mut picture: Picture) -> Picture {
    if let Some(icc) = picture.icc_profile.as_deref()
        && let Err(error) = Conversion::to_srgb(icc, picture.device())
    {
        let message = format!("{error}; it was left out and the colours are taken as sRGB");
        picture.metadata.warnings.push(Warning::new("profile_ignored", message));
        picture.icc_profile = None;
    }
    picture
}

/// Applies the EXIF orientation and resets it.
fn upright(mut picture: Picture, cancel: &CancelToken) -> Result<Picture, Error> {
    let Some(stored) = picture.metadata.exif.take() else { return Ok(picture) };
    let orientation = exif::orientation(&stored);
    picture.metadata.exif = Some(exif::for_changed_picture(&stored).into());
    match orientation {
        Some(orientation) => Ok(orientation.applied(picture, cancel)?),
        None => Ok(picture),
    }
}
