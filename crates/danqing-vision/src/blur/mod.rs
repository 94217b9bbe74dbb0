//! Smoothing: Gaussian and box blur, median, bilateral; each equals the OpenCV function it names.

mod border;
mod boxed;
mod gaussian;
mod separable;

pub use border::Border;
pub use boxed::boxed;
pub use gaussian::{Kernel, gaussian, gaussian_with};
