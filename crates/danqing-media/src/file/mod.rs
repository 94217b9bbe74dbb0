//! Picture files in and out: formats, limits, decoding, encoding, embedded recipes, atomic writes.
//!
//! Untrusted input: sizes are checked against [`Limits`] before memory is taken; a truncated, lying or oversized file is
//! an error, never half a picture.

mod atomic;
mod bmp;
mod bmp_runs;
mod comment;
mod decode;
mod encode;
mod exif;
mod format;
mod gif;
mod jpeg;
mod jpeg_segments;
mod limits;
mod png;
mod riff;
mod tiff;
mod tiff_exif;
mod tiff_samples;
mod until_cancelled;
mod webp;
mod xmp;

pub use atomic::{Overwrite, write_atomic};
pub use decode::{decode, read, read_bytes, read_recipe, read_texts};
pub use encode::{DepthChoice, EncodeOptions, Encoded, encode};
pub use format::Format;
pub use limits::Limits;

pub use crate::{Error, Warning};
