//! The WebP container: RFC 9649, section 2.

use crate::Error;
use crate::file::Format;

/// Name and data of the chunks of a WebP file, as far as the file goes.
pub(super) fn chunks(bytes: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut at = 12;
    std::iter::from_fn(move || {
        let name = bytes.get(at..at + 4)?;
        let length = u32::from_le_bytes(bytes.get(at + 4..at + 8)?.try_into().ok()?) as usize;
        let data = bytes.get(at + 8..(at + 8).checked_add(length)?)?;
        at += 8 + length + length % 2;
        Some((name, data))
    })
}

/// Data of the first chunk of that name.
pub(super) fn chunk(bytes: &[u8], name: [u8; 4]) -> Option<&[u8]> {
    chunks(bytes).find(|(found, _)| *found == name).map(|(_, data)| data)
}

/// A file that ends before the length that its header declares is truncated.
pub(super) fn check_length(bytes: &[u8]) -> Result<(), Error> {
    let truncated = |detail: String| Error::Truncated { format: Format::WebP, detail };
    let Some(Ok(declared)) = bytes.get(4..8).map(<[u8; 4]>::try_from) else {
        return Err(truncated("it ends inside its header".to_owned()));
    };
    let (declared, actual) = (u64::from(u32::from_le_bytes(declared)) + 8, bytes.len() as u64);
    if declared > actual {
        return Err(truncated(format!("it has {actual} bytes, its header declares {declared}")));
    }
    Ok(())
}

/// Chunks put around the coded picture.
pub(super) struct Extras<'a> {
    pub(super) icc: Option<&'a [u8]>,
    pub(super) exif: Option<&'a [u8]>,
    pub(super) xmp: Option<&'a [u8]>,
}

/// A WebP file of the coded picture in `coded` (itself a WebP file) and the extras, in the extended layout if there are
/// any. Chunks of `coded` other than the picture's are left out.
pub(super) fn with_extras(coded: &[u8], size: (usize, usize), alpha: bool, extras: &Extras<'_>) -> Vec<u8> {
    let picture: Vec<_> = chunks(coded).filter(|(name, _)| matches!(*name, b"VP8 " | b"VP8L" | b"ALPH")).collect();
    let flag = |set: bool, bit: u32| u32::from(set) << bit;
    let flags =
        flag(extras.icc.is_some(), 5) | flag(alpha, 4) | flag(extras.exif.is_some(), 3) | flag(extras.xmp.is_some(), 2);
    let simple = picture.len() == 1 && extras.icc.is_none() && extras.exif.is_none() && extras.xmp.is_none();
    let mut made = b"RIFF\0\0\0\0WEBP".to_vec();
    if !simple {
        let mut header = flags.to_le_bytes().to_vec();
        header.extend(&(size.0 as u32 - 1).to_le_bytes()[..3]);
        header.extend(&(size.1 as u32 - 1).to_le_bytes()[..3]);
        push(&mut made, b"VP8X", &header);
    }
    extras.icc.inspect(|data| push(&mut made, b"ICCP", data));
    for (name, data) in picture {
        push(&mut made, name, data);
    }
    extras.exif.inspect(|data| push(&mut made, b"EXIF", data));
    extras.xmp.inspect(|data| push(&mut made, b"XMP ", data));
    let length = made.len() as u32 - 8;
    made[4..8].copy_from_slice(&length.to_le_bytes());
    made
}

fn push(made: &mut Vec<u8>, name: &[u8], data: &[u8]) {
    made.extend_from_slice(name);
    made.extend((data.len() as u32).to_le_bytes());
    made.extend_from_slice(data);
    if data.len() % 2 == 1 {
        made.push(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extras_are_found_again_and_odd_lengths_padded() {
        let coded = b"RIFF\x0E\0\0\0WEBPVP8L\x01\0\0\0\x2F\0";
        let extras = Extras { icc: Some(b"icc"), exif: None, xmp: Some(b"xmp!") };
        let made = with_extras(coded, (300, 2), true, &extras);
        assert_eq!(chunk(&made, *b"ICCP"), Some(&b"icc"[..]));
        assert_eq!(chunk(&made, *b"XMP "), Some(&b"xmp!"[..]));
        assert_eq!(chunk(&made, *b"VP8L"), Some(&[0x2F][..]));
        assert_eq!(chunk(&made, *b"VP8X"), Some(&[0b11_0100, 0, 0, 0, 43, 1, 0, 1, 0, 0][..]));
        assert!(check_length(&made).is_ok());
        assert!(check_length(&made[..made.len() - 2]).is_err());
        let none = Extras { icc: None, exif: None, xmp: None };
        assert_eq!(with_extras(coded, (1, 1), false, &none), coded);
    }
}
