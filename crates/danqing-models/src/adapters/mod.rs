//! Small files that change a checkpoint: low-rank additions to its weights ([`Lora`]), and words of one's own
//! ([`Embedding`]).

mod embedding;
mod lora;
mod merge;
mod names;

pub use embedding::Embedding;
pub use lora::Lora;
pub use merge::{LoraUse, Merge};
pub use names::Part;
