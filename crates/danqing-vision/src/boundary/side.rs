//! The four sides of a picture, and a picture seen from one of them.

use danqing_media::{Gray8, Raster, Rect, Srgb8};
use serde::{Deserialize, Serialize};

/// A side of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// First column.
    Left,
    /// First row.
    Top,
    /// Last column.
    Right,
    /// Last row.
    Bottom,
}

impl Side {
    /// Whether it is a row.
    #[must_use]
    pub fn is_horizontal(self) -> bool {
        matches!(self, Self::Top | Self::Bottom)
    }
}

/// One value per side.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sides<T> {
    /// First column.
    pub left: T,
    /// First row.
    pub top: T,
    /// Last column.
    pub right: T,
    /// Last row.
    pub bottom: T,
}

/// A part of a picture seen from one side: line 0 is the outermost one.
pub(super) struct View<'a> {
    picture: &'a Raster<Srgb8>,
    edges: &'a Raster<Gray8>,
    part: Rect,
    side: Side,
}

impl<'a> View<'a> {
    pub(super) fn new(picture: &'a Raster<Srgb8>, edges: &'a Raster<Gray8>, part: Rect, side: Side) -> Self {
        Self { picture, edges, part, side }
    }

    /// Lines from this side to the other.
    pub(super) fn lines(&self) -> usize {
        if self.side.is_horizontal() { self.part.height } else { self.part.width }
    }

    /// Pixels of a line.
    pub(super) fn along(&self) -> usize {
        if self.side.is_horizontal() { self.part.width } else { self.part.height }
    }

    fn at(&self, line: usize, i: usize) -> (usize, usize) {
        let Rect { x, y, .. } = self.part;
        match self.side {
            Side::Top => (x + i, y + line),
            Side::Bottom => (x + i, self.part.bottom() - 1 - line),
            Side::Left => (x + line, y + i),
            Side::Right => (self.part.right() - 1 - line, y + i),
        }
    }

    pub(super) fn pixel(&self, line: usize, i: usize) -> [i32; 3] {
        let (x, y) = self.at(line, i);
        let pixel = self.picture.pixel(x, y);
        [pixel[0], pixel[1], pixel[2]].map(i32::from)
    }

    pub(super) fn is_edge(&self, line: usize, i: usize) -> bool {
        let (x, y) = self.at(line, i);
        self.edges.pixel(x, y)[0] != 0
    }
}
