//! Names of tensors in the single files that AUTOMATIC1111 and `ComfyUI` read, from diffusers' names.
//!
//! The files are states of `LatentDiffusion` of CompVis/stable-diffusion@21f890f `ldm/models/diffusion/ddpm.py` (its UNet from
//! `ldm/modules/diffusionmodules/openaimodel.py`, its autoencoder from `…/model.py`). Equal, pair by pair, to what diffusers
//! 0.31.0 `loaders/single_file_utils.py` makes of them (`tests/golden/diffusion_single_file.txt`).

mod autoencoder;
mod detect;
#[cfg(test)]
mod tests;
mod text;
mod unet;

pub(super) use autoencoder::autoencoder;
pub(super) use detect::{GROUPS, autoencoder_config, heads, is_second_family, unet_config};
pub(super) use text::{MARKS as TEXT_MARKS, TextNames};
pub(super) use unet::unet;

/// Tensors of a whole file that are no part of the networks that draw: averages kept while training, the training's own
/// state, and numbers that are known anyway.
const IGNORED: [&str; 19] = [
    "model_ema.",
    "alphas_cumprod",
    "betas",
    "sqrt_",
    "log_one_minus_alphas_cumprod",
    "posterior_",
    "lvlb_weights",
    "logvar",
    "scale_factor",
    "denoiser.",
    "v_pred",
    "ztsnr",
    "global_step",
    "epoch",
    "optimizer",
    "lr_schedulers",
    "callbacks",
    "loops",
    "embedding_manager.",
];
/// The same of an autoencoder, behind its prefix.
const IGNORED_OF_AUTOENCODER: &str = "loss.";

/// Whether a tensor of a whole file may be left unread.
pub(super) fn is_ignored(name: &str) -> bool {
    IGNORED.iter().any(|start| name.starts_with(start))
}

/// Whether a tensor of an autoencoder may be left unread.
pub(super) fn is_ignored_of_autoencoder(inside: &str) -> bool {
    inside.starts_with(IGNORED_OF_AUTOENCODER) || is_ignored(inside)
}

/// `name` with its first segment replaced as the table says; `to_out.0` counts as one segment.
fn renamed(name: &str, table: &[(&str, &str)]) -> String {
    let found = table.iter().find_map(|(from, to)| {
        let rest = name.strip_prefix(from)?;
        (rest.is_empty() || rest.starts_with('.')).then(|| format!("{to}{rest}"))
    });
    found.unwrap_or_else(|| name.to_owned())
}

/// Segments from number `start` on, joined again.
fn rest(parts: &[&str], start: usize) -> String {
    parts.get(start..).unwrap_or_default().join(".")
}

/// Segment `at` as a number; names that are asked for have one there.
fn number(parts: &[&str], at: usize) -> usize {
    parts.get(at).and_then(|part| part.parse().ok()).unwrap_or(0)
}
