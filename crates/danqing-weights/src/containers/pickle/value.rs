//! What a pickle builds: a flat list of objects that name each other by number.
//!
//! References are numbers, so shared and even circular structures take no more memory than the opcodes that made them
//! (each makes at most one object), and dropping them needs no recursion.

use crate::containers::ParseError;
use crate::containers::pickle::{Global, NAME};

/// A value on the stack.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Value {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Global(Global),
    /// Index in [`Pickled::objects`].
    Object(usize),
}

/// A value with parts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Object {
    Text(String),
    /// Place in the pickle's bytes; also integers of more than 64 bits.
    Bytes(std::ops::Range<usize>),
    Tuple(Vec<Value>),
    List(Vec<Value>),
    /// `dict` and `OrderedDict`.
    Dict(Vec<(Value, Value)>),
    /// What `REDUCE` on an allowed global stands for.
    Call(Call),
    /// `BINPERSID`: a storage, described by a tuple.
    Persistent(Value),
}

/// An allowed global applied to arguments: a record, not a function call.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Call {
    pub(crate) global: Global,
    pub(crate) arguments: Vec<Value>,
    /// Argument of a later `BUILD`.
    pub(crate) state: Option<Value>,
}

/// A finished pickle.
#[derive(Debug)]
pub(crate) struct Pickled {
    pub(crate) objects: Vec<Object>,
    pub(crate) root: Value,
    /// Bytes of the file that the pickle took.
    pub(crate) length: usize,
}

impl Pickled {
    /// The object behind a value.
    pub(crate) fn object(&self, value: Value) -> Option<&Object> {
        match value {
            Value::Object(index) => self.objects.get(index),
            _ => None,
        }
    }

    pub(crate) fn text(&self, value: Value) -> Option<&str> {
        match self.object(value) {
            Some(Object::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// Parts of a tuple or list.
    pub(crate) fn parts(&self, value: Value) -> Option<&[Value]> {
        match self.object(value) {
            Some(Object::Tuple(parts) | Object::List(parts)) => Some(parts),
            _ => None,
        }
    }

    /// A tuple of non-negative numbers, such as a shape.
    pub(crate) fn sizes(&self, value: Value, what: &str) -> Result<Vec<usize>, ParseError> {
        let parts = self.parts(value).ok_or_else(|| ParseError::malformed(NAME, format!("{what} is no tuple")))?;
        parts.iter().map(|&part| size(part, what)).collect()
    }
}

/// A non-negative number.
pub(crate) fn size(value: Value, what: &str) -> Result<usize, ParseError> {
    match value {
        Value::Int(number) if number >= 0 => Ok(number as usize),
        other => Err(ParseError::malformed(NAME, format!("{what} is {other:?}, not a size"))),
    }
}
