//! Presets: styles by name that small files describe.
//!
//! Eight are compiled in; users add files in `presets/` of the data folder, named by their file names, or name a file
//! itself (`--style my.toml`). A file says its titles, its source and one of: a `[recipe]` (a classical method with
//! parameters), `[[gallery]]` entries (styles of the gallery with their weights), `[[style_picture]]` entries (pictures
//! whose style is taken, with their weights).

mod builtin;
mod file;
mod folder;
mod pictures;

use std::path::Path;

use danqing_capability::CancelToken;
use danqing_weights::ModelStore;

pub use self::file::{Paint, Preset};
pub use self::pictures::StylePicture;
pub(super) use self::pictures::loaded as loaded_pictures;
use super::{Error, Params, gallery};

/// Names of the presets that are compiled in.
pub(super) const IDS: [&str; 8] = builtin::IDS;

/// The presets that are compiled in, with their names, in order.
pub fn built_in() -> impl Iterator<Item = (&'static str, Preset)> {
    IDS.into_iter().filter_map(|id| Some((id, builtin::preset(id)?)))
}

/// Names and presets of the folder `presets/` of `home`, by name; files that can't be read are left out.
#[must_use]
pub fn of_user(home: &Path) -> Vec<(String, Preset)> {
    folder::all(home)
}

/// Puts a preset from outside the program into the parameters, so that they can be run again without its file.
pub(super) fn found(mut params: Params, store: &ModelStore, cancel: &CancelToken) -> Result<Params, Error> {
    if let (Some(style), None) = (params.style.as_deref(), &params.preset) {
        params.preset = folder::find(style, store.home())?;
    }
    if let Some(preset) = &mut params.preset {
        pictures::identified(preset, store, cancel)?;
    }
    Ok(params)
}

/// The style pictures of the parameters' preset.
pub(super) fn pictures_of(params: &Params) -> &[StylePicture] {
    params.preset.as_ref().map_or(&[], |preset| &preset.style_picture)
}

/// The preset of resolved parameters.
pub(super) fn of(params: &Params) -> Option<Preset> {
    params.preset.clone().or_else(|| builtin::preset(params.style.as_deref()?))
}

/// Catalogue ids that a preset needs.
pub(super) fn models(params: &Params) -> Vec<&'static str> {
    match of(params).map(|preset| preset.paint()) {
        Some(Ok(Paint::Gallery(_))) => gallery::models(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
