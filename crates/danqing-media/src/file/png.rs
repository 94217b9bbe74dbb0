//! PNG (W3C PNG specification, third edition), through the `png` crate.

use std::borrow::Cow;
use std::io::Write;

use danqing_capability::{CancelToken, Cancelled};

use png::{BitDepth, ColorType, DecodingError, Info, Transformations};

use super::encode::{Attachments, INFOTEXT, shared};
use super::limits::{Deadline, TimedReader};
use super::{Format, Limits, exif};
use crate::{Channels, Depth, Error, Metadata, Picture, Samples};

/// Keyword of the text that holds the recipe.
const RECIPE: &str = "danqing";
/// Keyword that the XMP specification, part 3, gives the packet in PNG.
const XMP: &str = "XML:com.adobe.xmp";
/// Deflate packs at most this many bytes into one (RFC 1951: 258 bytes in two bits).
const LARGEST_RATIO: u64 = 1032;
/// Samples compressed between two looks at the token.
const PIECE: usize = 1 << 15;
/// Bytes of compressed pixels in one chunk of the file.
const LARGEST_CHUNK: usize = 1 << 20;

/// Palettes, transparency keys and depths below 8 bit are expanded; all else stays as it is.
pub(super) fn decode(bytes: &[u8], limits: &Limits, deadline: &Deadline) -> Result<Picture, Error> {
    let failed = |e| failure(e, deadline, limits);
    let reader = TimedReader::new(bytes, deadline.clone());
    let mut decoder = png::Decoder::new_with_limits(reader, png::Limits { bytes: limits.decoder_bytes() });
    decoder.set_transformations(Transformations::EXPAND);
    check_header(decoder.read_header_info().map_err(failed)?, bytes, limits)?;
    let mut reader = decoder.read_info().map_err(failed)?;
    let length = reader.output_buffer_size().ok_or_else(|| damaged("its size overflows"))?;
    let mut data = vec![0; length];
    let info = reader.next_frame(&mut data).map_err(failed)?;
    if let Err(error) = reader.finish() {
        ignore_unless_truncated(error, deadline, limits)?;
    }
    data.truncate(info.buffer_size());
    let channels = match info.color_type {
        ColorType::Grayscale => Channels::Gray,
        ColorType::GrayscaleAlpha => Channels::GrayAlpha,
        ColorType::Rgb => Channels::Rgb,
        ColorType::Rgba => Channels::Rgba,
        ColorType::Indexed => return Err(damaged("its palette is missing")),
    };
    let samples = match info.bit_depth {
        BitDepth::Sixteen => Samples::U16(sixteen_bit(&data)),
        _ => Samples::U8(data),
    };
    let mut picture = Picture::new(info.width as usize, info.height as usize, channels, samples)?;
    picture.icc_profile = reader.info().icc_profile.as_deref().and_then(shared);
    picture.metadata = metadata(reader.info());
    Ok(picture)
}

fn check_header(info: &Info<'_>, bytes: &[u8], limits: &Limits) -> Result<(), Error> {
    limits.check_size(Format::Png, info.width.into(), info.height.into())?;
    let needed = (info.raw_row_length() as u64).saturating_mul(info.height.into());
    if needed / LARGEST_RATIO > bytes.len() as u64 {
        let detail = format!(
            "{} bytes can't hold the {}x{} pixels that its header declares",
            bytes.len(),
            info.width,
            info.height
        );
        return Err(Error::Truncated { format: Format::Png, detail });
    }
    Ok(())
}

fn sixteen_bit(data: &[u8]) -> Vec<u16> {
    data.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect()
}

/// Damage after the last pixel costs no more than the text it hits, but a missing end is a truncated file.
fn ignore_unless_truncated(error: DecodingError, deadline: &Deadline, limits: &Limits) -> Result<(), Error> {
    match failure(error, deadline, limits) {
        found @ (Error::Truncated { .. } | Error::TooSlow { .. }) => Err(found),
        _ => Ok(()),
    }
}

fn metadata(info: &Info<'_>) -> Metadata {
    let mut made = Metadata {
        exif: info.exif_metadata.as_deref().map(exif::without_prefix).and_then(shared),
        ..Metadata::default()
    };
    for (keyword, text) in texts(info) {
        match keyword {
            RECIPE => made.recipe = Some(text),
            XMP => made.xmp = Some(text),
            _ => made.texts.push((keyword.to_owned(), text)),
        }
    }
    made
}

/// Keywords and texts of all three kinds; those that can't be unpacked are left out.
fn texts<'a>(info: &'a Info<'_>) -> impl Iterator<Item = (&'a str, String)> {
    let plain = info.uncompressed_latin1_text.iter().map(|t| (t.keyword.as_str(), Some(t.text.clone())));
    let packed = info.compressed_latin1_text.iter().map(|t| (t.keyword.as_str(), t.get_text().ok()));
    let unicode = info.utf8_text.iter().map(|t| (t.keyword.as_str(), t.get_text().ok()));
    plain.chain(packed).chain(unicode).filter_map(|(keyword, text)| Some((keyword, text?)))
}

/// The recipe of a file whose pixels may be anything.
pub(super) fn recipe(bytes: &[u8]) -> Result<Option<String>, Error> {
    Ok(described(bytes, |found| found.recipe.is_some())?.recipe)
}

/// EXIF data and texts of a file whose pixels may be anything, as far as it can be read.
pub(super) fn description(bytes: &[u8]) -> Result<Metadata, Error> {
    described(bytes, |_| false)
}

/// What stands before the pixels and, unless that is enough, what stands after them.
fn described(bytes: &[u8], enough: impl Fn(&Metadata) -> bool) -> Result<Metadata, Error> {
    let limits = Limits::default();
    let deadline = &Deadline::new(Format::Png, &limits, &CancelToken::default());
    let reader = TimedReader::new(bytes, deadline.clone());
    let decoder = png::Decoder::new_with_limits(reader, png::Limits { bytes: limits.decoder_bytes() });
    let mut reader = decoder.read_info().map_err(|e| failure(e, deadline, &limits))?;
    let found = metadata(reader.info());
    if enough(&found) || reader.finish().is_err() {
        return Ok(found);
    }
    Ok(metadata(reader.info()))
}

/// Lossless; filter and compression are fixed, so the same picture gives the same bytes.
pub(super) fn encode(picture: &Picture, attachments: &Attachments<'_>, cancel: &CancelToken) -> Result<Vec<u8>, Error> {
    let mut info = Info::with_size(picture.width as u32, picture.height as u32);
    info.color_type = match picture.channels {
        Channels::Gray => ColorType::Grayscale,
        Channels::GrayAlpha => ColorType::GrayscaleAlpha,
        Channels::Rgb => ColorType::Rgb,
        Channels::Rgba => ColorType::Rgba,
    };
    info.bit_depth = match picture.depth() {
        Depth::Eight => BitDepth::Eight,
        Depth::Sixteen => BitDepth::Sixteen,
    };
    info.icc_profile = attachments.icc.map(Cow::Borrowed);
    info.exif_metadata = attachments.exif.as_deref().map(Cow::Borrowed);
    let mut bytes = Vec::new();
    match write(&mut bytes, info, picture, attachments, cancel) {
        Ok(()) => Ok(bytes),
        Err(_) if cancel.is_cancelled() => Err(Cancelled.into()),
        Err(e) => Err(Error::Encode { format: Format::Png, detail: e.to_string() }),
    }
}

fn write(
    bytes: &mut Vec<u8>,
    info: Info<'_>,
    picture: &Picture,
    attachments: &Attachments<'_>,
    cancel: &CancelToken,
) -> Result<(), png::EncodingError> {
    let mut encoder = png::Encoder::with_info(bytes, info)?;
    encoder.set_compression(png::Compression::Balanced);
    for (keyword, text) in attachments.texts.iter().filter(|(keyword, _)| is_keyword(keyword)) {
        if keyword == INFOTEXT && text.chars().all(|c| c == '\n' || is_latin(c)) {
            // As Pillow decides; readers that know tEXt only find it.
            encoder.add_text_chunk(keyword.clone(), text.clone())?;
        } else {
            encoder.add_itxt_chunk(keyword.clone(), text.clone())?;
        }
    }
    if let Some(packet) = attachments.xmp {
        encoder.add_itxt_chunk(XMP.to_owned(), packet.to_owned())?;
    }
    if let Some(recipe) = attachments.recipe {
        encoder.add_itxt_chunk(RECIPE.to_owned(), recipe.to_owned())?;
    }
    let mut writer = encoder.write_header()?;
    let mut pixels = writer.stream_writer_with_size(LARGEST_CHUNK)?;
    match &picture.samples {
        Samples::U8(samples) => write_pieces(&mut pixels, samples, cancel, |v| [v])?,
        Samples::U16(samples) => write_pieces(&mut pixels, samples, cancel, u16::to_be_bytes)?,
    }
    pixels.finish()?;
    writer.finish()
}

/// Samples as bytes, a piece at a time, the token read between them.
fn write_pieces<T: Copy, const N: usize>(
    to: &mut impl Write,
    samples: &[T],
    cancel: &CancelToken,
    bytes: impl Fn(T) -> [u8; N],
) -> std::io::Result<()> {
    for piece in samples.chunks(PIECE) {
        cancel.check().map_err(std::io::Error::other)?;
        to.write_all(piece.iter().flat_map(|&v| bytes(v)).collect::<Vec<u8>>().as_slice())?;
    }
    Ok(())
}

/// 1 to 79 printable Latin-1 characters (section 11.3.4.2), and none of ours.
fn is_keyword(keyword: &str) -> bool {
    let count = keyword.chars().count();
    (1..=79).contains(&count) && keyword.chars().all(is_latin) && ![RECIPE, XMP].contains(&keyword)
}

fn is_latin(c: char) -> bool {
    matches!(u32::from(c), 32..=126 | 161..=255)
}

fn damaged(detail: &str) -> Error {
    Error::Damaged { format: Format::Png, detail: detail.to_owned() }
}

fn failure(error: DecodingError, deadline: &Deadline, limits: &Limits) -> Error {
    if let Err(slow) = deadline.check() {
        return slow;
    }
    match error {
        DecodingError::IoError(_) => {
            Error::Truncated { format: Format::Png, detail: "it ends before the picture does".to_owned() }
        }
        DecodingError::LimitsExceeded => {
            let limit = limits.decoder_bytes() as u64;
            Error::TooLarge { what: "memory for a block of the PNG in bytes", actual: limit.saturating_add(1), limit }
        }
        other => damaged(&other.to_string()),
    }
}
