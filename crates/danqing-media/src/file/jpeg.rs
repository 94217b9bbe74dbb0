//! JPEG: decoded by `jpeg-decoder`, encoded by `jpeg-encoder`.

use danqing_capability::{CancelToken, Cancelled};
use jpeg_decoder::ColorTransform;
use jpeg_encoder::{ColorType, Encoder};

use super::encode::{Attachments, bytes_of, flattened};
use super::jpeg_segments::{Frame, Part, Segments};
use super::limits::{Deadline, TimedReader};
use super::until_cancelled::UntilCancelled;
use super::{Format, Limits, xmp};
use crate::cmyk::{Ink, srgb_from_inks};
use crate::{Channels, Error, Metadata, Picture, Samples, Warning};

/// A scan costs at least two bits per 8×8 block, or one for 32767 blocks in progressive files; no encoder comes near.
const LARGEST_PIXELS_PER_BYTE: u64 = 1 << 14;
/// Real progressive files have about ten scans; more are a way to waste time.
const MOST_SCANS: usize = 100;
/// Payload of an APP segment, less the header of XMP.
const LARGEST_PACKET: usize = 65_533 - XMP_HEADER.len();
const XMP_HEADER: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const LARGEST_EXIF: usize = 65_533 - 6;

/// Equals libjpeg-turbo (islow DCT, fancy upsampling) within 4 of 255 per sample; pictures one pixel wide within 40.
pub(super) fn decode(bytes: &[u8], limits: &Limits, deadline: &Deadline) -> Result<Picture, Error> {
    let segments = Segments::read(bytes, Part::All)?;
    let frame = checked_frame(&segments, bytes, limits)?;
    deadline.check()?;
    let kind = Kind::of(&segments, frame)?;
    let data = decode_samples(bytes, frame, kind, deadline)?;
    let (width, height) = (frame.width as usize, frame.height as usize);
    let mut metadata =
        Metadata { exif: segments.exif.as_deref().map(Into::into), xmp: segments.xmp.clone(), ..Metadata::default() };
    if segments.has_extended_xmp {
        let message = "the second, extended part of the picture's XMP data was left out";
        metadata.warnings.push(Warning::new("extended_xmp_dropped", message));
    }
    let mut icc = segments.icc;
    let (channels, data) = match kind {
        Kind::Gray => (Channels::Gray, data),
        Kind::Ycbcr | Kind::Rgb => (Channels::Rgb, data),
        Kind::Inks { ink, .. } => (
            Channels::Rgb,
            srgb_from_inks(&data, ink, icc.take().as_deref(), &mut metadata.warnings, deadline.token())?,
        ),
    };
    let mut picture = Picture::new(width, height, channels, Samples::U8(data))?;
    picture.icc_profile = icc.map(Into::into);
    picture.metadata = metadata;
    Ok(picture)
}

/// What the components mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Gray,
    Ycbcr,
    Rgb,
    Inks { ycck: bool, ink: Ink },
}

impl Kind {
    fn of(segments: &Segments, frame: &Frame) -> Result<Self, Error> {
        match (frame.components.as_slice(), segments.adobe) {
            ([_], _) => Ok(Self::Gray),
            ([_, _, _], Some(0)) => Ok(Self::Rgb),
            (b"RGB", None) if !segments.is_jfif => Ok(Self::Rgb),
            ([_, _, _], _) => Ok(Self::Ycbcr),
            // Adobe writes inks inverted (TN 5116); Pillow and browsers take the segment as the sign of it. The decoder
            // hands out the complement of what the file holds.
            ([_, _, _, _], None) => Ok(Self::Inks { ycck: false, ink: Ink::Inverted }),
            ([_, _, _, _], Some(transform)) => Ok(Self::Inks { ycck: transform == 2, ink: Ink::Plain }),
            (other, _) => Err(unsupported(&format!("JPEG with {} components", other.len()))),
        }
    }

    fn transform(self) -> ColorTransform {
        match self {
            Self::Gray => ColorTransform::Grayscale,
            Self::Ycbcr => ColorTransform::YCbCr,
            Self::Rgb => ColorTransform::RGB,
            Self::Inks { ycck: true, .. } => ColorTransform::YCCK,
            Self::Inks { ycck: false, .. } => ColorTransform::CMYK,
        }
    }
}

fn checked_frame<'a>(segments: &'a Segments, bytes: &[u8], limits: &Limits) -> Result<&'a Frame, Error> {
    let Some(frame) = &segments.frame else { return Err(truncated("it ends before the frame header")) };
    if frame.height == 0 {
        return Err(unsupported("JPEG that gives its height after the picture"));
    }
    limits.check_size(Format::Jpeg, frame.width, frame.height)?;
    if frame.precision != 8 || !matches!(frame.marker, 0xC0..=0xC2) {
        let what = format!("JPEG of {} bits, process SOF{}", frame.precision, frame.marker - 0xC0);
        return Err(unsupported(&what));
    }
    if !segments.is_complete {
        return Err(truncated("its end-of-image marker is missing"));
    }
    if segments.scans == 0 {
        return Err(Error::Damaged { format: Format::Jpeg, detail: "it holds no scan".to_owned() });
    }
    if segments.scans > MOST_SCANS {
        let (actual, limit) = (segments.scans as u64, MOST_SCANS as u64);
        return Err(Error::TooLarge { what: "number of scans of the JPEG", actual, limit });
    }
    if frame.width * frame.height / LARGEST_PIXELS_PER_BYTE > bytes.len() as u64 {
        let (width, height) = (frame.width, frame.height);
        let detail = format!("{} bytes can't hold the {width}x{height} pixels its header declares", bytes.len());
        return Err(Error::Truncated { format: Format::Jpeg, detail });
    }
    Ok(frame)
}

fn decode_samples(bytes: &[u8], frame: &Frame, kind: Kind, deadline: &Deadline) -> Result<Vec<u8>, Error> {
    let expected = (frame.width * frame.height) as usize * frame.components.len();
    let (owned, until) = (bytes.to_vec(), deadline.clone());
    // The decoder reads to the end, then computes for a while: what it computes, nobody waits for.
    let decoded = deadline.token().detached(move || {
        let mut decoder = jpeg_decoder::Decoder::new(TimedReader::new(&owned, until));
        decoder.set_color_transform(kind.transform());
        decoder.set_max_decoding_buffer_size(expected);
        decoder.decode()
    })?;
    let data = decoded.map_err(|e| failure(&e, deadline))?;
    if data.len() != expected {
        let detail = format!("{} samples decoded, {expected} declared", data.len());
        return Err(Error::Damaged { format: Format::Jpeg, detail });
    }
    Ok(data)
}

/// EXIF data, if the headers hold some.
pub(super) fn exif_data(bytes: &[u8]) -> Option<Vec<u8>> {
    Segments::read(bytes, Part::Headers).ok()?.exif
}

/// The XMP packet, if the headers hold one.
pub(super) fn xmp_packet(bytes: &[u8]) -> Option<String> {
    Segments::read(bytes, Part::Headers).ok()?.xmp
}

/// Baseline, one scan, standard Huffman tables (`jpeg-encoder` splits scans for others); 4:4:4 from quality 90 on, 4:2:0 below.
pub(super) fn encode(
    picture: &Picture,
    attachments: &Attachments<'_>,
    quality: u8,
    warnings: &mut Vec<Warning>,
    cancel: &CancelToken,
) -> Result<Vec<u8>, Error> {
    let (channels, samples) = flattened(picture, bytes_of(picture, Format::Jpeg)?, Format::Jpeg, warnings);
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(UntilCancelled::new(&mut bytes, cancel), quality);
    attach(&mut encoder, attachments, warnings)?;
    let color = if channels.is_gray() { ColorType::Luma } else { ColorType::Rgb };
    let (Ok(width), Ok(height)) = (u16::try_from(picture.width), u16::try_from(picture.height)) else {
        let actual = picture.width.max(picture.height) as u64;
        return Err(Error::TooLarge { what: "longer side for this file format", actual, limit: 65_535 });
    };
    match encoder.encode(&samples, width, height, color) {
        Ok(()) => Ok(bytes),
        Err(_) if cancel.is_cancelled() => Err(Cancelled.into()),
        Err(e) => Err(refused(&e)),
    }
}

fn attach<W: jpeg_encoder::JfifWrite>(
    encoder: &mut Encoder<W>,
    attachments: &Attachments<'_>,
    warnings: &mut Vec<Warning>,
) -> Result<(), Error> {
    attachments.warn_about_texts(Format::Jpeg, warnings);
    match attachments.exif.as_deref() {
        Some(exif) if exif.len() <= LARGEST_EXIF => encoder.add_exif_metadata(exif).map_err(|e| refused(&e))?,
        Some(exif) => {
            let message = format!("EXIF data of {} bytes does not fit into JPEG and was left out", exif.len());
            warnings.push(Warning::new("exif_dropped", message));
        }
        None => {}
    }
    if let Some(packet) = fitting_packet(attachments, warnings)? {
        encoder.add_app_segment(1, [XMP_HEADER, packet.as_bytes()].concat()).map_err(|e| refused(&e))?;
    }
    if let Some(icc) = attachments.icc {
        encoder.add_icc_profile(icc).map_err(|e| refused(&e))?;
    }
    Ok(())
}

/// The packet; where it is too long, the recipe without the picture's own XMP data.
fn fitting_packet(attachments: &Attachments<'_>, warnings: &mut Vec<Warning>) -> Result<Option<String>, Error> {
    let whole = attachments.xmp_with_recipe(warnings);
    if whole.as_ref().is_none_or(|packet| packet.len() <= LARGEST_PACKET) {
        return Ok(whole.map(std::borrow::Cow::into_owned));
    }
    if attachments.xmp.is_some() {
        let message = "the picture's XMP data does not fit into JPEG and was left out";
        warnings.push(Warning::new("xmp_dropped", message));
    }
    let Some(recipe) = attachments.recipe else { return Ok(None) };
    let packet = xmp::with_recipe(None, recipe);
    if packet.len() > LARGEST_PACKET {
        let (actual, limit) = (packet.len() as u64, LARGEST_PACKET as u64);
        return Err(Error::TooLarge { what: "recipe in a JPEG file in bytes (write PNG instead)", actual, limit });
    }
    Ok(Some(packet))
}

fn refused(error: &jpeg_encoder::EncodingError) -> Error {
    Error::Encode { format: Format::Jpeg, detail: error.to_string() }
}

fn truncated(detail: &str) -> Error {
    Error::Truncated { format: Format::Jpeg, detail: detail.to_owned() }
}

fn unsupported(what: &str) -> Error {
    Error::Unsupported { what: what.to_owned(), way_out: "convert it to PNG first".to_owned() }
}

fn failure(error: &jpeg_decoder::Error, deadline: &Deadline) -> Error {
    if let Err(slow) = deadline.check() {
        return slow;
    }
    match error {
        jpeg_decoder::Error::Io(_) => truncated("it ends before the picture does"),
        jpeg_decoder::Error::Unsupported(_) => unsupported(&format!("this JPEG ({error})")),
        other => Error::Damaged { format: Format::Jpeg, detail: other.to_string() },
    }
}
