//! `TensorProto`: typed data in one of six places.

use std::ops::Range;

use crate::containers::limits::Budget;
use crate::containers::onnx::NAME;
use crate::containers::onnx::wire::{self, Fields, Value};
use crate::containers::{Limits, ParseError};
use crate::tensor::TensorBytes;
use crate::{Dtype, TensorEntry};

/// A tensor as the file has it.
#[derive(Debug, Default)]
struct Raw {
    dims: Vec<usize>,
    name: String,
    in_file: Option<Range<usize>>,
    /// Decoded numbers of `float_data`, `int32_data`, …, little-endian at the element's size.
    numbers: Option<Vec<u8>>,
}

/// Reads one tensor. `None` for tensors of texts, which hold no weights.
pub(super) fn read(
    file: &[u8],
    place: Range<usize>,
    limits: &Limits,
    budget: &mut Budget,
) -> Result<Option<TensorEntry>, ParseError> {
    const TEXT: i64 = 8;
    let mut data_type = 0;
    let mut fields = Fields::new(file, place.clone());
    // Numbers are decoded at the element's size, so the type is needed first; writers may put it anywhere.
    while let Some((number, value)) = fields.next()? {
        if number == 2 {
            data_type = wire::integer(&value)?;
        }
    }
    if data_type == TEXT {
        return Ok(None);
    }
    let dtype = dtype(data_type)?;
    let mut raw = Raw::default();
    let mut fields = Fields::new(file, place);
    while let Some((number, value)) = fields.next()? {
        field(&mut raw, file, number, &value, dtype, limits, budget)?;
    }
    let bytes = match (raw.in_file, raw.numbers) {
        (Some(place), None) => TensorBytes::File(place),
        (None, numbers) => TensorBytes::Own(numbers.unwrap_or_default()),
        (Some(_), Some(_)) => {
            return Err(ParseError::malformed(NAME, format!("tensor {:?} has its data twice", raw.name)));
        }
    };
    Ok(Some(TensorEntry { name: raw.name, dtype, shape: raw.dims, bytes }))
}

fn field(
    raw: &mut Raw,
    file: &[u8],
    number: u32,
    value: &Value,
    dtype: Dtype,
    limits: &Limits,
    budget: &mut Budget,
) -> Result<(), ParseError> {
    match number {
        1 => dims(raw, file, value, limits)?,
        3 => return Err(ParseError::unsupported(NAME, "a tensor in segments")),
        8 => raw.name = wire::text(file, value, limits.name_bytes)?,
        9 => raw.in_file = Some(wire::bytes(value)?),
        4 | 5 | 7 | 10 | 11 => numbers(raw, file, number, value, dtype, budget)?,
        13 => return Err(ParseError::unsupported(NAME, "tensor data in another file")),
        14 if wire::integer(value)? != 0 => {
            return Err(ParseError::unsupported(NAME, "tensor data in another file"));
        }
        _ => {}
    }
    Ok(())
}

fn dims(raw: &mut Raw, file: &[u8], value: &Value, limits: &Limits) -> Result<(), ParseError> {
    let mut push = |side: u64| {
        limits.check_dimensions(raw.dims.len() + 1)?;
        let side = i64::try_from(side).map_err(|_| ParseError::malformed(NAME, "a tensor has a negative size"))?;
        raw.dims.push(side as usize);
        Ok(())
    };
    if let Value::Varint(side) = value {
        return push(*side);
    }
    let mut packed = Fields::new(file, wire::bytes(value)?);
    while let Some(side) = packed.next_packed()? {
        push(side)?;
    }
    Ok(())
}

/// `float_data` (4), `int32_data` (5), `int64_data` (7), `double_data` (10), `uint64_data` (11).
fn numbers(
    raw: &mut Raw,
    file: &[u8],
    number: u32,
    value: &Value,
    dtype: Dtype,
    budget: &mut Budget,
) -> Result<(), ParseError> {
    check_field(number, dtype)?;
    let out = raw.numbers.get_or_insert_default();
    match value {
        Value::Bytes(place) if matches!(number, 4 | 10) => {
            budget.take(place.len())?;
            out.extend_from_slice(&file[place.clone()]);
        }
        Value::Bytes(place) => {
            let mut packed = Fields::new(file, place.clone());
            while let Some(value) = packed.next_packed()? {
                budget.take(dtype.size())?;
                out.extend_from_slice(&value.to_le_bytes()[..dtype.size()]);
            }
        }
        Value::Varint(value) => {
            budget.take(dtype.size())?;
            out.extend_from_slice(&value.to_le_bytes()[..dtype.size()]);
        }
        Value::Fixed32(bits) => {
            budget.take(4)?;
            out.extend_from_slice(&bits.to_le_bytes());
        }
        Value::Fixed64(bits) => {
            budget.take(8)?;
            out.extend_from_slice(&bits.to_le_bytes());
        }
    }
    Ok(())
}

/// Which field may hold which type: onnx.proto3, comments of `TensorProto`.
fn check_field(number: u32, dtype: Dtype) -> Result<(), ParseError> {
    let fits = match number {
        4 => dtype == Dtype::F32,
        5 => !matches!(dtype, Dtype::F32 | Dtype::F64 | Dtype::I64 | Dtype::U64 | Dtype::U32),
        7 => dtype == Dtype::I64,
        10 => dtype == Dtype::F64,
        _ => matches!(dtype, Dtype::U64 | Dtype::U32),
    };
    if fits {
        return Ok(());
    }
    Err(ParseError::malformed(NAME, format!("data field {number} does not hold type {}", dtype.name())))
}

/// `TensorProto.DataType`.
fn dtype(data_type: i64) -> Result<Dtype, ParseError> {
    Ok(match data_type {
        1 => Dtype::F32,
        2 => Dtype::U8,
        3 => Dtype::I8,
        4 => Dtype::U16,
        5 => Dtype::I16,
        6 => Dtype::I32,
        7 => Dtype::I64,
        9 => Dtype::Bool,
        10 => Dtype::F16,
        11 => Dtype::F64,
        12 => Dtype::U32,
        13 => Dtype::U64,
        16 => Dtype::Bf16,
        other => return Err(ParseError::unsupported(NAME, format!("element type number {other}"))),
    })
}
