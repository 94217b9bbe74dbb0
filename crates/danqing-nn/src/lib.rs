//! Feature maps, layers and the kernels under them: everything networks are written on.
//!
//! A network takes an [`Engine`] (threads, tier, arena, cancel token), builds layers once from checkpoint weights
//! (each packs its [`Weight`] for the engine's tier) and then maps [`FeatureMap`]s to feature maps. All layouts seen
//! by callers are `PyTorch`'s; inside, maps are NHWC.
//!
//! ```
//! use danqing_nn::{Activation, Conv2d, Conv2dConfig, Engine, EngineConfig, Epilogue, FeatureMap, Shape, Weight};
//! # fn main() -> Result<(), danqing_nn::Error> {
//! let engine = Engine::new(EngineConfig::default())?;
//! let weight = Weight::new(&[2, 1, 3, 3], vec![0.5; 18])?; // [out, in, height, width]
//! let conv = Conv2d::new(&engine, Conv2dConfig::same(3), &weight, None)?;
//! let x = FeatureMap::from_nhwc(&engine, Shape::new(1, 4, 4, 1), vec![1.0; 16])?;
//! let y = conv.forward_with(&engine, &x, Epilogue::activation(Activation::Relu))?; // [1, 4, 4, 2]
//! assert_eq!(y.to_nhwc()?[0], 2.0);
//! # Ok(()) }
//! ```
//!
//! Every operator states its error against exact arithmetic: `eps` is `f32::EPSILON`. Results never depend on the
//! number of threads: the reduction order of each output element is fixed by the shapes alone.
//!
//! Tiers, chosen at run time or by `DANQING_CPU`: portable, avx2, avx512, amx. Precisions, `f32` unless asked for by
//! [`EngineConfig::precision`] or `DANQING_PRECISION`: `f32` and `bf16`. [`ConvolutionMethod`], by
//! [`EngineConfig::convolutions`] or `DANQING_CONVOLUTIONS`: how 3×3 layers are computed.

/// Returns what the device backend makes of an operation, if the engine has one; without the feature, nothing.
macro_rules! on_device {
    ($engine:expr, |$device:ident| $answer:expr) => {
        #[cfg(feature = "candle")]
        if let Some($device) = $engine.device() {
            return $answer;
        }
    };
}

mod activation;
mod attention;
#[cfg(feature = "candle")]
mod candle;
mod channels;
mod conv2d;
mod conv_transpose2d;
mod convolution_method;
mod cpu;
mod elementwise;
mod engine;
mod epilogue;
mod error;
mod feature_map;
mod fir;
mod gated;
mod geometry;
mod gradients;
mod gram;
mod group_norm;
mod instance_norm;
mod layer_norm;
mod linear;
mod matmul;
mod moments;
mod pad;
mod pooling;
mod resize;
mod shape;
mod tier;
mod values;
mod weight;

pub use activation::Activation;
pub use attention::Attention;
#[cfg(feature = "candle")]
pub use candle::{CandleDevice, Device};
pub use channels::{concat, pixel_shuffle, pixel_unshuffle, slice_channels};
pub use conv_transpose2d::{ConvTranspose2d, ConvTranspose2dConfig};
pub use conv2d::{Conv2d, Conv2dConfig};
pub use convolution_method::ConvolutionMethod;
pub use elementwise::{activate, add, add_scaled, affine, clamp, multiply, scale};
pub use engine::{Engine, EngineConfig, Memory, Precision};
pub use epilogue::Epilogue;
pub use error::Error;
pub use feature_map::{DType, FeatureMap};
pub use fir::{Fir, fir_downsample, fir_filter, fir_upsample};
pub use gated::{GatedLinear, geglu};
pub use geometry::{PadMode, Padding};
pub use gradients::{Conv2dGradient, average_pool_gradient, max_pool_gradient, relu_gradient};
pub use gram::{gram, gram_gradient};
pub use group_norm::GroupNorm;
pub use instance_norm::InstanceNorm;
pub use layer_norm::{LayerNorm, RmsNorm};
pub use linear::Linear;
pub use matmul::{matmul, matmul_transposed};
pub use moments::{Moments, affine_channels};
pub use pad::{crop, pad};
pub use pooling::{PoolConfig, average_pool, global_average_pool, max_pool};
pub use resize::{Interpolation, resize};
pub use shape::Shape;
pub use tier::Tier;
pub use weight::{Weight, fill_in_pieces};
