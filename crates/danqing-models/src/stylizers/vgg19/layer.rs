//! Layers by name, in the order of the paper.

use std::fmt;
use std::str::FromStr;

use crate::Error;

/// One convolution of the encoder: its place, its number in the checkpoint, its channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Convolution {
    /// Block 1 to 5; a maximum of 2×2 pixels stands between blocks.
    pub block: u8,
    /// Place in the block, from 1.
    pub place: u8,
    /// `{index}.weight` and `{index}.bias` in the checkpoint.
    pub index: usize,
    /// Channels in.
    pub input: usize,
    /// Channels out.
    pub output: usize,
}

const fn convolution(block: u8, place: u8, index: usize, input: usize, output: usize) -> Convolution {
    Convolution { block, place, index, input, output }
}

/// Configuration E of Simonyan & Zisserman 2015, table 1, without the classifier; indices of naoto0804/pytorch-AdaIN
/// @00c7c61:net.py, `vgg`.
pub const CONVOLUTIONS: [Convolution; 16] = [
    convolution(1, 1, 2, 3, 64),
    convolution(1, 2, 5, 64, 64),
    convolution(2, 1, 9, 64, 128),
    convolution(2, 2, 12, 128, 128),
    convolution(3, 1, 16, 128, 256),
    convolution(3, 2, 19, 256, 256),
    convolution(3, 3, 22, 256, 256),
    convolution(3, 4, 25, 256, 256),
    convolution(4, 1, 29, 256, 512),
    convolution(4, 2, 32, 512, 512),
    convolution(4, 3, 35, 512, 512),
    convolution(4, 4, 38, 512, 512),
    convolution(5, 1, 42, 512, 512),
    convolution(5, 2, 45, 512, 512),
    convolution(5, 3, 48, 512, 512),
    convolution(5, 4, 51, 512, 512),
];

/// An output of the encoder, written `relu4_1` (after the activation) or `conv4_2` (before it).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Layer {
    /// Which of [`CONVOLUTIONS`].
    pub(super) position: usize,
    /// After its `ReLU`.
    pub(super) activated: bool,
}

impl Layer {
    /// What AdaIN exchanges statistics of, and what its decoder takes.
    pub const RELU4_1: Self = Self { position: 8, activated: true };

    /// `conv{block}_{place}`, or `relu{block}_{place}` if `activated`; none if there is no such layer.
    #[must_use]
    pub fn new(block: u8, place: u8, activated: bool) -> Option<Self> {
        let position = CONVOLUTIONS.iter().position(|c| (c.block, c.place) == (block, place))?;
        Some(Self { position, activated })
    }

    /// The convolution it comes from.
    #[must_use]
    pub fn convolution(self) -> Convolution {
        CONVOLUTIONS[self.position]
    }

    /// Input pixels per pixel of this layer, along one axis.
    #[must_use]
    pub fn stride(self) -> usize {
        1 << (self.convolution().block - 1)
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Convolution { block, place, .. } = self.convolution();
        write!(f, "{}{block}_{place}", if self.activated { "relu" } else { "conv" })
    }
}

impl FromStr for Layer {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let parsed = || {
            let (numbers, activated) = match text.strip_prefix("relu") {
                Some(numbers) => (numbers, true),
                None => (text.strip_prefix("conv")?, false),
            };
            let (block, place) = numbers.split_once('_')?;
            Self::new(block.parse().ok()?, place.parse().ok()?, activated)
        };
        parsed().ok_or_else(|| Error::UnknownLayer { network: super::NETWORK, name: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_written_alike() {
        for name in ["conv1_1", "relu1_1", "relu4_1", "conv4_2", "conv5_1", "relu5_4"] {
            assert_eq!(name.parse::<Layer>().expect(name).to_string(), name);
        }
        assert_eq!("relu4_1".parse::<Layer>().expect("a layer"), Layer::RELU4_1);
        assert_eq!((Layer::RELU4_1.stride(), Layer::RELU4_1.convolution().index), (8, 29));
    }

    #[test]
    fn layers_that_are_not_there_are_named() {
        for name in ["relu2_3", "conv6_1", "pool1", "relu", "relu4-1", ""] {
            let error = name.parse::<Layer>().expect_err(name).to_string();
            assert_eq!(
                error,
                format!("VGG-19 has no layer {name:?}, expected conv1_1 to conv5_4 or relu1_1 to relu5_4")
            );
        }
    }
}
