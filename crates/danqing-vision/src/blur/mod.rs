//! Smoothing: Gaussian and box blur, median, bilateral; each equals the OpenCV function it names.

mod bilateral;
mod border;
mod boxed;
mod gaussian;
mod median;
mod separable;

pub use bilateral::bilateral;
pub use border::Border;
pub use boxed::boxed;
pub(crate) use boxed::boxed_with;
pub use gaussian::{Kernel, gaussian, gaussian_with};
pub use median::{Ranked, median};
