//! BMP, through `zune-bmp`.

use zune_bmp::{BmpDecoder, BmpDecoderErrors};
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;

use super::{Format, Limits};
use crate::{Channels, Error, Picture, Samples};

/// 1 to 32 bit, palettes, run lengths; alpha where a version 4 or 5 header declares it.
pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Picture, Error> {
    check_header(bytes, limits)?;
    let side = usize::try_from(limits.max_side).unwrap_or(usize::MAX);
    let options = DecoderOptions::default().set_strict_mode(true).set_max_width(side).set_max_height(side);
    let mut decoder = BmpDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(|e| failure(&e))?;
    let (width, height) = decoder.dimensions().ok_or_else(|| damaged("its size is missing"))?;
    limits.check_size(Format::Bmp, width as u64, height as u64)?;
    let data = decoder.decode().map_err(|e| failure(&e))?;
    let channels = match decoder.colorspace() {
        Some(ColorSpace::RGBA) => Channels::Rgba,
        Some(ColorSpace::RGB) => Channels::Rgb,
        Some(ColorSpace::Luma) => Channels::Gray,
        other => return Err(damaged(&format!("its colours are {other:?}"))),
    };
    let mut picture = Picture::new(width, height, channels, Samples::U8(data))?;
    picture.icc_profile = decoder.icc_profile().map(|icc| icc.as_slice().into());
    Ok(picture)
}

/// Size against the limits; rows that are not run-length coded have to be there in full.
fn check_header(bytes: &[u8], limits: &Limits) -> Result<(), Error> {
    let long = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    let short = |at: usize| Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
    let read = || {
        let offset = u64::from(long(10)?);
        if long(14)? == 12 {
            return Some((offset, u64::from(short(18)?), u64::from(short(20)?), u64::from(short(24)?), 0));
        }
        let (width, height) = (long(18)? as i32, long(22)? as i32);
        Some((offset, width.unsigned_abs().into(), height.unsigned_abs().into(), short(28)?.into(), long(30)?))
    };
    let Some((offset, width, height, bits, compression)) = read() else {
        return Err(truncated("it ends inside its header"));
    };
    limits.check_size(Format::Bmp, width, height)?;
    let row = (width * bits).div_ceil(32) * 4;
    let runs = matches!(compression, 1 | 2);
    if !runs && offset.saturating_add(row.saturating_mul(height)) > bytes.len() as u64 {
        return Err(truncated(&format!("{} bytes can't hold {width}x{height} pixels of {bits} bits", bytes.len())));
    }
    Ok(())
}

fn truncated(detail: &str) -> Error {
    Error::Truncated { format: Format::Bmp, detail: detail.to_owned() }
}

fn damaged(detail: &str) -> Error {
    Error::Damaged { format: Format::Bmp, detail: detail.to_owned() }
}

fn failure(error: &BmpDecoderErrors) -> Error {
    match error {
        BmpDecoderErrors::IoErrors(_) => truncated("it ends before the picture does"),
        other => damaged(format!("{other:?}").trim_end()),
    }
}
