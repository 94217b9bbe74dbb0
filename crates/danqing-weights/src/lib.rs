//! Model weights: which exist ([`Catalogue`]), where they lie ([`ModelStore`]), how they arrive, and how their files
//! are read as data ([`containers`]).
//!
//! No tensor library and no networks: small enough to audit. Nothing from a model file is ever executed, and every
//! length in a file is checked against what the file holds before memory is taken.
#![forbid(unsafe_code)]

mod blocks;
pub mod catalogue;
mod class;
pub mod containers;
mod dtype;
pub mod fetch;
mod sha256;
mod source;
pub mod store;
mod tensor;

pub use catalogue::{Catalogue, Entry, LicenceClass, Source};
pub use class::{Class, Reporter, Transferred};
pub use containers::{Limits, ParseError};
pub use dtype::Dtype;
pub use fetch::FetchConfig;
pub use sha256::Sha256Hex;
pub use store::{ModelStore, State, Status, StoreConfig, StoreError, UserModel, Weights};
pub use tensor::{TensorEntry, TensorFile, TensorView};
