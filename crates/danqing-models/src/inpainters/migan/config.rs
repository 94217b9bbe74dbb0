//! Sizes of the network.

/// Widths and depth of an MI-GAN generator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Side of the square pictures it was trained on; a power of two.
    pub resolution: usize,
    /// Channels at a resolution are `channel_base / resolution`, at most `channel_max`.
    pub channel_base: usize,
    /// Most channels.
    pub channel_max: usize,
}

/// Resolution of the innermost blocks, when the input is [`Config::resolution`] wide.
pub(super) const INNERMOST: usize = 4;

impl Config {
    /// The 512×512 model trained on Places2.
    ///
    /// Source: Sargsyan et al., "MI-GAN: A Simple Baseline for Image Inpainting on Mobile Devices", ICCV 2023, section
    /// 3; Picsart-AI-Research/MI-GAN@ca4df2e:lib/model_zoo/migan_inference.py, `Generator(resolution=512)`.
    #[must_use]
    pub const fn places2_512() -> Self {
        Self { resolution: 512, channel_base: 32768, channel_max: 512 }
    }

    /// Channels of the blocks at a resolution.
    #[must_use]
    pub const fn channels(&self, resolution: usize) -> usize {
        let channels = self.channel_base / resolution;
        if channels < self.channel_max { channels } else { self.channel_max }
    }

    /// Block resolutions from the outside in, e.g. 512, 256, … 4.
    #[must_use]
    pub fn resolutions(&self) -> impl DoubleEndedIterator<Item = usize> + use<> {
        let levels = (self.resolution / INNERMOST).ilog2();
        let resolution = self.resolution;
        (0..=levels).map(move |level| resolution >> level)
    }

    /// Height and width of inputs are multiples of this, so that every halving is even.
    #[must_use]
    pub const fn multiple(&self) -> usize {
        self.resolution / INNERMOST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_widths() {
        let config = Config::places2_512();
        let widths: Vec<_> = config.resolutions().map(|r| (r, config.channels(r))).collect();
        assert_eq!(widths[..4], [(512, 64), (256, 128), (128, 256), (64, 512)]);
        assert_eq!((widths.len(), widths[7], config.multiple()), (8, (4, 512), 128));
    }
}
