//! Texts in EXIF data: what programs write there about how a picture was made.
//!
//! EXIF 2.32, section 4.6.5: `UserComment` begins with eight bytes that name its character code. A1111 writes UTF-16 in
//! big-endian order after `UNICODE` (piexif), whatever the order of the block; Fooocus and others write plain text.

use super::exif::{self, Entry};

const USER_COMMENT: u16 = 0x9286;
/// UNDEFINED (TIFF 6.0, section 2).
const UNDEFINED: u16 = 7;
const UNICODE: &[u8] = b"UNICODE\0";
/// Tags with a text that says how a picture was made, and their names in EXIF 2.32.
const TEXTS: [(u16, &str); 6] = [
    (0x010E, "ImageDescription"),
    (0x010F, "Make"),
    (0x0110, "Model"),
    (0x0131, "Software"),
    (0x927C, "MakerNote"),
    (USER_COMMENT, "UserComment"),
];
/// Longer maker notes are a camera's tables.
const LONGEST_NOTE: usize = 256;

/// Names and texts in EXIF data, in the order of [`TEXTS`]; what is no text is left out.
pub(super) fn texts(exif: &[u8]) -> Vec<(String, String)> {
    let entries = exif::entries(exif);
    let text = |tag| entries.iter().find(|entry| entry.tag == tag).and_then(text_of);
    TEXTS.iter().filter_map(|&(tag, name)| Some((name.to_owned(), text(tag)?))).collect()
}

/// The same EXIF data, or new ones, with this text as their comment.
pub(super) fn with_text(exif: Option<&[u8]>, text: &str) -> Vec<u8> {
    let mut tree = exif.and_then(exif::tree).unwrap_or_default();
    tree.exif.retain(|entry| entry.tag != USER_COMMENT);
    let units = text.encode_utf16().flat_map(u16::to_be_bytes);
    let data = UNICODE.iter().copied().chain(units).collect();
    tree.exif.push(Entry { tag: USER_COMMENT, kind: UNDEFINED, data });
    exif::block(&tree)
}

/// Whether there is a comment that another text would contradict.
pub(super) fn has_comment(exif: &[u8]) -> bool {
    exif::entries(exif).iter().any(|entry| entry.tag == USER_COMMENT)
}

fn text_of(entry: &Entry) -> Option<String> {
    let data = entry.data.as_slice();
    if entry.tag == 0x927C && data.len() > LONGEST_NOTE {
        return None;
    }
    let read = match data.get(..8) {
        Some(UNICODE) => from_utf16(&data[8..]),
        Some(b"ASCII\0\0\0" | b"\0\0\0\0\0\0\0\0") => String::from_utf8_lossy(&data[8..]).into_owned(),
        _ => String::from_utf8(data.to_vec()).ok()?,
    };
    let read = read.trim_matches(['\0', ' ']).to_owned();
    (!read.is_empty()).then_some(read)
}

/// In the order that a mark at the beginning names, else in that which has more letters of ASCII, else big-endian.
fn from_utf16(bytes: &[u8]) -> String {
    let zeros = |at: usize| bytes.iter().skip(at).step_by(2).filter(|&&byte| byte == 0).count();
    let (little, bytes) = match bytes {
        [0xFF, 0xFE, rest @ ..] => (true, rest),
        [0xFE, 0xFF, rest @ ..] => (false, rest),
        _ => (zeros(1) > zeros(0), bytes),
    };
    let unit = |pair: &[u8]| if little { [pair[1], pair[0]] } else { [pair[0], pair[1]] };
    let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes(unit(pair))).collect();
    String::from_utf16_lossy(&units)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::exif::Tree;

    fn comment(data: &[u8]) -> Vec<(String, String)> {
        let entry = Entry { tag: USER_COMMENT, kind: UNDEFINED, data: data.to_vec() };
        texts(&exif::block(&Tree { exif: vec![entry], ..Tree::default() }))
    }

    #[test]
    fn comments_are_read_in_every_code_that_programs_write() {
        let utf16 = |text: &str, bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<_>>();
        let (big, little) = (u16::to_be_bytes as fn(u16) -> [u8; 2], u16::to_le_bytes as fn(u16) -> [u8; 2]);
        let text = "江雪, Steps: 20";
        let cases = [
            [UNICODE.to_vec(), utf16(text, big)].concat(),
            [UNICODE.to_vec(), utf16(text, little)].concat(),
            [UNICODE.to_vec(), vec![0xFF, 0xFE], utf16(text, little)].concat(),
            [UNICODE.to_vec(), vec![0xFE, 0xFF], utf16(text, big)].concat(),
            [&b"ASCII\0\0\0"[..], text.as_bytes(), b"\0"].concat(),
            [&[0; 8][..], text.as_bytes()].concat(),
            text.as_bytes().to_vec(),
        ];
        for data in cases {
            assert_eq!(comment(&data), [("UserComment".to_owned(), text.to_owned())], "{data:?}");
        }
        assert_eq!(comment(&[0xFF, 0x80, 0x81, 0x82]), []);
    }

    #[test]
    fn a_text_takes_the_place_of_the_comment_and_leaves_the_rest() {
        let first = vec![Entry { tag: 0x010F, kind: 2, data: b"Maker of cameras\0".to_vec() }];
        let gps = vec![Entry { tag: 1, kind: 2, data: b"N\0".to_vec() }];
        let speed = Entry { tag: 0x8827, kind: 3, data: 400_u16.to_ne_bytes().to_vec() };
        let old = Entry { tag: USER_COMMENT, kind: UNDEFINED, data: b"ASCII\0\0\0old".to_vec() };
        let block = exif::block(&Tree { first: first.clone(), exif: vec![speed.clone(), old], gps: gps.clone() });
        assert!(has_comment(&block));
        let made = with_text(Some(&block), "新 new");
        let tree = exif::tree(&made).expect("EXIF");
        assert_eq!((&tree.first, &tree.gps, &tree.exif[0]), (&first, &gps, &speed));
        assert_eq!(texts(&made)[1], ("UserComment".to_owned(), "新 new".to_owned()));
        assert_eq!(texts(&with_text(None, "a")), [("UserComment".to_owned(), "a".to_owned())]);
        assert_eq!(texts(&with_text(Some(b"no EXIF"), "a")).len(), 1);
    }
}
