//! Weights of a direct convolution, transformed.

use super::transform::{POSITIONS, SIDE, TAPS, weight_line};
use crate::cpu::dense::pack::length_of;
use crate::cpu::dense::{Dense, Form};
use crate::cpu::dispatch::Kernel;
use crate::cpu::lanes::Lanes;
use crate::cpu::tile::{Bytes, Float16s, Floats, Halves, Stored};

/// Where the direct kernel's weights of each tap and in channel lie.
pub(super) struct Places {
    /// `[tap, channel]`: offset of the row in the first panel, and from one panel to the next.
    rows: Vec<(usize, usize)>,
    channels: usize,
}

impl Places {
    /// Of the one phase of an ungrouped convolution.
    pub(super) fn new(dense: &Dense) -> Self {
        let channels = dense.shape.in_channels;
        let words = dense.form.panel(1, dense.width);
        let mut rows = vec![(0, 0); TAPS * TAPS * channels];
        let mut start = 0;
        for chunk in dense.phases.iter().flat_map(|phase| &phase.chunks) {
            let panel = length_of(chunk) * words;
            let each = chunk.iter().flat_map(|part| (0..part.length).map(|k| part.tap * channels + part.first + k));
            for (index, row) in each.enumerate() {
                rows[row] = (start + index * words, panel);
            }
            start += panel * dense.blocks();
        }
        Self { rows, channels }
    }
}

/// Transforms a range of in channels of a panel of output channels into `[position, in channel, lane]`.
pub(super) struct TransformWeights<'a> {
    pub(super) places: &'a Places,
    pub(super) dense: &'a Dense,
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
        // SAFETY: the dispatcher has checked the instructions of `L`; the form says how the weights are stored.
        unsafe {
            match self.dense.form {
                Form::F16 => self.all::<L, Float16s>(None),
                Form::Int8 => {
                    let scales = self.dense.scales(0, self.panel)[..2 * L::WIDTH].as_ptr();
                    self.all::<L, Bytes>(Some([L::load(scales), L::load(scales.add(L::WIDTH))]));
                }
                Form::Bf16 => self.all::<L, Halves>(None),
                Form::F32 | Form::Tiles => self.all::<L, Floats>(None),
            }
        }
    }
}

impl TransformWeights<'_> {
    /// # Safety
    /// The processor has the instructions of `L`; the weights are stored as `W`, to be multiplied with `scales`.
    #[inline(always)]
    unsafe fn all<L: Lanes, W: Stored>(self, scales: Option<[L; 2]>) {
        let (width, words) = (2 * L::WIDTH, W::words(L::WIDTH));
        let weights = self.dense.phases.first().map_or(&[][..], |phase| &phase.weights);
        assert!(self.to.len() >= (POSITIONS - 1) * self.plane + self.count * width);
        for index in 0..self.count {
            let mut from = [weights.as_ptr(); TAPS * TAPS];
            for (tap, from) in from.iter_mut().enumerate() {
                let (row, panel) = self.places.rows[tap * self.places.channels + self.first + index];
                *from = weights[row + self.panel * panel..][..words].as_ptr();
            }
            let to = self.to[index * width..].as_mut_ptr();
            // SAFETY: passed on from the caller; rows are two vectors long, here and, by the assertion, there.
            unsafe {
                transform::<L, W>(&from, 0, scales, to, self.plane);
                transform::<L, W>(&from, 1, scales, to.add(L::WIDTH), self.plane);
            }
        }
    }
}

/// Transforms one of the two vectors of the rows, to places `plane` values apart.
///
/// # Safety
/// The processor has the instructions of `L`; rows and places are long enough.
#[inline(always)]
unsafe fn transform<L: Lanes, W: Stored>(
    from: &[*const f32; TAPS * TAPS],
    half: usize,
    scales: Option<[L; 2]>,
    to: *mut f32,
    plane: usize,
) {
    // SAFETY: passed on from the caller.
    unsafe {
        let mut lines = [[L::splat(0.0); TAPS]; SIDE];
        for column in 0..TAPS {
            let mut line = [L::splat(0.0); TAPS];
            for row in 0..TAPS {
                let weight = W::row::<L>(from[row * TAPS + column])[half];
                line[row] = match scales {
                    Some(scales) => weight.times(scales[half]),
                    None => weight,
                };
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
