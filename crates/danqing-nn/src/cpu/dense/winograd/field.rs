//! The output cut into tiles, and the inputs that each tile reads, transformed.

use super::transform::{OUTPUTS, POSITIONS, SIDE, TAPS, input_line};
use crate::cpu::dispatch::Kernel;
use crate::cpu::lanes::Lanes;
use crate::geometry::{Axis, OUTSIDE};
use crate::values::Values;
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
    maps: Vec<(Values<'a>, usize)>,
    input_shape: Shape,
    out_shape: Shape,
    rows: Cut,
    columns: Cut,
    /// As many as the widest map has channels.
    zeros: &'a [f32],
    /// Whether values of `f32` are rounded to bf16.
    is_rounded: bool,
}

impl<'a> Field<'a> {
    /// Of maps and axes that `Gather::new` has accepted: every address is then valid.
    pub(super) fn new(
        maps: &[&'a FeatureMap],
        out_shape: Shape,
        (y, x): (&Axis, &Axis),
        (zeros, is_rounded): (&'a [f32], bool),
    ) -> Result<Self, Error> {
        let parts = maps.iter().map(|map| Ok((map.values()?, map.shape().channels)));
        let input_shape = maps.first().map_or(out_shape, |map| map.shape());
        let maps = parts.collect::<Result<Vec<_>, Error>>()?;
        Ok(Self { maps, input_shape, out_shape, rows: Cut::new(y), columns: Cut::new(x), zeros, is_rounded })
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
    unsafe fn run<L: Lanes>(mut self) {
        assert!(self.to.len() >= (POSITIONS - 1) * self.plane + self.count * self.channels);
        assert!(self.plane >= self.count * self.channels);
        let mut first_channel = 0;
        for &(values, channels) in &self.field.maps {
            assert!(first_channel + channels <= self.channels);
            // SAFETY: the dispatcher has checked the instructions of `L`; by the assertions, each of the positions' rows has room
            // for the channels of all maps.
            unsafe {
                match values {
                    Values::F32(values) if self.field.is_rounded => {
                        self.map::<L, Rounded>(values, channels, first_channel);
                    }
                    Values::F32(values) => self.map::<L, Plain>(values, channels, first_channel),
                    Values::Bf16(values) => self.map::<L, Halves>(values, channels, first_channel),
                }
            }
            first_channel += channels;
        }
    }
}

/// How a map's values are read.
trait Read {
    type Value: Copy;

    /// Some zeros, which all types have in common.
    fn zeros(zeros: &[f32]) -> *const Self::Value {
        zeros.as_ptr().cast()
    }

    /// Reads a vector, or its first `count` lanes.
    ///
    /// # Safety
    /// The processor has the instructions of `L`; so many values are valid.
    unsafe fn load<L: Lanes, const WHOLE: bool>(from: *const Self::Value, count: usize) -> L;
}

/// As they are.
struct Plain;

impl Read for Plain {
    type Value = f32;

    #[inline(always)]
    unsafe fn load<L: Lanes, const WHOLE: bool>(from: *const f32, count: usize) -> L {
        // SAFETY: passed on from the caller.
        unsafe { if WHOLE { L::load(from) } else { L::load_first(from, count) } }
    }
}

/// Rounded to bf16.
struct Rounded;

impl Read for Rounded {
    type Value = f32;

    #[inline(always)]
    unsafe fn load<L: Lanes, const WHOLE: bool>(from: *const f32, count: usize) -> L {
        // SAFETY: passed on from the caller.
        unsafe { Plain::load::<L, WHOLE>(from, count).rounded_to_bf16() }
    }
}

/// From bf16.
struct Halves;

impl Read for Halves {
    type Value = u16;

    #[inline(always)]
    unsafe fn load<L: Lanes, const WHOLE: bool>(from: *const u16, count: usize) -> L {
        // SAFETY: passed on from the caller.
        unsafe { if WHOLE { L::load_bf16(from) } else { L::load_first_bf16(from, count) } }
    }
}

impl TransformInputs<'_> {
    /// Transforms one map's channels of all tiles.
    ///
    /// # Safety
    /// The processor has the instructions of `L`; `to` has room for the channels `first_channel..first_channel + channels`.
    #[inline(always)]
    unsafe fn map<L: Lanes, R: Read>(&mut self, values: &[R::Value], channels: usize, first_channel: usize) {
        for index in 0..self.count {
            let from = self.sources::<R>(self.first + index, values, channels);
            let to = self.to[index * self.channels + first_channel..].as_mut_ptr();
            let mut channel = 0;
            // SAFETY: passed on from the caller; each source has `channels` values behind it.
            unsafe {
                while channels - channel >= L::WIDTH {
                    transform::<L, R, true>(&from, channel, L::WIDTH, to.add(channel), self.plane);
                    channel += L::WIDTH;
                }
                if channel < channels {
                    transform::<L, R, false>(&from, channel, channels - channel, to.add(channel), self.plane);
                }
            }
        }
    }

    /// First channel of each input pixel of a tile in one map, zeros beyond its border.
    #[inline(always)]
    fn sources<R: Read>(&self, tile: usize, values: &[R::Value], channels: usize) -> [[*const R::Value; SIDE]; SIDE] {
        let field = self.field;
        let (picture, row, column) = field.place(tile);
        let (rows, columns) = (&field.rows.sources[row * OUTPUTS..], &field.columns.sources[column * OUTPUTS..]);
        let mut sources = [[R::zeros(field.zeros); SIDE]; SIDE];
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
unsafe fn transform<L: Lanes, R: Read, const WHOLE: bool>(
    from: &[[*const R::Value; SIDE]; SIDE],
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
                line[row] = R::load::<L, WHOLE>(from[row][column].add(channel), count);
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
