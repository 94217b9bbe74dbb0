//! Picture → tensor for matting networks, as MODNet publishes it (`ZHKKKe/MODNet@28165a4:onnx/inference_onnx.py`).

/// Input of a matting network: `-1.0..=1.0` from sRGB-encoded samples in `0.0..=1.0`; values beyond are cut.
#[must_use]
pub fn matting_input(rgb: &[f32]) -> Vec<f32> {
    rgb.iter().map(|value| value.clamp(0.0, 1.0) * 2.0 - 1.0).collect()
}
