//! WebP: decoded and losslessly encoded by `image-webp`, lossily encoded by libwebp.

use std::borrow::Cow;

use danqing_capability::CancelToken;

use image_webp::{ColorType, DecodingError, WebPDecoder, WebPEncoder};

use super::encode::{Attachments, bytes_of, shared};
use super::limits::{Deadline, TimedReader};
use super::{EncodeOptions, Format, Limits, exif, riff};
use crate::{Channels, Error, Picture, Samples, Warning};

/// Lossy files equal libwebp with fancy upsampling within two steps of 255; the first frame of an animation.
pub(super) fn decode(bytes: &[u8], limits: &Limits, deadline: &Deadline) -> Result<Picture, Error> {
    riff::check_length(bytes)?;
    let (owned, until, limits) = (bytes.to_vec(), deadline.clone(), *limits);
    let mut picture = deadline.token().detached(move || decode_samples(&owned, &limits, &until))??;
    picture.icc_profile = riff::chunk(bytes, *b"ICCP").and_then(shared);
    picture.metadata.exif = exif_data(bytes).and_then(shared);
    picture.metadata.xmp = xmp_packet(bytes);
    Ok(picture)
}

/// Of a lossy picture the decoder reads everything first and then computes without looking up.
fn decode_samples(bytes: &[u8], limits: &Limits, deadline: &Deadline) -> Result<Picture, Error> {
    let failed = |e| failure(&e, deadline);
    let mut decoder = WebPDecoder::new(TimedReader::new(bytes, deadline.clone())).map_err(failed)?;
    decoder.set_memory_limit(limits.decoder_bytes());
    let (width, height) = decoder.dimensions();
    limits.check_size(Format::WebP, width.into(), height.into())?;
    let length = decoder.output_buffer_size().ok_or_else(|| damaged("its size overflows"))?;
    let mut data = vec![0; length];
    decoder.read_image(&mut data).map_err(failed)?;
    let channels = if decoder.has_alpha() { Channels::Rgba } else { Channels::Rgb };
    let mut picture = Picture::new(width as usize, height as usize, channels, Samples::U8(data))?;
    if decoder.is_animated() {
        let message = format!("the WebP has {} frames; only the first was read", decoder.num_frames());
        picture.metadata.warnings.push(Warning::new("first_frame", message));
    }
    Ok(picture)
}

/// EXIF data, if there are some.
pub(super) fn exif_data(bytes: &[u8]) -> Option<&[u8]> {
    riff::chunk(bytes, *b"EXIF").map(exif::without_prefix)
}

/// The XMP packet, if there is one.
pub(super) fn xmp_packet(bytes: &[u8]) -> Option<String> {
    String::from_utf8(riff::chunk(bytes, *b"XMP ")?.to_vec()).ok()
}

/// Grey becomes RGB, because that is all WebP holds.
pub(super) fn encode(
    picture: &Picture,
    attachments: &Attachments<'_>,
    options: EncodeOptions,
    warnings: &mut Vec<Warning>,
    cancel: &CancelToken,
) -> Result<Vec<u8>, Error> {
    attachments.warn_about_texts(Format::WebP, warnings);
    let (samples, keeps_profile) = colour_samples(picture, warnings, cancel)?;
    let samples = samples.into_owned();
    let alpha = picture.channels.has_alpha();
    let size = picture.size();
    let coded = cancel.detached(move || {
        if options.lossless { lossless(&samples, size, alpha) } else { lossy(&samples, size, alpha, options.quality) }
    })??;
    let packet = attachments.xmp_with_recipe(warnings);
    let extras = riff::Extras {
        icc: attachments.icc.filter(|_| keeps_profile),
        exif: attachments.exif.as_deref(),
        xmp: packet.as_deref().map(str::as_bytes),
    };
    Ok(riff::with_extras(&coded, size, alpha, &extras))
}

/// RGB or RGBA samples, and whether the picture's profile describes them: a grey profile does not, so its colours are
/// converted to sRGB.
fn colour_samples<'a>(
    picture: &'a Picture,
    warnings: &mut Vec<Warning>,
    cancel: &CancelToken,
) -> Result<(Cow<'a, [u8]>, bool), Error> {
    let stored = bytes_of(picture, Format::WebP)?;
    if !picture.channels.is_gray() {
        return Ok((Cow::Borrowed(stored), true));
    }
    let srgb = picture.to_srgb8(cancel)?;
    if picture.icc_profile.is_some() {
        let message = "WebP holds no grey profile; the picture was converted to sRGB";
        warnings.push(Warning::new("profile_converted", message));
    }
    if !picture.channels.has_alpha() {
        return Ok((Cow::Owned(srgb.into_samples()), false));
    }
    let with_alpha = srgb.samples().chunks_exact(3).zip(stored.chunks_exact(2));
    Ok((Cow::Owned(with_alpha.flat_map(|(c, p)| [c[0], c[1], c[2], p[1]]).collect()), false))
}

fn lossless(samples: &[u8], (width, height): (usize, usize), alpha: bool) -> Result<Vec<u8>, Error> {
    let mut coded = Vec::new();
    let color = if alpha { ColorType::Rgba8 } else { ColorType::Rgb8 };
    WebPEncoder::new(&mut coded)
        .encode(samples, width as u32, height as u32, color)
        .map_err(|e| refused(e.to_string()))?;
    Ok(coded)
}

fn lossy(samples: &[u8], (width, height): (usize, usize), alpha: bool, quality: u8) -> Result<Vec<u8>, Error> {
    let layout = if alpha { webp::PixelLayout::Rgba } else { webp::PixelLayout::Rgb };
    let encoder = webp::Encoder::new(samples, layout, width as u32, height as u32);
    let coded = encoder.encode_simple(false, quality.into()).map_err(|e| refused(format!("{e:?}")))?;
    Ok(coded.to_vec())
}

fn refused(detail: String) -> Error {
    Error::Encode { format: Format::WebP, detail }
}

fn damaged(detail: &str) -> Error {
    Error::Damaged { format: Format::WebP, detail: detail.to_owned() }
}

fn failure(error: &DecodingError, deadline: &Deadline) -> Error {
    if let Err(slow) = deadline.check() {
        return slow;
    }
    match error {
        DecodingError::IoError(_) => {
            Error::Truncated { format: Format::WebP, detail: "it ends before the picture does".to_owned() }
        }
        other => damaged(&other.to_string()),
    }
}
