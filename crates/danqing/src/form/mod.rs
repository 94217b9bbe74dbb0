//! A capability's parameters as fields: read from its JSON schema, filled from command-line strings.

mod field;
mod value;

pub(crate) use field::{Choice, Field, Kind, Variant, fields, variants};
pub(crate) use value::value_from_strings;
