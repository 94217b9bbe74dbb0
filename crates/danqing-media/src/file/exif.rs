//! The little that danqing reads and changes in EXIF data: orientation, the embedded thumbnail, texts (in `comment`).
//!
//! Layout: TIFF 6.0, section 2 (header, image file directories of 12-byte entries); tags: EXIF 2.32.

use crate::orientation::Orientation;

const ORIENTATION: u16 = 0x0112;
/// Link from the EXIF directory to a further one, which is not moved.
const INTEROPERABILITY: u16 = 0xA005;
const THUMBNAIL_OFFSET: u16 = 0x0201;
const THUMBNAIL_LENGTH: u16 = 0x0202;
/// Link to the EXIF directory.
pub(super) const EXIF_DIRECTORY: u16 = 0x8769;
/// Link to the GPS directory.
pub(super) const GPS_DIRECTORY: u16 = 0x8825;
/// Tags of the first directory that describe the picture, not how it is stored: description, maker, model, resolution
/// and its unit, software, date, artist, host, rating, copyright.
const DESCRIPTIVE: [u16; 13] =
    [0x010E, 0x010F, 0x0110, 0x011A, 0x011B, 0x0128, 0x0131, 0x0132, 0x013B, 0x013C, 0x4746, 0x4749, 0x8298];
const RESOLUTION_UNIT: u16 = 0x0128;
const RESOLUTION: [u16; 3] = [0x011A, 0x011B, RESOLUTION_UNIT];

/// One tag, its data in the byte order of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) tag: u16,
    /// Type of the values (TIFF 6.0, section 2).
    pub(super) kind: u16,
    pub(super) data: Vec<u8>,
}

/// The parts of EXIF data that are moved between files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tree {
    /// Descriptive tags of the first directory.
    pub(super) first: Vec<Entry>,
    pub(super) exif: Vec<Entry>,
    pub(super) gps: Vec<Entry>,
}

impl Tree {
    /// Whether it says nothing, or no more than a resolution.
    pub(super) fn is_empty(&self) -> bool {
        self.exif.is_empty() && self.gps.is_empty() && self.first.iter().all(|e| RESOLUTION.contains(&e.tag))
    }
}

/// Descriptive tags, EXIF and GPS directories of EXIF data or a classic TIFF file.
pub(super) fn tree(bytes: &[u8]) -> Option<Tree> {
    let view = View::new(bytes)?;
    let first = view.first_directory()?;
    let linked = |tag| {
        let directory = view.entry(first, tag).and_then(|entry| view.number(entry));
        directory.map_or_else(Vec::new, |at| view.entries(at as usize))
    };
    let mut kept = view.entries(first);
    kept.retain(|entry| DESCRIPTIVE.contains(&entry.tag));
    if kept.iter().any(|entry| entry.tag == RESOLUTION_UNIT && entry.data == 1_u16.to_ne_bytes()) {
        // "No absolute unit" says nothing; encoders write it because TIFF asks for the tags.
        kept.retain(|entry| !RESOLUTION.contains(&entry.tag));
    }
    let (mut exif, gps) = (linked(EXIF_DIRECTORY), linked(GPS_DIRECTORY));
    exif.retain(|entry| entry.tag != INTEROPERABILITY);
    Some(Tree { first: kept, exif, gps })
}

/// Every entry of the first and the EXIF directory: some programs (Pillow) write tags of the second into the first.
pub(super) fn entries(bytes: &[u8]) -> Vec<Entry> {
    let Some(view) = View::new(bytes) else { return Vec::new() };
    let Some(first) = view.first_directory() else { return Vec::new() };
    let linked = view.entry(first, EXIF_DIRECTORY).and_then(|entry| view.number(entry));
    let linked = linked.map_or_else(Vec::new, |at| view.entries(at as usize));
    [linked, view.entries(first)].concat()
}

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

/// EXIF data of this tree, upright, in big-endian order.
pub(super) fn block(tree: &Tree) -> Vec<u8> {
    let number = |tag, kind, data: &[u8]| Entry { tag, kind, data: data.to_vec() };
    let mut first: Vec<_> = tree.first.iter().filter(|entry| entry.tag != ORIENTATION).cloned().collect();
    first.push(number(ORIENTATION, 3, &1_u16.to_ne_bytes()));
    let mut below = Vec::new();
    for (tag, entries) in [(EXIF_DIRECTORY, &tree.exif), (GPS_DIRECTORY, &tree.gps)] {
        if !entries.is_empty() {
            first.push(number(tag, 4, &[0; 4]));
            below.push((tag, entries));
        }
    }
    let mut at = 8 + directory_size(&first);
    for &(tag, entries) in &below {
        let link = first.iter_mut().filter(|entry| entry.tag == tag);
        link.for_each(|entry| entry.data = (at as u32).to_ne_bytes().to_vec());
        at += directory_size(entries);
    }
    let mut made = b"MM\0*\0\0\0\x08".to_vec();
    push_directory(&mut made, &first);
    for (_, entries) in below {
        push_directory(&mut made, entries);
    }
    made
}

fn directory_size(entries: &[Entry]) -> usize {
    let outside = |entry: &Entry| if entry.data.len() > 4 { entry.data.len().next_multiple_of(2) } else { 0 };
    2 + 12 * entries.len() + 4 + entries.iter().map(outside).sum::<usize>()
}

/// Entries in the order of their tags, no further directory, then what does not fit into the entries.
fn push_directory(made: &mut Vec<u8>, entries: &[Entry]) {
    let mut sorted: Vec<_> = entries.iter().collect();
    sorted.sort_by_key(|entry| entry.tag);
    let outside_at = made.len() + 2 + 12 * sorted.len() + 4;
    let mut outside = Vec::new();
    made.extend((sorted.len() as u16).to_be_bytes());
    for Entry { tag, kind, data } in sorted {
        let (unit, size) = layout(*kind).unwrap_or((1, 1));
        let mut data = data.clone();
        if cfg!(target_endian = "little") {
            data.chunks_exact_mut(unit).for_each(<[u8]>::reverse);
        }
        made.extend([tag.to_be_bytes(), kind.to_be_bytes()].concat());
        made.extend(((data.len() / size) as u32).to_be_bytes());
        if data.len() > 4 {
            made.extend(((outside_at + outside.len()) as u32).to_be_bytes());
            outside.extend(&data);
            outside.resize(outside.len().next_multiple_of(2), 0);
        } else {
            data.resize(4, 0);
            made.extend(data);
        }
    }
    made.extend([0; 4]);
    made.extend(outside);
}

/// Bytes that a byte order turns round, and bytes of a value, of a type (TIFF 6.0, section 2).
fn layout(kind: u16) -> Option<(usize, usize)> {
    Some(match kind {
        1 | 2 | 6 | 7 => (1, 1),
        3 | 8 => (2, 2),
        4 | 9 | 11 | 13 => (4, 4),
        5 | 10 => (4, 8),
        12 => (8, 8),
        _ => return None,
    })
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

    /// Every entry whose data is there; one that occurs twice counts once.
    fn entries(&self, directory: usize) -> Vec<Entry> {
        let count = usize::from(self.short(directory).unwrap_or(0));
        let mut made: Vec<Entry> = (0..count).filter_map(|i| self.read(directory + 2 + 12 * i)).collect();
        made.sort_by_key(|entry| entry.tag);
        made.dedup_by_key(|entry| entry.tag);
        made
    }

    /// The entry at a place; none if it or its data is not there.
    fn read(&self, at: usize) -> Option<Entry> {
        let (tag, kind, count) = (self.short(at)?, self.short(at + 2)?, self.long(at + 4)?);
        let (unit, size) = layout(kind)?;
        let length = usize::try_from(count).ok()?.checked_mul(size)?;
        let start = if length <= 4 { at + 8 } else { self.long(at + 8)? as usize };
        let mut data = self.bytes.get(start..start.checked_add(length)?)?.to_vec();
        if self.little != cfg!(target_endian = "little") {
            data.chunks_exact_mut(unit).for_each(<[u8]>::reverse);
        }
        (!data.is_empty()).then_some(Entry { tag, kind, data })
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
