//! Weights of a direct convolution, transformed.

use super::transform::{POSITIONS, SIDE, TAPS, weight_line};
use crate::cpu::dense::Dense;
use crate::cpu::dense::pack::length_of;
use crate::cpu::dispatch::Kernel;
use crate::cpu::lanes::Lanes;

/// Where the direct kernel's weights of each tap and in channel lie.
pub(super) struct Places {
    /// `[tap, channel]`: offset of the row in the first panel, and from one panel to the next.
    rows: Vec<(usize, usize)>,
    channels: usize,
}

impl Places {
    /// Of the one phase of an ungrouped convolution in `f32`.
    pub(super) fn new(dense: &Dense) -> Self {
        let channels = dense.shape.in_channels;
        let mut rows = vec![(0, 0); TAPS * TAPS * channels];
        let mut start = 0;
        for chunk in dense.phases.iter().flat_map(|phase| &phase.chunks) {
            let panel = length_of(chunk) * dense.width;
            let each = chunk.iter().flat_map(|part| (0..part.length).map(|k| part.tap * channels + part.first + k));
            for (index, row) in each.enumerate() {
                rows[row] = (start + index * dense.width, panel);
            }
            start += panel * dense.blocks();
        }
        Self { rows, channels }
    }
}

/// Transforms a range of in channels of a panel of output channels into `[position, in channel, lane]`.
pub(super) struct TransformWeights<'a> {
    pub(super) places: &'a Places,
    /// The direct kernel's.
    pub(super) weights: &'a [f32],
    pub(super) panel: usize,
    pub(super) first: usize,
    pub(super) count: usize,
    /// Values from one position to the next.
    pub(super) plane: usize,
    pub(super) to: &'a mut [f32],
}

impl Kernel for TransformWeights<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let width = 2 * L::WIDTH;
        assert!(self.to.len() >= (POSITIONS - 1) * self.plane + self.count * width);
        for index in 0..self.count {
            let mut from = [self.weights.as_ptr(); TAPS * TAPS];
            for (tap, from) in from.iter_mut().enumerate() {
                let (row, panel) = self.places.rows[tap * self.places.channels + self.first + index];
                *from = self.weights[row + self.panel * panel..][..width].as_ptr();
            }
            let to = self.to[index * width..].as_mut_ptr();
            // SAFETY: the dispatcher has checked the instructions of `L`; rows are two vectors long, here and, by the
            // assertion, there.
            unsafe {
                transform::<L>(&from, 0, to, self.plane);
                transform::<L>(&from, L::WIDTH, to.add(L::WIDTH), self.plane);
            }
        }
    }
}

/// Transforms one vector of lanes, `lane` values into the rows, to places `plane` values apart.
///
/// # Safety
/// The processor has the instructions of `L`; rows and places are long enough.
#[inline(always)]
unsafe fn transform<L: Lanes>(from: &[*const f32; TAPS * TAPS], lane: usize, to: *mut f32, plane: usize) {
    // SAFETY: passed on from the caller.
    unsafe {
        let mut lines = [[L::splat(0.0); TAPS]; SIDE];
        for column in 0..TAPS {
            let mut line = [L::splat(0.0); TAPS];
            for row in 0..TAPS {
                line[row] = L::load(from[row * TAPS + column].add(lane));
            }
            let line = weight_line(line);
            for row in 0..SIDE {
                lines[row][column] = line[row];
            }
        }
        for row in 0..SIDE {
            let line = weight_line(lines[row]);
            for column in 0..SIDE {
                line[column].store(to.add((row * SIDE + column) * plane));
            }
        }
    }
}
