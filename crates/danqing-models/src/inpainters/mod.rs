//! Networks that fill holes: picture and hole in, picture out.

pub mod migan;
mod picture;

pub use migan::Migan;
pub use picture::{inpainter_input, picture_from_output};
