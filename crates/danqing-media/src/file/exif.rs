//! The little that danqing reads and changes in EXIF data: orientation and the embedded thumbnail.
//!
//! Layout: TIFF 6.0, section 2 (header, image file directories of 12-byte entries); tags: EXIF 2.32.

use crate::orientation::Orientation;

const ORIENTATION: u16 = 0x0112;
const THUMBNAIL_OFFSET: u16 = 0x0201;
const THUMBNAIL_LENGTH: u16 = 0x0202;

/// EXIF data without the `Exif\0\0` that some containers put before it.
pub(super) fn without_prefix(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"Exif\0\0").unwrap_or(bytes)
}

/// The orientation of the first directory, if it names one.
pub(super) fn orientation(exif: &[u8]) -> Option<Orientation> {
    let view = View::new(exif)?;
    let entry = view.entry(view.first_directory()?, ORIENTATION)?;
    Orientation::from_tag(view.number(entry)?)
}

/// The same data for an upright picture that was changed: orientation 1, and the thumbnail of the old picture unlinked
/// and blanked. Data that is not EXIF comes back unchanged.
pub(super) fn for_changed_picture(exif: &[u8]) -> Vec<u8> {
    let mut made = exif.to_vec();
    let Some(view) = View::new(exif) else { return made };
    let Some(first) = view.first_directory() else { return made };
    if let Some(entry) = view.entry(first, ORIENTATION) {
        view.put_short(&mut made, entry, 1);
    }
    if let Some((link, second)) = view.next_directory(first) {
        if let (Some(offset), Some(length)) =
            (view.entry(second, THUMBNAIL_OFFSET), view.entry(second, THUMBNAIL_LENGTH))
            && let (Some(offset), Some(length)) = (view.number(offset), view.number(length))
        {
            let start = (offset as usize).min(made.len());
            let end = start.saturating_add(length as usize).min(made.len());
            made[start..end].fill(0);
        }
        made[link..link + 4].fill(0);
    }
    made
}

/// Bounds-checked reading in the byte order of the data.
struct View<'a> {
    bytes: &'a [u8],
    little: bool,
}

impl<'a> View<'a> {
    fn new(bytes: &'a [u8]) -> Option<Self> {
        let little = match bytes.get(..4)? {
            [b'I', b'I', 42, 0] => true,
            [b'M', b'M', 0, 42] => false,
            _ => return None,
        };
        Some(Self { bytes, little })
    }

    fn short(&self, at: usize) -> Option<u16> {
        let bytes = self.bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if self.little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    }

    fn long(&self, at: usize) -> Option<u32> {
        let bytes = self.bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if self.little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    }

    fn first_directory(&self) -> Option<usize> {
        usize::try_from(self.long(4)?).ok()
    }

    /// Place of the link after a directory, and the directory it leads to.
    fn next_directory(&self, directory: usize) -> Option<(usize, usize)> {
        let link = directory.checked_add(2 + 12 * usize::from(self.short(directory)?))?;
        let next = usize::try_from(self.long(link)?).ok()?;
        (next != 0).then_some((link, next))
    }

    /// Place of the entry of that tag.
    fn entry(&self, directory: usize, tag: u16) -> Option<usize> {
        let count = usize::from(self.short(directory)?);
        (0..count).map(|i| directory + 2 + 12 * i).find(|&at| self.short(at) == Some(tag))
    }

    /// A single SHORT or LONG.
    fn number(&self, entry: usize) -> Option<u32> {
        match (self.short(entry + 2)?, self.long(entry + 4)?) {
            (3, 1..) => self.short(entry + 8).map(u32::from),
            (4, 1..) => self.long(entry + 8),
            _ => None,
        }
    }

    fn put_short(&self, bytes: &mut [u8], entry: usize, value: u16) {
        let is_long = self.short(entry + 2) == Some(4);
        let Some(field) = bytes.get_mut(entry + 8..entry + 12) else { return };
        let number = u32::from(value);
        match (self.little, is_long) {
            (true, _) => field.copy_from_slice(&number.to_le_bytes()),
            (false, true) => field.copy_from_slice(&number.to_be_bytes()),
            (false, false) => field.copy_from_slice(&(number << 16).to_be_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One directory with the orientation, a second with a thumbnail of three bytes at the end.
    fn example(little: bool) -> Vec<u8> {
        let short = |v: u16| if little { v.to_le_bytes() } else { v.to_be_bytes() };
        let long = |v: u32| if little { v.to_le_bytes() } else { v.to_be_bytes() };
        let mut made = if little { b"II*\0".to_vec() } else { b"MM\0*".to_vec() };
        made.extend(long(8));
        made.extend(short(1));
        made.extend([short(ORIENTATION), short(3)].concat());
        made.extend(long(1));
        made.extend([short(6), short(0)].concat());
        made.extend(long(26));
        made.extend(short(2));
        for (tag, value) in [(THUMBNAIL_OFFSET, 56), (THUMBNAIL_LENGTH, 3)] {
            made.extend([short(tag), short(4)].concat());
            made.extend([long(1), long(value)].concat());
        }
        made.extend(long(0));
        made.extend([7, 8, 9]);
        made
    }

    #[test]
    fn orientation_is_read_and_reset_in_both_byte_orders() {
        for little in [true, false] {
            let exif = example(little);
            assert_eq!(orientation(&exif), Some(Orientation::TurnClockwise));
            let changed = for_changed_picture(&exif);
            assert_eq!(changed.len(), exif.len());
            assert_eq!(orientation(&changed), Some(Orientation::Upright));
            assert_eq!(&changed[changed.len() - 3..], &[0, 0, 0], "the old thumbnail is blanked");
            assert_eq!(changed[22..26], [0; 4], "and unlinked");
        }
    }

    #[test]
    fn broken_data_is_left_alone() {
        let exif = example(true);
        for end in 0..exif.len() {
            let part = &exif[..end];
            let _ = orientation(part);
            assert_eq!(for_changed_picture(part).len(), end);
        }
        let looped = [&b"II*\0"[..], &[8, 0, 0, 0, 0xFF, 0xFF], &[0xFF; 40]].concat();
        assert_eq!(orientation(&looped), None);
    }
}
