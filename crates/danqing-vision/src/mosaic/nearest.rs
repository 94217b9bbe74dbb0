//! The tile that a place belongs to.

use super::Tile;

/// Tiles sorted into square buckets, so that only near ones are looked at.
#[derive(Clone, Debug)]
pub struct Nearest<'a> {
    tiles: &'a [Tile],
    columns: usize,
    rows: usize,
    side: f32,
    starts: Vec<u32>,
    order: Vec<u32>,
}

/// The nearest tile of a place and how far the next one is. Distances are those of turned squares, in half sides: 1 on
/// the border of a tile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Near {
    /// Index of the nearest tile.
    pub first: u32,
    /// Distance to it.
    pub distance: f32,
    /// Distance to the second nearest.
    pub next: f32,
}

impl<'a> Nearest<'a> {
    /// `size` is the side of the largest tiles.
    #[must_use]
    pub fn new(tiles: &'a [Tile], (width, height): (usize, usize), size: f32) -> Self {
        let side = 1.6 * size;
        let cells = |pixels: usize| (pixels as f32 / side).ceil().max(1.0) as usize;
        let (columns, rows) = (cells(width), cells(height));
        let mut made = Self { tiles, columns, rows, side, starts: vec![0; columns * rows + 1], order: Vec::new() };
        let buckets: Vec<usize> = tiles.iter().map(|tile| made.bucket(tile.centre)).collect();
        for &bucket in &buckets {
            made.starts[bucket + 1] += 1;
        }
        for i in 1..made.starts.len() {
            made.starts[i] += made.starts[i - 1];
        }
        let mut next = made.starts.clone();
        made.order = vec![0; tiles.len()];
        for (tile, &bucket) in buckets.iter().enumerate() {
            made.order[next[bucket] as usize] = tile as u32;
            next[bucket] += 1;
        }
        made
    }

    fn cell(&self, at: [f32; 2]) -> (usize, usize) {
        let inside = |v: f32, len: usize| ((v / self.side).max(0.0) as usize).min(len - 1);
        (inside(at[0], self.columns), inside(at[1], self.rows))
    }

    fn bucket(&self, at: [f32; 2]) -> usize {
        let (column, row) = self.cell(at);
        row * self.columns + column
    }

    /// The tile of a place; without any tile near, the first one of all.
    #[must_use]
    pub fn at(&self, at: [f32; 2]) -> Near {
        let mut near = Near { first: 0, distance: f32::MAX, next: f32::MAX };
        let (column, row) = self.cell(at);
        for row in row.saturating_sub(1)..(row + 2).min(self.rows) {
            let columns = (column.saturating_sub(1), (column + 2).min(self.columns));
            let from = self.starts[row * self.columns + columns.0] as usize;
            let to = self.starts[row * self.columns + columns.1] as usize;
            for &i in &self.order[from..to] {
                let distance = distance(&self.tiles[i as usize], at);
                if distance < near.distance {
                    near = Near { first: i, distance, next: near.distance };
                } else if distance < near.next {
                    near.next = distance;
                }
            }
        }
        near
    }
}

fn distance(tile: &Tile, at: [f32; 2]) -> f32 {
    let (dx, dy) = (at[0] - tile.centre[0], at[1] - tile.centre[1]);
    let [u, v] = [dx * tile.along[0] + dy * tile.along[1], dy * tile.along[0] - dx * tile.along[1]];
    u.abs().max(v.abs()) * 2.0 / tile.size
}
