//! Large holes filled with texture from elsewhere in the picture.
//!
//! Coarse-to-fine patch optimisation: every patch that touches the hole looks for its nearest neighbour among the known
//! patches (C. Barnes et al., "PatchMatch: A Randomized Correspondence Algorithm for Structural Image Editing", 2009),
//! then the hole is rebuilt from the votes of all patches that cover it (Y. Wexler, E. Shechtman, M. Irani, "Space-Time
//! Completion of Video", 2007), several times per resolution. Onion-peel start, texture features that keep the optimum
//! from being the smoothest one, and the last step follow A. Newson et al., "Non-Local Patch-Based Image Inpainting",
//! IPOL 2017. The result depends on the picture, the masks, the options and the seed alone, not on the number of threads.

mod compose;
mod error;
mod field;
mod first_fill;
mod level;
mod parallel;
mod pyramid;
mod solve;
mod vote;
mod window;

use danqing_capability::Progress;
use danqing_media::{Mask, Raster, SrgbF32};
use serde::{Deserialize, Serialize};

pub use error::Error;

/// What can be chosen about a completion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// Side of a patch in pixels, odd, 3 to 11. Smaller ones are used when the known part has no room for it.
    pub patch_size: usize,
    /// Rounds of matching and voting per resolution, 1 to 50; the coarsest gets twice as many, the finest half.
    pub iterations: usize,
    /// Most halvings of the resolution; 0 works at full resolution only. The hole's size and the known part may ask
    /// for fewer.
    pub halvings: usize,
    /// Start of the random search.
    pub seed: u64,
    /// How far around the hole patches are looked for, in multiples of the longer side of the hole's box.
    pub reach: f32,
    /// Weight of the texture features against colours; 0 leaves them out.
    pub texture: f32,
    /// Weight of the squared distance (in areas of the hole) between a patch and its match; 0 lets them be anywhere.
    pub proximity: f32,
    /// In [`refine`]: weight of the guess's low frequencies against colours.
    pub guidance: f32,
    /// Threads to use; 0 means as many as the machine has. The result does not depend on it.
    pub threads: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            patch_size: 7,
            iterations: 6,
            halvings: 8,
            seed: 0,
            reach: 1.0,
            texture: 20.0,
            proximity: 30.0,
            guidance: 2.0,
            threads: 0,
        }
    }
}

/// The picture with its hole (`hole` not 0) filled; known pixels come back bit for bit.
///
/// Patches are taken where the hole is not and, if `source` is given, only where it is not 0.
///
/// # Errors
/// See [`Error`].
pub fn complete(
    image: &Raster<SrgbF32>,
    hole: &Mask,
    source: Option<&Mask>,
    options: &Options,
    progress: &mut Progress<'_>,
) -> Result<Raster<SrgbF32>, Error> {
    solve::run(image, hole, source, None, options, progress)
}

/// The hole rebuilt from real patches so that it follows `guess`, a blurry or artificial fill of the same size: colours
/// and shapes at low frequencies are the guess's, texture is the picture's. Known pixels come back bit for bit.
///
/// # Errors
/// See [`Error`].
pub fn refine(
    image: &Raster<SrgbF32>,
    hole: &Mask,
    guess: &Raster<SrgbF32>,
    source: Option<&Mask>,
    options: &Options,
    progress: &mut Progress<'_>,
) -> Result<Raster<SrgbF32>, Error> {
    solve::run(image, hole, source, Some(guess), options, progress)
}
