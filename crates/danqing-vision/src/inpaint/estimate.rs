//! The two estimators of one pixel from the known pixels in a disc around it.
//!
//! The order of operations and the widths of the intermediate values are those of OpenCV, because the results are
//! rounded to 8 bits and feed later pixels.

use danqing_media::{Raster, Space};

use super::march::Grid;

/// Weights smaller than this are replaced, so that no disc is without weight.
const SMALL: f32 = 0.000_001;

/// One position of the disc, relative to its centre.
struct Offset {
    x: isize,
    y: isize,
    /// Telea's geometric distance term.
    telea: f32,
    /// The Navier-Stokes estimator's distance term.
    navier_stokes: f32,
}

/// The positions that take part in one estimate, in row order.
pub(super) struct Disc(Vec<Offset>);

/// One known pixel of the disc: its place in the grid and the rows and columns its differences use.
struct Known {
    at: usize,
    /// Its place in the picture.
    x: usize,
    y: usize,
    /// Its row, moved down at the first one so that `row - 1` exists.
    row: usize,
    /// Its column, moved right at the first one.
    column: usize,
    /// `row`, moved up at the last row so that `row_plus + 1` exists.
    row_plus: usize,
    /// `column`, moved left at the last column.
    column_plus: usize,
}

impl Disc {
    pub(super) fn new(radius: usize, channels: usize) -> Self {
        let r = radius as isize;
        let square = (-r..=r).flat_map(|y| (-r..=r).map(move |x| (x, y)));
        let inside = square.filter(|(x, y)| x * x + y * y <= r * r && (*x, *y) != (0, 0));
        Self(inside.map(|(x, y)| Offset::new(x, y, channels)).collect())
    }

    /// The known pixels of the disc around grid position (`x`, `y`).
    fn known<'a>(&'a self, grid: &'a Grid, x: usize, y: usize) -> impl Iterator<Item = (&'a Offset, Known)> {
        self.0.iter().filter_map(move |offset| {
            let column = x.checked_add_signed(offset.x).filter(|c| (1..grid.columns - 1).contains(c))?;
            let row = y.checked_add_signed(offset.y).filter(|r| (1..grid.rows - 1).contains(r))?;
            let at = row * grid.columns + column;
            (!grid.unknown[at]).then(|| (offset, Known::new(grid, at, row, column)))
        })
    }

    pub(super) fn telea<S: Space<Sample = u8>>(&self, grid: &Grid, image: &mut Raster<S>, x: usize, y: usize) {
        let at = y * grid.columns + x;
        let slope = (distance_slope(grid, at, 1), distance_slope(grid, at, grid.columns));
        let mut sums = [TeleaSums::default(); 4];
        for (offset, known) in self.known(grid, x, y) {
            let (rx, ry) = (-offset.x as f32, -offset.y as f32);
            let level = (1.0 / (1.0 + f64::from((grid.distance[known.at] - grid.distance[at]).abs()))) as f32;
            let along = rx * slope.0 + ry * slope.1;
            let direction = if f64::from(along.abs()) <= 0.01 { SMALL } else { along };
            let weight = (offset.telea * level * direction).abs();
            for (channel, sum) in sums.iter_mut().take(S::CHANNELS).enumerate() {
                let (gx, gy) = known.central_differences(grid, image, channel);
                sum.value += weight * known.value(image, channel);
                sum.x -= weight * (gx * rx);
                sum.y -= weight * (gy * ry);
                sum.weight += weight;
            }
        }
        for (to, sum) in image.pixel_mut(x - 1, y - 1).iter_mut().zip(sums) {
            *to = sum.estimate();
        }
    }

    pub(super) fn navier_stokes<S: Space<Sample = u8>>(&self, grid: &Grid, image: &mut Raster<S>, x: usize, y: usize) {
        // The sign of the offset differs between one and three channels in the reference, and cancels.
        let mut sums = [(0.0f32, 1.0e-20f32); 4];
        for (offset, known) in self.known(grid, x, y) {
            let (rx, ry) = (offset.x as f32, offset.y as f32);
            for (channel, sum) in sums.iter_mut().take(S::CHANNELS).enumerate() {
                let (gx, gy) = known.absolute_differences(grid, image, channel);
                let gx = -gx;
                let along = rx * gx + ry * gy;
                let direction = if f64::from(along.abs()) <= 0.01 {
                    SMALL
                } else {
                    (f64::from(along) / f64::from((rx * rx + ry * ry) * (gx * gx + gy * gy)).sqrt()).abs() as f32
                };
                let weight = offset.navier_stokes * direction;
                sum.0 += weight * known.value(image, channel);
                sum.1 += weight;
            }
        }
        for (to, (value, weight)) in image.pixel_mut(x - 1, y - 1).iter_mut().zip(sums) {
            *to = (f64::from(value) / f64::from(weight)).round_ties_even() as u8;
        }
    }
}

impl Offset {
    fn new(x: isize, y: isize, channels: usize) -> Self {
        let square = (x * x + y * y) as f32;
        // The reference takes this root in double precision for colour and in single for grey.
        let telea = if channels == 1 {
            1.0 / f64::from(square * square.sqrt())
        } else {
            1.0 / (f64::from(square) * f64::from(square).sqrt())
        };
        Self { x, y, telea: telea as f32, navier_stokes: 1.0 / (square * square + 1.0) }
    }
}

/// Sums of Telea's estimate for one channel.
#[derive(Clone, Copy)]
struct TeleaSums {
    value: f32,
    x: f32,
    y: f32,
    weight: f32,
}

impl Default for TeleaSums {
    fn default() -> Self {
        Self { value: 0.0, x: 0.0, y: 0.0, weight: 1.0e-20 }
    }
}

impl TeleaSums {
    fn estimate(self) -> u8 {
        let length = f64::from(self.x * self.x + self.y * self.y).sqrt() + f64::from(1.0e-20f32);
        let gradient = f64::from(self.x + self.y) / length;
        // Half a level is added before rounding to nearest, as in the reference.
        ((f64::from(self.value / self.weight) + gradient + 0.5) as f32).round_ties_even() as u8
    }
}

/// Difference of the distance map at `at` along one axis, from the neighbours that are known.
fn distance_slope(grid: &Grid, at: usize, step: usize) -> f32 {
    let d = &grid.distance;
    match (grid.unknown[at - step], grid.unknown[at + step]) {
        (false, false) => (d[at + step] - d[at - step]) * 0.5,
        (true, false) => d[at + step] - d[at],
        (false, true) => d[at] - d[at - step],
        (true, true) => 0.0,
    }
}

impl Known {
    fn new(grid: &Grid, at: usize, row: usize, column: usize) -> Self {
        Self {
            at,
            x: column - 1,
            y: row - 1,
            row: row - 1 + usize::from(row == 1),
            column: column - 1 + usize::from(column == 1),
            row_plus: (row - 1).saturating_sub(usize::from(row == grid.rows - 2)),
            column_plus: (column - 1).saturating_sub(usize::from(column == grid.columns - 2)),
        }
    }

    fn value<S: Space<Sample = u8>>(&self, image: &Raster<S>, channel: usize) -> f32 {
        f32::from(image.pixel(self.x, self.y)[channel])
    }

    /// Telea's gradient (twice the central difference where both sides are known).
    fn central_differences<S: Space<Sample = u8>>(&self, grid: &Grid, image: &Raster<S>, channel: usize) -> (f32, f32) {
        // OpenCV reads past the border of a picture one pixel wide or high; there the pixel itself counts.
        let (last_x, last_y) = (image.width() - 1, image.height() - 1);
        let at = |x: usize, y: usize| f32::from(image.pixel(x.min(last_x), y.min(last_y))[channel]);
        let (x, y) = (self.column, self.row);
        let horizontal = match (grid.unknown[self.at - 1], grid.unknown[self.at + 1]) {
            (false, false) => (at(self.column_plus + 1, y) - at(x - 1, y)) * 2.0,
            (true, false) => at(self.column_plus + 1, y) - at(x, y),
            (false, true) => at(self.column_plus, y) - at(x - 1, y),
            (true, true) => 0.0,
        };
        let vertical = match (grid.unknown[self.at - grid.columns], grid.unknown[self.at + grid.columns]) {
            (false, false) => (at(x, self.row_plus + 1) - at(x, y - 1)) * 2.0,
            (true, false) => at(x, self.row_plus + 1) - at(x, y),
            (false, true) => at(x, self.row_plus) - at(x, y - 1),
            (true, true) => 0.0,
        };
        (horizontal, vertical)
    }

    /// Sums of absolute one-sided differences, first down the rows, then along the columns.
    fn absolute_differences<S: Space<Sample = u8>>(
        &self,
        grid: &Grid,
        image: &Raster<S>,
        channel: usize,
    ) -> (f32, f32) {
        // OpenCV reads past the border of a picture one pixel wide or high; there the pixel itself counts.
        let (last_x, last_y) = (image.width() - 1, image.height() - 1);
        let at = |x: usize, y: usize| f32::from(image.pixel(x.min(last_x), y.min(last_y))[channel]);
        let (x, y) = (self.column, self.row);
        let below = || (at(x, self.row_plus + 1) - at(x, self.row_plus)).abs();
        let above = || (at(x, self.row_plus) - at(x, y - 1)).abs();
        let right = || (at(self.column_plus + 1, y) - at(x, y)).abs();
        let left = || (at(x, y) - at(x - 1, y)).abs();
        let first = match (grid.unknown[self.at - grid.columns], grid.unknown[self.at + grid.columns]) {
            (false, false) => below() + above(),
            (true, false) => below() * 2.0,
            (false, true) => above() * 2.0,
            (true, true) => 0.0,
        };
        let second = match (grid.unknown[self.at - 1], grid.unknown[self.at + 1]) {
            (false, false) => right() + left(),
            (true, false) => right() * 2.0,
            (false, true) => left() * 2.0,
            (true, true) => 0.0,
        };
        (first, second)
    }
}
