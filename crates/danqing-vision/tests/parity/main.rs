//! Every algorithm against the library it claims to equal; goldens are made by `tools/golden/vision_*.py`.
#![allow(missing_docs)]

mod canny;
mod filters;
mod golden;
mod masks;
mod metrics;
mod resize;
mod tone;
