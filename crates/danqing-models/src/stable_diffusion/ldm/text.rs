//! Names of the text encoder: transformers' CLIP in files of Stable Diffusion 1, `OpenCLIP`'s own in those of 2.

use danqing_nn::Activation;

use super::detect::{count, side};
use super::{number, renamed, rest};
use crate::diffusion::Stored;
use crate::stable_diffusion::place::Shapes;
use crate::text_encoders::clip::ClipTextConfig;

/// A tensor that only a text encoder has, by the name that it has behind the prefix.
pub(in crate::stable_diffusion) const MARKS: [(&str, TextNames); 4] = [
    ("text_model.encoder.layers.0.self_attn.in_proj.weight", TextNames::JoinedClip),
    ("text_model.embeddings.token_embedding.weight", TextNames::Clip),
    ("embeddings.token_embedding.weight", TextNames::BareClip),
    ("token_embedding.weight", TextNames::OpenClip),
];
/// Layers of `OpenCLIP` that Stable Diffusion 2 uses: the last of its 24 is left out.
const OPEN_CLIP_LAYERS: usize = 23;
const OPEN_CLIP_CHANNELS: usize = 1024;
/// Channels of a head in every CLIP.
const HEAD: usize = 64;

const OPEN_CLIP: [(&str, &str); 5] = [
    ("layer_norm1", "ln_1"),
    ("layer_norm2", "ln_2"),
    ("mlp.fc1", "mlp.c_fc"),
    ("mlp.fc2", "mlp.c_proj"),
    ("self_attn.out_proj", "attn.out_proj"),
];

/// Which of the ways that files name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::stable_diffusion) enum TextNames {
    /// transformers' own.
    Clip,
    /// transformers' with queries, keys and values in one tensor: what stable-diffusion.cpp makes of `OpenCLIP`'s.
    JoinedClip,
    /// transformers' without `text_model`, as some merging tools write it.
    BareClip,
    /// `OpenCLIP`'s, with queries, keys and values in one tensor.
    OpenClip,
}

impl TextNames {
    /// Sizes as the tensors say them.
    pub(in crate::stable_diffusion) fn config(self, shapes: &Shapes<'_>) -> Option<ClipTextConfig> {
        let layer = |index: usize| self.stored(&format!("text_model.encoder.layers.{index}.mlp.fc1.weight")).name;
        let named = |name: &str, axis| side(shapes, &self.stored(name).name, axis);
        let token = "text_model.embeddings.token_embedding.weight";
        let (vocabulary, channels) = (named(token, 0)?, named(token, 1)?);
        let layers = count(|index| shapes.contains_key(layer(index).as_str()));
        // Some writers of GGUF give `OpenCLIP` transformers' names; its channels give it away.
        let is_open = matches!(self, Self::OpenClip | Self::JoinedClip) || channels == OPEN_CLIP_CHANNELS;
        Some(ClipTextConfig {
            vocabulary,
            tokens: named("text_model.embeddings.position_embedding.weight", 0)?,
            channels,
            inner: side(shapes, &layer(0), 0)?,
            heads: (channels / HEAD).max(1),
            layers: if is_open { layers.min(OPEN_CLIP_LAYERS) } else { layers },
            activation: if is_open { Activation::Gelu } else { Activation::GeluQuick },
        })
    }

    /// What holds, behind the prefix, the tensor that transformers calls `name`.
    pub(in crate::stable_diffusion) fn stored(self, name: &str) -> Stored {
        match self {
            Self::Clip => name.to_owned().into(),
            Self::BareClip => name.strip_prefix("text_model.").unwrap_or(name).to_owned().into(),
            Self::JoinedClip => joined(name),
            Self::OpenClip => open_clip(name),
        }
    }

    /// Whether a tensor behind the prefix is the text encoder's and has to be read.
    pub(in crate::stable_diffusion) fn belongs(self, inside: &str) -> bool {
        let last_layer = format!("transformer.resblocks.{OPEN_CLIP_LAYERS}.");
        let renamed_layer = format!("encoder.layers.{OPEN_CLIP_LAYERS}.");
        let is_unused = match self {
            Self::OpenClip => inside.starts_with(&last_layer),
            // ViT-L/14 has 12 layers.
            _ => inside.contains(&renamed_layer),
        };
        let others = ["position_ids", "text_projection", "text_projection.weight", "logit_scale", "attn_mask"];
        !is_unused && !others.iter().any(|end| inside.ends_with(end))
    }
}

/// Queries, keys and values, as they stand one behind the other in a joined tensor.
const THIRDS: [&str; 3] = ["q_proj", "k_proj", "v_proj"];

/// Which of three parts a projection is.
fn third(projection: &str) -> Option<(usize, usize)> {
    THIRDS.iter().position(|third| *third == projection).map(|part| (part, THIRDS.len()))
}

fn joined(name: &str) -> Stored {
    let parts: Vec<&str> = name.split('.').collect();
    match parts.as_slice() {
        [.., "self_attn", projection, kind] if THIRDS.contains(projection) => {
            let before = parts.get(..parts.len() - 2).unwrap_or_default().join(".");
            Stored { name: format!("{before}.in_proj.{kind}"), part: third(projection) }
        }
        _ => name.to_owned().into(),
    }
}

fn open_clip(name: &str) -> Stored {
    let parts: Vec<&str> = name.split('.').collect();
    match parts.as_slice() {
        ["text_model", "embeddings", "token_embedding", ..] => "token_embedding.weight".to_owned().into(),
        ["text_model", "embeddings", "position_embedding", ..] => "positional_embedding".to_owned().into(),
        ["text_model", "final_layer_norm", ..] => format!("ln_final.{}", rest(&parts, 2)).into(),
        ["text_model", "encoder", "layers", _, inner @ ..] => {
            let block = format!("transformer.resblocks.{}", number(&parts, 3));
            match inner {
                ["self_attn", projection, kind] if THIRDS.contains(projection) => {
                    Stored { name: format!("{block}.attn.in_proj_{kind}"), part: third(projection) }
                }
                _ => format!("{block}.{}", renamed(&rest(&parts, 4), &OPEN_CLIP)).into(),
            }
        }
        _ => name.to_owned().into(),
    }
}
