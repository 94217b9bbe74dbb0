//! Names of the text encoder: transformers' CLIP in files of Stable Diffusion 1, `OpenCLIP`'s own in those of 2.

use danqing_nn::Activation;

use super::detect::{Shapes, count, side};
use super::{number, renamed, rest};
use crate::diffusion::Stored;
use crate::text_encoders::clip::ClipTextConfig;

/// Where the text encoder lies in a whole file.
pub(in crate::stable_diffusion) const PREFIX: &str = "cond_stage_model.";
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
    /// transformers' without `text_model`, as some merging tools write it.
    BareClip,
    /// `OpenCLIP`'s, with queries, keys and values in one tensor.
    OpenClip,
}

impl TextNames {
    /// What a file has.
    pub(in crate::stable_diffusion) fn of(shapes: &Shapes<'_>) -> Option<Self> {
        let table = [
            ("transformer.text_model.embeddings.token_embedding.weight", Self::Clip),
            ("transformer.embeddings.token_embedding.weight", Self::BareClip),
            ("model.token_embedding.weight", Self::OpenClip),
        ];
        table
            .into_iter()
            .find_map(|(name, names)| shapes.contains_key(format!("{PREFIX}{name}").as_str()).then_some(names))
    }

    /// Sizes as the tensors say them.
    pub(in crate::stable_diffusion) fn config(self, shapes: &Shapes<'_>) -> Option<ClipTextConfig> {
        let layer = |index: usize| self.stored(&format!("text_model.encoder.layers.{index}.mlp.fc1.weight")).name;
        let named = |name: &str, axis| side(shapes, &self.stored(name).name, axis);
        let token = "text_model.embeddings.token_embedding.weight";
        let (vocabulary, channels) = (named(token, 0)?, named(token, 1)?);
        let layers = count(|index| shapes.contains_key(layer(index).as_str()));
        // Some writers of GGUF give `OpenCLIP` transformers' names; its channels give it away.
        let is_open = self == Self::OpenClip || channels == OPEN_CLIP_CHANNELS;
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

    /// What holds the tensor that transformers calls `name`.
    pub(in crate::stable_diffusion) fn stored(self, name: &str) -> Stored {
        match self {
            Self::Clip => format!("{PREFIX}transformer.{name}").into(),
            Self::BareClip => {
                format!("{PREFIX}transformer.{}", name.strip_prefix("text_model.").unwrap_or(name)).into()
            }
            Self::OpenClip => {
                let Stored { name, part } = open_clip(name);
                Stored { name: format!("{PREFIX}model.{name}"), part }
            }
        }
    }

    /// Whether a tensor of the file is the text encoder's and has to be read.
    pub(in crate::stable_diffusion) fn belongs(self, name: &str) -> bool {
        let Some(inside) = name.strip_prefix(PREFIX) else { return false };
        let last_layer = format!("model.transformer.resblocks.{OPEN_CLIP_LAYERS}.");
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

fn open_clip(name: &str) -> Stored {
    let parts: Vec<&str> = name.split('.').collect();
    match parts.as_slice() {
        ["text_model", "embeddings", "token_embedding", ..] => "token_embedding.weight".to_owned().into(),
        ["text_model", "embeddings", "position_embedding", ..] => "positional_embedding".to_owned().into(),
        ["text_model", "final_layer_norm", ..] => format!("ln_final.{}", rest(&parts, 2)).into(),
        ["text_model", "encoder", "layers", _, inner @ ..] => {
            let block = format!("transformer.resblocks.{}", number(&parts, 3));
            let thirds = ["q_proj", "k_proj", "v_proj"];
            match inner {
                ["self_attn", projection, kind] if thirds.contains(projection) => {
                    let part = thirds.iter().position(|third| third == projection).map(|part| (part, thirds.len()));
                    Stored { name: format!("{block}.attn.in_proj_{kind}"), part }
                }
                _ => format!("{block}.{}", renamed(&rest(&parts, 4), &OPEN_CLIP)).into(),
            }
        }
        _ => name.to_owned().into(),
    }
}
