//! The marker segments of a JPEG file: ITU-T T.81 annex B; Exif 2.32; XMP part 3; ICC.1 annex B.4; Adobe TN 5116.

use crate::Error;
use crate::file::Format;

/// Size and channels from the frame header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) marker: u8,
    pub(super) precision: u8,
    pub(super) width: u64,
    pub(super) height: u64,
    /// Component identifiers, in order.
    pub(super) components: Vec<u8>,
}

/// What the segments before and between the scans say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Segments {
    pub(super) frame: Option<Frame>,
    /// Without the `Exif\0\0` prefix.
    pub(super) exif: Option<Vec<u8>>,
    pub(super) xmp: Option<String>,
    pub(super) has_extended_xmp: bool,
    pub(super) icc: Option<Vec<u8>>,
    /// Colour transform of the Adobe segment: 0 none, 1 YCbCr, 2 YCCK.
    pub(super) adobe: Option<u8>,
    pub(super) is_jfif: bool,
    pub(super) scans: usize,
    /// Whether the end-of-image marker was found.
    pub(super) is_complete: bool,
}

/// Which part of a file to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Up to the first scan.
    Headers,
    /// To the end of the picture.
    All,
}

const START_OF_SCAN: u8 = 0xDA;
const END_OF_IMAGE: u8 = 0xD9;

impl Segments {
    /// Walks the markers; stops without error where the file stops.
    ///
    /// # Errors
    /// [`Error::Damaged`] where no marker is, but one has to be.
    pub(super) fn read(bytes: &[u8], part: Part) -> Result<Self, Error> {
        let mut made = Self::default();
        let mut profile = Vec::new();
        let mut at = 2;
        while let Some((marker, body)) = next_marker(bytes, &mut at)? {
            if marker == END_OF_IMAGE {
                made.is_complete = true;
                break;
            }
            made.take(marker, body, &mut profile);
            if marker == START_OF_SCAN {
                made.scans += 1;
                if part == Part::Headers {
                    break;
                }
                at = end_of_scan(bytes, at);
            }
        }
        profile.sort_by_key(|&(number, _)| number);
        let icc: Vec<u8> = profile.iter().flat_map(|(_, data)| data.iter().copied()).collect();
        made.icc = (!icc.is_empty()).then_some(icc);
        Ok(made)
    }

    fn take<'a>(&mut self, marker: u8, body: &'a [u8], profile: &mut Vec<(u8, &'a [u8])>) {
        match marker {
            0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF if self.frame.is_none() => {
                self.frame = frame(marker, body);
            }
            0xE0 if body.starts_with(b"JFIF\0") => self.is_jfif = true,
            0xE1 => self.take_app1(body),
            0xE2 => {
                if let Some([number, _count, data @ ..]) = body.strip_prefix(b"ICC_PROFILE\0") {
                    profile.push((*number, data));
                }
            }
            0xEE if body.starts_with(b"Adobe") && body.len() >= 12 => self.adobe = Some(body[11]),
            _ => {}
        }
    }

    fn take_app1(&mut self, body: &[u8]) {
        if let Some(exif) = body.strip_prefix(b"Exif\0\0") {
            self.exif.get_or_insert_with(|| exif.to_vec());
        } else if let Some(packet) = body.strip_prefix(b"http://ns.adobe.com/xap/1.0/\0") {
            self.xmp = self.xmp.take().or_else(|| String::from_utf8(packet.to_vec()).ok());
        } else if body.starts_with(b"http://ns.adobe.com/xmp/extension/\0") {
            self.has_extended_xmp = true;
        }
    }
}

/// The marker at or after `at` and its segment; none at the end of the bytes. `at` moves behind it.
fn next_marker<'a>(bytes: &'a [u8], at: &mut usize) -> Result<Option<(u8, &'a [u8])>, Error> {
    if bytes.get(*at).is_some_and(|&b| b != 0xFF) {
        let detail = format!("byte {:#04x} at {at} is not a marker", bytes[*at]);
        return Err(Error::Damaged { format: Format::Jpeg, detail });
    }
    while bytes.get(*at) == Some(&0xFF) {
        *at += 1;
    }
    let Some(&marker) = bytes.get(*at) else { return Ok(None) };
    *at += 1;
    if matches!(marker, 0x01 | 0xD0..=0xD9) {
        return Ok(Some((marker, &[])));
    }
    let Some(&[high, low]) = bytes.get(*at..*at + 2) else { return Ok(None) };
    let end = *at + usize::from(u16::from_be_bytes([high, low])).max(2);
    let Some(body) = bytes.get(*at + 2..end) else { return Ok(None) };
    *at = end;
    Ok(Some((marker, body)))
}

/// Place of the first marker after entropy-coded data; restart markers belong to the data.
fn end_of_scan(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    while let Some(found) = bytes[at..].iter().position(|&b| b == 0xFF) {
        at += found;
        match bytes.get(at + 1) {
            Some(0 | 0xD0..=0xD7) => at += 2,
            Some(0xFF) => at += 1,
            _ => return at,
        }
    }
    bytes.len()
}

fn frame(marker: u8, body: &[u8]) -> Option<Frame> {
    let &[precision, h1, h0, w1, w0, count, ref components @ ..] = body else { return None };
    let components = components.chunks_exact(3).take(count.into()).map(|c| c[0]).collect();
    let (width, height) = (u16::from_be_bytes([w1, w0]), u16::from_be_bytes([h1, h0]));
    Some(Frame { marker, precision, width: width.into(), height: height.into(), components })
}
