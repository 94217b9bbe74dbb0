//! `optimise`: the pixels themselves are changed until their features are the style's (Gatys, Ecker, Bethge, "Image Style
//! Transfer Using Convolutional Neural Networks", CVPR 2016).

use danqing_capability::Progress;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::work::{Networks, Painted, VGG19, Work};
use super::{Error, Mode};

/// Settings of the mode "optimise".
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {}

/// Catalogue ids that a run needs.
pub(super) fn models() -> Vec<&'static str> {
    vec![VGG19]
}

/// The picture, optimised.
pub(super) fn painted(_: &Networks, _: Work<'_>, _: &mut Progress<'_>) -> Result<Painted, Error> {
    Err(Error::ModeNotReady { mode: Mode::Optimise })
}
