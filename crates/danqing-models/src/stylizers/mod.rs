//! Networks that repaint pictures, and the encoder that says what a style is.

pub mod vgg19;

pub use vgg19::Vgg19;
