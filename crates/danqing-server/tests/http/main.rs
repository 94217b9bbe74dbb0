//! The server as its clients see it, on loopback, with real capabilities.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::needless_pass_by_value,
    reason = "a test fails by panicking"
)]

mod api;
mod checkpoint;
mod diffusion;
mod events;
mod load;
mod safe;
mod shapes;
mod support;
