//! What an untrusted weight file may ask for.

use crate::containers::ParseError;

/// Bounds that hold for every container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest file, bytes.
    pub file_bytes: u64,
    /// Largest header, graph or pickle, bytes (tensor data not counted).
    pub header_bytes: usize,
    /// Most tensors in a file; also bounds nodes, layers and values visited.
    pub tensors: usize,
    /// Longest name, bytes.
    pub name_bytes: usize,
    /// Most dimensions of a tensor.
    pub dimensions: usize,
    /// Deepest nesting of dictionaries, lists and graphs.
    pub nesting: usize,
    /// Bytes that decoded tensors (strided, packed, deflated) may take, as a multiple of the file's size.
    pub expansion: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 32 << 30,
            header_bytes: 100_000_000,
            tensors: 100_000,
            name_bytes: 1024,
            dimensions: 8,
            nesting: 32,
            expansion: 8,
        }
    }
}

impl Limits {
    pub(crate) fn check_file(&self, actual: u64) -> Result<(), ParseError> {
        within("file size in bytes", actual, self.file_bytes)
    }

    pub(crate) fn check_header(&self, actual: u64) -> Result<(), ParseError> {
        within("header size in bytes", actual, self.header_bytes as u64)
    }

    pub(crate) fn check_tensors(&self, actual: usize) -> Result<(), ParseError> {
        within("number of tensors", actual as u64, self.tensors as u64)
    }

    /// Of a file beside its tensors.
    pub(crate) fn check_fields(&self, actual: u64) -> Result<(), ParseError> {
        within("number of fields", actual, self.tensors as u64)
    }

    pub(crate) fn check_name(&self, name: &str) -> Result<(), ParseError> {
        within("name length in bytes", name.len() as u64, self.name_bytes as u64)
    }

    pub(crate) fn check_dimensions(&self, actual: usize) -> Result<(), ParseError> {
        within("number of dimensions", actual as u64, self.dimensions as u64)
    }

    /// A pickle may hold arrays, so its bytes are bounded by the file; what it makes is bounded by its opcodes.
    pub(crate) fn check_opcodes(&self, done: usize) -> Result<(), ParseError> {
        within("number of pickle opcodes", done as u64, self.tensors.saturating_mul(100) as u64)
    }

    pub(crate) fn check_nesting(&self, actual: usize) -> Result<(), ParseError> {
        within("nesting depth", actual as u64, self.nesting as u64)
    }
}

fn within(what: &'static str, actual: u64, limit: u64) -> Result<(), ParseError> {
    if actual <= limit { Ok(()) } else { Err(ParseError::TooLarge { what, actual, limit }) }
}

/// Bytes that decoding may still take; counts down.
#[derive(Debug)]
pub(crate) struct Budget {
    left: usize,
    limit: usize,
}

impl Budget {
    /// For one file of `file` bytes. Small files get 1 MiB, so that a handful of broadcast scalars is no bomb.
    pub(crate) fn new(limits: &Limits, file: usize) -> Self {
        let limit = file.saturating_mul(limits.expansion).max(1 << 20);
        Self { left: limit, limit }
    }

    /// Takes `bytes`; call before allocating.
    pub(crate) fn take(&mut self, bytes: usize) -> Result<(), ParseError> {
        match self.left.checked_sub(bytes) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(ParseError::TooLarge {
                what: "decoded tensor bytes",
                actual: (self.limit - self.left).saturating_add(bytes) as u64,
                limit: self.limit as u64,
            }),
        }
    }
}
