//! Every algorithm against the library it claims to equal; goldens are made by `tools/golden/vision_*.py`.
#![allow(missing_docs)]
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod canny;
mod filters;
mod flow;
mod golden;
mod masks;
mod matting;
mod metrics;
mod resize;
mod rotate;
mod tone;
