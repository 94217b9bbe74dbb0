//! EXIF data between its own block and the directories of a TIFF file.

use std::io::{Seek, Write};

use tiff::decoder::ifd::Entry as Written;
use tiff::encoder::{DirectoryEncoder, TiffEncoder, TiffKind};
use tiff::tags::{Tag, Type};
use tiff::{Directory, TiffError};

use super::exif::{self, Entry, Tree};

/// Offsets of the directories that the first one links to.
pub(super) struct Linked {
    exif: Option<u32>,
    gps: Option<u32>,
}

/// The EXIF block of a classic TIFF file: descriptive tags, EXIF and GPS directories; none if there is nothing to say.
pub(super) fn from_tiff(bytes: &[u8]) -> Option<Vec<u8>> {
    let tree = exif::tree(bytes)?;
    if tree.is_empty() {
        return None;
    }
    Some(exif::block(&tree))
}

/// Writes the EXIF and GPS directories; to be called before the first directory is begun.
pub(super) fn write_linked<W: Write + Seek, K: TiffKind>(
    encoder: &mut TiffEncoder<W, K>,
    tree: &Tree,
) -> Result<Linked, TiffError> {
    let mut write = |entries: &[Entry]| -> Result<Option<u32>, TiffError> {
        if entries.is_empty() {
            return Ok(None);
        }
        let mut directory = encoder.extra_directory()?;
        write_entries(&mut directory, entries)?;
        Ok(u32::try_from(directory.finish_with_offsets()?.pointer.0).ok())
    };
    Ok(Linked { exif: write(&tree.exif)?, gps: write(&tree.gps)? })
}

/// Writes the descriptive tags and the links.
pub(super) fn write_first<W: Write + Seek, K: TiffKind>(
    directory: &mut DirectoryEncoder<'_, W, K>,
    tree: &Tree,
    linked: &Linked,
) -> Result<(), TiffError> {
    write_entries(directory, &tree.first)?;
    for (tag, offset) in [(exif::EXIF_DIRECTORY, linked.exif), (exif::GPS_DIRECTORY, linked.gps)] {
        if let Some(offset) = offset {
            directory.write_tag(Tag::from_u16_exhaustive(tag), offset)?;
        }
    }
    Ok(())
}

/// A directory of one entry, to be merged into another.
pub(super) fn single(entry: Written, tag: Tag) -> Directory {
    let mut made = Directory::empty();
    made.extend([(tag, entry)]);
    made
}

fn write_entries<W: Write + Seek, K: TiffKind>(
    directory: &mut DirectoryEncoder<'_, W, K>,
    entries: &[Entry],
) -> Result<(), TiffError> {
    for entry in entries {
        if let Some(kind) = Type::from_u16(entry.kind) {
            let written = directory.write_entry_bytes(kind, &entry.data)?;
            directory.extend_from(&single(written, Tag::from_u16_exhaustive(entry.tag)));
        }
    }
    Ok(())
}
