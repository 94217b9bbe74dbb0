//! Sizes of an RRDBNet.

use std::fmt;

/// Sizes of a generator; [`super::super::Upscaler::load`] reads them from the tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RrdbConfig {
    /// Channels between blocks.
    pub features: usize,
    /// Channels that each convolution of a dense block adds.
    pub growth: usize,
    /// Residual-in-residual dense blocks.
    pub blocks: usize,
    /// Doublings after the blocks.
    pub ups: usize,
    /// Pixels of a side that become channels before the first convolution.
    pub unshuffle: usize,
}

impl RrdbConfig {
    /// Real-ESRGAN x4plus and ESRGAN: xinntao/Real-ESRGAN@v0.3.0:README.md, `RealESRGAN_x4plus`.
    #[must_use]
    pub const fn x4plus() -> Self {
        Self { features: 64, growth: 32, blocks: 23, ups: 2, unshuffle: 1 }
    }

    /// Real-ESRGAN x2plus.
    #[must_use]
    pub const fn x2plus() -> Self {
        Self { unshuffle: 2, ..Self::x4plus() }
    }

    /// Real-ESRGAN x4plus anime 6B.
    #[must_use]
    pub const fn x4plus_anime() -> Self {
        Self { blocks: 6, ..Self::x4plus() }
    }

    /// Output pixels per input pixel, along each side; 0 if the network shrinks.
    #[must_use]
    pub const fn scale(&self) -> usize {
        (1 << self.ups) / self.unshuffle
    }

    /// See [`super::super::Upscaler::reach`].
    pub(crate) const fn reach(&self) -> usize {
        // One pixel per 3×3 convolution, at the size at which it runs; those after a doubling count half and less.
        (self.blocks * 15 + 2 + self.ups + 2) * self.unshuffle
    }

    /// See [`super::super::Upscaler::bytes_per_pixel`].
    pub(crate) const fn bytes_per_pixel(&self) -> usize {
        // Either a block (input, base, four grown maps, output, and what the long skip holds), or the largest map twice.
        let block = (4 * self.features + 4 * self.growth) * 4 / (self.unshuffle * self.unshuffle);
        let end = 2 * self.features * 4 * self.scale() * self.scale();
        if block > end { block } else { end }
    }
}

impl fmt::Display for RrdbConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RRDBNet ×{}, {} blocks of {}", self.scale(), self.blocks, self.features)
    }
}
