//! Styles that `restyle` knows by name.

use danqing_pipelines::restyle::{GALLERY, presets};
use serde::Serialize;

use crate::Studio;

/// One style for a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Style {
    /// What `--style` takes.
    pub id: String,
    /// English.
    pub title: String,
    /// Chinese.
    pub title_zh: String,
    /// `preset`, `own` (a preset file of the user) or `gallery`.
    pub kind: &'static str,
    /// Where it comes from; empty for the gallery.
    pub source: String,
}

impl Studio {
    /// Presets that are built in, presets of the data folder, styles of the gallery.
    #[must_use]
    pub fn styles(&self) -> Vec<Style> {
        let preset = |kind| {
            move |(id, preset): (String, presets::Preset)| Style {
                id,
                title_zh: if preset.title_zh.is_empty() { preset.title.clone() } else { preset.title_zh },
                title: preset.title,
                kind,
                source: preset.source,
            }
        };
        let built_in = presets::built_in().map(|(id, preset)| (id.to_owned(), preset)).map(preset("preset"));
        let own = presets::of_user(self.store().home()).into_iter().map(preset("own"));
        let gallery = GALLERY.iter().map(|style| Style {
            id: style.id.to_owned(),
            title: style.title.to_owned(),
            title_zh: style.title_zh.to_owned(),
            kind: "gallery",
            source: String::new(),
        });
        built_in.chain(own).chain(gallery).collect()
    }
}
