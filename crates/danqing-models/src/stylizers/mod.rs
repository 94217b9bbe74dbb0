//! Networks that repaint pictures, and the encoder that says what a style is.
//!
//! All of them take and give red, green and blue in `0.0..=1.0`, sRGB-encoded.

pub mod adain;
pub mod multistyle26;
pub mod vgg19;

pub use adain::Decoder;
pub use multistyle26::Multistyle26;
pub use vgg19::{Vgg19, Vgg19Gradient};
