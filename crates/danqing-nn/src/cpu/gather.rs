//! Where each output pixel of a block reads its inputs: an indirection table instead of an im2col matrix
//! (M. Dukhan, "The Indirect Convolution Algorithm", 2019).

use super::buffer::Buffer;
use crate::geometry::{Axis, OUTSIDE};
use crate::{Error, FeatureMap, Shape};

/// The pixels of one convolution phase: every combination of a row and a column of two axes, for each picture.
pub(super) struct Gather<'a> {
    input: &'a [f32],
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
        let (input, input_shape) = (map.as_slice()?, map.shape());
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

    /// Pixels `first..first + count` of this phase.
    pub(super) fn block(&self, first: usize, count: usize) -> Block {
        let mut sources = vec![self.zeros.as_ptr(); self.taps() * count];
        let mut pixels = Vec::with_capacity(count);
        for run in self.runs(first, count) {
            self.name(&run, &mut pixels);
            self.each_line(&run, |tap, line, offsets| {
                let slots = &mut sources[tap * count + run.index..][..run.length];
                for (slot, &offset) in slots.iter_mut().zip(offsets) {
                    if offset != OUTSIDE {
                        *slot = line[offset..].as_ptr();
                    }
                }
            });
        }
        Block { pixels, sources }
    }

    /// As [`Self::block`] with the inputs of each pixel copied side by side into `patches`, `[pixels, taps, channels]`,
    /// and one source per pixel, its patch. For few channels, where a copy costs less than a pointer per tap.
    pub(super) fn patches(&self, first: usize, count: usize, patches: &mut Buffer) -> Block {
        let (channels, patch) = (self.channels(), self.taps() * self.channels());
        let mut pixels = Vec::with_capacity(count);
        for run in self.runs(first, count) {
            self.name(&run, &mut pixels);
            let patches = &mut patches[run.index * patch..][..run.length * patch];
            patches.fill(0.0);
            self.each_line(&run, |tap, line, offsets| match channels {
                1 => copy_pixels::<1>(patches, patch, tap, line, offsets),
                2 => copy_pixels::<2>(patches, patch, tap, line, offsets),
                3 => copy_pixels::<3>(patches, patch, tap, line, offsets),
                4 => copy_pixels::<4>(patches, patch, tap, line, offsets),
                5 => copy_pixels::<5>(patches, patch, tap, line, offsets),
                6 => copy_pixels::<6>(patches, patch, tap, line, offsets),
                7 => copy_pixels::<7>(patches, patch, tap, line, offsets),
                _ => copy_pixels::<8>(patches, patch, tap, line, offsets),
            });
        }
        let sources = (0..count).map(|index| patches[index * patch..].as_ptr()).collect();
        Block { pixels, sources }
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

    /// Calls `visit` for each tap that reads an input row: tap, that row to the end of the input, and the offset in it
    /// of each of the run's pixels.
    fn each_line(&self, run: &Run, mut visit: impl FnMut(usize, &[f32], &[usize])) {
        let (y_taps, x_taps) = (self.y.taps.len(), self.x.taps.len());
        for (y_tap, &y) in self.y.sources[run.row * y_taps..][..y_taps].iter().enumerate() {
            if y == OUTSIDE {
                continue;
            }
            let line = (run.picture * self.input_shape.height + y) * self.input_shape.width;
            let line = &self.input[line * self.input_shape.channels..];
            for x_tap in 0..x_taps {
                let offsets = &self.columns[x_tap * self.x.outputs.len() + run.column..][..run.length];
                visit(y_tap * x_taps + x_tap, line, offsets);
            }
        }
    }
}

/// Copies one tap's pixels of C channels to their places in patches of `length` values.
fn copy_pixels<const C: usize>(patches: &mut [f32], length: usize, tap: usize, line: &[f32], offsets: &[usize]) {
    for (patch, &offset) in patches.chunks_exact_mut(length).zip(offsets) {
        let from = line.get(offset..).and_then(<[f32]>::first_chunk::<C>);
        let to = patch.get_mut(tap * C..).and_then(<[f32]>::first_chunk_mut::<C>);
        if let (Some(from), Some(to)) = (from, to) {
            *to = *from;
        }
    }
}
