//! Named tensors as every container gives them.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use half::slice::HalfFloatSliceExt;
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
        let mut values = vec![0.0; self.entry.elements()];
        self.read_f32(0, &mut values)?;
        Ok(values)
    }

    /// [`Self::to_f32`]'s values from element `first` on, as many as `to` has room for; of types in blocks, `first` is the
    /// first of a block.
    ///
    /// # Errors
    /// Those of [`Self::bytes`]; [`ParseError::Truncated`] for elements that the tensor does not have, and for a `first` within a block.
    pub fn read_f32(&self, first: usize, to: &mut [f32]) -> Result<(), ParseError> {
        let (size, block) = (self.dtype().size(), self.dtype().block_elements());
        let place =
            (first / block).saturating_mul(size)..first.saturating_add(to.len()).div_ceil(block).saturating_mul(size);
        if !first.is_multiple_of(block) || place.end > self.byte_length() {
            let (needed, left) = (place.end as u64, self.byte_length() as u64);
            return Err(ParseError::Truncated { container: "weight file", what: "a tensor", needed, left });
        }
        let mut rest = to;
        let see = |bytes: &[u8]| {
            let count = rest.len().min(bytes.len() / size * block);
            let (piece, after) = std::mem::take(&mut rest).split_at_mut(count);
            fill_f32(self.dtype(), bytes, piece);
            rest = after;
        };
        match &self.entry.bytes {
            TensorBytes::File(of) => self.file.pieces(of.start + place.start..of.start + place.end, size, see),
            TensorBytes::Own(bytes) => {
                let mut see = see;
                see(&bytes[place]);
                Ok(())
            }
        }
    }

    /// Values of an integer or BOOL tensor; `None` for floating-point types and for U64 values above `i64::MAX`.
    ///
    /// # Errors
    /// Those of [`Self::bytes`].
    pub fn to_i64(&self) -> Result<Option<Vec<i64>>, ParseError> {
        Ok(integers(self.dtype(), &self.bytes()?))
    }
}

fn fill_f32(dtype: Dtype, bytes: &[u8], to: &mut [f32]) {
    match dtype {
        Dtype::F32 => each_to(bytes, to, f32::from_le_bytes),
        Dtype::F16 => fill_halves(bytes, to),
        Dtype::Bf16 => each_to(bytes, to, |b| bf16::from_le_bytes(b).to_f32()),
        Dtype::F64 => each_to(bytes, to, |b| f64::from_le_bytes(b) as f32),
        Dtype::U64 => each_to(bytes, to, |b| u64::from_le_bytes(b) as f32),
        _ if dtype.block_elements() > 1 => blocks::fill(dtype, bytes, to),
        _ => {
            let integers = integers(dtype, bytes).unwrap_or_default();
            to.iter_mut().zip(integers).for_each(|(slot, value)| *slot = value as f32);
        }
    }
}

fn each_to<const N: usize>(bytes: &[u8], to: &mut [f32], convert: impl Fn([u8; N]) -> f32) {
    to.iter_mut().zip(bytes.as_chunks::<N>().0).for_each(|(slot, &element)| *slot = convert(element));
}

/// By the processor's own conversion where it has one, which takes several at a time.
fn fill_halves(bytes: &[u8], to: &mut [f32]) {
    const COUNT: usize = 512;
    let mut halves = [f16::ZERO; COUNT];
    for (bytes, to) in bytes.as_chunks::<2>().0.chunks(COUNT).zip(to.chunks_mut(COUNT)) {
        halves.iter_mut().zip(bytes).for_each(|(half, &bytes)| *half = f16::from_le_bytes(bytes));
        halves[..to.len()].convert_to_f32_slice(to);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn file_of(dtype: Dtype, shape: &[usize], bytes: Vec<u8>) -> TensorFile {
        let place = TensorBytes::File(0..bytes.len());
        let entry = TensorEntry { name: "x".into(), dtype, shape: shape.to_vec(), bytes: place };
        TensorFile::new(bytes, vec![entry], BTreeMap::new()).unwrap()
    }

    /// IEEE 754, section 3.4.
    fn value_of_half(bits: u16) -> f64 {
        let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
        let magnitude = match (exponent, bits & 1023) {
            (0, _) => fraction * 2.0_f64.powi(-24),
            (31, 0) => f64::INFINITY,
            (31, _) => f64::NAN,
            _ => (1.0 + fraction / 1024.0) * 2.0_f64.powi(exponent - 15),
        };
        if bits & 0x8000 == 0 { magnitude } else { -magnitude }
    }

    #[test]
    fn every_half_has_its_value() {
        let bytes: Vec<u8> = (0..=u16::MAX).chain(0..37).flat_map(u16::to_le_bytes).collect();
        let count = bytes.len() / 2;
        let values = file_of(Dtype::F16, &[count], bytes).get("x").unwrap().to_f32().unwrap();
        assert_eq!(values.len(), count);
        for (index, &value) in values.iter().enumerate() {
            let (exact, bits) = (value_of_half(index as u16), value.to_bits());
            let is_same = if exact.is_nan() { value.is_nan() } else { (exact as f32).to_bits() == bits };
            assert!(is_same, "{index:#06x} became {value:e}");
        }
    }

    /// Longer than what is read at once, cut at places of all kinds.
    #[test]
    fn parts_are_those_of_the_whole() {
        for (dtype, count) in
            [(Dtype::F16, 300_001), (Dtype::Bf16, 300_001), (Dtype::F32, 100_003), (Dtype::Q8_0, 32 * 9001)]
        {
            let length = dtype.bytes_of(&[count]).unwrap();
            let bytes = (0..length as u32).map(|index| (index.wrapping_mul(0x9e37_79b1) >> 24 & 0x3f) as u8).collect();
            let file = file_of(dtype, &[count], bytes);
            let (view, block) = (file.get("x").unwrap(), dtype.block_elements());
            let all = view.to_f32().unwrap();
            for (first, taken) in
                [(0, count), (0, 1), (block, count - block), (block * 999, 70_000), (count - block, block)]
            {
                let mut part = vec![f32::NAN; taken];
                view.read_f32(first, &mut part).unwrap();
                assert!(part == all[first..first + taken], "{dtype:?} from {first}, {taken} values");
            }
            view.read_f32(count, &mut []).unwrap();
            for (first, taken) in [(count, 1), (0, count + 1), (1, if block > 1 { block } else { count })] {
                let refused = view.read_f32(first, &mut vec![0.0; taken]);
                assert!(matches!(refused, Err(ParseError::Truncated { .. })), "{dtype:?} from {first}, {taken} values");
            }
        }
    }
}
