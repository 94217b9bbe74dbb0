//! Readers of weight files. Files are untrusted: data only, every length checked, nothing executed.

mod error;
mod limits;
pub mod ncnn;
pub mod onnx;
mod pickle;
pub mod safetensors;
pub mod torch;

use std::fs::File;
use std::io::Read;
use std::path::Path;

pub use error::ParseError;
pub use limits::Limits;

use crate::TensorFile;

/// What a weight file is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Container {
    /// 8-byte header length, JSON header, bytes.
    Safetensors,
    /// `ModelProto`; initialisers and constants.
    Onnx,
    /// `torch.save` since 1.6: a zip archive with a pickle and raw storages.
    TorchZip,
    /// `torch.save` before 1.6: a row of pickles and raw storages.
    TorchLegacy,
    /// One pickle of numpy arrays.
    NumpyPickle,
    /// `.bin` beside its `.param`.
    Ncnn,
}

impl Container {
    /// By content first, then by the name's extension.
    ///
    /// # Errors
    /// [`ParseError::UnknownContainer`].
    pub fn detect(bytes: &[u8], name: &str) -> Result<Self, ParseError> {
        let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
        match extension.as_deref() {
            _ if bytes.starts_with(b"PK\x03\x04") => Ok(Self::TorchZip),
            _ if torch::is_legacy(bytes) => Ok(Self::TorchLegacy),
            _ if safetensors::is_safetensors(bytes) => Ok(Self::Safetensors),
            Some("onnx") => Ok(Self::Onnx),
            Some("bin" | "param") => Ok(Self::Ncnn),
            _ if bytes.starts_with(b"\x80") => Ok(Self::NumpyPickle),
            _ => Err(ParseError::UnknownContainer { name: name.to_owned() }),
        }
    }
}

/// Reads any weight file; an ncnn `.bin` needs its `.param` beside it.
///
/// # Errors
/// [`ParseError`]: unreadable, larger than the limits, or not what it says.
pub fn read(path: &Path, limits: &Limits) -> Result<TensorFile, ParseError> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let bytes = read_bounded(path, limits)?;
    if Container::detect(&bytes, &name)? == Container::Ncnn {
        let param = read_bounded(&path.with_extension("param"), limits)?;
        let weights = if path.extension().is_some_and(|extension| extension == "param") {
            read_bounded(&path.with_extension("bin"), limits)?
        } else {
            bytes
        };
        return ncnn::read(&param, weights, limits).map(ncnn::Network::into_tensors);
    }
    parse(bytes, &name, limits)
}

/// Like [`read`], from memory; `name` decides where the content does not. Not for ncnn, which is two files.
///
/// # Errors
/// [`ParseError`]: larger than the limits, or not what it says.
pub fn parse(bytes: Vec<u8>, name: &str, limits: &Limits) -> Result<TensorFile, ParseError> {
    limits.check_file(bytes.len() as u64)?;
    match Container::detect(&bytes, name)? {
        Container::Safetensors => safetensors::read(bytes, limits),
        Container::Onnx => onnx::read(bytes, limits).map(onnx::Model::into_tensors),
        Container::TorchZip => torch::read_zip(bytes, limits),
        Container::TorchLegacy => torch::read_legacy(bytes, limits),
        Container::NumpyPickle => torch::read_numpy(bytes, limits),
        Container::Ncnn => Err(ParseError::UnknownContainer { name: name.to_owned() }),
    }
}

/// A whole file, refused before it is read if it is larger than the limit.
///
/// # Errors
/// [`ParseError::Io`], [`ParseError::TooLarge`].
pub fn read_bounded(path: &Path, limits: &Limits) -> Result<Vec<u8>, ParseError> {
    let io = |source| ParseError::Io { path: path.to_owned(), source };
    let file = File::open(path).map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    limits.check_file(length)?;
    let mut bytes = Vec::with_capacity(length as usize);
    // A pipe or a growing file has no honest length: one byte more than allowed is read, and refused.
    file.take(limits.file_bytes + 1).read_to_end(&mut bytes).map_err(io)?;
    limits.check_file(bytes.len() as u64)?;
    Ok(bytes)
}
