//! The sheet's surface: fills, frames and dashes.

use danqing_media::{Raster, Srgb8};

/// sRGB bytes.
pub(crate) type Ink = [u8; 3];

/// Warm paper.
pub(crate) const PAPER: Ink = [247, 243, 233];
/// Text.
pub(crate) const TEXT: Ink = [43, 40, 36];
/// Captions and lines.
pub(crate) const FAINT: Ink = [128, 119, 104];
/// Cinnabar: the first character of the name, and outlines.
pub(crate) const CINNABAR: Ink = [189, 52, 38];
/// Azurite: the second character of the name.
pub(crate) const AZURITE: Ink = [34, 92, 104];

/// Mixes `ink` into a pixel; pixels outside are left out. `coverage` is `0.0..=1.0`.
pub(crate) fn mix(paper: &mut Raster<Srgb8>, x: isize, y: isize, ink: Ink, coverage: f32) {
    let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else { return };
    if x >= paper.width() || y >= paper.height() {
        return;
    }
    for (to, from) in paper.pixel_mut(x, y).iter_mut().zip(ink) {
        *to = (f32::from(*to) + (f32::from(from) - f32::from(*to)) * coverage.clamp(0.0, 1.0) + 0.5) as u8;
    }
}

/// A filled rectangle.
pub(crate) fn fill(paper: &mut Raster<Srgb8>, x: usize, y: usize, width: usize, height: usize, ink: Ink) {
    for row in y..y + height {
        for column in x..x + width {
            mix(paper, column as isize, row as isize, ink, 1.0);
        }
    }
}

/// A dashed frame, `thickness` wide, inside the rectangle.
pub(crate) fn dashed_frame(paper: &mut Raster<Srgb8>, x: usize, y: usize, width: usize, height: usize, ink: Ink) {
    const DASH: usize = 14;
    const THICKNESS: usize = 3;
    for row in 0..height {
        for column in 0..width {
            let across = row < THICKNESS || row + THICKNESS >= height;
            let down = column < THICKNESS || column + THICKNESS >= width;
            let along = if across { column } else { row };
            if (across || down) && (along / DASH).is_multiple_of(2) {
                mix(paper, (x + column) as isize, (y + row) as isize, ink, 1.0);
            }
        }
    }
}
