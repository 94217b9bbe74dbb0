//! The output cut into tiles, and the inputs that each tile reads, transformed.

use super::transform::{OUTPUTS, POSITIONS, SIDE, TAPS, input_line};
use crate::cpu::dispatch::Kernel;
use crate::cpu::lanes::Lanes;
use crate::geometry::{Axis, OUTSIDE};
use crate::{Error, FeatureMap, Shape};

/// One axis of the output in tiles of four.
struct Cut {
    tiles: usize,
    outputs: usize,
    /// Input position (or [`OUTSIDE`]) of each place that a tile reads: tile `t` reads `4 t..4 t + 6`.
    sources: Vec<usize>,
}

impl Cut {
    /// Of an axis of three taps and step 1.
    fn new(axis: &Axis) -> Self {
        let outputs = axis.outputs.len();
        let tiles = outputs.div_ceil(OUTPUTS);
        let firsts = axis.sources.iter().step_by(TAPS).copied();
        let rest = axis.sources[axis.sources.len() - (TAPS - 1)..].iter().copied();
        let mut sources: Vec<usize> = firsts.chain(rest).collect();
        sources.resize(tiles * OUTPUTS + SIDE - OUTPUTS, OUTSIDE);
        Self { tiles, outputs, sources }
    }
}

/// The maps of one input, channels side by side, under the tiles of an output.
pub(super) struct Field<'a> {
    /// Values and channels of each map.
    maps: Vec<(&'a [f32], usize)>,
    input_shape: Shape,
    out_shape: Shape,
    rows: Cut,
    columns: Cut,
    /// As many as the widest map has channels.
    zeros: &'a [f32],
}

impl<'a> Field<'a> {
    /// Of maps and axes that `Gather::new` has accepted: every address is then valid.
    pub(super) fn new(
        maps: &[&'a FeatureMap],
        out_shape: Shape,
        (y, x): (&Axis, &Axis),
        zeros: &'a [f32],
    ) -> Result<Self, Error> {
        let parts = maps.iter().map(|map| Ok((map.as_slice()?, map.shape().channels)));
        let input_shape = maps.first().map_or(out_shape, |map| map.shape());
        let maps = parts.collect::<Result<Vec<_>, Error>>()?;
        Ok(Self { maps, input_shape, out_shape, rows: Cut::new(y), columns: Cut::new(x), zeros })
    }

    /// Tiles of all pictures.
    pub(super) fn tiles(&self) -> usize {
        self.out_shape.batch * self.rows.tiles * self.columns.tiles
    }

    /// Picture, and row and column among its tiles.
    fn place(&self, tile: usize) -> (usize, usize, usize) {
        let (line, column) = (tile / self.columns.tiles, tile % self.columns.tiles);
        (line / self.rows.tiles, line % self.rows.tiles, column)
    }

    /// Output pixel of a tile's first value, its rows and its columns that lie in the picture.
    pub(super) fn outputs(&self, tile: usize) -> (usize, usize, usize) {
        let (picture, row, column) = self.place(tile);
        let (y, x) = (row * OUTPUTS, column * OUTPUTS);
        let first = (picture * self.out_shape.height + y) * self.out_shape.width + x;
        (first, OUTPUTS.min(self.rows.outputs - y), OUTPUTS.min(self.columns.outputs - x))
    }

    /// Pixels of a row of the output.
    pub(super) fn out_width(&self) -> usize {
        self.out_shape.width
    }
}

/// Transforms the inputs of the tiles `first..first + count` into `[position, tile, channel]`.
pub(super) struct TransformInputs<'a> {
    pub(super) field: &'a Field<'a>,
    pub(super) first: usize,
    pub(super) count: usize,
    pub(super) channels: usize,
    /// Values from one position to the next.
    pub(super) plane: usize,
    pub(super) to: &'a mut [f32],
}

impl Kernel for TransformInputs<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        assert!(self.to.len() >= (POSITIONS - 1) * self.plane + self.count * self.channels);
        assert!(self.plane >= self.count * self.channels);
        for index in 0..self.count {
            let mut first_channel = 0;
            for &(values, channels) in &self.field.maps {
                let from = self.sources(self.first + index, values, channels);
                let to = self.to[index * self.channels + first_channel..].as_mut_ptr();
                let mut channel = 0;
                // SAFETY: the dispatcher has checked the instructions of `L`; each source has `channels` values behind it,
                // and so has each of the positions' rows by the assertions, since all maps have `self.channels` together.
                unsafe {
                    while channels - channel >= L::WIDTH {
                        transform::<L, true>(&from, channel, L::WIDTH, to.add(channel), self.plane);
                        channel += L::WIDTH;
                    }
                    if channel < channels {
                        transform::<L, false>(&from, channel, channels - channel, to.add(channel), self.plane);
                    }
                }
                first_channel += channels;
            }
        }
    }
}

impl TransformInputs<'_> {
    /// First channel of each input pixel of a tile in one map, zeros beyond its border.
    #[inline(always)]
    fn sources(&self, tile: usize, values: &[f32], channels: usize) -> [[*const f32; SIDE]; SIDE] {
        let field = self.field;
        let (picture, row, column) = field.place(tile);
        let (rows, columns) = (&field.rows.sources[row * OUTPUTS..], &field.columns.sources[column * OUTPUTS..]);
        let mut sources = [[field.zeros.as_ptr(); SIDE]; SIDE];
        for (line, &y) in sources.iter_mut().zip(rows) {
            for (source, &x) in line.iter_mut().zip(columns) {
                if y != OUTSIDE && x != OUTSIDE {
                    let pixel = (picture * field.input_shape.height + y) * field.input_shape.width + x;
                    *source = values[pixel * channels..][..channels].as_ptr();
                }
            }
        }
        sources
    }
}

/// Transforms `count` channels of a tile, all of a vector if `WHOLE`, to places `plane` values apart.
///
/// # Safety
/// The processor has the instructions of `L`; every source has `channel + count` values, each place `count`.
#[inline(always)]
unsafe fn transform<L: Lanes, const WHOLE: bool>(
    from: &[[*const f32; SIDE]; SIDE],
    channel: usize,
    count: usize,
    to: *mut f32,
    plane: usize,
) {
    // SAFETY: passed on from the caller.
    unsafe {
        let mut lines = [[L::splat(0.0); SIDE]; SIDE];
        for column in 0..SIDE {
            let mut line = [L::splat(0.0); SIDE];
            for row in 0..SIDE {
                let source = from[row][column].add(channel);
                line[row] = if WHOLE { L::load(source) } else { L::load_first(source, count) };
            }
            let line = input_line(line);
            for row in 0..SIDE {
                lines[row][column] = line[row];
            }
        }
        for row in 0..SIDE {
            let line = input_line(lines[row]);
            for column in 0..SIDE {
                let place = to.add((row * SIDE + column) * plane);
                if WHOLE { line[column].store(place) } else { line[column].store_first(place, count) }
            }
        }
    }
}
