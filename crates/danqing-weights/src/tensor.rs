//! Named tensors as every container gives them.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use half::{bf16, f16};

use crate::containers::ParseError;
use crate::source::Source;
use crate::{Dtype, blocks};

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

/// Everything a weight file holds, whatever its container. Tensors are row-major. The file is in memory once, or stays open
/// and each tensor is read when its values are asked for.
#[derive(Clone, Debug, Default)]
pub struct TensorFile {
    file: Source,
    tensors: Vec<TensorEntry>,
    index: HashMap<String, usize>,
    metadata: BTreeMap<String, String>,
}

impl TensorFile {
    /// Checks that names are unique and that every tensor's bytes are in the file and as many as its shape says.
    pub(crate) fn new(
        file: impl Into<Source>,
        tensors: Vec<TensorEntry>,
        metadata: BTreeMap<String, String>,
    ) -> Result<Self, ParseError> {
        let file = file.into();
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

    /// Bytes that lie in memory: of a file that stays on disk, only of tensors that had to be rearranged.
    #[must_use]
    pub fn bytes_in_memory(&self) -> usize {
        let own = self.tensors.iter().map(|entry| match &entry.bytes {
            TensorBytes::File(_) => 0,
            TensorBytes::Own(bytes) => bytes.len(),
        });
        self.file.bytes_in_memory() + own.sum::<usize>()
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
        TensorView { entry, file: &self.file }
    }
}

fn check_size(entry: &TensorEntry, file: usize) -> Result<(), ParseError> {
    let expected = entry.dtype.bytes_of(&entry.shape);
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

/// One tensor and its values.
#[derive(Clone, Copy, Debug)]
pub struct TensorView<'a> {
    entry: &'a TensorEntry,
    file: &'a Source,
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

    /// How many bytes it takes in the file.
    #[must_use]
    pub fn byte_length(&self) -> usize {
        match &self.entry.bytes {
            TensorBytes::File(place) => place.len(),
            TensorBytes::Own(bytes) => bytes.len(),
        }
    }

    /// Row-major, little-endian, unaligned; of types in blocks, the blocks.
    ///
    /// # Errors
    /// [`ParseError::Io`], [`ParseError::Changed`] where the file stayed on disk.
    pub fn bytes(&self) -> Result<Cow<'a, [u8]>, ParseError> {
        match &self.entry.bytes {
            TensorBytes::File(place) => self.file.read(place.clone()),
            TensorBytes::Own(bytes) => Ok(Cow::Borrowed(bytes)),
        }
    }

    /// Shows [`Self::bytes`] piece by piece, each of whole elements or blocks, so that they need not be in memory at once.
    ///
    /// # Errors
    /// Those of [`Self::bytes`].
    pub fn pieces(&self, mut see: impl FnMut(&[u8])) -> Result<(), ParseError> {
        match &self.entry.bytes {
            TensorBytes::File(place) => self.file.pieces(place.clone(), self.dtype().size(), see),
            TensorBytes::Own(bytes) => {
                see(bytes);
                Ok(())
            }
        }
    }

    /// Values as f32: exact from F32, F16, BF16, 8- and 16-bit integers and BOOL (0 or 1); nearest from the others. Types in
    /// blocks as [`crate::Dtype`] says: what their scales make of them.
    ///
    /// # Errors
    /// Those of [`Self::bytes`].
    pub fn to_f32(&self) -> Result<Vec<f32>, ParseError> {
        let mut values = Vec::with_capacity(self.entry.elements());
        self.pieces(|bytes| append_f32(self.dtype(), bytes, &mut values))?;
        Ok(values)
    }

    /// Values of an integer or BOOL tensor; `None` for floating-point types and for U64 values above `i64::MAX`.
    ///
    /// # Errors
    /// Those of [`Self::bytes`].
    pub fn to_i64(&self) -> Result<Option<Vec<i64>>, ParseError> {
        Ok(integers(self.dtype(), &self.bytes()?))
    }
}

fn append_f32(dtype: Dtype, bytes: &[u8], values: &mut Vec<f32>) {
    match dtype {
        Dtype::F32 => values.extend(each(bytes, f32::from_le_bytes)),
        Dtype::F16 => values.extend(each(bytes, |b| f16::from_le_bytes(b).to_f32())),
        Dtype::Bf16 => values.extend(each(bytes, |b| bf16::from_le_bytes(b).to_f32())),
        Dtype::F64 => values.extend(each(bytes, |b| f64::from_le_bytes(b) as f32)),
        Dtype::U64 => values.extend(each(bytes, |b| u64::from_le_bytes(b) as f32)),
        _ if dtype.block_elements() > 1 => blocks::append(dtype, bytes, values),
        _ => values.extend(integers(dtype, bytes).unwrap_or_default().iter().map(|&value| value as f32)),
    }
}

fn integers(dtype: Dtype, bytes: &[u8]) -> Option<Vec<i64>> {
    match dtype {
        Dtype::I64 => Some(each(bytes, i64::from_le_bytes).collect()),
        Dtype::I32 => Some(each(bytes, |b| i64::from(i32::from_le_bytes(b))).collect()),
        Dtype::I16 => Some(each(bytes, |b| i64::from(i16::from_le_bytes(b))).collect()),
        Dtype::I8 => Some(each(bytes, |b| i64::from(i8::from_le_bytes(b))).collect()),
        Dtype::U32 => Some(each(bytes, |b| i64::from(u32::from_le_bytes(b))).collect()),
        Dtype::U16 => Some(each(bytes, |b| i64::from(u16::from_le_bytes(b))).collect()),
        Dtype::U8 => Some(each(bytes, |[b]| i64::from(b)).collect()),
        Dtype::Bool => Some(each(bytes, |[b]| i64::from(b != 0)).collect()),
        Dtype::U64 => each(bytes, |b| i64::try_from(u64::from_le_bytes(b)).ok()).collect(),
        _ => None,
    }
}

fn each<'a, const N: usize, T>(bytes: &'a [u8], convert: impl Fn([u8; N]) -> T + 'a) -> impl Iterator<Item = T> + 'a {
    bytes.as_chunks::<N>().0.iter().map(move |&element| convert(element))
}
