//! Texture and colour of the fill, cell by cell, against the known cells around it.

use danqing_capability::{CancelToken, Cancelled};
use danqing_media::{Mask, Raster, SrgbF32};

use super::{ROUNDING, luma};

/// Octaves whose energy is compared.
const OCTAVES: usize = 3;
/// Directions of the differences: right, down and the two diagonals.
const DIRECTIONS: usize = 4;
const ENERGIES: usize = OCTAVES * DIRECTIONS;
/// Side of a cell as a part of the square root of the hole's area, and its limits in pixels.
const CELL_PART: f32 = 0.2;
const CELL_LIMITS: (f32, f32) = (8.0, 32.0);
/// Least part of a cell that one side must cover to be described.
const LEAST_PART: f32 = 0.2;
/// Weight of a difference of mean colour against one octave of energy.
const COLOUR_WEIGHT: f32 = 6.0;
/// How far away, in cells, known cells are looked for.
const CONTEXT_CELLS: usize = 4;

/// Mean energies (as logarithms to base 2) and mean colour of one side of one cell.
#[derive(Clone, Copy)]
struct Cell {
    energy: [f32; ENERGIES],
    colour: [f32; 3],
}

impl Cell {
    /// In octaves.
    fn distance(&self, other: &Self) -> f32 {
        let energy: f32 = self.energy.iter().zip(&other.energy).map(|(a, b)| (a - b).abs()).sum();
        let colour: f32 = self.colour.iter().zip(&other.colour).map(|(a, b)| (a - b).abs()).sum();
        energy / ENERGIES as f32 + COLOUR_WEIGHT * colour / 3.0
    }
}

/// How unlike the fill's texture and colours are to those around it, 0 for the same; about 0.3 to 0.6 for true content.
///
/// The picture is cut into cells (a fifth of the square root of the hole's area, 8 to 32 pixels). Each cell is described
/// by the mean absolute differences of brightness in four directions at three octaves, as logarithms, and by its mean
/// colour, separately for its filled and its known pixels. Each filled cell is compared with the known cell most like it
/// within four cells of the hole, and with the known parts of its own and the eight adjacent cells; the result is the
/// mean of both. `None` if either side has no cell, or the sizes differ.
///
/// # Errors
/// [`Cancelled`].
pub fn texture_distance(image: &Raster<SrgbF32>, hole: &Mask, cancel: &CancelToken) -> Result<Option<f32>, Cancelled> {
    if image.size() != hole.size() {
        return Ok(None);
    }
    let area = hole.samples().iter().filter(|h| **h != 0).count() as f32;
    let side = (CELL_PART * area.sqrt()).clamp(CELL_LIMITS.0, CELL_LIMITS.1) as usize;
    let grid = Grid::new(image, hole, side, cancel)?;
    let best = grid.mean_of_best(cancel)?;
    Ok(mean([best, grid.mean_of_adjacent()].into_iter().flatten()))
}

struct Grid {
    columns: usize,
    rows: usize,
    filled: Vec<Option<Cell>>,
    known: Vec<Option<Cell>>,
}

impl Grid {
    fn new(image: &Raster<SrgbF32>, hole: &Mask, side: usize, cancel: &CancelToken) -> Result<Self, Cancelled> {
        let (columns, rows) = (hole.width().div_ceil(side), hole.height().div_ceil(side));
        let energies = energies(image, cancel)?;
        let mut sums = vec![[Sums::default(); 2]; columns * rows];
        for y in 0..hole.height() {
            cancel.check()?;
            for (x, colour) in image.row(y).as_chunks::<3>().0.iter().enumerate() {
                let which = usize::from(hole.row(y)[x] != 0);
                sums[y / side * columns + x / side][which].add(&energies[y * hole.width() + x], colour);
            }
        }
        let least = LEAST_PART * (side * side) as f32;
        let cells = |which: usize| sums.iter().map(|s| s[which].cell(least)).collect();
        Ok(Self { columns, rows, filled: cells(1), known: cells(0) })
    }

    /// Cells that hold fill, with their column and row.
    fn filled(&self) -> impl Iterator<Item = (usize, usize, &Cell)> {
        let cells = self.filled.iter().enumerate();
        cells.filter_map(|(at, cell)| Some((at % self.columns, at / self.columns, cell.as_ref()?)))
    }

    /// Known cells at most `reach` columns and rows away.
    fn known_near(&self, x: usize, y: usize, reach: usize) -> impl Iterator<Item = &Cell> {
        let rows = y.saturating_sub(reach)..=(y + reach).min(self.rows - 1);
        let columns = x.saturating_sub(reach)..=(x + reach).min(self.columns - 1);
        rows.flat_map(move |r| columns.clone().map(move |c| r * self.columns + c))
            .filter_map(|at| self.known[at].as_ref())
    }

    fn mean_of_best(&self, cancel: &CancelToken) -> Result<Option<f32>, Cancelled> {
        let context = |x: usize, y: usize| {
            // Deep in a large hole nothing known is near: look as far as it takes.
            let mut reach = CONTEXT_CELLS;
            while self.known_near(x, y, reach).next().is_none() && reach < self.columns.max(self.rows) {
                reach *= 2;
            }
            reach
        };
        let best = |(x, y, cell): (usize, usize, &Cell)| {
            self.known_near(x, y, context(x, y)).map(|known| cell.distance(known)).min_by(f32::total_cmp)
        };
        let mut found = Vec::new();
        for cell in self.filled() {
            cancel.check()?;
            found.extend(best(cell));
        }
        Ok(mean(found.into_iter()))
    }

    fn mean_of_adjacent(&self) -> Option<f32> {
        let adjacent =
            |(x, y, cell): (usize, usize, &Cell)| mean(self.known_near(x, y, 1).map(|known| cell.distance(known)));
        mean(self.filled().filter_map(adjacent))
    }
}

#[derive(Clone, Copy, Default)]
struct Sums {
    energy: [f64; ENERGIES],
    colour: [f64; 3],
    count: f64,
}

impl Sums {
    fn add(&mut self, energy: &[f32; ENERGIES], colour: &[f32; 3]) {
        self.energy.iter_mut().zip(energy).for_each(|(s, e)| *s += f64::from(*e));
        self.colour.iter_mut().zip(colour).for_each(|(s, c)| *s += f64::from(*c));
        self.count += 1.0;
    }

    fn cell(&self, least: f32) -> Option<Cell> {
        let enough = self.count >= f64::from(least.max(1.0));
        enough.then(|| Cell {
            energy: self.energy.map(|e| (e / self.count + ROUNDING).log2() as f32),
            colour: self.colour.map(|c| (c / self.count) as f32),
        })
    }
}

/// Absolute differences of brightness of every pixel, per octave and direction.
fn energies(image: &Raster<SrgbF32>, cancel: &CancelToken) -> Result<Vec<[f32; ENERGIES]>, Cancelled> {
    let (width, height) = image.size();
    let mut all = vec![[0.0; ENERGIES]; width * height];
    let mut plane = (luma(image, cancel)?, width, height);
    for octave in 0..OCTAVES {
        let differences = differences(&plane.0, plane.1, plane.2, cancel)?;
        for (y, row) in all.chunks_exact_mut(width.max(1)).enumerate() {
            cancel.check()?;
            for (x, energy) in row.iter_mut().enumerate() {
                let from = &differences[(y >> octave) * plane.1 + (x >> octave)];
                energy[octave * DIRECTIONS..][..DIRECTIONS].copy_from_slice(from);
            }
        }
        plane = halved(&plane.0, plane.1, plane.2);
    }
    Ok(all)
}

fn differences(
    plane: &[f32],
    width: usize,
    height: usize,
    cancel: &CancelToken,
) -> Result<Vec<[f32; DIRECTIONS]>, Cancelled> {
    let at = |x: usize, y: usize| plane[y.min(height - 1) * width + x.min(width - 1)];
    let differ = |x: usize, y: usize| {
        let (here, down) = (at(x, y), at(x, y + 1));
        let (right, diagonal) = (at(x + 1, y), at(x + 1, y + 1));
        [(right - here).abs(), (down - here).abs(), (diagonal - here).abs(), (right - down).abs()]
    };
    let mut made = Vec::with_capacity(plane.len());
    for y in 0..height {
        cancel.check()?;
        made.extend((0..width).map(|x| differ(x, y)));
    }
    Ok(made)
}

/// Means of two-by-two cells.
fn halved(plane: &[f32], width: usize, height: usize) -> (Vec<f32>, usize, usize) {
    let (columns, rows) = (width.div_ceil(2), height.div_ceil(2));
    let at = |x: usize, y: usize| plane[y.min(height - 1) * width + x.min(width - 1)];
    let mean = |i: usize| {
        let (x, y) = (2 * (i % columns), 2 * (i / columns));
        (at(x, y) + at(x + 1, y) + at(x, y + 1) + at(x + 1, y + 1)) / 4.0
    };
    ((0..columns * rows).map(mean).collect(), columns, rows)
}

fn mean(values: impl Iterator<Item = f32>) -> Option<f32> {
    let (sum, count) = values.fold((0.0f64, 0usize), |(s, n), v| (s + f64::from(v), n + 1));
    (count > 0).then(|| (sum / count as f64) as f32)
}
