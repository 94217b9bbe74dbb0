//! `transfer`: any style picture in one pass, by adaptive instance normalisation.

use danqing_capability::Progress;

use super::work::{Networks, Painted, VGG19, Work};
use super::{Error, Mode};

/// Catalogue ids that a run needs.
pub(super) fn models() -> Vec<&'static str> {
    vec![VGG19]
}

/// The picture in the style of the style pictures.
pub(super) fn painted(_: &Networks, _: Work<'_>, _: &mut Progress<'_>) -> Result<Painted, Error> {
    Err(Error::ModeNotReady { mode: Mode::Transfer })
}
