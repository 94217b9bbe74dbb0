//! Readers of weight files. Files are untrusted: data only, every length checked, nothing executed.

mod error;
pub mod gguf;
mod limits;
pub mod ncnn;
pub mod onnx;
mod pickle;
pub mod safetensors;
pub mod torch;

use std::path::{Path, PathBuf};

pub use error::ParseError;
pub use limits::Limits;

use crate::source::Source;
use crate::{Sha256Hex, TensorFile};

/// What a weight file is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Container {
    /// 8-byte header length, JSON header, bytes.
    Safetensors,
    /// ggml's: header of typed fields, tensors that may be quantised in blocks.
    Gguf,
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
            _ if gguf::is_gguf(bytes) => Ok(Self::Gguf),
            _ if safetensors::is_safetensors(bytes) => Ok(Self::Safetensors),
            Some("onnx") => Ok(Self::Onnx),
            Some("bin" | "param") => Ok(Self::Ncnn),
            _ if bytes.starts_with(b"\x80") => Ok(Self::NumpyPickle),
            _ => Err(ParseError::UnknownContainer { name: name.to_owned() }),
        }
    }
}

/// Bytes at the start of a file that say what it is.
const HEAD: usize = 64;

/// Reads any weight file; of ncnn's two either may be named. Tensors of safetensors and GGUF files and of torch's zip
/// archives are read from the file when their values are asked for, so that it stays open; the others are read at once.
///
/// # Errors
/// [`ParseError`]: unreadable, larger than the limits, or not what it says.
pub fn read(path: &Path, limits: &Limits) -> Result<TensorFile, ParseError> {
    Opened::at(path, limits)?.parse(limits).map(|(tensors, _)| tensors)
}

/// Like [`read`], from memory; `name` decides where the content does not. Not for ncnn, which is two files.
///
/// # Errors
/// [`ParseError`]: larger than the limits, or not what it says.
pub fn parse(bytes: Vec<u8>, name: &str, limits: &Limits) -> Result<TensorFile, ParseError> {
    limits.check_file(bytes.len() as u64)?;
    let container = Container::detect(&bytes, name)?;
    Opened { source: bytes.into(), container, param: None }.parse(limits).map(|(tensors, _)| tensors)
}

/// A whole file, refused before it is read if it is larger than the limit.
///
/// # Errors
/// [`ParseError::Io`], [`ParseError::TooLarge`].
pub fn read_bounded(path: &Path, limits: &Limits) -> Result<Vec<u8>, ParseError> {
    Source::open(path, limits)?.into_memory()
}

/// A weight file that is open and known, but not parsed.
pub(crate) struct Opened {
    source: Source,
    container: Container,
    /// Of ncnn, the file beside it.
    param: Option<PathBuf>,
}

impl Opened {
    /// Of ncnn, the `.bin`, whichever of the two is named.
    pub(crate) fn at(path: &Path, limits: &Limits) -> Result<Self, ParseError> {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let source = Source::open(path, limits)?;
        let container = Container::detect(&source.read(0..HEAD.min(source.len()))?, &name)?;
        if container != Container::Ncnn {
            return Ok(Self { source, container, param: None });
        }
        let is_param = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("param"));
        let source = if is_param { Source::open(&path.with_extension("bin"), limits)? } else { source };
        Ok(Self { source, container, param: Some(path.with_extension("param")) })
    }

    /// Of all of the file.
    pub(crate) fn sha256(&self) -> Result<Sha256Hex, ParseError> {
        self.source.sha256()
    }

    /// Its tensors, and of an ONNX model the nodes.
    pub(crate) fn parse(self, limits: &Limits) -> Result<(TensorFile, Option<onnx::Graph>), ParseError> {
        let source = self.source;
        let tensors = match self.container {
            Container::Safetensors => safetensors::read_source(source, limits)?,
            Container::Gguf => gguf::read_source(source, limits)?,
            Container::TorchZip => torch::read_zip_source(source, limits)?,
            Container::TorchLegacy => torch::read_legacy(source.into_memory()?, limits)?,
            Container::NumpyPickle => torch::read_numpy(source.into_memory()?, limits)?,
            Container::Onnx => {
                let model = onnx::read(source.into_memory()?, limits)?;
                return Ok((model.tensors, Some(model.graph)));
            }
            Container::Ncnn => {
                let beside =
                    self.param.ok_or_else(|| ParseError::UnknownContainer { name: "an ncnn file alone".into() })?;
                let param = read_bounded(&beside, limits)?;
                ncnn::read(&param, source.into_memory()?, limits)?.into_tensors()
            }
        };
        Ok((tensors, None))
    }
}
