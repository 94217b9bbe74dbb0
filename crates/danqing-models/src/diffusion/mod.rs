//! What the networks of latent diffusion share: where weights come from, residual blocks, halving and doubling.

mod loader;
mod resampling;
mod resnet_block;
mod seeded;
mod tensors;

pub(crate) use loader::Loader;
pub(crate) use resampling::{Downsample, Upsample};
pub(crate) use resnet_block::ResnetBlock;
pub use seeded::{seeded_unit, seeded_values};
pub use tensors::{Adapt, Stored, TensorShape, Tensors};

use danqing_nn::FeatureMap;

use crate::Error;

/// Sees the output of every block by the block's name; its error ends the forward. Progress bars stand here too.
pub type Observe<'a> = &'a mut dyn FnMut(&str, &FeatureMap) -> Result<(), Error>;
