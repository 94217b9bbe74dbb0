//! `recipe`: what a preset says, step by step.

use danqing_capability::Progress;

use super::Error;
use super::work::{Networks, Painted, Work};

/// The picture, painted after its preset.
pub(super) fn painted(_: &Networks, work: Work<'_>, _: &mut Progress<'_>) -> Result<Painted, Error> {
    Err(Error::PresetNotReady { preset: work.params.style.clone().unwrap_or_default() })
}
