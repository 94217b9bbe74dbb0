//! `gallery`: the network of 26 styles.

use danqing_capability::Progress;

use super::work::{Networks, Painted, Work};
use super::{Error, Mode};

/// Catalogue ids that a run needs.
pub(super) fn models() -> Vec<&'static str> {
    Vec::new()
}

/// The picture in one style of the gallery, or a blend of several.
pub(super) fn painted(_: &Networks, _: Work<'_>, _: &mut Progress<'_>) -> Result<Painted, Error> {
    Err(Error::ModeNotReady { mode: Mode::Gallery })
}
