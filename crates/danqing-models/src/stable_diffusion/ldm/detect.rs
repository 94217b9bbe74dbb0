//! Sizes of the networks from their tensors by the original names: nothing in the file says them otherwise.

use crate::denoisers::unet::UnetConfig;
use crate::latent_codecs::autoencoder_kl::AutoencoderKlConfig;
use crate::stable_diffusion::place::Shapes;

/// Groups of every normalisation, and what latents are multiplied with, in all Stable Diffusion.
pub(in crate::stable_diffusion) const GROUPS: usize = 32;
const SCALING: f32 = 0.18215;
/// Heads of Stable Diffusion 1, and channels of a head of 2.
const HEADS: usize = 8;
const HEAD: usize = 64;
/// Channels of the text that Stable Diffusion 2 attends to.
const SECOND_CONTEXT: usize = 1024;
/// Blocks or layers that are counted; published networks have fewer than 40.
const MOST: usize = 1000;

/// One dimension of a tensor, if there is such a tensor.
pub(super) fn side(shapes: &Shapes<'_>, name: &str, axis: usize) -> Option<usize> {
    shapes.get(name)?.get(axis).copied()
}

/// The first number from 0 on that there is not.
pub(super) fn count(exists: impl Fn(usize) -> bool) -> usize {
    (0..MOST).take_while(|index| exists(*index)).count()
}

/// Whether a UNet is Stable Diffusion 2's, by the rank of its transformers' projections and the channels of the text: they
/// are linear there, but some writers of GGUF store them as 1×1 kernels.
pub(in crate::stable_diffusion) fn is_second_family(rank: usize, context: usize) -> bool {
    rank == 2 || context == SECOND_CONTEXT
}

/// Heads of a transformer of so many channels.
pub(in crate::stable_diffusion) fn heads(is_second: bool, channels: usize) -> usize {
    if is_second { (channels / HEAD).max(1) } else { HEADS }
}

/// Of the UNet: levels from where it halves, heads by its kind (linear layers in its transformers are Stable Diffusion 2's).
pub(in crate::stable_diffusion) fn unet_config(shapes: &Shapes<'_>) -> Option<UnetConfig> {
    let of = |name: &str, axis| side(shapes, name, axis);
    let is_halving = |block: usize| of(&format!("input_blocks.{block}.0.op.weight"), 0).is_some();
    let is_layer = |block: usize| of(&format!("input_blocks.{block}.0.in_layers.2.weight"), 0).is_some();
    let blocks = 1 + count(|index| is_layer(index + 1) || is_halving(index + 1));
    let halvings: Vec<usize> = (1..blocks).filter(|block| is_halving(*block)).collect();
    let layers = halvings.first().map_or(blocks, |first| *first).checked_sub(1).filter(|layers| *layers > 0)?;
    let first_block = |level: usize| 1 + level * (layers + 1);
    let channels = |level| of(&format!("input_blocks.{}.0.out_layers.3.weight", first_block(level)), 0);
    let channels: Vec<usize> = (0..=halvings.len()).map(channels).collect::<Option<_>>()?;
    let middle = "middle_block.1.proj_in.weight";
    let context = of("middle_block.1.transformer_blocks.0.attn2.to_k.weight", 1)?;
    let rank = shapes.get(middle)?.len();
    let has_linear_projection = is_second_family(rank, context);
    let heads_of = |channels: usize| self::heads(has_linear_projection, channels);
    let has_transformer = |level| of(&format!("input_blocks.{}.1.proj_in.weight", first_block(level)), 0).is_some();
    let heads = channels.iter().enumerate().map(
        |(level, channels)| {
            if has_transformer(level) { heads_of(*channels) } else { 0 }
        },
    );
    Some(UnetConfig {
        in_channels: of("input_blocks.0.0.weight", 1)?,
        out_channels: of("out.2.weight", 0)?,
        heads: heads.collect(),
        middle_heads: heads_of(*channels.last()?),
        layers,
        context,
        groups: GROUPS,
        has_linear_projection,
        channels,
    })
}

/// Of the autoencoder.
pub(in crate::stable_diffusion) fn autoencoder_config(shapes: &Shapes<'_>) -> Option<AutoencoderKlConfig> {
    let of = |name: &str| side(shapes, name, 0);
    let block = |level: usize, layer: usize| of(&format!("encoder.down.{level}.block.{layer}.conv1.weight"));
    let levels = count(|level| block(level, 0).is_some());
    let channels: Vec<usize> = (0..levels).map(|level| block(level, 0)).collect::<Option<_>>()?;
    let layers = count(|layer| block(0, layer).is_some());
    (levels > 0).then_some(())?;
    let latent = of("post_quant_conv.weight")?;
    Some(AutoencoderKlConfig { channels, layers, latent, groups: GROUPS, scaling_factor: SCALING })
}
