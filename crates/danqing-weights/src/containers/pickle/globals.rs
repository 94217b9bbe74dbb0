//! The only names a pickle may refer to.

use crate::Dtype;
use crate::containers::ParseError;

/// Storage classes name the element type in `torch.save` files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StorageKind(pub(crate) Dtype);

/// An allowed global.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Global {
    OrderedDict,
    /// `torch._utils._rebuild_tensor`: storage, offset, size, stride.
    RebuildTensor,
    /// `torch._utils._rebuild_tensor_v2`: the same, `requires_grad`, hooks.
    RebuildTensorV2,
    /// `torch._utils._rebuild_parameter`: tensor, `requires_grad`, hooks.
    RebuildParameter,
    /// `torch.Size`: a tuple.
    Size,
    /// `torch.FloatStorage` and the like.
    Storage(StorageKind),
    /// `torch.float32` and the like.
    Dtype(Dtype),
    /// `numpy.core.multiarray._reconstruct`: ndarray, (0,), b"b"; filled by `BUILD`.
    NumpyReconstruct,
    /// `numpy.core.multiarray.scalar`: dtype, bytes.
    NumpyScalar,
    /// `numpy.ndarray`, an argument of `_reconstruct`.
    NumpyArray,
    /// `numpy.dtype`: name such as "f4"; byte order by `BUILD`.
    NumpyDtype,
    /// `_codecs.encode`: how protocol 2 writes bytes, as a text of code points below 256 and "latin1".
    Encode,
    /// `bytes`, which protocol 2 calls without arguments for an empty value.
    Bytes,
}

impl Global {
    /// Looks a name up.
    ///
    /// # Errors
    /// [`ParseError::ForbiddenGlobal`] for every name that is not in the list.
    pub(super) fn find(module: &str, name: &str) -> Result<Self, ParseError> {
        let global = match (module, name) {
            ("collections", "OrderedDict") => Some(Self::OrderedDict),
            ("torch._utils", "_rebuild_tensor") => Some(Self::RebuildTensor),
            ("torch._utils", "_rebuild_tensor_v2") => Some(Self::RebuildTensorV2),
            ("torch._utils", "_rebuild_parameter") => Some(Self::RebuildParameter),
            ("torch", "Size") => Some(Self::Size),
            ("torch", name) => storage(name).map(Self::Storage).or_else(|| dtype(name).map(Self::Dtype)),
            ("numpy.core.multiarray" | "numpy._core.multiarray", "_reconstruct") => Some(Self::NumpyReconstruct),
            ("numpy.core.multiarray" | "numpy._core.multiarray", "scalar") => Some(Self::NumpyScalar),
            ("numpy", "ndarray") => Some(Self::NumpyArray),
            ("numpy", "dtype") => Some(Self::NumpyDtype),
            ("_codecs", "encode") => Some(Self::Encode),
            ("builtins" | "__builtin__", "bytes") => Some(Self::Bytes),
            _ => None,
        };
        global.ok_or_else(|| ParseError::ForbiddenGlobal { global: format!("{module}.{name}") })
    }
}

fn storage(name: &str) -> Option<StorageKind> {
    let dtype = match name {
        "DoubleStorage" => Dtype::F64,
        "FloatStorage" => Dtype::F32,
        "HalfStorage" => Dtype::F16,
        "BFloat16Storage" => Dtype::Bf16,
        "LongStorage" => Dtype::I64,
        "IntStorage" => Dtype::I32,
        "ShortStorage" => Dtype::I16,
        "CharStorage" => Dtype::I8,
        "ByteStorage" => Dtype::U8,
        "BoolStorage" => Dtype::Bool,
        _ => return None,
    };
    Some(StorageKind(dtype))
}

fn dtype(name: &str) -> Option<Dtype> {
    Some(match name {
        "float64" => Dtype::F64,
        "float32" => Dtype::F32,
        "float16" => Dtype::F16,
        "bfloat16" => Dtype::Bf16,
        "int64" => Dtype::I64,
        "int32" => Dtype::I32,
        "int16" => Dtype::I16,
        "int8" => Dtype::I8,
        "uint8" => Dtype::U8,
        "bool" => Dtype::Bool,
        _ => return None,
    })
}
