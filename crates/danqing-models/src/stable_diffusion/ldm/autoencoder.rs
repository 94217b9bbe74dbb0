//! Names of the autoencoder: levels of the decoder are counted from the finest.

use super::{number, renamed, rest};

const RESNET: [(&str, &str); 1] = [("conv_shortcut", "nin_shortcut")];
const ATTENTION: [(&str, &str); 5] =
    [("group_norm", "norm"), ("to_q", "q"), ("to_k", "k"), ("to_v", "v"), ("to_out.0", "proj_out")];

/// The original name, behind the prefix, of the tensor that diffusers calls `name`, of an autoencoder of so many levels.
pub(in crate::stable_diffusion) fn autoencoder(name: &str, levels: usize) -> String {
    let parts: Vec<&str> = name.split('.').collect();
    let resnet = |start| renamed(&rest(&parts, start), &RESNET);
    let up = || levels.saturating_sub(number(&parts, 2) + 1);
    match parts.as_slice() {
        [side, "mid_block", "resnets", ..] => format!("{side}.mid.block_{}.{}", number(&parts, 3) + 1, resnet(4)),
        [side, "mid_block", "attentions", ..] => {
            format!("{side}.mid.attn_1.{}", renamed(&rest(&parts, 4), &ATTENTION))
        }
        ["encoder", "down_blocks", level, "resnets", layer, ..] => {
            format!("encoder.down.{level}.block.{layer}.{}", resnet(5))
        }
        ["encoder", "down_blocks", level, "downsamplers", ..] => {
            format!("encoder.down.{level}.downsample.{}", rest(&parts, 5))
        }
        ["decoder", "up_blocks", _, "resnets", layer, ..] => {
            format!("decoder.up.{}.block.{layer}.{}", up(), resnet(5))
        }
        ["decoder", "up_blocks", _, "upsamplers", ..] => format!("decoder.up.{}.upsample.{}", up(), rest(&parts, 5)),
        [side, "conv_norm_out", ..] => format!("{side}.norm_out.{}", rest(&parts, 2)),
        _ => name.to_owned(),
    }
}
