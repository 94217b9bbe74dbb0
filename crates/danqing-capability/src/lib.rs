//! The contract every capability shares: typed parameters and named inputs in, progress and cancellation through,
//! named outputs and measured facts out.
//!
//! Nothing here knows pixels, tensors, files or sockets. Media are a type parameter (`M`); networks, fronts and stores
//! are elsewhere. A capability implements [`Capability`]; the registry sees it as [`AnyCapability`].

mod capability;
mod detached;
mod erased;
mod failure;
mod io;
mod progress;

pub use capability::Capability;
pub use erased::AnyCapability;
pub use failure::{Class, Classified, Failure};
pub use io::{Arity, Inputs, Kind, Outputs, Port, WeightUse};
pub use progress::{CancelToken, Cancelled, Event, Preview, Progress};
