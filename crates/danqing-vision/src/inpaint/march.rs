//! The fast marching front: which pixel is filled next, and how far it is from the hole's border.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use danqing_capability::{Cancelled, Progress};
use danqing_media::{Mask, Raster, Space};

use super::Method;
use super::estimate::Disc;

/// Distance of pixels the front has not reached.
const FAR: f32 = 1.0e6;
/// Filled pixels between two reports.
const REPORT_EVERY: usize = 256;

/// A pixel of the front: nearest first, equal distances in the order they came.
#[derive(Clone, Copy, PartialEq)]
struct Entry {
    distance: f32,
    order: usize,
    at: usize,
}

impl Eq for Entry {}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        self.distance.total_cmp(&other.distance).then(self.order.cmp(&other.order))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[derive(Default)]
struct Front {
    heap: BinaryHeap<Reverse<Entry>>,
    pushed: usize,
}

impl Front {
    fn push(&mut self, at: usize, distance: f32) {
        self.heap.push(Reverse(Entry { distance, order: self.pushed, at }));
        self.pushed += 1;
    }

    fn pop(&mut self) -> Option<usize> {
        self.heap.pop().map(|Reverse(entry)| entry.at)
    }
}

/// Everything with one pixel of border around the picture, as the estimators' differences need it.
pub(super) struct Grid {
    /// Pixels per row, border included.
    pub(super) columns: usize,
    /// Rows, border included.
    pub(super) rows: usize,
    /// True where nothing is known yet.
    pub(super) unknown: Vec<bool>,
    /// Distance from the hole's border: positive inside, negative outside.
    pub(super) distance: Vec<f32>,
}

impl Grid {
    fn new(hole: &Mask) -> Self {
        let (columns, rows) = (hole.width() + 2, hole.height() + 2);
        let mut unknown = vec![false; columns * rows];
        for y in 0..hole.height() {
            for (x, &m) in hole.row(y).iter().enumerate() {
                unknown[(y + 1) * columns + x + 1] = m != 0;
            }
        }
        Self { columns, rows, unknown, distance: vec![FAR; columns * rows] }
    }

    fn on_border(&self, at: usize) -> bool {
        let (x, y) = (at % self.columns, at / self.columns);
        x == 0 || y == 0 || x == self.columns - 1 || y == self.rows - 1
    }

    /// Known pixels that touch the hole by an edge; they start the front.
    fn band(&self) -> Vec<usize> {
        let touches = |at: usize| self.neighbours(at).iter().any(|&n| self.unknown[n]);
        (0..self.unknown.len()).filter(|&at| !self.on_border(at) && !self.unknown[at] && touches(at)).collect()
    }

    /// Up, left, down, right: the order decides ties.
    fn neighbours(&self, at: usize) -> [usize; 4] {
        [at - self.columns, at - 1, at + self.columns, at + 1]
    }

    /// Arrival time of the front at `at`, from its four pairs of orthogonal neighbours.
    fn arrival(&self, at: usize, unknown: &[bool]) -> f32 {
        let [up, left, down, right] = self.neighbours(at);
        let solve = |a: usize, b: usize| {
            eikonal(f64::from(self.distance[a]), unknown[a], f64::from(self.distance[b]), unknown[b])
        };
        solve(up, left).min(solve(down, left)).min(solve(up, right).min(solve(down, right)))
    }
}

/// Upwind solution of |∇T| = 1 from one vertical and one horizontal neighbour.
fn eikonal(a: f64, a_unknown: bool, b: f64, b_unknown: bool) -> f32 {
    let solution = match (a_unknown, b_unknown) {
        (false, false) if (a - b).abs() < 1.0 => (a + b + (2.0 - (a - b) * (a - b)).sqrt()) * 0.5,
        (false, true) => 1.0 + a,
        (true, false) => 1.0 + b,
        _ => 1.0 + a.min(b),
    };
    solution as f32
}

/// Fills the hole; the arguments are checked by the caller.
pub(super) fn run<S: Space<Sample = u8>>(
    image: &Raster<S>,
    hole: &Mask,
    radius: usize,
    method: Method,
    progress: &mut Progress<'_>,
) -> Result<Raster<S>, Cancelled> {
    let mut grid = Grid::new(hole);
    let band = grid.band();
    for &at in &band {
        grid.distance[at] = 0.0;
    }
    if method == Method::Telea {
        march_outside(&mut grid, &band, radius, progress)?;
    }
    march_inside(grid, &band, image.clone(), &Disc::new(radius, S::CHANNELS), method, progress)
}

/// Gives the known pixels within a square of `radius` around the hole their negative distance.
fn march_outside(grid: &mut Grid, band: &[usize], radius: usize, progress: &mut Progress<'_>) -> Result<(), Cancelled> {
    let mut pending = dilated(grid, radius);
    for (at, p) in pending.iter_mut().enumerate() {
        *p = *p && !grid.unknown[at] && !grid.on_border(at);
    }
    let mut front = Front::default();
    for &at in band {
        pending[at] = false;
        front.push(at, 0.0);
    }
    let mut reached = Vec::new();
    while let Some(at) = front.pop() {
        reached.push(at);
        if reached.len().is_multiple_of(REPORT_EVERY * 64) {
            progress.step("inpaint", 0, 1)?;
        }
        for next in grid.neighbours(at) {
            if pending[next] {
                grid.distance[next] = grid.arrival(next, &pending);
                pending[next] = false;
                front.push(next, grid.distance[next]);
            }
        }
    }
    for at in reached {
        grid.distance[at] = -grid.distance[at];
    }
    Ok(())
}

/// True within `radius` (maximum norm) of the hole.
fn dilated(grid: &Grid, radius: usize) -> Vec<bool> {
    let mut wide = vec![false; grid.unknown.len()];
    for y in 0..grid.rows {
        let row = y * grid.columns;
        spread(&grid.unknown[row..row + grid.columns], radius, |x| wide[row + x] = true);
    }
    let mut all = vec![false; wide.len()];
    for x in 0..grid.columns {
        let column: Vec<bool> = (0..grid.rows).map(|y| wide[y * grid.columns + x]).collect();
        spread(&column, radius, |y| all[y * grid.columns + x] = true);
    }
    all
}

/// Calls `mark` for every position within `radius` of a true one.
fn spread(line: &[bool], radius: usize, mut mark: impl FnMut(usize)) {
    let mut next = 0;
    for (i, _) in line.iter().enumerate().filter(|(_, set)| **set) {
        let end = (i + radius + 1).min(line.len());
        (next.max(i.saturating_sub(radius))..end).for_each(&mut mark);
        next = next.max(end);
    }
}

fn march_inside<S: Space<Sample = u8>>(
    mut grid: Grid,
    band: &[usize],
    mut image: Raster<S>,
    disc: &Disc,
    method: Method,
    progress: &mut Progress<'_>,
) -> Result<Raster<S>, Cancelled> {
    let total = grid.unknown.iter().filter(|u| **u).count();
    let mut front = Front::default();
    for &at in band {
        front.push(at, 0.0);
    }
    let mut done = 0;
    while let Some(at) = front.pop() {
        for next in grid.neighbours(at) {
            if !grid.unknown[next] {
                continue;
            }
            let (x, y) = (next % grid.columns, next / grid.columns);
            grid.distance[next] = grid.arrival(next, &grid.unknown);
            match method {
                Method::Telea => disc.telea(&grid, &mut image, x, y),
                Method::NavierStokes => disc.navier_stokes(&grid, &mut image, x, y),
            }
            grid.unknown[next] = false;
            front.push(next, grid.distance[next]);
            done += 1;
            if done % REPORT_EVERY == 0 {
                progress.step("inpaint", done, total)?;
            }
        }
    }
    progress.step("inpaint", total, total)?;
    Ok(image)
}
