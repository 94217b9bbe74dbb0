//! Which layer of which network a tensor of a `LoRA` belongs to, whoever wrote the file.
//!
//! Layouts: kohya-ss/sd-scripts `networks/lora.py` (`lora_unet_…`, `lora_te_…`; diffusers' module names, or the original ones,
//! with underscores), and huggingface/diffusers@v0.31.0 `loaders/lora_pipeline.py` and `utils/state_dict_utils.py` (PEFT's
//! `lora_A` and `lora_B`, and the two layouts before it).

/// Which network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The UNet.
    Denoiser,
    /// The text encoder.
    Text,
}

/// What a tensor is of its layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// To the low rank.
    Down,
    /// From it.
    Up,
    /// Between both, of a convolution taken apart (`LoCon`'s CP form).
    Middle,
    /// What the product is scaled by, times the rank.
    Alpha,
}

/// Network, layer (diffusers' or the original name, with underscores for dots) and role.
pub(super) type Place = (Part, String, Role);

const ROLES: [(&str, Role); 14] = [
    (".lora_down.weight", Role::Down),
    (".lora_up.weight", Role::Up),
    (".lora_mid.weight", Role::Middle),
    (".lora_A.default.weight", Role::Down),
    (".lora_B.default.weight", Role::Up),
    (".lora_A.weight", Role::Down),
    (".lora_B.weight", Role::Up),
    (".lora_linear_layer.down.weight", Role::Down),
    (".lora_linear_layer.up.weight", Role::Up),
    (".lora.down.weight", Role::Down),
    (".lora.up.weight", Role::Up),
    ("_lora.down.weight", Role::Down),
    ("_lora.up.weight", Role::Up),
    (".alpha", Role::Alpha),
];

const PREFIXES: [(&str, Part); 4] = [
    ("lora_unet_", Part::Denoiser),
    ("lora_te_", Part::Text),
    ("unet.", Part::Denoiser),
    ("text_encoder.", Part::Text),
];

/// Kinds of files that look alike but multiply or add otherwise, and how they are told.
const OTHERS: [(&str, &str); 8] = [
    (".hada_w", "a LoHa"),
    (".lokr_", "a LoKr"),
    (".dora_scale", "a DoRA"),
    (".oft_", "an OFT"),
    (".diff", "a file of whole differences"),
    ("lora_te1_", "a LoRA of Stable Diffusion XL"),
    ("lora_te2_", "a LoRA of Stable Diffusion XL"),
    ("text_encoder_2.", "a LoRA of Stable Diffusion XL"),
];

/// What the tensors say they are, if not a `LoRA`.
pub(super) fn other(name: &str) -> Option<&'static str> {
    OTHERS.iter().find(|(mark, _)| name.contains(mark)).map(|(_, what)| *what)
}

/// Where a tensor belongs.
pub(super) fn place(name: &str) -> Option<Place> {
    let (module, role) = ROLES.iter().find_map(|(end, role)| Some((name.strip_suffix(end)?, *role)))?;
    let stripped = PREFIXES.iter().find_map(|(start, part)| Some((*part, module.strip_prefix(start)?)));
    // diffusers wrote the UNet's alone without a prefix.
    let (part, module) = stripped.or_else(|| module.contains(".processor.").then_some((Part::Denoiser, module)))?;
    let mut key = module.replace(".processor.", ".").replace('.', "_");
    let ends: &[(&str, &str)] = match part {
        Part::Denoiser => &[("_to_out", "_to_out_0")],
        Part::Text => &[("_to_q", "_q_proj"), ("_to_k", "_k_proj"), ("_to_v", "_v_proj"), ("_to_out", "_out_proj")],
    };
    if let Some((start, end)) = ends.iter().find_map(|(old, new)| Some((key.strip_suffix(old)?, new))) {
        key = format!("{start}{end}");
    }
    Some((part, key, role))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_layout_names_the_same_layers() {
        let attention = "down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q";
        let out = "down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_out_0";
        let text = "text_model_encoder_layers_3_self_attn_q_proj";
        let dotted = "down_blocks.0.attentions.0.transformer_blocks.0.attn1";
        let own = |name: &str| name.to_owned();
        let table = [
            (format!("lora_unet_{attention}.lora_down.weight"), Part::Denoiser, own(attention), Role::Down),
            (format!("lora_unet_{out}.lora_up.weight"), Part::Denoiser, own(out), Role::Up),
            (format!("lora_unet_{out}.alpha"), Part::Denoiser, own(out), Role::Alpha),
            (
                own("lora_unet_down_blocks_0_resnets_0_conv1.lora_mid.weight"),
                Part::Denoiser,
                own("down_blocks_0_resnets_0_conv1"),
                Role::Middle,
            ),
            (format!("unet.{dotted}.to_q.lora_A.weight"), Part::Denoiser, own(attention), Role::Down),
            (format!("unet.{dotted}.to_out.0.lora_B.weight"), Part::Denoiser, own(out), Role::Up),
            (format!("unet.{dotted}.processor.to_q_lora.down.weight"), Part::Denoiser, own(attention), Role::Down),
            (format!("{dotted}.processor.to_out_lora.up.weight"), Part::Denoiser, own(out), Role::Up),
            (format!("unet.{dotted}.to_q.lora.down.weight"), Part::Denoiser, own(attention), Role::Down),
            (format!("lora_te_{text}.lora_down.weight"), Part::Text, own(text), Role::Down),
            (
                own("text_encoder.text_model.encoder.layers.3.self_attn.q_proj.lora_linear_layer.up.weight"),
                Part::Text,
                own(text),
                Role::Up,
            ),
            (
                own("text_encoder.text_model.encoder.layers.3.self_attn.to_q_lora.up.weight"),
                Part::Text,
                own(text),
                Role::Up,
            ),
        ];
        for (name, part, key, role) in table {
            assert_eq!(place(&name), Some((part, key, role)), "{name}");
        }
        assert_eq!(place("model.diffusion_model.out.2.weight"), None);
        assert_eq!(other("lora_unet_x.hada_w1_a"), Some("a LoHa"));
        assert_eq!(other("lora_te1_text_model.alpha"), Some("a LoRA of Stable Diffusion XL"));
    }
}
