//! Multipliers on the text encoder's answer: equal to `EmphasisOriginal` and `EmphasisOriginalNoNorm` of
//! lllyasviel/stable-diffusion-webui-forge@dfdcbab `backend/text_processing/emphasis.py`, for one chunk.

use serde::{Deserialize, Serialize};

/// How emphasis is applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Emphasis {
    /// Multiplied, and the mean of the whole chunk brought back.
    #[default]
    Original,
    /// Multiplied only.
    NoNorm,
    /// Brackets are read but do nothing.
    Ignore,
}

/// Multiplies each token's vector; `encoded` is `[tokens, channels]` with one multiplier per token.
pub fn emphasised(encoded: &mut [f32], multipliers: &[f32], emphasis: Emphasis) {
    if emphasis == Emphasis::Ignore || multipliers.is_empty() || multipliers.iter().all(|multiplier| *multiplier == 1.0)
    {
        return;
    }
    let before = mean(encoded);
    let channels = encoded.len() / multipliers.len();
    for (vector, multiplier) in encoded.chunks_exact_mut(channels).zip(multipliers) {
        for value in vector {
            *value *= multiplier;
        }
    }
    let after = mean(encoded);
    if emphasis == Emphasis::Original && after != 0.0 {
        let factor = (before / after) as f32;
        for value in encoded {
            *value *= factor;
        }
    }
}

fn mean(values: &[f32]) -> f64 {
    values.iter().map(|value| f64::from(*value)).sum::<f64>() / values.len() as f64
}
