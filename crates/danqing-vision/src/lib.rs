//! Classical image algorithms on typed rasters, one module each, each checked against the library users compare with
//! (OpenCV, scikit-image, `SciPy`, Pillow); the module's first line says which, and to what tolerance.
//!
//! Work that can take long takes a `CancelToken` and stops within a few rows. Rows are shared out between threads; no
//! result depends on their number.
#![forbid(unsafe_code)]

mod bands;
mod sample;

pub mod blend;
pub mod blur;
pub mod boundary;
pub mod canny;
pub mod components;
pub mod denoise;
pub mod distance;
pub mod field;
pub mod flow;
pub mod geometry;
pub mod gradients;
pub mod grain;
pub mod guided;
pub mod inpaint;
pub mod kuwahara;
pub mod lines;
pub mod matting;
pub mod metrics;
pub mod morphology;
pub mod mosaic;
pub mod noise;
pub mod painting;
pub mod patch;
pub mod resize;
pub mod ring;
pub mod seam;
pub mod strokes;
pub mod tone;
pub mod xdog;

pub use sample::Sample;
