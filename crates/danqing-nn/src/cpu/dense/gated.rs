//! Layers whose result is `value · gelu(gate)`: panels of values and of their gates take turns, so that both sums of a
//! pixel are there when it is written, and no map of both ever is.

use super::task::Task;
use super::{Blocks, Dense, KernelShape, Storage};
use crate::cpu::dispatch::{PanelWidth, dispatch};
use crate::cpu::lanes::Lanes;
use crate::cpu::math;
use crate::cpu::strided::Strided;
use crate::{Engine, Error};

impl Dense {
    /// Packs `weight` `[2 · out, in]` and `bias` `[2 · out]`, values first, as one tap.
    pub(crate) fn pack_gated(
        engine: &Engine,
        storage: Storage,
        [out, input]: [usize; 2],
        weight: &[f32],
        bias: Option<&[f32]>,
    ) -> Result<Self, Error> {
        let width = dispatch(engine.tier(), PanelWidth);
        let shape = KernelShape { out_channels: 2 * out.next_multiple_of(width), in_channels: input, groups: 1 };
        let weights = Strided::convolution(weight, KernelShape { out_channels: 2 * out, ..shape }, 1);
        Self::pack_blocks(engine, storage, Blocks { shape, width, gated: Some(out) }, &weights, bias)
    }
}

impl Task<'_> {
    /// Gates the sums and writes them to the first `channels` of the output, pixel by pixel.
    #[inline(always)]
    pub(super) unsafe fn write_gated<L: Lanes>(&self, channels: usize) {
        let (job, width) = (self.job, 2 * L::WIDTH);
        for (row, &pixel) in self.block.pixels.iter().enumerate() {
            for panel in (0..job.blocks).step_by(2) {
                let first = (job.first_block / 2 + panel / 2) * width;
                let values = &self.sums[(panel * self.rows + row) * width..][..width];
                let gates = &self.sums[((panel + 1) * self.rows + row) * width..][..width];
                for (half, channel) in (first..channels.min(first + width)).step_by(L::WIDTH).enumerate() {
                    // SAFETY: the caller has the instructions of `L`; panels hold two vectors. Pixel and channels lie in the
                    // output by `Gather::new`, and no other task writes them.
                    unsafe {
                        let gate = math::gelu(L::load(gates.as_ptr().add(half * L::WIDTH)));
                        let y = L::load(values.as_ptr().add(half * L::WIDTH)).times(gate);
                        let mut lanes = [0.0; 16];
                        y.store(lanes.as_mut_ptr());
                        let count = L::WIDTH.min(channels - channel);
                        self.output.write::<L>(pixel, channel, lanes.as_ptr(), count);
                    }
                }
            }
        }
    }
}
