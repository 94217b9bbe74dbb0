//! The presets that are compiled in.

use super::Preset;

/// Their names, in the order of help and lists.
pub(super) const IDS: [&str; 8] =
    ["ink-wash", "oil", "watercolour", "pencil", "woodcut", "cartoon", "pastel", "mosaic"];

/// A preset that is compiled in.
pub(super) fn preset(id: &str) -> Option<Preset> {
    let text = match id {
        "ink-wash" => include_str!("ink-wash.toml"),
        "oil" => include_str!("oil.toml"),
        "watercolour" => include_str!("watercolour.toml"),
        "pencil" => include_str!("pencil.toml"),
        "woodcut" => include_str!("woodcut.toml"),
        "cartoon" => include_str!("cartoon.toml"),
        "pastel" => include_str!("pastel.toml"),
        "mosaic" => include_str!("mosaic.toml"),
        _ => return None,
    };
    Preset::parsed(text).ok()
}
