//! Presets: styles by name that small files describe.
//!
//! Eight are compiled in; users add files in `presets/` of the data folder, named by their file names, or name a file
//! itself (`--style my.toml`). A file says its titles, its source and either a `[recipe]` (a classical method with
//! parameters) or `[[gallery]]` entries (styles of the gallery with their weights).

mod builtin;
mod file;
mod folder;

use std::path::Path;

pub use self::file::{Paint, Preset};
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
pub(super) fn found(mut params: Params, home: &Path) -> Result<Params, Error> {
    if let (Some(style), None) = (params.style.as_deref(), &params.preset) {
        params.preset = folder::find(style, home)?;
    }
    Ok(params)
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
