//! GIF, first frame, through the `gif` crate.

use std::num::NonZeroU64;

use gif::{ColorOutput, DecodeOptions, Decoder, DecodingError, MemoryLimit};

use super::encode::shared;
use super::limits::{Deadline, TimedReader};
use super::{Format, Limits};
use crate::{Channels, Error, Picture, Samples, Warning};

/// The first frame on its canvas; RGB, or RGBA if any pixel is transparent.
pub(super) fn decode(bytes: &[u8], limits: &Limits, deadline: &Deadline) -> Result<Picture, Error> {
    let failed = |e| failure(&e, deadline);
    check_screen(bytes, limits)?;
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::RGBA);
    options.check_frame_consistency(true);
    let limit = NonZeroU64::new(limits.decoder_bytes() as u64);
    options.set_memory_limit(limit.map_or(MemoryLimit::Unlimited, MemoryLimit::Bytes));
    let mut decoder = options.read_info(TimedReader::new(bytes, deadline.clone())).map_err(failed)?;
    let (width, height) = (usize::from(decoder.width()), usize::from(decoder.height()));
    let data = first_frame(&mut decoder, width, height).map_err(failed)??;
    let mut picture = Picture::new(width, height, Channels::Rgba, Samples::U8(data))?;
    picture.icc_profile = decoder.icc_profile().and_then(shared);
    picture.metadata.xmp = decoder.xmp_metadata().and_then(|xmp| String::from_utf8(xmp.to_vec()).ok());
    if matches!(decoder.next_frame_info(), Ok(Some(_))) {
        let message = "the GIF is an animation; only its first frame was read";
        picture.metadata.warnings.push(Warning::new("first_frame", message));
    }
    Ok(opaque_without_alpha(picture))
}

/// The size in the logical screen descriptor, which follows the signature.
fn check_screen(bytes: &[u8], limits: &Limits) -> Result<(), Error> {
    let Some(&[w0, w1, h0, h1]) = bytes.get(6..10) else { return Err(truncated("it ends inside its header")) };
    let (width, height) = (u16::from_le_bytes([w0, w1]), u16::from_le_bytes([h0, h1]));
    limits.check_size(Format::Gif, width.into(), height.into())
}

/// RGBA of the whole canvas, transparent where the frame does not reach.
fn first_frame(
    decoder: &mut Decoder<TimedReader<'_>>,
    width: usize,
    height: usize,
) -> Result<Result<Vec<u8>, Error>, DecodingError> {
    let Some(frame) = decoder.read_next_frame()? else {
        return Ok(Err(truncated("it holds no frame")));
    };
    let row = usize::from(frame.width) * 4;
    let (left, top) = (usize::from(frame.left), usize::from(frame.top));
    let mut data = vec![0; width * height * 4];
    for (y, pixels) in frame.buffer.chunks_exact(row.max(1)).enumerate() {
        let at = ((top + y) * width + left) * 4;
        match data.get_mut(at..at + row) {
            Some(place) if left * 4 + row <= width * 4 => place.copy_from_slice(pixels),
            _ => return Ok(Err(damaged("its first frame is larger than its canvas"))),
        }
    }
    Ok(Ok(data))
}

fn opaque_without_alpha(mut picture: Picture) -> Picture {
    if let Samples::U8(samples) = &picture.samples
        && samples.iter().skip(3).step_by(4).all(|&alpha| alpha == 255)
    {
        picture.samples = Samples::U8(samples.chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect());
        picture.channels = Channels::Rgb;
    }
    picture
}

fn truncated(detail: &str) -> Error {
    Error::Truncated { format: Format::Gif, detail: detail.to_owned() }
}

fn damaged(detail: &str) -> Error {
    Error::Damaged { format: Format::Gif, detail: detail.to_owned() }
}

fn failure(error: &DecodingError, deadline: &Deadline) -> Error {
    if let Err(slow) = deadline.check() {
        return slow;
    }
    match error {
        DecodingError::Io(_) | DecodingError::UnexpectedEof => truncated("it ends before its first frame does"),
        other => damaged(&other.to_string()),
    }
}
