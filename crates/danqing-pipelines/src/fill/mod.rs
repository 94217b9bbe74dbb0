//! Filling holes: engines, candidates, choice. What `erase` and `extend` share.
//!
//! A [`Scene`] is a piece of a picture with a hole. An engine makes a candidate: the scene with the hole filled, known
//! pixels as they were. A [`Contest`] keeps the best measured one.

mod choose;
mod coverage;
mod engines;
mod error;
mod inpainter;
mod measure;
mod network;
mod novelty;
mod windows;

use danqing_media::{Mask, Raster, SrgbF32};

pub(crate) use choose::Contest;
pub(crate) use coverage::{bounds, feathered, touched};
pub(crate) use engines::{
    LEAST_FOR_NETWORK, Search, classical, guided, network_at, patches, whole_scale, working_scale,
};
pub use error::Error;
pub(crate) use inpainter::{Inpainter, MIGAN, inpainter};
pub(crate) use measure::{Facts, facts, warn_of_detail};

/// A piece of a picture and what is unknown in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene<'a> {
    /// Known pixels; what lies in the hole does not matter.
    pub(crate) picture: &'a Raster<SrgbF32>,
    /// Not 0 where pixels are to be made.
    pub(crate) hole: &'a Mask,
    /// 0 where the picture may not be copied from, because it is too far away to say how the hole should look.
    pub(crate) source: Option<&'a Mask>,
}

/// One way to fill a scene.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    /// How it was made, e.g. `network 0.57`.
    pub(crate) label: String,
    /// The scene with the hole filled.
    pub(crate) filled: Raster<SrgbF32>,
}
