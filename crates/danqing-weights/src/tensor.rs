//! Named tensors as every container gives them.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use half::{bf16, f16};

use crate::containers::ParseError;

/// Element type; little-endian in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs)] // The names are the meaning.
pub enum Dtype {
    F64,
    F32,
    F16,
    Bf16,
    I64,
    I32,
    I16,
    I8,
    U64,
    U32,
    U16,
    U8,
    Bool,
}

impl Dtype {
    /// Bytes of one element.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            Self::F64 | Self::I64 | Self::U64 => 8,
            Self::F32 | Self::I32 | Self::U32 => 4,
            Self::F16 | Self::Bf16 | Self::I16 | Self::U16 => 2,
            Self::I8 | Self::U8 | Self::Bool => 1,
        }
    }

    /// Name in safetensors headers, e.g. `"BF16"`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::F64 => "F64",
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::Bf16 => "BF16",
            Self::I64 => "I64",
            Self::I32 => "I32",
            Self::I16 => "I16",
            Self::I8 => "I8",
            Self::U64 => "U64",
            Self::U32 => "U32",
            Self::U16 => "U16",
            Self::U8 => "U8",
            Self::Bool => "BOOL",
        }
    }

    /// From the name in a safetensors header.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        const ALL: [Dtype; 13] = [
            Dtype::F64,
            Dtype::F32,
            Dtype::F16,
            Dtype::Bf16,
            Dtype::I64,
            Dtype::I32,
            Dtype::I16,
            Dtype::I8,
            Dtype::U64,
            Dtype::U32,
            Dtype::U16,
            Dtype::U8,
            Dtype::Bool,
        ];
        ALL.into_iter().find(|dtype| dtype.name() == name)
    }
}

/// Where a tensor's bytes are.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TensorBytes {
    /// In the file as it was read.
    File(Range<usize>),
    /// Rearranged or decoded while parsing.
    Own(Vec<u8>),
}

/// One tensor of a file: name, type, shape.
#[derive(Clone, Debug, PartialEq)]
pub struct TensorEntry {
    /// Name in the checkpoint.
    pub name: String,
    /// Element type.
    pub dtype: Dtype,
    /// Sizes, slowest dimension first; empty for a scalar.
    pub shape: Vec<usize>,
    pub(crate) bytes: TensorBytes,
}

impl TensorEntry {
    /// Number of elements; 1 for a scalar.
    #[must_use]
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }
}

/// Everything a weight file holds, whatever its container. Tensors are row-major; the file stays in memory once.
#[derive(Clone, Debug, Default)]
pub struct TensorFile {
    file: Vec<u8>,
    tensors: Vec<TensorEntry>,
    index: HashMap<String, usize>,
    metadata: BTreeMap<String, String>,
}

impl TensorFile {
    /// Checks that names are unique and that every tensor's bytes are in the file and as many as its shape says.
    pub(crate) fn new(
        file: Vec<u8>,
        tensors: Vec<TensorEntry>,
        metadata: BTreeMap<String, String>,
    ) -> Result<Self, ParseError> {
        let mut index = HashMap::with_capacity(tensors.len());
        for (place, entry) in tensors.iter().enumerate() {
            check_size(entry, file.len())?;
            if index.insert(entry.name.clone(), place).is_some() {
                return Err(ParseError::DuplicateTensor { name: entry.name.clone() });
            }
        }
        Ok(Self { file, tensors, index, metadata })
    }

    /// Of `f32` values made by a program: name, shape, values.
    ///
    /// # Errors
    /// [`ParseError::DuplicateTensor`], [`ParseError::TensorSize`] for another number of values than the shape has.
    pub fn from_f32(tensors: impl IntoIterator<Item = (String, Vec<usize>, Vec<f32>)>) -> Result<Self, ParseError> {
        let entry = |(name, shape, values): (String, Vec<usize>, Vec<f32>)| {
            let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            TensorEntry { name, dtype: Dtype::F32, shape, bytes: TensorBytes::Own(bytes) }
        };
        Self::new(Vec::new(), tensors.into_iter().map(entry).collect(), BTreeMap::new())
    }

    /// The tensor of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<TensorView<'_>> {
        self.index.get(name).map(|&place| self.view(&self.tensors[place]))
    }

    /// All tensors, in the file's order.
    pub fn iter(&self) -> impl Iterator<Item = TensorView<'_>> {
        self.tensors.iter().map(|entry| self.view(entry))
    }

    /// Names, types and shapes, in the file's order.
    #[must_use]
    pub fn entries(&self) -> &[TensorEntry] {
        &self.tensors
    }

    /// Number of tensors.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tensors.len()
    }

    /// Whether there is no tensor at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tensors.is_empty()
    }

    /// Texts the file carries beside its tensors.
    #[must_use]
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }

    fn view<'a>(&'a self, entry: &'a TensorEntry) -> TensorView<'a> {
        let bytes = match &entry.bytes {
            TensorBytes::File(range) => &self.file[range.clone()],
            TensorBytes::Own(bytes) => bytes,
        };
        TensorView { entry, bytes }
    }
}

fn check_size(entry: &TensorEntry, file: usize) -> Result<(), ParseError> {
    let expected = byte_count(entry.dtype, &entry.shape);
    let actual = match &entry.bytes {
        TensorBytes::File(range) if range.end > file || range.start > range.end => None,
        TensorBytes::File(range) => Some(range.len()),
        TensorBytes::Own(bytes) => Some(bytes.len()),
    };
    if expected.is_some() && expected == actual {
        return Ok(());
    }
    Err(ParseError::TensorSize {
        name: entry.name.clone(),
        dtype: entry.dtype.name(),
        shape: entry.shape.clone(),
        actual: actual.unwrap_or(0),
    })
}

/// Bytes of a dense tensor; `None` on overflow.
pub(crate) fn byte_count(dtype: Dtype, shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(dtype.size(), |bytes, &side| bytes.checked_mul(side))
}

/// One tensor and its values.
#[derive(Clone, Copy, Debug)]
pub struct TensorView<'a> {
    entry: &'a TensorEntry,
    bytes: &'a [u8],
}

impl<'a> TensorView<'a> {
    /// Name in the checkpoint.
    #[must_use]
    pub fn name(&self) -> &'a str {
        &self.entry.name
    }

    /// Element type.
    #[must_use]
    pub fn dtype(&self) -> Dtype {
        self.entry.dtype
    }

    /// Sizes, slowest dimension first.
    #[must_use]
    pub fn shape(&self) -> &'a [usize] {
        &self.entry.shape
    }

    /// Row-major, little-endian, unaligned.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Values as f32: exact from F32, F16, BF16, 8- and 16-bit integers and BOOL (0 or 1); nearest from the others.
    #[must_use]
    pub fn to_f32(&self) -> Vec<f32> {
        match self.dtype() {
            Dtype::F32 => self.map(f32::from_le_bytes),
            Dtype::F16 => self.map(|b| f16::from_le_bytes(b).to_f32()),
            Dtype::Bf16 => self.map(|b| bf16::from_le_bytes(b).to_f32()),
            Dtype::F64 => self.map(|b| f64::from_le_bytes(b) as f32),
            Dtype::U64 => self.map(|b| u64::from_le_bytes(b) as f32),
            Dtype::Bool => self.map(|[b]| f32::from(b != 0)),
            _ => self.to_i64().unwrap_or_default().iter().map(|&value| value as f32).collect(),
        }
    }

    /// Values of an integer or BOOL tensor; `None` for floating-point types and for U64 values above `i64::MAX`.
    #[must_use]
    pub fn to_i64(&self) -> Option<Vec<i64>> {
        match self.dtype() {
            Dtype::I64 => Some(self.map(i64::from_le_bytes)),
            Dtype::I32 => Some(self.map(|b| i64::from(i32::from_le_bytes(b)))),
            Dtype::I16 => Some(self.map(|b| i64::from(i16::from_le_bytes(b)))),
            Dtype::I8 => Some(self.map(|b| i64::from(i8::from_le_bytes(b)))),
            Dtype::U32 => Some(self.map(|b| i64::from(u32::from_le_bytes(b)))),
            Dtype::U16 => Some(self.map(|b| i64::from(u16::from_le_bytes(b)))),
            Dtype::U8 => Some(self.map(|[b]| i64::from(b))),
            Dtype::Bool => Some(self.map(|[b]| i64::from(b != 0))),
            Dtype::U64 => self.map(|b| i64::try_from(u64::from_le_bytes(b)).ok()).into_iter().collect(),
            Dtype::F64 | Dtype::F32 | Dtype::F16 | Dtype::Bf16 => None,
        }
    }

    fn map<const N: usize, T>(&self, convert: impl Fn([u8; N]) -> T) -> Vec<T> {
        let (elements, _) = self.bytes.as_chunks::<N>();
        elements.iter().map(|&element| convert(element)).collect()
    }
}
