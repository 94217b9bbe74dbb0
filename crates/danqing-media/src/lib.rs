//! Pictures and masks: typed pixels, colour, files in and out, limits, embedded metadata.
//!
//! Three layers: [`Raster`] is pixels whose colour space and range are in the type, converted explicitly by [`color`];
//! [`Picture`] is what a file holds (own depth, own channels, ICC profile, metadata); [`file`] reads and writes pictures.
#![forbid(unsafe_code)]

mod alpha;
mod canvas;
mod cmyk;
pub mod color;
mod compose;
mod error;
pub mod file;
mod medium;
mod orientation;
mod picture;
mod profile;
mod raster;
mod space;
mod working;

pub use error::Error;
pub use medium::Medium;
pub use picture::{Channels, Depth, Metadata, Picture, Samples, Warning};
pub use raster::{Raster, Rect, ShapeError};
pub use space::{Gray8, GrayF32, HslF32, LabF32, LinearF32, Mask8, OklabF32, ScalarF32, Space, Srgb8, SrgbF32};
pub use working::MaskSource;

/// White (255) = change, black (0) = keep; values between are partial.
pub type Mask = Raster<Mask8>;
