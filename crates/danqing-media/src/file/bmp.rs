//! BMP: Microsoft's "Bitmap Storage" (headers of 12, 40, 52, 56, 64, 108 and 124 bytes).

use super::decode::unreadable;
use super::encode::shared;
use super::limits::Deadline;
use super::{Format, Limits, bmp_runs};
use crate::{Channels, Error, Picture, Samples};

/// Where the second header begins.
const HEADER: usize = 14;

/// 1, 2, 4, 8, 16, 24 and 32 bit, palettes, bit fields, run lengths; RGB, or RGBA where bit fields name alpha.
pub(super) fn decode(bytes: &[u8], limits: &Limits, deadline: &Deadline) -> Result<Picture, Error> {
    let header = Header::read(bytes)?;
    limits.check_size(Format::Bmp, header.width as u64, header.height as u64)?;
    let data = bytes.get(header.offset..).ok_or_else(|| truncated("it ends before its pixels"))?;
    let samples = match header.layout {
        Layout::Indexed { bits, runs: true } => {
            let indices = bmp_runs::indices(data, bits, header.width, header.height)?;
            Rows { header: &header, data: &indices, stride: header.width }.indexed(bytes, 8)?
        }
        Layout::Indexed { bits, runs: false } => Rows::stored(&header, data)?.indexed(bytes, bits)?,
        Layout::Bytes => Rows::stored(&header, data)?.bytes(),
        Layout::Fields(masks) => Rows::stored(&header, data)?.fields(masks),
    };
    deadline.check()?;
    let channels = if header.has_alpha() { Channels::Rgba } else { Channels::Rgb };
    let mut picture = Picture::new(header.width, header.height, channels, Samples::U8(samples))?;
    picture.icc_profile = header.profile(bytes).and_then(shared);
    Ok(picture)
}

/// How a pixel is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    /// Palette index of so many bits.
    Indexed { bits: usize, runs: bool },
    /// Blue, green, red.
    Bytes,
    /// Bits of red, green, blue and alpha in a little-endian word.
    Fields([u32; 4]),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Header {
    size: usize,
    offset: usize,
    width: usize,
    height: usize,
    top_down: bool,
    bits: usize,
    layout: Layout,
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

fn long(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

impl Header {
    fn read(bytes: &[u8]) -> Result<Self, Error> {
        Self::fields_of(bytes).ok_or_else(|| truncated("it ends inside its header"))?
    }

    fn fields_of(bytes: &[u8]) -> Option<Result<Self, Error>> {
        let (offset, size) = (long(bytes, 10)? as usize, long(bytes, HEADER)? as usize);
        if size == 12 {
            let (width, height) = (short(bytes, 18)?.into(), short(bytes, 20)?.into());
            let bits = short(bytes, 24)?.into();
            let layout = layout(bytes, bits, 0, size)?;
            return Some(layout.map(|layout| Self { size, offset, width, height, top_down: false, bits, layout }));
        }
        if !matches!(size, 40 | 52 | 56 | 64 | 108 | 124) {
            return Some(Err(unreadable(&format!("BMP with a header of {size} bytes"), "convert it to PNG first")));
        }
        let (width, height) = (long(bytes, 18)? as i32, long(bytes, 22)? as i32);
        if width < 0 {
            return Some(Err(damaged(&format!("its width is {width}"))));
        }
        let bits = short(bytes, 28)?.into();
        let layout = layout(bytes, bits, long(bytes, 30)?, size)?;
        let (width, top_down) = (width as usize, height < 0);
        let height = height.unsigned_abs() as usize;
        Some(layout.map(|layout| Self { size, offset, width, height, top_down, bits, layout }))
    }

    fn has_alpha(&self) -> bool {
        matches!(self.layout, Layout::Fields([_, _, _, alpha]) if alpha != 0)
    }

    /// Bytes of a row, padded to four.
    fn stride(&self) -> usize {
        (self.width * self.bits).div_ceil(32) * 4
    }

    /// Red, green, blue of each index; indices past the end are black.
    fn palette(&self, bytes: &[u8]) -> Result<[[u8; 3]; 256], Error> {
        let entry = if self.size == 12 { 3 } else { 4 };
        let declared = if self.size == 12 { 0 } else { long(bytes, 46).unwrap_or(0) as usize };
        let count = if declared == 0 { 1 << self.bits } else { declared.min(1 << self.bits) };
        let start = HEADER + self.size;
        let stored = bytes.get(start..start + count * entry).ok_or_else(|| truncated("it ends inside its palette"))?;
        let mut made = [[0; 3]; 256];
        for (to, from) in made.iter_mut().zip(stored.chunks_exact(entry)) {
            *to = [from[2], from[1], from[0]];
        }
        Ok(made)
    }

    /// The profile that a version 5 header embeds.
    fn profile<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        if self.size != 124 || bytes.get(HEADER + 56..HEADER + 60)? != b"DEBM" {
            return None;
        }
        let start = HEADER.checked_add(long(bytes, HEADER + 112)? as usize)?;
        bytes.get(start..start.checked_add(long(bytes, HEADER + 116)? as usize)?)
    }
}

/// None if the masks are missing; an error for what is not supported.
fn layout(bytes: &[u8], bits: usize, compression: u32, size: usize) -> Option<Result<Layout, Error>> {
    Some(Ok(match (compression, bits) {
        (0, 1 | 2 | 4 | 8) => Layout::Indexed { bits, runs: false },
        (1, 8) | (2, 4) => Layout::Indexed { bits, runs: true },
        (0, 24) => Layout::Bytes,
        (0, 16) => Layout::Fields([0x7C00, 0x03E0, 0x001F, 0]),
        (0, 32) => Layout::Fields([0x00FF_0000, 0xFF00, 0xFF, 0]),
        (3 | 6, 16 | 32) => {
            let mask = |i: usize| long(bytes, HEADER + 40 + 4 * i);
            let alpha = if size >= 56 || compression == 6 { mask(3)? } else { 0 };
            Layout::Fields([mask(0)?, mask(1)?, mask(2)?, alpha])
        }
        _ => {
            let what = format!("BMP of {bits} bits with compression {compression}");
            return Some(Err(unreadable(&what, "convert it to PNG first")));
        }
    }))
}

/// Rows as they are stored.
struct Rows<'a> {
    header: &'a Header,
    data: &'a [u8],
    stride: usize,
}

impl<'a> Rows<'a> {
    /// Rows that have to be there in full.
    fn stored(header: &'a Header, data: &'a [u8]) -> Result<Self, Error> {
        let stride = header.stride();
        let needed = stride.saturating_mul(header.height);
        if data.len() < needed {
            return Err(truncated(&format!("{} bytes of pixels, expected {needed}", data.len())));
        }
        Ok(Self { header, data, stride })
    }

    /// From the top.
    fn iter(&self) -> impl Iterator<Item = &'a [u8]> + '_ {
        let height = self.header.height;
        (0..height).map(move |y| {
            let row = if self.header.top_down { y } else { height - 1 - y };
            &self.data[row * self.stride..(row + 1) * self.stride]
        })
    }

    fn indexed(&self, bytes: &[u8], bits: usize) -> Result<Vec<u8>, Error> {
        let palette = self.header.palette(bytes)?;
        let mask = if bits == 8 { 0xFF } else { (1 << bits) - 1 };
        let mut made = Vec::with_capacity(self.header.width * self.header.height * 3);
        for row in self.iter() {
            for x in 0..self.header.width {
                let shift = 8 - bits - x * bits % 8;
                made.extend(palette[usize::from(row[x * bits / 8] >> shift & mask)]);
            }
        }
        Ok(made)
    }

    fn bytes(&self) -> Vec<u8> {
        let width = self.header.width;
        self.iter().flat_map(|row| row[..width * 3].chunks_exact(3).flat_map(|p| [p[2], p[1], p[0]])).collect()
    }

    fn fields(&self, masks: [u32; 4]) -> Vec<u8> {
        let (width, bytes) = (self.header.width, self.header.bits / 8);
        let count = if masks[3] == 0 { 3 } else { 4 };
        let fields = masks.map(Field::new);
        let mut made = Vec::with_capacity(width * self.header.height * count);
        for row in self.iter() {
            for pixel in row[..width * bytes].chunks_exact(bytes) {
                let word = pixel.iter().rev().fold(0, |word, &byte| word << 8 | u32::from(byte));
                made.extend(fields[..count].iter().map(|field| field.byte(word)));
            }
        }
        made
    }
}

/// Bits of one channel.
#[derive(Clone, Copy, Debug)]
struct Field {
    mask: u32,
    shift: u32,
    largest: u64,
}

impl Field {
    fn new(mask: u32) -> Self {
        let shift = if mask == 0 { 0 } else { mask.trailing_zeros() };
        Self { mask, shift, largest: u64::from(mask >> shift).max(1) }
    }

    /// On the scale of bytes, rounded.
    fn byte(self, word: u32) -> u8 {
        let value = u64::from((word & self.mask) >> self.shift);
        ((value * 255 + self.largest / 2) / self.largest) as u8
    }
}

pub(super) fn truncated(detail: &str) -> Error {
    Error::Truncated { format: Format::Bmp, detail: detail.to_owned() }
}

fn damaged(detail: &str) -> Error {
    Error::Damaged { format: Format::Bmp, detail: detail.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_spread_over_the_range() {
        let five = Field::new(0x7C00);
        assert_eq!([five.byte(0), five.byte(0x7C00), five.byte(0x4000)], [0, 255, 132]);
        assert_eq!(Field::new(0).byte(u32::MAX), 0);
        assert_eq!(Field::new(u32::MAX).byte(u32::MAX), 255);
    }
}
