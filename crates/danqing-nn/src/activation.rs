//! Functions of one value.

use std::sync::Arc;

/// Applied to every value, alone or fused behind a layer. NaN stays NaN.
///
/// Errors against exact arithmetic: the `Relu` family ≤ 2 eps relative; `Sigmoid` ≤ 4 eps relative above x = −80, else
/// ≤ 1e-34; `Tanh` ≤ 4 eps absolute; `Silu` and the `Gelu` family ≤ 8 eps · max(1, |x|) absolute.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Activation {
    /// `max(x, 0)`.
    Relu,
    /// `clamp(gain · (x if x ≥ 0 else slope·x))`, as `StyleGAN`'s `bias_act`.
    LeakyRelu {
        /// Factor of negative values.
        slope: f32,
        /// Factor of every value.
        gain: f32,
        /// Largest magnitude of the result.
        clamp: Option<f32>,
    },
    /// `x if x ≥ 0 else slope[channel]·x`; one slope, or one per channel.
    PRelu(Arc<[f32]>),
    /// `x · sigmoid(x)`.
    Silu,
    /// `x · Φ(x)`, Φ the normal distribution function (`PyTorch`'s default form).
    Gelu,
    /// GELU's tanh approximation.
    GeluTanh,
    /// GELU's sigmoid approximation, `x · sigmoid(1.702 · x)`, as CLIP has it (`quick_gelu`).
    GeluQuick,
    /// `1 / (1 + exp(−x))`.
    Sigmoid,
    /// Hyperbolic tangent.
    Tanh,
}

impl Activation {
    /// `LeakyRelu` with neither gain nor clamp.
    #[must_use]
    pub const fn leaky(slope: f32) -> Self {
        Self::LeakyRelu { slope, gain: 1.0, clamp: None }
    }
}
