//! Where each output pixel of a block reads its inputs: an indirection table instead of an im2col matrix
//! (M. Dukhan, "The Indirect Convolution Algorithm", 2019).

use super::bf16::{Round, Widen};
use super::buffer::Buffer;
use super::dispatch::dispatch;
use crate::geometry::{Axis, OUTSIDE};
use crate::values::Values;
use crate::{Engine, Error, FeatureMap, Shape, Tier};

/// The pixels of one convolution phase: every combination of a row and a column of two axes, for each picture.
pub(super) struct Gather<'a> {
    input: Values<'a>,
    input_shape: Shape,
    out_shape: Shape,
    y: &'a Axis,
    x: &'a Axis,
    /// Offset in an input row for each column tap and output column, or [`OUTSIDE`]: `[taps, outputs]`.
    columns: Vec<usize>,
    /// At least one pixel of zeros.
    zeros: &'a [f32],
}

/// A run of output pixels with the addresses they read.
pub(super) struct Block {
    /// Index of each pixel in the output map.
    pub(super) pixels: Vec<usize>,
    /// First input channel for each tap and pixel: `[taps, pixels]`; each has an input pixel's channels behind it.
    pub(super) sources: Vec<*const f32>,
}

/// Consecutive columns of one output row within a block.
struct Run {
    picture: usize,
    row: usize,
    column: usize,
    /// Place in the block.
    index: usize,
    length: usize,
}

impl<'a> Gather<'a> {
    /// Refuses axes that would read or write outside the maps; every address of a block is then valid.
    pub(super) fn new(
        map: &'a FeatureMap,
        out_shape: Shape,
        (y, x): (&'a Axis, &'a Axis),
        zeros: &'a [f32],
    ) -> Result<Self, Error> {
        let (input, input_shape) = (map.values()?, map.shape());
        let fits = |axis: &Axis, input: usize, out: usize| {
            axis.sources.iter().all(|&n| n == OUTSIDE || n < input)
                && axis.sources.len() == axis.taps.len() * axis.outputs.len()
                && axis.outputs.iter().all(|&n| n < out)
        };
        let is_sound = fits(y, input_shape.height, out_shape.height)
            && fits(x, input_shape.width, out_shape.width)
            && input.len() == input_shape.elements()?
            && zeros.len() >= input_shape.channels
            && input_shape.batch == out_shape.batch;
        if !is_sound {
            return Err(Error::Shapes { what: "convolution geometry", actual: out_shape, expected: input_shape });
        }
        let offset = |n: usize| if n == OUTSIDE { OUTSIDE } else { n * input_shape.channels };
        let taps = x.taps.len();
        let columns = (0..taps * x.outputs.len())
            .map(|index| offset(x.sources[index % x.outputs.len() * taps + index / x.outputs.len()]))
            .collect();
        Ok(Self { input, input_shape, out_shape, y, x, columns, zeros })
    }

    /// Pixels in this phase.
    pub(super) fn pixels(&self) -> usize {
        self.out_shape.batch * self.y.outputs.len() * self.x.outputs.len()
    }

    /// Taps of each pixel.
    pub(super) fn taps(&self) -> usize {
        self.y.taps.len() * self.x.taps.len()
    }

    /// Channels of an input pixel.
    pub(super) fn channels(&self) -> usize {
        self.input_shape.channels
    }

    /// Pixels `first..first + count` of this phase as `f32`, rounded to bf16 where `is_rounded`; what must be copied for that, to
    /// widen or to round it, goes to `rooms`, which live as long as the block.
    pub(super) fn floats(
        &self,
        engine: &Engine,
        is_rounded: bool,
        (first, count): (usize, usize),
        rooms: &mut Vec<Buffer>,
    ) -> Result<Block, Error> {
        if matches!(self.input, Values::F32(_)) && !is_rounded {
            return Ok(self.block(first, count));
        }
        let mut room = engine.buffer(count * self.taps() * self.channels())?;
        let block = self.copied(engine.tier(), first, count, &mut room);
        rooms.push(room);
        Ok(block)
    }

    /// Pixels `first..first + count` of this phase, of an input of `f32`.
    fn block(&self, first: usize, count: usize) -> Block {
        let mut sources = vec![self.zeros.as_ptr(); self.taps() * count];
        let mut pixels = Vec::with_capacity(count);
        let Values::F32(input) = self.input else { return Block { pixels, sources: Vec::new() } };
        for run in self.runs(first, count) {
            self.name(&run, &mut pixels);
            self.each_line(&run, |tap, line, offsets| {
                let (slots, line) = (&mut sources[tap * count + run.index..][..run.length], &input[line..]);
                for (slot, &offset) in slots.iter_mut().zip(offsets) {
                    if offset != OUTSIDE {
                        *slot = line[offset..].as_ptr();
                    }
                }
            });
        }
        Block { pixels, sources }
    }

    /// As [`Self::block`], each value copied into `room` on the way: widened, or rounded to bf16. Neighbouring pixels share what
    /// both read of a row.
    ///
    /// `room` holds at least `count · taps · channels` values.
    fn copied(&self, tier: Tier, first: usize, count: usize, room: &mut Buffer) -> Block {
        let (channels, x_taps) = (self.channels(), self.x.taps.len());
        let step = self.x.step.unwrap_or(x_taps).min(x_taps);
        // Places in the room; of those that lie outside, none.
        let mut places = vec![None; self.taps() * count];
        let mut pixels = Vec::with_capacity(count);
        for run in self.runs(first, count) {
            self.name(&run, &mut pixels);
            let line_length = ((run.length - 1) * step + x_taps) * channels;
            let start = run.index * self.taps() * channels;
            self.each_line(&run, |tap, line, offsets| {
                let (row, column) = (tap / x_taps, tap % x_taps);
                // What later taps read is the first taps of later pixels; only the last pixel has its own.
                let own = if column < step { 0 } else { run.length - 1 };
                for (index, &offset) in offsets.iter().enumerate().filter(|(_, offset)| **offset != OUTSIDE) {
                    let place = start + row * line_length + (index * step + column) * channels;
                    places[tap * count + run.index + index] = Some(place);
                    if index >= own {
                        let to = &mut room[place..][..channels];
                        match self.input {
                            Values::F32(input) => {
                                to.copy_from_slice(&input[line + offset..][..channels]);
                                dispatch(tier, Round(to));
                            }
                            Values::Bf16(input) => {
                                dispatch(tier, Widen { from: &input[line + offset..][..channels], to });
                            }
                        }
                    }
                }
            });
        }
        // Pointers are taken after the last write: one of before would read what it may not.
        let room = &room[..];
        let source = |place: Option<usize>| place.map_or(self.zeros.as_ptr(), |place| room[place..].as_ptr());
        Block { pixels, sources: places.into_iter().map(source).collect() }
    }

    /// As [`Self::block`] with the input rows of each run copied into `strips`, padding included, and one source per
    /// pixel and row tap, `[row taps, pixels]`: all column taps of a pixel lie side by side behind it, neighbouring
    /// pixels share theirs. For few channels, where a copy costs less than a pointer per tap.
    ///
    /// `strips` holds at least `count · taps · channels` values; they are rounded to bf16 where `is_rounded`.
    pub(super) fn strips(
        &self,
        (tier, is_rounded): (Tier, bool),
        first: usize,
        count: usize,
        strips: &mut Buffer,
    ) -> Block {
        let (channels, x_taps, y_taps) = (self.channels(), self.x.taps.len(), self.y.taps.len());
        let step = self.x.step.unwrap_or(x_taps).min(x_taps);
        let mut places = vec![0; y_taps * count];
        let mut pixels = Vec::with_capacity(count);
        let Values::F32(input) = self.input else { return Block { pixels, sources: Vec::new() } };
        for run in self.runs(first, count) {
            self.name(&run, &mut pixels);
            let line_length = ((run.length - 1) * step + x_taps) * channels;
            let start = run.index * self.taps() * channels;
            let strip = &mut strips[start..][..y_taps * line_length];
            strip.fill(0.0);
            self.each_line(&run, |tap, line, offsets| {
                let (to, line) = (&mut strip[tap / x_taps * line_length..][..line_length], &input[line..]);
                // What later taps read is the first taps of later pixels; only the last pixel has its own.
                let own = if tap % x_taps < step { 0 } else { run.length - 1 };
                let place = (own * step + tap % x_taps) * channels;
                copy_pixels(channels, &mut to[place..], step * channels, line, &offsets[own..]);
            });
            for tap in 0..y_taps {
                for (index, place) in places[tap * count + run.index..][..run.length].iter_mut().enumerate() {
                    *place = start + tap * line_length + index * step * channels;
                }
            }
        }
        if is_rounded {
            dispatch(tier, Round(strips));
        }
        // Pointers are taken after the last write: one of before would read what it may not.
        let strips = &strips[..];
        let sources = places.into_iter().map(|place| strips[place..].as_ptr()).collect();
        Block { pixels, sources }
    }

    /// Row taps and column taps.
    pub(super) fn window(&self) -> (usize, usize) {
        (self.y.taps.len(), self.x.taps.len())
    }

    /// Cuts pixels into runs that stay in one output row.
    fn runs(&self, first: usize, count: usize) -> impl Iterator<Item = Run> {
        let (width, height) = (self.x.outputs.len(), self.y.outputs.len());
        let mut index = 0;
        std::iter::from_fn(move || {
            let (row, column) = ((first + index) / width, (first + index) % width);
            let length = (width - column).min(count - index);
            let run = Run { picture: row / height, row: row % height, column, index, length };
            index += length;
            (length > 0).then_some(run)
        })
    }

    /// Appends the output pixels of a run.
    fn name(&self, run: &Run, pixels: &mut Vec<usize>) {
        let line = run.picture * self.out_shape.height + self.y.outputs[run.row];
        let columns = &self.x.outputs[run.column..][..run.length];
        pixels.extend(columns.iter().map(|column| line * self.out_shape.width + column));
    }

    /// Calls `visit` for each tap that reads an input row: tap, the row's place in the input, and the offset in it of each of the
    /// run's pixels.
    fn each_line(&self, run: &Run, mut visit: impl FnMut(usize, usize, &[usize])) {
        let (y_taps, x_taps) = (self.y.taps.len(), self.x.taps.len());
        for (y_tap, &y) in self.y.sources[run.row * y_taps..][..y_taps].iter().enumerate() {
            if y == OUTSIDE {
                continue;
            }
            let line = (run.picture * self.input_shape.height + y) * self.input_shape.width;
            let line = line * self.input_shape.channels;
            for x_tap in 0..x_taps {
                let offsets = &self.columns[x_tap * self.x.outputs.len() + run.column..][..run.length];
                visit(y_tap * x_taps + x_tap, line, offsets);
            }
        }
    }
}

/// Copies pixels of 1 to 8 channels to places `step` values apart.
fn copy_pixels(channels: usize, to: &mut [f32], step: usize, line: &[f32], offsets: &[usize]) {
    match channels {
        1 => copy_pixels_of::<1>(to, step, line, offsets),
        2 => copy_pixels_of::<2>(to, step, line, offsets),
        3 => copy_pixels_of::<3>(to, step, line, offsets),
        4 => copy_pixels_of::<4>(to, step, line, offsets),
        5 => copy_pixels_of::<5>(to, step, line, offsets),
        6 => copy_pixels_of::<6>(to, step, line, offsets),
        7 => copy_pixels_of::<7>(to, step, line, offsets),
        _ => copy_pixels_of::<8>(to, step, line, offsets),
    }
}

/// As [`copy_pixels`], of C channels.
fn copy_pixels_of<const C: usize>(to: &mut [f32], step: usize, line: &[f32], offsets: &[usize]) {
    for (index, &offset) in offsets.iter().enumerate() {
        let from = line.get(offset..).and_then(<[f32]>::first_chunk::<C>);
        let to = to.get_mut(index * step..).and_then(<[f32]>::first_chunk_mut::<C>);
        if let (Some(from), Some(to)) = (from, to) {
            *to = *from;
        }
    }
}
