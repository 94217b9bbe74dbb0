//! Style pictures that a preset names.

use std::path::{Path, PathBuf};

use danqing_capability::CancelToken;
use danqing_media::file::{self, Limits};
use danqing_media::{Raster, SrgbF32};
use danqing_weights::{ModelStore, Sha256Hex};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Preset;
use crate::NetworkError;
use crate::restyle::Error;

/// One style picture of a preset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StylePicture {
    /// A file, seen from the preset's folder, or the catalogue id of a picture ("art-irises").
    pub picture: String,
    /// Its share beside the preset's other style pictures, more than 0.
    #[serde(default = "whole")]
    pub weight: f64,
    /// sha256 of the file, hex; found when a request is resolved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

fn whole() -> f64 {
    1.0
}

/// Files beside the preset get their full path; other names are left to the catalogue.
pub(super) fn seen_from(preset: &mut Preset, file: &Path) {
    let folder = file.parent().unwrap_or(Path::new(""));
    for art in &mut preset.style_picture {
        let beside = folder.join(&art.picture);
        if let Some(path) = std::path::absolute(&beside).ok().filter(|_| beside.is_file()) {
            art.picture = path.display().to_string();
        }
    }
}

/// Every picture's file and what it holds now, so that a recipe means exactly these.
///
/// # Errors
/// A picture that is not there, is no picture, or is not the one that the recipe was made with.
pub(super) fn identified(preset: &mut Preset, store: &ModelStore, cancel: &CancelToken) -> Result<(), Error> {
    for art in &mut preset.style_picture {
        let path = path_of(&art.picture, store)?;
        let (_, sha256) = read(&path, art.sha256.as_deref(), cancel)?;
        art.picture = path.display().to_string();
        art.sha256 = Some(sha256);
    }
    Ok(())
}

/// The pictures, in order.
///
/// # Errors
/// See [`identified`].
pub(in crate::restyle) fn loaded(preset: &Preset, cancel: &CancelToken) -> Result<Vec<Raster<SrgbF32>>, Error> {
    let art = |art: &StylePicture| {
        let (bytes, _) = read(Path::new(&art.picture), art.sha256.as_deref(), cancel)?;
        Ok(file::decode(&bytes, &Limits::default(), cancel)?.to_srgb(cancel)?)
    };
    preset.style_picture.iter().map(art).collect()
}

fn path_of(picture: &str, store: &ModelStore) -> Result<PathBuf, Error> {
    let path = Path::new(picture);
    if path.components().count() > 1 || path.extension().is_some() {
        return Ok(path.to_owned());
    }
    store.path(picture).map_err(|error| Error::Network(NetworkError::Store(error)))
}

fn read(path: &Path, expected: Option<&str>, cancel: &CancelToken) -> Result<(Vec<u8>, String), Error> {
    let bytes = file::read_bytes(path, &Limits::default(), cancel)?;
    let actual = Sha256Hex::of(&bytes).to_string();
    match expected.filter(|expected| *expected != actual) {
        Some(expected) => {
            Err(Error::OtherStylePicture { path: path.to_owned(), actual, expected: expected.to_owned() })
        }
        None => Ok((bytes, actual)),
    }
}
