//! Networks that give opacity: picture in, alpha out.

pub mod modnet;
mod picture;

pub use modnet::ModNet;
pub use picture::matting_input;
