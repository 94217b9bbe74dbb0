//! TIFF, decoded and encoded by the `tiff` crate.

use std::io::Cursor;

use danqing_capability::{CancelToken, Cancelled};
use tiff::TiffError;
use tiff::decoder::{BufferLayoutPreference, Decoder, DecodingResult};
use tiff::encoder::colortype::ColorType as Layout;
use tiff::encoder::{Compression, DeflateLevel, TiffEncoder, TiffValue};
use tiff::tags::{PhotometricInterpretation, Predictor, SampleFormat, Tag};

use super::encode::{Attachments, shared};
use super::limits::{Deadline, TimedReader};
use super::until_cancelled::UntilCancelled;
use super::{Format, Limits, exif, tiff_exif, tiff_samples};
use crate::orientation::Orientation;
use crate::{Channels, Error, Metadata, Picture, Samples, Warning};

const ICC_PROFILE: Tag = Tag::IccProfile;
const XMP: Tag = Tag::Unknown(700);
/// `ExtraSamples` value for straight alpha (TIFF 6.0, section 18).
const STRAIGHT_ALPHA: u16 = 2;
/// Deflate packs at most this many bytes into one, LZW and run lengths fewer; fax codes a row in a bit.
const LARGEST_RATIO: u64 = 1 << 17;

type Source<'a> = Decoder<TimedReader<'a>>;

/// Grey, grey and alpha, RGB, RGBA, CMYK (converted to sRGB) of 8 and 16 bit, grey of 1, 2 and 4 bit, JPEG in TIFF;
/// strips and tiles, chunky and planar; the first picture of the file.
pub(super) fn decode(bytes: &[u8], limits: &Limits, deadline: &Deadline) -> Result<Picture, Error> {
    let failed = |e| failure(&e, deadline, limits);
    let mut decoder = Decoder::new(TimedReader::new(bytes, deadline.clone())).map_err(failed)?;
    let mut allowed = tiff::decoder::Limits::default();
    allowed.decoding_buffer_size = limits.decoder_bytes();
    allowed.intermediate_buffer_size = limits.decoder_bytes();
    allowed.ifd_value_size = usize::try_from(limits.max_bytes).unwrap_or(usize::MAX).min(64 << 20);
    decoder = decoder.with_limits(allowed);
    let (width, height) = decoder.dimensions().map_err(failed)?;
    limits.check_size(Format::Tiff, width.into(), height.into())?;
    if u64::from(width) * u64::from(height) / LARGEST_RATIO > bytes.len() as u64 {
        let detail = format!("{} bytes can't hold the {width}x{height} pixels it declares", bytes.len());
        return Err(Error::Truncated { format: Format::Tiff, detail });
    }
    check_chunks(&mut decoder, bytes.len() as u64).map_err(failed)??;
    let color = decoder.colortype().map_err(failed)?;
    let mut data = DecodingResult::U8(Vec::new());
    let layout = decoder.read_image_to_buffer(&mut data).map_err(failed)?;
    let extra = decoder.find_tag_unsigned_vec::<u16>(Tag::ExtraSamples).map_err(failed)?.unwrap_or_default();
    let icc = profile(&mut decoder);
    let stored = tiff_samples::Stored {
        width: width as usize,
        height: height as usize,
        color,
        data,
        planes: planes(&layout),
        premultiplied: extra.first() == Some(&1),
        has_alpha: matches!(extra.first(), Some(1 | 2)),
    };
    let mut picture = stored.into_picture(icc, deadline.token())?;
    describe(&mut picture, &mut decoder, bytes);
    turned(picture, &mut decoder, deadline.token())
}

/// Strips and tiles have to lie inside the file; the JPEG decoder would make up what is missing.
fn check_chunks(decoder: &mut Source<'_>, length: u64) -> Result<Result<(), Error>, TiffError> {
    let pairs = [(Tag::StripOffsets, Tag::StripByteCounts), (Tag::TileOffsets, Tag::TileByteCounts)];
    for (offsets, counts) in pairs {
        let offsets = decoder.find_tag_unsigned_vec::<u64>(offsets)?.unwrap_or_default();
        let counts = decoder.find_tag_unsigned_vec::<u64>(counts)?.unwrap_or_default();
        if let Some(end) = offsets.iter().zip(&counts).map(|(o, c)| o.saturating_add(*c)).find(|&end| end > length) {
            let detail = format!("it has {length} bytes, its pixels go to {end}");
            return Ok(Err(Error::Truncated { format: Format::Tiff, detail }));
        }
    }
    Ok(Ok(()))
}

fn planes(layout: &BufferLayoutPreference) -> usize {
    layout.plane_stride.map_or(1, |stride| layout.complete_len.div_ceil(stride.get()))
}

fn profile(decoder: &mut Source<'_>) -> Option<Vec<u8>> {
    decoder.get_tag_u8_vec(ICC_PROFILE).ok().filter(|icc| !icc.is_empty())
}

fn describe(picture: &mut Picture, decoder: &mut Source<'_>, bytes: &[u8]) {
    let metadata: &mut Metadata = &mut picture.metadata;
    metadata.exif = tiff_exif::from_tiff(bytes).as_deref().and_then(shared);
    metadata.xmp = xmp_of(decoder);
    if decoder.more_images() {
        let message = "the TIFF holds several pictures; only the first was read";
        metadata.warnings.push(Warning::new("first_frame", message));
    }
}

fn xmp_of(decoder: &mut Source<'_>) -> Option<String> {
    let packet = decoder.get_tag_u8_vec(XMP).ok()?;
    String::from_utf8(packet).ok()
}

/// The tag is the container's own, so the EXIF data handed on says "upright".
fn turned(picture: Picture, decoder: &mut Source<'_>, cancel: &CancelToken) -> Result<Picture, Error> {
    let tag = decoder.find_tag_unsigned::<u32>(Tag::Orientation).ok().flatten();
    match tag.and_then(Orientation::from_tag) {
        Some(orientation) => Ok(orientation.applied(picture, cancel)?),
        None => Ok(picture),
    }
}

/// The XMP packet, if there is one.
pub(super) fn xmp_packet(bytes: &[u8]) -> Option<String> {
    let deadline = Deadline::new(Format::Tiff, &Limits::default(), &CancelToken::default());
    let mut allowed = tiff::decoder::Limits::default();
    allowed.ifd_value_size = 64 << 20;
    xmp_of(&mut Decoder::new(TimedReader::new(bytes, deadline.clone())).ok()?.with_limits(allowed))
}

/// Deflate with horizontal differences, strips of about 1 MB; straight alpha.
pub(super) fn encode(
    picture: &Picture,
    attachments: &Attachments<'_>,
    warnings: &mut Vec<Warning>,
    cancel: &CancelToken,
) -> Result<Vec<u8>, Error> {
    attachments.warn_about_texts(Format::Tiff, warnings);
    let packet = attachments.xmp_with_recipe(warnings);
    let sheet = Sheet { picture, attachments, packet: packet.as_deref(), cancel };
    let made = match (&picture.samples, picture.channels) {
        (Samples::U8(samples), Channels::Gray) => sheet.write::<Gray<u8>>(samples),
        (Samples::U8(samples), Channels::GrayAlpha) => sheet.write::<GrayAlpha<u8>>(samples),
        (Samples::U8(samples), Channels::Rgb) => sheet.write::<Rgb<u8>>(samples),
        (Samples::U8(samples), Channels::Rgba) => sheet.write::<Rgba<u8>>(samples),
        (Samples::U16(samples), Channels::Gray) => sheet.write::<Gray<u16>>(samples),
        (Samples::U16(samples), Channels::GrayAlpha) => sheet.write::<GrayAlpha<u16>>(samples),
        (Samples::U16(samples), Channels::Rgb) => sheet.write::<Rgb<u16>>(samples),
        (Samples::U16(samples), Channels::Rgba) => sheet.write::<Rgba<u16>>(samples),
    };
    match made {
        Err(_) if cancel.is_cancelled() => Err(Cancelled.into()),
        made => made.map_err(|e| Error::Encode { format: Format::Tiff, detail: e.to_string() }),
    }
}

struct Sheet<'a> {
    picture: &'a Picture,
    attachments: &'a Attachments<'a>,
    packet: Option<&'a str>,
    cancel: &'a CancelToken,
}

impl Sheet<'_> {
    fn write<L: Layout>(&self, samples: &[L::Inner]) -> Result<Vec<u8>, TiffError>
    where
        [L::Inner]: TiffValue,
    {
        let mut bytes = Cursor::new(Vec::new());
        let mut encoder = TiffEncoder::new(UntilCancelled::new(&mut bytes, self.cancel))?
            .with_compression(Compression::Deflate(DeflateLevel::Balanced))
            .with_predictor(Predictor::Horizontal);
        let tree = self.attachments.exif.as_deref().and_then(exif::tree);
        let linked = tree.as_ref().map(|tree| tiff_exif::write_linked(&mut encoder, tree)).transpose()?;
        let mut image = encoder.new_image::<L>(self.picture.width as u32, self.picture.height as u32)?;
        let directory = image.encoder();
        if let (Some(tree), Some(linked)) = (&tree, &linked) {
            tiff_exif::write_first(directory, tree, linked)?;
        }
        directory.write_tag(Tag::Orientation, 1_u16)?;
        if self.picture.channels.has_alpha() {
            directory.write_tag(Tag::ExtraSamples, &[STRAIGHT_ALPHA][..])?;
        }
        if let Some(icc) = self.attachments.icc {
            // ICC.1 annex B.6: the profile is of type UNDEFINED.
            let profile = directory.write_entry_bytes(tiff::tags::Type::UNDEFINED, icc)?;
            directory.extend_from(&tiff_exif::single(profile, ICC_PROFILE));
        }
        if let Some(packet) = self.packet {
            directory.write_tag(XMP, packet.as_bytes())?;
        }
        image.write_data(samples)?;
        Ok(bytes.into_inner())
    }
}

macro_rules! layouts {
    ($($name:ident: $count:literal, $meaning:ident;)*) => {
        $(
            struct $name<T>(std::marker::PhantomData<T>);

            impl<T: TiffSample> Layout for $name<T> {
                type Inner = T;
                const TIFF_VALUE: PhotometricInterpretation = PhotometricInterpretation::$meaning;
                const BITS_PER_SAMPLE: &'static [u16] = &[T::BITS; $count];
                const SAMPLE_FORMAT: &'static [SampleFormat] = &[SampleFormat::Uint; $count];

                fn horizontal_predict(row: &[T], result: &mut Vec<T>) {
                    let (first, rest) = row.split_at($count.min(row.len()));
                    result.extend_from_slice(first);
                    result.extend(rest.iter().zip(row).map(|(&right, &left)| right.minus(left)));
                }
            }
        )*
    };
}

layouts! {
    Gray: 1, BlackIsZero;
    GrayAlpha: 2, BlackIsZero;
    Rgb: 3, RGB;
    Rgba: 4, RGB;
}

trait TiffSample: TiffValue + Copy {
    const BITS: u16;

    fn minus(self, other: Self) -> Self;
}

impl TiffSample for u8 {
    const BITS: u16 = 8;

    fn minus(self, other: Self) -> Self {
        self.wrapping_sub(other)
    }
}

impl TiffSample for u16 {
    const BITS: u16 = 16;

    fn minus(self, other: Self) -> Self {
        self.wrapping_sub(other)
    }
}

fn failure(error: &TiffError, deadline: &Deadline, limits: &Limits) -> Error {
    if let Err(slow) = deadline.check() {
        return slow;
    }
    match error {
        TiffError::IoError(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
            Error::Truncated { format: Format::Tiff, detail: "it ends before the picture does".to_owned() }
        }
        TiffError::UnsupportedError(_) => Error::Unsupported {
            what: format!("this TIFF ({error})"),
            way_out: "convert it to PNG, or to TIFF with 8 or 16 bit grey, RGB or CMYK".to_owned(),
        },
        TiffError::LimitsExceeded => {
            let limit = limits.decoder_bytes() as u64;
            Error::TooLarge { what: "memory for the TIFF in bytes", actual: limit.saturating_add(1), limit }
        }
        other => Error::Damaged { format: Format::Tiff, detail: other.to_string() },
    }
}
