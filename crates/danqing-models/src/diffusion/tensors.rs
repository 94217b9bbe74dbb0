//! Where a network's tensors come from.

use danqing_weights::TensorFile;

/// Name and dimensions of a tensor that a network reads.
pub type TensorShape = (String, Vec<usize>);

/// A file, or a rule. Networks ask by diffusers' names.
#[derive(Clone, Copy)]
pub enum Tensors<'a> {
    /// A parsed checkpoint.
    File {
        /// Its tensors.
        file: &'a TensorFile,
        /// From diffusers' name to the name in this file; the identity for diffusers' own files.
        stored_name: &'a dyn Fn(&str) -> String,
        /// Whether a tensor of the file is this network's, so that one left over is an error.
        belongs: &'a dyn Fn(&str) -> bool,
    },
    /// Values by [`seeded_values`](super::seeded_values): no file.
    Seeded,
}
