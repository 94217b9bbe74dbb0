//! Names of the UNet: blocks are numbered through, a block's parts are numbered in it.

use super::{number, renamed, rest};
use crate::denoisers::unet::UnetConfig;

const RESNET: [(&str, &str); 6] = [
    ("norm1", "in_layers.0"),
    ("conv1", "in_layers.2"),
    ("time_emb_proj", "emb_layers.1"),
    ("norm2", "out_layers.0"),
    ("conv2", "out_layers.3"),
    ("conv_shortcut", "skip_connection"),
];

/// The original name, behind the prefix, of the tensor that diffusers calls `name`.
pub(in crate::stable_diffusion) fn unet(name: &str, config: &UnetConfig) -> String {
    let parts: Vec<&str> = name.split('.').collect();
    let (first, second) = (number(&parts, 1), number(&parts, 3));
    // A level has its layers and one block more: the halving on the way down, one more layer on the way up.
    let stride = config.layers + 1;
    let resnet = |start| renamed(&rest(&parts, start), &RESNET);
    match parts.as_slice() {
        ["conv_in", ..] => format!("input_blocks.0.0.{}", rest(&parts, 1)),
        ["time_embedding", "linear_1", ..] => format!("time_embed.0.{}", rest(&parts, 2)),
        ["time_embedding", "linear_2", ..] => format!("time_embed.2.{}", rest(&parts, 2)),
        ["down_blocks", _, "resnets", ..] => {
            format!("input_blocks.{}.0.{}", 1 + first * stride + second, resnet(4))
        }
        ["down_blocks", _, "attentions", ..] => {
            format!("input_blocks.{}.1.{}", 1 + first * stride + second, rest(&parts, 4))
        }
        ["down_blocks", _, "downsamplers", ..] => {
            format!("input_blocks.{}.0.op.{}", (first + 1) * stride, rest(&parts, 5))
        }
        ["mid_block", "resnets", index, ..] => {
            format!("middle_block.{}.{}", if *index == "0" { 0 } else { 2 }, resnet(3))
        }
        ["mid_block", "attentions", ..] => format!("middle_block.1.{}", rest(&parts, 3)),
        ["up_blocks", _, "resnets", ..] => format!("output_blocks.{}.0.{}", first * stride + second, resnet(4)),
        ["up_blocks", _, "attentions", ..] => {
            format!("output_blocks.{}.1.{}", first * stride + second, rest(&parts, 4))
        }
        ["up_blocks", _, "upsamplers", ..] => {
            let level = config.heads.len().saturating_sub(first + 1);
            let place = if config.heads.get(level).is_some_and(|heads| *heads > 0) { 2 } else { 1 };
            format!("output_blocks.{}.{place}.conv.{}", (first + 1) * stride - 1, rest(&parts, 5))
        }
        ["conv_norm_out", ..] => format!("out.0.{}", rest(&parts, 1)),
        ["conv_out", ..] => format!("out.2.{}", rest(&parts, 1)),
        _ => name.to_owned(),
    }
}
