//! Networks that find what a picture shows: picture in, mask out.

pub mod mobile_sam;
mod picture;
pub mod u2net;

pub use mobile_sam::MobileSam;
pub use picture::segmenter_input;
pub use u2net::U2Net;
