//! 水墨: the picture in a few steps of ink on rice paper.
//!
//! Tones are laid as five washes, pale to dense (清淡重浓焦), each with its own wetness; calm areas are left blank
//! (留白); lines follow the edges with swelling pressure and break where the brush runs dry (飞白); wet borders creep
//! along the paper's fibres and dry with a darker rim. Sources: the flow and lines of `flow` and `xdog`; rims and
//! granulation after A. Bousseau et al., "Interactive watercolor rendering with temporal coherence and abstraction",
//! 2006; the order of washes is the painters' own.

mod ground;
mod lines;
mod mounted;
mod seal;
mod tone;
mod washes;

use danqing_capability::{Cancelled, Progress};
use danqing_media::{Raster, SrgbF32};
use serde::{Deserialize, Serialize};

use super::{Session, Share, Study};
use crate::field::Crew;
use crate::noise::seed_for;

/// How the ink is used. All shares are `0.0..=1.0`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// How closely shapes and faces of the picture are kept; 0 is free, 1 keeps every line.
    pub keep_structure: Share,
    /// Amount of ink: more makes darker washes.
    pub ink: Share,
    /// How much calm area is left blank.
    pub blank: Share,
    /// How far wet borders creep and pool.
    pub wetness: Share,
    /// How often the brush runs dry.
    pub dry_brush: Share,
    /// Weight of the lines.
    pub lines: Share,
    /// Texture and warmth of the rice paper.
    pub paper: Share,
    /// How much of the picture's own colour shines through the ink.
    pub colour: Share,
    /// A red seal in the lower corner.
    pub seal: bool,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            keep_structure: Share::of(0.6),
            ink: Share::of(0.5),
            blank: Share::of(0.6),
            wetness: Share::of(0.5),
            dry_brush: Share::of(0.5),
            lines: Share::of(0.6),
            paper: Share::of(0.5),
            colour: Share::of(0.0),
            seal: false,
        }
    }
}

/// Paints at the picture's size.
///
/// # Errors
/// [`Cancelled`].
pub fn paint(
    picture: &Raster<SrgbF32>,
    params: &Params,
    session: Session,
    progress: &mut Progress<'_>,
) -> Result<Raster<SrgbF32>, Cancelled> {
    const STEPS: usize = 5;
    let crew = Crew::new(session.threads, progress.cancel_token());
    let seed = seed_for(session.seed, 1);
    progress.step("ink", 0, STEPS)?;
    let study = Study::new(picture, session.scale, &crew)?;
    progress.step("ink", 1, STEPS)?;
    let tone = tone::composed(&study, params, &crew)?;
    progress.step("ink", 2, STEPS)?;
    let paper = washes::Paper::new(&study, seed, &crew)?;
    let washes = washes::laid(&study, (&tone, &paper), params, seed, &crew)?;
    progress.step("ink", 3, STEPS)?;
    let lines = lines::drawn(&study, (&tone, &paper), params, seed, &crew)?;
    progress.step("ink", 4, STEPS)?;
    let painted = mounted::mounted(&study, (&washes, &lines, &paper.surface), params, seed, &crew)?;
    progress.step("ink", STEPS, STEPS)?;
    Ok(painted)
}
