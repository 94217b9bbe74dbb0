//! Guidance: several answers of the network become one. Equal to diffusers 0.31.0
//! (`pipelines/stable_diffusion/pipeline_stable_diffusion.py`: classifier-free and rescaled; `…_instruct_pix2pix.py`) and, for
//! weighted prompts, to A1111's composable diffusion, to rounding.

/// Ho and Salimans 2022: `unconditional + scale·(conditional − unconditional)`.
#[must_use]
pub fn classifier_free(unconditional: &[f32], conditional: &[f32], scale: f32) -> Vec<f32> {
    weighted(unconditional, &[(conditional, 1.0)], scale)
}

/// Several prompts joined by `AND`: `unconditional + scale·Σ weight·(conditional − unconditional)`.
#[must_use]
pub fn weighted(unconditional: &[f32], prompts: &[(&[f32], f32)], scale: f32) -> Vec<f32> {
    let mut guided = unconditional.to_vec();
    for (conditional, weight) in prompts {
        for ((guided, none), some) in guided.iter_mut().zip(unconditional).zip(*conditional) {
            *guided += scale * weight * (some - none);
        }
    }
    guided
}

/// Lin et al. 2023, section 3.4: the guided answer brought back towards the contrast of the conditional one, as far as
/// `amount` (0..=1; the paper's 0.7). Over one picture's values.
#[must_use]
pub fn rescaled(guided: &[f32], conditional: &[f32], amount: f32) -> Vec<f32> {
    let (wanted, present) = (deviation(conditional), deviation(guided));
    if amount == 0.0 || present == 0.0 {
        return guided.to_vec();
    }
    let factor = (f64::from(amount) * wanted / present + 1.0 - f64::from(amount)) as f32;
    guided.iter().map(|value| value * factor).collect()
}

/// Standard deviation with n − 1, as `torch.std`.
fn deviation(values: &[f32]) -> f64 {
    let count = values.len() as f64;
    let mean = values.iter().map(|value| f64::from(*value)).sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (f64::from(*value) - mean).powi(2)).sum();
    if count > 1.0 { (squares / (count - 1.0)).sqrt() } else { 0.0 }
}

/// Scales of `InstructPix2Pix`: how much the words count and how much the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InstructGuidance {
    /// `guidance_scale`, usually 7.5.
    pub text: f32,
    /// `image_guidance_scale`, usually 1.5.
    pub image: f32,
}

/// Brooks et al. 2023, equation 3: answers with words and picture, with the picture alone, and with neither.
#[must_use]
pub fn instruct(text: &[f32], image: &[f32], neither: &[f32], scales: InstructGuidance) -> Vec<f32> {
    let parts = text.iter().zip(image).zip(neither);
    parts.map(|((text, image), none)| none + scales.text * (text - image) + scales.image * (image - none)).collect()
}
