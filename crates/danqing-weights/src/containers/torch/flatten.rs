//! From a tree of dictionaries to named tensors: names are joined with dots, as state dictionaries do.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use crate::containers::limits::Budget;
use crate::containers::pickle::{Call, Global, Object, Pickled, StorageKind, Value, size as pickle_size};
use crate::containers::torch::{NAME, numpy, strided};
use crate::containers::{Limits, ParseError};
use crate::source::Source;
use crate::{Dtype, TensorEntry};

/// Where storages lie in the file.
pub(super) struct Storages {
    pub(super) places: HashMap<String, Range<usize>>,
    /// Where the pickle starts in the file, for arrays inside it.
    pub(super) base: usize,
}

/// Tensors by name and the texts and numbers beside them.
pub(super) type Flat = (Vec<TensorEntry>, BTreeMap<String, String>);

/// Walks the tree.
pub(super) fn flatten(
    pickled: &Pickled,
    storages: &Storages,
    file: &Source,
    limits: &Limits,
) -> Result<Flat, ParseError> {
    let budget = Budget::new(limits, file.len());
    let mut walk = Walk { pickled, storages, file, limits, budget, visited: 0, out: Flat::default() };
    walk.value(pickled.root, "", 0)?;
    Ok(walk.out)
}

struct Walk<'a> {
    pickled: &'a Pickled,
    storages: &'a Storages,
    file: &'a Source,
    limits: &'a Limits,
    budget: Budget,
    visited: usize,
    out: Flat,
}

impl Walk<'_> {
    fn value(&mut self, value: Value, name: &str, depth: usize) -> Result<(), ParseError> {
        // A value may be reached along many paths: both the depth and the number of visits are bounded.
        self.visited += 1;
        self.limits.check_tensors(self.visited)?;
        self.limits.check_nesting(depth)?;
        self.limits.check_name(name)?;
        let pickled = self.pickled;
        match (value, pickled.object(value)) {
            (_, Some(Object::Dict(entries))) => entries.iter().try_for_each(|&(key, value)| {
                let key = key_text(pickled, key)?;
                self.value(value, &joined(name, &key), depth + 1)
            }),
            (_, Some(Object::List(parts) | Object::Tuple(parts))) => parts
                .iter()
                .enumerate()
                .try_for_each(|(index, &part)| self.value(part, &joined(name, &index.to_string()), depth + 1)),
            (_, Some(Object::Call(call))) => self.call(call, name, depth),
            (_, Some(Object::Text(text))) => self.note(name, text.clone()),
            (Value::Bool(value), _) => self.note(name, value.to_string()),
            (Value::Int(value), _) => self.note(name, value.to_string()),
            (Value::Float(value), _) => self.note(name, value.to_string()),
            // None, dtypes and raw bytes carry no weights.
            _ => Ok(()),
        }
    }

    fn note(&mut self, name: &str, text: String) -> Result<(), ParseError> {
        self.budget.take(text.len())?;
        self.out.1.insert(name.to_owned(), text);
        Ok(())
    }

    fn call(&mut self, call: &Call, name: &str, depth: usize) -> Result<(), ParseError> {
        let entry = match (call.global, call.arguments.as_slice()) {
            (Global::RebuildParameter, &[tensor, ..]) => return self.value(tensor, name, depth + 1),
            (Global::RebuildTensor | Global::RebuildTensorV2, &[storage, offset, size, stride, ..]) => {
                self.tensor([storage, offset, size, stride])?
            }
            (Global::NumpyReconstruct, _) => {
                numpy::array(self.pickled, call, self.file, self.storages.base, &mut self.budget)?
            }
            (Global::NumpyScalar | Global::NumpyDtype | Global::Encode, _) => return Ok(()),
            (global, arguments) => {
                let what = format!("{global:?} with {} arguments at {name:?}", arguments.len());
                return Err(ParseError::unsupported(NAME, what));
            }
        };
        self.limits.check_dimensions(entry.shape.len())?;
        let name = if name.is_empty() { "tensor" } else { name };
        self.out.0.push(TensorEntry { name: name.to_owned(), ..entry });
        Ok(())
    }

    fn tensor(&mut self, [storage, offset, size, stride]: [Value; 4]) -> Result<TensorEntry, ParseError> {
        let (key, dtype) = storage_key(self.pickled, storage)?;
        let place = self.storages.places.get(key);
        let place =
            place.ok_or_else(|| ParseError::malformed(NAME, format!("storage {key:?} is not in the file")))?.clone();
        let layout = strided::Layout {
            offset: pickle_size(offset, "a tensor's offset")?,
            shape: self.pickled.sizes(size, "a tensor's shape")?,
            stride: self.pickled.sizes(stride, "a tensor's stride")?,
        };
        let bytes = strided::gather(self.file, place, dtype, &layout, &mut self.budget)?;
        Ok(TensorEntry { name: String::new(), dtype, shape: layout.shape, bytes })
    }
}

fn joined(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
}

fn key_text(pickled: &Pickled, key: Value) -> Result<String, ParseError> {
    match (key, pickled.text(key)) {
        (_, Some(text)) => Ok(text.to_owned()),
        (Value::Int(number), _) => Ok(number.to_string()),
        (other, _) => Err(ParseError::unsupported(NAME, format!("dictionary key {other:?}"))),
    }
}

/// `("storage", torch.FloatStorage, key, location, elements)`.
fn storage_key(pickled: &Pickled, value: Value) -> Result<(&str, Dtype), ParseError> {
    let broken = || ParseError::malformed(NAME, "a storage's description is not the expected tuple");
    let Some(Object::Persistent(id)) = pickled.object(value) else { return Err(broken()) };
    match pickled.parts(*id) {
        Some(&[kind, Value::Global(Global::Storage(StorageKind(dtype))), key, ..])
            if pickled.text(kind) == Some("storage") =>
        {
            Ok((pickled.text(key).ok_or_else(broken)?, dtype))
        }
        _ => Err(broken()),
    }
}

/// Element type of every storage that the pickle names.
pub(super) fn storage_dtypes(pickled: &Pickled, limits: &Limits) -> Result<HashMap<String, Dtype>, ParseError> {
    let mut dtypes = HashMap::new();
    for (index, object) in pickled.objects.iter().enumerate() {
        if matches!(object, Object::Persistent(_)) {
            let (key, dtype) = storage_key(pickled, Value::Object(index))?;
            dtypes.insert(key.to_owned(), dtype);
            limits.check_tensors(dtypes.len())?;
        }
    }
    Ok(dtypes)
}
