//! Where a network's tensors come from.

use danqing_weights::TensorFile;

use crate::Error;

/// Name and dimensions of a tensor that a network reads.
pub type TensorShape = (String, Vec<usize>);

/// A tensor of a file, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its name there.
    pub name: String,
    /// Which of how many equal parts along its first dimension; `None` for all of it.
    pub part: Option<(usize, usize)>,
}

impl From<String> for Stored {
    fn from(name: String) -> Self {
        Self { name, part: None }
    }
}

/// Changes the values of the tensor of diffusers' name and those dimensions as they are read.
pub type Adapt<'a> = &'a dyn Fn(&str, &[usize], &mut [f32]) -> Result<(), Error>;

/// A file, or a rule. Networks ask by diffusers' names.
#[derive(Clone, Copy)]
pub enum Tensors<'a> {
    /// A parsed checkpoint.
    File {
        /// Its tensors.
        file: &'a TensorFile,
        /// From diffusers' name to what holds it in this file; the same name for diffusers' own files.
        stored_name: &'a dyn Fn(&str) -> Stored,
        /// Whether a tensor of the file is this network's, so that one left over is an error.
        belongs: &'a dyn Fn(&str) -> bool,
        /// What is added to its weights.
        adapt: Adapt<'a>,
    },
    /// Values by [`seeded_values`](super::seeded_values): no file.
    Seeded,
}

impl<'a> Tensors<'a> {
    /// A parsed checkpoint as it is.
    #[must_use]
    pub fn of_file(
        file: &'a TensorFile,
        stored_name: &'a dyn Fn(&str) -> Stored,
        belongs: &'a dyn Fn(&str) -> bool,
    ) -> Self {
        Self::File { file, stored_name, belongs, adapt: &|_, _, _| Ok(()) }
    }
}
