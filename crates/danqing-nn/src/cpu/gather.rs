//! Where each output pixel of a block reads its inputs: an indirection table instead of an im2col matrix
//! (M. Dukhan, "The Indirect Convolution Algorithm", 2019).

use crate::geometry::{Axis, OUTSIDE};
use crate::{Error, Shape};

/// The pixels of one convolution phase: every combination of a row and a column of two axes, for each picture.
pub(super) struct Gather<'a> {
    pub(super) input: &'a [f32],
    pub(super) input_shape: Shape,
    pub(super) out_shape: Shape,
    pub(super) y: &'a Axis,
    pub(super) x: &'a Axis,
    /// At least one pixel of zeros.
    pub(super) zeros: &'a [f32],
}

/// A run of output pixels with the addresses they read.
pub(super) struct Block {
    /// Index of each pixel in the output map.
    pub(super) pixels: Vec<usize>,
    /// First input channel for each tap and pixel: `[taps, pixels]`; each has an input pixel's channels behind it.
    pub(super) sources: Vec<*const f32>,
}

impl Gather<'_> {
    /// Pixels in this phase.
    pub(super) fn pixels(&self) -> usize {
        self.out_shape.batch * self.y.outputs.len() * self.x.outputs.len()
    }

    /// Refuses axes that would read or write outside the maps; with it, every address of a block is valid.
    pub(super) fn check(&self) -> Result<(), Error> {
        let fits = |axis: &Axis, input: usize, out: usize| {
            axis.sources.iter().all(|&n| n == OUTSIDE || n < input)
                && axis.sources.len() == axis.taps.len() * axis.outputs.len()
                && axis.outputs.iter().all(|&n| n < out)
        };
        let sound = fits(self.y, self.input_shape.height, self.out_shape.height)
            && fits(self.x, self.input_shape.width, self.out_shape.width)
            && self.input.len() == self.input_shape.elements()?
            && self.zeros.len() >= self.input_shape.channels
            && self.input_shape.batch == self.out_shape.batch;
        if sound {
            return Ok(());
        }
        Err(Error::Shapes { what: "convolution geometry", actual: self.out_shape, expected: self.input_shape })
    }

    /// Pixels `first..first + count` of this phase, for the taps `(row index, column index)` into the axes' lists.
    pub(super) fn block(&self, first: usize, count: usize) -> Block {
        let taps = self.y.taps.len() * self.x.taps.len();
        let mut pixels = Vec::with_capacity(count);
        let mut sources = vec![self.zeros.as_ptr(); taps * count];
        for index in 0..count {
            let (row, column) = ((first + index) / self.x.outputs.len(), (first + index) % self.x.outputs.len());
            let (picture, row) = (row / self.y.outputs.len(), row % self.y.outputs.len());
            let out_row = picture * self.out_shape.height + self.y.outputs[row];
            pixels.push(out_row * self.out_shape.width + self.x.outputs[column]);
            self.aim(&mut sources, (index, count), picture, row, column);
        }
        Block { pixels, sources }
    }

    /// Writes one pixel's source of each tap; the pixel is number `index` of `count`.
    fn aim(
        &self,
        sources: &mut [*const f32],
        (index, count): (usize, usize),
        picture: usize,
        row: usize,
        column: usize,
    ) {
        let (y_taps, x_taps) = (self.y.taps.len(), self.x.taps.len());
        let columns = &self.x.sources[column * x_taps..][..x_taps];
        for (y_tap, &y) in self.y.sources[row * y_taps..][..y_taps].iter().enumerate() {
            if y == OUTSIDE {
                continue;
            }
            let first = (picture * self.input_shape.height + y) * self.input_shape.width;
            for (x_tap, &x) in columns.iter().enumerate() {
                if x != OUTSIDE {
                    let offset = (first + x) * self.input_shape.channels;
                    sources[(y_tap * x_taps + x_tap) * count + index] = self.input[offset..].as_ptr();
                }
            }
        }
    }
}
