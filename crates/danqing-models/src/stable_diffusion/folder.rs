//! diffusers' `config.json` files, with the defaults that diffusers 0.31.0 and transformers 4.46.3 give what is left out.

use danqing_nn::Activation;
use serde::Deserialize;
use serde_json::Value;

use super::OpenError;
use crate::denoisers::unet::UnetConfig;
use crate::latent_codecs::autoencoder_kl::AutoencoderKlConfig;
use crate::text_encoders::clip::ClipTextConfig;

/// One number for all levels, or one each.
#[derive(Deserialize)]
#[serde(untagged)]
enum PerLevel {
    All(usize),
    Each(Vec<usize>),
}

impl PerLevel {
    fn at(&self, level: usize) -> usize {
        match self {
            Self::All(value) => *value,
            Self::Each(values) => values.get(level).or(values.last()).copied().unwrap_or(0),
        }
    }
}

#[derive(Deserialize)]
struct UnetJson {
    #[serde(default = "four")]
    in_channels: usize,
    #[serde(default = "four")]
    out_channels: usize,
    block_out_channels: Vec<usize>,
    down_block_types: Vec<String>,
    #[serde(default = "two")]
    layers_per_block: usize,
    cross_attention_dim: usize,
    #[serde(default = "eight")]
    attention_head_dim: PerLevel,
    num_attention_heads: Option<PerLevel>,
    #[serde(default)]
    use_linear_projection: bool,
    #[serde(default = "groups")]
    norm_num_groups: usize,
    /// Of other networks: text and size beside the time (XL), classes (upscalers), guidance (LCM), a list of depths (XL).
    addition_embed_type: Option<Value>,
    class_embed_type: Option<Value>,
    num_class_embeds: Option<Value>,
    time_cond_proj_dim: Option<Value>,
    transformer_layers_per_block: Option<Value>,
}

#[derive(Deserialize)]
struct AutoencoderJson {
    block_out_channels: Vec<usize>,
    #[serde(default = "two")]
    layers_per_block: usize,
    #[serde(default = "four")]
    latent_channels: usize,
    #[serde(default = "groups")]
    norm_num_groups: usize,
    #[serde(default = "scaling")]
    scaling_factor: f32,
}

#[derive(Deserialize)]
struct TextJson {
    #[serde(default = "vocabulary")]
    vocab_size: usize,
    #[serde(default = "tokens")]
    max_position_embeddings: usize,
    hidden_size: usize,
    intermediate_size: usize,
    num_attention_heads: usize,
    num_hidden_layers: usize,
    #[serde(default = "quick_gelu")]
    hidden_act: String,
}

fn four() -> usize {
    4
}

fn two() -> usize {
    2
}

fn eight() -> PerLevel {
    PerLevel::All(8)
}

fn groups() -> usize {
    32
}

fn scaling() -> f32 {
    0.18215
}

fn vocabulary() -> usize {
    49_408
}

fn tokens() -> usize {
    77
}

fn quick_gelu() -> String {
    "quick_gelu".to_owned()
}

fn parsed<'a, T: Deserialize<'a>>(text: &'a str, file: &str) -> Result<T, OpenError> {
    serde_json::from_str(text).map_err(|error| OpenError::Config { file: file.to_owned(), reason: error.to_string() })
}

/// Sides that are 0, or too many levels, would be read as another network.
fn checked(channels: &[usize], groups: usize, file: &str) -> Result<(), OpenError> {
    let fits = |side: &usize| groups > 0 && *side > 0 && side.is_multiple_of(groups);
    if (1..=8).contains(&channels.len()) && channels.iter().all(fits) {
        return Ok(());
    }
    let reason = format!("block_out_channels is {channels:?}, expected 1 to 8 multiples of {groups}");
    Err(OpenError::Config { file: file.to_owned(), reason })
}

/// `unet/config.json`.
pub(super) fn unet_config(text: &str, file: &str) -> Result<UnetConfig, OpenError> {
    let json: UnetJson = parsed(text, file)?;
    let has = |value: &Option<Value>| value.as_ref().is_some_and(|value| !value.is_null());
    let deep = json.transformer_layers_per_block.as_ref().is_some_and(|depth| *depth != 1);
    let others = [
        (has(&json.addition_embed_type) || deep, "a UNet of Stable Diffusion XL"),
        (has(&json.class_embed_type) || has(&json.num_class_embeds), "a UNet with class embeddings"),
        (has(&json.time_cond_proj_dim), "a UNet with an embedding of the guidance"),
    ];
    if let Some((_, what)) = others.iter().find(|(is_there, _)| *is_there) {
        return Err(OpenError::Unsupported { what: (*what).to_owned() });
    }
    checked(&json.block_out_channels, json.norm_num_groups, file)?;
    let levels = json.block_out_channels.len();
    // As diffusers has it, the field named after the dimension of a head holds the number of heads.
    let heads = json.num_attention_heads.as_ref().unwrap_or(&json.attention_head_dim);
    let has_transformer =
        |level: usize| json.down_block_types.get(level).is_some_and(|kind| kind.contains("CrossAttn"));
    Ok(UnetConfig {
        in_channels: json.in_channels,
        out_channels: json.out_channels,
        heads: (0..levels).map(|level| if has_transformer(level) { heads.at(level) } else { 0 }).collect(),
        middle_heads: heads.at(levels - 1),
        layers: json.layers_per_block,
        context: json.cross_attention_dim,
        groups: json.norm_num_groups,
        has_linear_projection: json.use_linear_projection,
        channels: json.block_out_channels,
    })
}

/// `vae/config.json`.
pub(super) fn autoencoder_config(text: &str, file: &str) -> Result<AutoencoderKlConfig, OpenError> {
    let json: AutoencoderJson = parsed(text, file)?;
    checked(&json.block_out_channels, json.norm_num_groups, file)?;
    Ok(AutoencoderKlConfig {
        channels: json.block_out_channels,
        layers: json.layers_per_block,
        latent: json.latent_channels,
        groups: json.norm_num_groups,
        scaling_factor: json.scaling_factor,
    })
}

/// `text_encoder/config.json`.
pub(super) fn text_config(text: &str, file: &str) -> Result<ClipTextConfig, OpenError> {
    let json: TextJson = parsed(text, file)?;
    let activation = match json.hidden_act.as_str() {
        "quick_gelu" => Activation::GeluQuick,
        "gelu" => Activation::Gelu,
        other => {
            let reason = format!("hidden_act is {other:?}, expected \"quick_gelu\" or \"gelu\"");
            return Err(OpenError::Config { file: file.to_owned(), reason });
        }
    };
    Ok(ClipTextConfig {
        vocabulary: json.vocab_size,
        tokens: json.max_position_embeddings,
        channels: json.hidden_size,
        inner: json.intermediate_size,
        heads: json.num_attention_heads,
        layers: json.num_hidden_layers,
        activation,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `unet/config.json` of stabilityai/stable-diffusion-2-1, shortened.
    const SD2: &str = r#"{"attention_head_dim": [5, 10, 20, 20], "block_out_channels": [320, 640, 1280, 1280],
        "cross_attention_dim": 1024, "use_linear_projection": true, "sample_size": 96,
        "down_block_types": ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"]}"#;

    #[test]
    fn published_configs_are_the_named_ones() {
        assert_eq!(unet_config(SD2, "unet").unwrap(), UnetConfig::sd2());
        let sd1 = SD2.replace("[5, 10, 20, 20]", "8").replace("1024", "768").replace("true", "false");
        assert_eq!(unet_config(&sd1, "unet").unwrap(), UnetConfig::sd1());
        let vae = r#"{"block_out_channels": [128, 256, 512, 512], "act_fn": "silu"}"#;
        assert_eq!(autoencoder_config(vae, "vae").unwrap(), AutoencoderKlConfig::sd());
        let text = r#"{"hidden_size": 1024, "intermediate_size": 4096, "num_attention_heads": 16,
            "num_hidden_layers": 23, "hidden_act": "gelu"}"#;
        assert_eq!(text_config(text, "text_encoder").unwrap(), ClipTextConfig::sd2());
    }

    #[test]
    fn other_networks_of_the_family_are_refused_by_name() {
        let with = |field: &str| SD2.replacen('{', &format!("{{{field}, "), 1);
        for (text, says) in [
            (with(r#""addition_embed_type": "text_time""#), "a UNet of Stable Diffusion XL is not supported"),
            (with(r#""transformer_layers_per_block": [1, 2, 10]"#), "a UNet of Stable Diffusion XL"),
            (with(r#""num_class_embeds": 1000"#), "a UNet with class embeddings"),
            (with(r#""time_cond_proj_dim": 256"#), "a UNet with an embedding of the guidance"),
            (
                SD2.replace("[320", "[321"),
                "block_out_channels is [321, 640, 1280, 1280], expected 1 to 8 multiples of 32",
            ),
            (SD2.replace("1024", "\"x\""), "unet: "),
        ] {
            let error = unet_config(&text, "unet").unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
        let text = r#"{"hidden_size": 8, "intermediate_size": 8, "num_attention_heads": 1, "num_hidden_layers": 1,
            "hidden_act": "relu"}"#;
        assert!(text_config(text, "text").unwrap_err().to_string().contains("hidden_act is \"relu\""));
    }
}
