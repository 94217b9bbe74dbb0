//! Presets: styles by name that danqing describes itself.

/// Names of the presets.
pub(super) const IDS: [&str; 8] =
    ["ink-wash", "oil", "watercolour", "pencil", "woodcut", "cartoon", "pastel", "mosaic"];

/// Catalogue ids that a preset needs.
pub(super) fn models(_preset: &str) -> Vec<&'static str> {
    Vec::new()
}
