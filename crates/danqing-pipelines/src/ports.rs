//! Reading named inputs, the same in every capability.

use danqing_capability::Inputs;
use danqing_media::{Medium, Picture};

/// A capability was called without its picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no picture is given")]
pub struct NoPicture;

/// The input `picture`.
pub(crate) fn picture(inputs: &Inputs<Medium>) -> Result<&Picture, NoPicture> {
    optional_picture(inputs, "picture").ok_or(NoPicture)
}

/// Every picture under `name`, in the order given.
pub(crate) fn pictures<'a>(inputs: &'a Inputs<Medium>, name: &'a str) -> impl Iterator<Item = &'a Picture> {
    inputs.all(name).filter_map(|medium| match medium {
        Medium::Picture(picture) => Some(&**picture),
        _ => None,
    })
}

/// The first picture under `name`, if there is one.
pub(crate) fn optional_picture<'a>(inputs: &'a Inputs<Medium>, name: &str) -> Option<&'a Picture> {
    match inputs.get(name) {
        Some(Medium::Picture(picture)) => Some(picture),
        _ => None,
    }
}
