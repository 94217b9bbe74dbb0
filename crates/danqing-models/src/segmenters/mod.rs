//! Networks that find what a picture shows: picture in, mask out.

mod picture;
pub mod u2net;

pub use picture::segmenter_input;
pub use u2net::U2Net;
