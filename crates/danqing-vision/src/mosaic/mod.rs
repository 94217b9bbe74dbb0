//! Mosaics: square tiles that turn with the picture's edges and leave them free.
//!
//! Source: A. Hausner, "Simulating decorative mosaics", 2001: centroidal Voronoi cells in the metric of turned squares,
//! relaxed by Lloyd's algorithm, repelled from edges. Cells are found by search among near sites instead of drawn by a
//! graphics card; busy places get tiles of half the size.

mod nearest;

use danqing_capability::Cancelled;
use danqing_media::{Raster, SrgbF32};

pub use self::nearest::{Near, Nearest};
use crate::field::{Crew, Plane};
use crate::flow::Flow;
use crate::noise::white;

/// One tile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tile {
    /// Its middle.
    pub centre: [f32; 2],
    /// Unit vector along one side.
    pub along: [f32; 2],
    /// Length of a side.
    pub size: f32,
    /// Mean colour of the picture below it.
    pub colour: [f32; 3],
}

/// What a mosaic is laid after; all of the same size.
#[derive(Clone, Copy, Debug)]
pub struct Cartoon<'a> {
    /// Colours.
    pub picture: &'a Raster<SrgbF32>,
    /// Directions.
    pub flow: &'a Flow,
    /// 1 on edges that tiles should not cross, 0 elsewhere.
    pub edges: &'a Plane,
    /// 1 where small shapes need small tiles, 0 elsewhere.
    pub busy: &'a Plane,
}

/// Rounds of relaxation.
const ROUNDS: usize = 14;

/// Tiles of about `size` pixels, in a fixed order.
///
/// # Errors
/// [`Cancelled`].
pub fn laid(cartoon: &Cartoon<'_>, size: f32, seed: u32, crew: &Crew) -> Result<Vec<Tile>, Cancelled> {
    let mut tiles = first(cartoon, size, seed);
    for _ in 0..ROUNDS {
        tiles = relaxed(cartoon, &tiles, size, crew)?;
    }
    Ok(tiles)
}

/// A jittered grid; busy cells hold four tiles of half the size.
fn first(cartoon: &Cartoon<'_>, size: f32, seed: u32) -> Vec<Tile> {
    let (width, height) = cartoon.picture.size();
    let cells = |side: usize| ((side as f32 / size).round() as usize).max(1);
    let (columns, rows) = (cells(width), cells(height));
    let (across, down) = (width as f32 / columns as f32, height as f32 / rows as f32);
    let mut tiles = Vec::new();
    for cell in 0..columns * rows {
        let (left, top) = ((cell % columns) as f32 * across, (cell / columns) as f32 * down);
        let middle = ((left + across / 2.0) as usize, (top + down / 2.0) as usize);
        let is_busy = cartoon.busy.pixel(middle.0.min(width - 1), middle.1.min(height - 1))[0] > 0.5;
        let parts = if is_busy { 2 } else { 1 };
        for part in 0..parts * parts {
            let random = |purpose| 0.3 * (white((cell * 4 + part) as i32, purpose, seed) - 0.5);
            let share = |index: usize, purpose| ((index as f32 + 0.5) + random(purpose)) / parts as f32;
            let centre = [left + across * share(part % parts, 1), top + down * share(part / parts, 2)];
            tiles.push(Tile { centre, along: [1.0, 0.0], size: size / parts as f32, colour: [0.5; 3] });
        }
    }
    tiles
}

/// Sums over the cell of one tile.
#[derive(Clone, Copy, Default)]
struct Sums {
    weight: f32,
    place: [f32; 2],
    count: f32,
    colour: [f32; 3],
}

/// Every tile moved to the middle of its cell and turned along the flow there.
fn relaxed(cartoon: &Cartoon<'_>, tiles: &[Tile], size: f32, crew: &Crew) -> Result<Vec<Tile>, Cancelled> {
    let (width, height) = cartoon.picture.size();
    let nearest = Nearest::new(tiles, (width, height), size);
    let mut owners = vec![0_u32; width * height];
    crew.rows(&mut owners, width, |y, row| {
        for (x, owner) in row.iter_mut().enumerate() {
            *owner = nearest.at([x as f32, y as f32]).first;
        }
    })?;
    let mut sums = vec![Sums::default(); tiles.len()];
    for (i, &owner) in owners.iter().enumerate() {
        let (x, y) = (i % width, i / width);
        let sum = &mut sums[owner as usize];
        let edge = cartoon.edges.samples()[i].clamp(0.0, 1.0);
        let weight = 1.0 - 0.92 * edge;
        sum.weight += weight;
        sum.place[0] += weight * x as f32;
        sum.place[1] += weight * y as f32;
        sum.count += weight;
        sum.colour.iter_mut().zip(cartoon.picture.pixel(x, y)).for_each(|(to, v)| *to += weight * v);
    }
    let moved = tiles.iter().zip(&sums).map(|(tile, sum)| {
        if sum.weight < 1e-3 {
            return *tile;
        }
        let centre = sum.place.map(|v| v / sum.weight);
        let along = cartoon.flow.tangent(centre[0], centre[1]);
        Tile { centre, along, colour: sum.colour.map(|v| v / sum.count), ..*tile }
    });
    Ok(moved.collect())
}

#[cfg(test)]
mod tests {
    use danqing_capability::CancelToken;

    use super::*;

    fn laid_on(threads: usize) -> Vec<Tile> {
        let crew = Crew::new(threads, &CancelToken::default());
        let picture = Raster::from_fn(80, 60, |x, _, s| s.fill(if x < 40 { 0.0 } else { 1.0 }));
        let edges = Plane::from_fn(80, 60, |x, _, s| s[0] = if (38..42).contains(&x) { 1.0 } else { 0.0 });
        let (flow, busy) = (Flow::uniform((80, 60), 0.0), Plane::filled(80, 60, 0.0));
        laid(&Cartoon { picture: &picture, flow: &flow, edges: &edges, busy: &busy }, 8.0, 3, &crew).expect("runs")
    }

    #[test]
    fn tiles_spread_evenly_and_keep_to_one_side_of_an_edge() {
        let tiles = laid_on(2);
        assert_eq!(tiles.len(), 80);
        let clear = tiles.iter().filter(|tile| tile.colour[0] < 0.1 || tile.colour[0] > 0.9).count();
        assert!(clear >= 72, "{clear} of 80 tiles have one colour");
        for (i, a) in tiles.iter().enumerate() {
            let near = tiles
                .iter()
                .enumerate()
                .filter(|(j, _)| *j != i)
                .map(|(_, b)| (a.centre[0] - b.centre[0]).abs().max((a.centre[1] - b.centre[1]).abs()));
            assert!(near.fold(f32::MAX, f32::min) > 4.0, "tile {i} touches another");
        }
    }

    #[test]
    fn threads_do_not_change_the_tiles() {
        assert_eq!(laid_on(1), laid_on(3));
    }
}
