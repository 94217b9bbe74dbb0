//! torch checkpoints (`torch.save`, both file layouts) and pickles of numpy arrays.
//!
//! Source: pytorch v2.4, torch/serialization.py (`_legacy_save`, `_save`) and torch/_utils.py (`_rebuild_tensor_v2`).

mod archive;
mod flatten;
mod legacy;
mod numpy;
mod strided;

pub(crate) use archive::read_source as read_zip_source;
pub use archive::read_zip;
pub(crate) use legacy::is_legacy;
pub use legacy::read_legacy;
pub use numpy::read_numpy;

pub(crate) const NAME: &str = "torch checkpoint";
