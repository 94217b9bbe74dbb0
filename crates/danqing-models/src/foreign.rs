//! What a file that is not the network asked for seems to hold.

use danqing_weights::TensorFile;

/// Parts of tensor names that give a network away.
const MARKS: [(&str, &str); 23] = [
    ("conditioner.embedders.", "a Stable Diffusion XL checkpoint"),
    ("joint_blocks.", "a Stable Diffusion 3 checkpoint"),
    ("double_blocks.", "a Flux checkpoint"),
    ("lora_", "a LoRA"),
    (".lora.", "a LoRA"),
    ("hada_w1_", "a LyCORIS"),
    ("control_model.", "a ControlNet"),
    ("controlnet_cond_embedding.", "a ControlNet"),
    ("string_to_param", "a textual inversion"),
    ("emb_params", "a textual inversion"),
    ("model.diffusion_model.", "a Stable Diffusion checkpoint"),
    ("input_blocks.0.0.", "a UNet alone"),
    ("down_blocks.0.attentions.", "a UNet alone"),
    ("decoder.mid", "an autoencoder alone"),
    ("conv1x1", "an ESRGAN+ network"),
    ("residual_group", "a SwinIR, HAT or DAT transformer"),
    ("relative_position_bias_table", "a transformer"),
    ("attn.qkv", "a transformer"),
    ("c1_r.eval_conv", "a SPAN network"),
    ("feats.0", "a RealPLKSR network"),
    ("synthesis.", "a StyleGAN or MI-GAN generator"),
    ("features.28.", "a VGG classifier"),
    ("backbone.", "a segmentation or detection network"),
];

/// One phrase.
pub(crate) fn describe(file: &TensorFile) -> String {
    if file.is_empty() {
        return "no tensors".to_owned();
    }
    let names = || file.entries().iter().map(|entry| entry.name.as_str());
    let known = MARKS.iter().find(|(mark, _)| names().any(|name| name.contains(mark)));
    let examples: Vec<_> = names().take(3).map(|name| format!("`{name}`")).collect();
    let seen = format!("{} tensors such as {}", file.len(), examples.join(", "));
    match known {
        Some((_, what)) => format!("{what} ({seen})"),
        None => format!("an unknown network ({seen})"),
    }
}
