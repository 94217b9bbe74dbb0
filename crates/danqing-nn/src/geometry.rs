//! Which input row or column each kernel tap of each output reads.

use crate::Error;

/// Marks a tap that reads padding zeros.
pub(crate) const OUTSIDE: usize = usize::MAX;

/// What lies beyond the border.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PadMode {
    /// Zeros.
    #[default]
    Zero,
    /// The picture mirrored at its border pixels, which are not repeated; padding must be smaller than the picture.
    Reflect,
    /// The border pixels.
    Replicate,
}

/// Pixels added on each side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Padding {
    /// Rows above.
    pub top: usize,
    /// Rows below.
    pub bottom: usize,
    /// Columns before.
    pub left: usize,
    /// Columns after.
    pub right: usize,
}

impl Padding {
    /// The same on all four sides.
    #[must_use]
    pub const fn symmetric(pixels: usize) -> Self {
        Self { top: pixels, bottom: pixels, left: pixels, right: pixels }
    }
}

/// One spatial axis of a convolution. A transposed convolution has one per phase: outputs of equal remainder by the
/// stride share their taps, so every output is gathered and none is scattered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Axis {
    /// Kernel positions that matter to these outputs.
    pub(crate) taps: Vec<usize>,
    /// Output positions.
    pub(crate) outputs: Vec<usize>,
    /// Input position (or [`OUTSIDE`]) for each output and tap: `[outputs, taps]`.
    pub(crate) sources: Vec<usize>,
    /// Taps by which the window moves from one output to the next, if it moves along its own taps: tap `t + step` of an
    /// output then reads what tap `t` of the next one reads.
    pub(crate) step: Option<usize>,
}

impl Axis {
    /// The same outputs over an input of which only each position's source is there: that of position `n` is `nearest[n]`.
    pub(crate) fn over(mut self, nearest: &[usize]) -> Self {
        for source in self.sources.iter_mut().filter(|source| **source != OUTSIDE) {
            *source = nearest[*source];
        }
        self
    }
}

/// Window settings along one axis of a convolution.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) kernel: usize,
    pub(crate) stride: usize,
    pub(crate) dilation: usize,
    pub(crate) before: usize,
    pub(crate) after: usize,
    pub(crate) mode: PadMode,
}

impl Window {
    /// Number of outputs for `input` positions.
    pub(crate) fn outputs(&self, what: &'static str, input: usize) -> Result<usize, Error> {
        let too_large = || Error::TooLarge { what: format!("{what} window {self:?}") };
        if self.mode == PadMode::Reflect && self.before.max(self.after) >= input {
            return Err(Error::TooSmall { what, actual: input, expected: self.before.max(self.after) + 1 });
        }
        let padded = input.checked_add(self.before).and_then(|n| n.checked_add(self.after)).ok_or_else(too_large)?;
        let reach = self.reach().ok_or_else(too_large)?;
        if padded < reach {
            let expected = reach - self.before - self.after;
            return Err(Error::TooSmall { what, actual: input, expected });
        }
        Ok((padded - reach) / self.stride + 1)
    }

    /// Positions from the first to the last tap, both included.
    fn reach(&self) -> Option<usize> {
        (self.kernel - 1).checked_mul(self.dilation)?.checked_add(1)
    }

    /// The axis of a convolution.
    pub(crate) fn axis(&self, what: &'static str, input: usize) -> Result<Axis, Error> {
        let outputs: Vec<usize> = (0..self.outputs(what, input)?).collect();
        let taps: Vec<usize> = (0..self.kernel).collect();
        let mut sources = Vec::with_capacity(outputs.len() * taps.len());
        for output in &outputs {
            let first = output * self.stride;
            sources.extend(taps.iter().map(|tap| self.source(first + tap * self.dilation, input)));
        }
        Ok(Axis { taps, outputs, sources, step: (self.dilation == 1).then_some(self.stride) })
    }

    /// Input position of a padded position.
    pub(crate) fn source(&self, padded: usize, input: usize) -> usize {
        let position = padded as isize - self.before as isize;
        let last = input as isize - 1;
        match self.mode {
            PadMode::Zero if position < 0 || position > last => OUTSIDE,
            PadMode::Zero => position as usize,
            PadMode::Replicate => position.clamp(0, last) as usize,
            PadMode::Reflect if position > last => (2 * last - position) as usize,
            PadMode::Reflect => position.unsigned_abs(),
        }
    }
}

/// Settings along one axis of a transposed convolution.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spread {
    pub(crate) kernel: usize,
    pub(crate) stride: usize,
    pub(crate) dilation: usize,
    pub(crate) padding: usize,
    pub(crate) output_padding: usize,
}

impl Spread {
    /// Number of outputs for `input` positions: `(input − 1)·stride − 2·padding + dilation·(kernel − 1) + 1 + extra`.
    pub(crate) fn outputs(&self, what: &'static str, input: usize) -> Result<usize, Error> {
        let too_large = || Error::TooLarge { what: format!("{what} {self:?}") };
        let full = (input - 1)
            .checked_mul(self.stride)
            .and_then(|n| n.checked_add((self.kernel - 1).checked_mul(self.dilation)?))
            .and_then(|n| n.checked_add(1)?.checked_add(self.output_padding))
            .ok_or_else(too_large)?;
        let cut = self.padding.checked_mul(2).ok_or_else(too_large)?;
        if full <= cut {
            return Err(Error::TooSmall { what, actual: input, expected: input + (cut - full) / self.stride + 1 });
        }
        Ok(full - cut)
    }

    /// Taps of the outputs with remainder `phase`.
    pub(crate) fn taps(&self, phase: usize) -> Vec<usize> {
        let hit = |tap: &usize| (phase + self.padding) % self.stride == tap * self.dilation % self.stride;
        (0..self.kernel).filter(hit).collect()
    }

    /// One axis per phase; phases without outputs are empty.
    pub(crate) fn axes(&self, what: &'static str, input: usize) -> Result<Vec<Axis>, Error> {
        let length = self.outputs(what, input)?;
        Ok((0..self.stride).map(|phase| self.axis(phase, length, input)).collect())
    }

    pub(crate) fn axis(&self, phase: usize, length: usize, input: usize) -> Axis {
        let taps = self.taps(phase);
        let outputs: Vec<usize> = (phase..length).step_by(self.stride).collect();
        let mut sources = Vec::with_capacity(outputs.len() * taps.len());
        for output in &outputs {
            sources.extend(taps.iter().map(|tap| {
                let shifted = (output + self.padding).checked_sub(tap * self.dilation);
                shifted.map(|n| n / self.stride).filter(|&n| n < input).unwrap_or(OUTSIDE)
            }));
        }
        Axis { taps, outputs, sources, step: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn borders_read_zeros_mirrors_or_edges() -> Result<(), Error> {
        let window = |mode| Window { kernel: 3, stride: 1, dilation: 1, before: 2, after: 1, mode }.axis("test", 3);
        assert_eq!(window(PadMode::Zero)?.sources[..6], [OUTSIDE, OUTSIDE, 0, OUTSIDE, 0, 1]);
        assert_eq!(window(PadMode::Reflect)?.sources, [2, 1, 0, 1, 0, 1, 0, 1, 2, 1, 2, 1]);
        assert_eq!(window(PadMode::Replicate)?.sources, [0, 0, 0, 0, 0, 1, 0, 1, 2, 1, 2, 2]);
        let small = Window { kernel: 5, stride: 1, dilation: 2, before: 1, after: 1, mode: PadMode::Zero };
        assert_eq!(small.outputs("test", 6), Err(Error::TooSmall { what: "test", actual: 6, expected: 7 }));
        Ok(())
    }

    #[test]
    fn phases_of_a_transposed_axis_cover_every_output_once() -> Result<(), Error> {
        let spread = Spread { kernel: 4, stride: 2, dilation: 1, padding: 1, output_padding: 0 };
        let axes = spread.axes("test", 3)?;
        assert_eq!((axes[0].taps.as_slice(), axes[0].outputs.as_slice()), (&[1, 3][..], &[0, 2, 4][..]));
        assert_eq!((axes[1].taps.as_slice(), axes[1].outputs.as_slice()), (&[0, 2][..], &[1, 3, 5][..]));
        assert_eq!(axes[0].sources, [0, OUTSIDE, 1, 0, 2, 1]);
        Ok(())
    }
}
