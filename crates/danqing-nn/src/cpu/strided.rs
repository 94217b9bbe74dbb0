//! A checkpoint's weights where they lie: one slice, and the strides of its axes.

use super::dense::KernelShape;

/// Weights of a convolution by group, out channel, in channel and tap; channels count within their group.
#[derive(Clone, Debug)]
pub(crate) struct Strided<'a> {
    values: &'a [f32],
    /// Values from one group, out channel and in channel to the next.
    group: usize,
    out: usize,
    input: usize,
    /// In channels of a group.
    inputs: usize,
    /// Where each tap of each phase lies in a kernel.
    phases: Vec<Vec<usize>>,
    /// Whether all weights of an out channel lie side by side, in the order of in channels, then of the one phase's taps.
    has_rows: bool,
}

impl<'a> Strided<'a> {
    /// `[out, in / groups, taps]`, as convolutions have them: one phase.
    pub(crate) fn convolution(values: &'a [f32], shape: KernelShape, taps: usize) -> Self {
        let inputs = shape.in_per_group();
        let out = inputs * taps;
        let phases = vec![(0..taps).collect()];
        Self { values, group: shape.out_per_group() * out, out, input: taps, inputs, phases, has_rows: true }
    }

    /// `[in, out / groups, taps]`, as transposed convolutions have them; `phases` says which taps each phase has.
    pub(crate) fn transposed(values: &'a [f32], shape: KernelShape, taps: usize, phases: Vec<Vec<usize>>) -> Self {
        let (inputs, input) = (shape.in_per_group(), shape.out_per_group() * taps);
        Self { values, group: inputs * input, out: taps, input, inputs, phases, has_rows: false }
    }

    pub(crate) fn phases(&self) -> usize {
        self.phases.len()
    }

    /// Taps of a phase.
    pub(crate) fn taps(&self, phase: usize) -> usize {
        self.phases[phase].len()
    }

    /// In channels of a group.
    pub(super) fn inputs(&self) -> usize {
        self.inputs
    }

    /// One weight.
    #[inline(always)]
    pub(super) fn at(&self, phase: usize, tap: usize, [group, out, input]: [usize; 3]) -> f32 {
        self.values[group * self.group + out * self.out + input * self.input + self.phases[phase][tap]]
    }

    /// The weights of one tap and in channel of all out channels of a group from `first` on, so many apart.
    #[inline(always)]
    pub(super) fn column(&self, phase: usize, tap: usize, [group, first, input]: [usize; 3]) -> (&'a [f32], usize) {
        let start = group * self.group + first * self.out + input * self.input + self.phases[phase][tap];
        (&self.values[start..], self.out)
    }

    /// All weights of consecutive out channels, in rows of [`Self::row_length`], if they lie so: `[out, in, tap]`.
    #[inline(always)]
    pub(super) fn rows(&self, group: usize, first: usize, count: usize) -> Option<&'a [f32]> {
        let start = group * self.group + first * self.out;
        if self.has_rows { self.values.get(start..start + count * self.out) } else { None }
    }

    /// Weights of an out channel.
    #[inline(always)]
    pub(super) fn row_length(&self) -> usize {
        self.out
    }
}
