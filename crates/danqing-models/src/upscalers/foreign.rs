//! What a file that is no upscaler of ours seems to hold.

use danqing_weights::TensorFile;

/// Parts of tensor names that give a network away.
const MARKS: [(&str, &str); 11] = [
    ("model.diffusion_model.", "a Stable Diffusion checkpoint"),
    ("lora_", "a LoRA"),
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
pub(super) fn describe(file: &TensorFile) -> String {
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
