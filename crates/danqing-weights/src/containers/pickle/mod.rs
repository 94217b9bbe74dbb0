//! A restricted unpickler: opcodes that build plain data and tensors, a short list of globals, everything else refused
//! by name. There is no way from here to a function: a global is an enum value, and a call builds a data record.
//!
//! Source: the opcode descriptions in `cpython@v3.11:Lib/pickletools.py` (protocols 2 to 5).

mod globals;
mod machine;
mod opcode;
mod value;

pub(crate) use globals::{Global, StorageKind};
pub(crate) use machine::unpickle;
pub(crate) use value::{Call, Object, Pickled, Value, size};

pub(crate) const NAME: &str = "pickle";
