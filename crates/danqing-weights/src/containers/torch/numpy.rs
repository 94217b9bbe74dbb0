//! Arrays as numpy pickles them: `_reconstruct(ndarray, (0,), b"b")` filled with
//! `(version, shape, dtype, is_fortran, bytes)`. Source: numpy 1.26, numpy/core/src/multiarray/methods.c (`array_reduce`).

use std::collections::HashMap;

use crate::containers::limits::Budget;
use crate::containers::pickle::{Call, Global, Object, Pickled, Value, unpickle};
use crate::containers::torch::flatten::{Storages, flatten};
use crate::containers::torch::strided;
use crate::containers::{Limits, ParseError};
use crate::source::Source;
use crate::tensor::TensorBytes;
use crate::{Dtype, TensorEntry, TensorFile};

const NAME: &str = "numpy pickle";

/// Reads one pickle of arrays in dictionaries and lists.
///
/// # Errors
/// [`ParseError`].
pub fn read_numpy(bytes: Vec<u8>, limits: &Limits) -> Result<TensorFile, ParseError> {
    limits.check_file(bytes.len() as u64)?;
    let pickled = unpickle(&bytes, limits)?;
    let storages = Storages { places: HashMap::new(), base: 0 };
    let source = Source::from(bytes);
    let (tensors, metadata) = flatten(&pickled, &storages, &source, limits)?;
    TensorFile::new(source, tensors, metadata)
}

/// One array; the name is the caller's.
pub(super) fn array(
    pickled: &Pickled,
    call: &Call,
    file: &Source,
    base: usize,
    budget: &mut Budget,
) -> Result<TensorEntry, ParseError> {
    let broken = || ParseError::malformed(NAME, "an array's state is not (version, shape, dtype, order, bytes)");
    let state = call.state.and_then(|state| pickled.parts(state)).ok_or_else(broken)?;
    let &[_, shape, dtype, Value::Bool(fortran), data] = state else { return Err(broken()) };
    let shape = pickled.sizes(shape, "an array's shape")?;
    let dtype = self::dtype(pickled, dtype)?;
    let elements = dtype.bytes_of(&shape).ok_or_else(broken)? / dtype.size();
    let bytes = match self::data(pickled, data).ok_or_else(broken)? {
        Data::Bytes(place) if fortran => {
            let place = base + place.start..base + place.end;
            strided::gather(file, place, dtype, &column_major(&shape), budget)?
        }
        Data::Bytes(place) => TensorBytes::File(base + place.start..base + place.end),
        Data::Latin1(text) if !fortran => {
            budget.take(elements.saturating_mul(dtype.size()))?;
            TensorBytes::Own(latin1(text).ok_or_else(broken)?)
        }
        Data::Latin1(_) => return Err(ParseError::unsupported(NAME, "column-major arrays of protocol 2")),
    };
    Ok(TensorEntry { name: String::new(), dtype, shape, bytes })
}

enum Data<'a> {
    Bytes(std::ops::Range<usize>),
    /// Protocol 2 writes bytes as a text with one code point per byte.
    Latin1(&'a str),
}

fn data(pickled: &Pickled, value: Value) -> Option<Data<'_>> {
    match pickled.object(value)? {
        Object::Bytes(place) => Some(Data::Bytes(place.clone())),
        Object::Call(Call { global: Global::Encode, arguments, .. }) => match arguments.as_slice() {
            &[text, encoding] if pickled.text(encoding) == Some("latin1") => pickled.text(text).map(Data::Latin1),
            _ => None,
        },
        _ => None,
    }
}

fn latin1(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|point| u8::try_from(u32::from(point)).ok()).collect()
}

fn column_major(shape: &[usize]) -> strided::Layout {
    let mut next = 1usize;
    let stride = shape
        .iter()
        .map(|&side| {
            let this = next;
            next = next.saturating_mul(side);
            this
        })
        .collect();
    strided::Layout { offset: 0, shape: shape.to_vec(), stride }
}

/// `dtype("f4", False, True)` with the state `(3, "<", …)`.
fn dtype(pickled: &Pickled, value: Value) -> Result<Dtype, ParseError> {
    let broken = || ParseError::malformed(NAME, "an array without an element type");
    let Some(Object::Call(call)) = pickled.object(value) else { return Err(broken()) };
    let name = call.arguments.first().and_then(|&name| pickled.text(name)).ok_or_else(broken)?;
    let state = call.state.and_then(|state| pickled.parts(state)).unwrap_or_default();
    let order = state.get(1).and_then(|&order| pickled.text(order)).unwrap_or("<");
    let dtype = match name {
        "f8" => Dtype::F64,
        "f4" => Dtype::F32,
        "f2" => Dtype::F16,
        "i8" => Dtype::I64,
        "i4" => Dtype::I32,
        "i2" => Dtype::I16,
        "i1" => Dtype::I8,
        "u8" => Dtype::U64,
        "u4" => Dtype::U32,
        "u2" => Dtype::U16,
        "u1" => Dtype::U8,
        "b1" => Dtype::Bool,
        other => return Err(ParseError::unsupported(NAME, format!("element type {other:?}"))),
    };
    if matches!(order, "<" | "|" | "=") {
        return Ok(dtype);
    }
    Err(ParseError::unsupported(NAME, format!("byte order {order:?}")))
}
