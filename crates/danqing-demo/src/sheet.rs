//! What a contact sheet shows, as data.

use serde::Deserialize;

/// A titled list of rows; each row's pictures share one height.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sheet {
    /// Large, in Latin letters.
    pub(crate) title: String,
    /// Large, in Chinese.
    pub(crate) title_zh: String,
    /// One sentence below the title.
    pub(crate) subtitle: String,
    /// The same in Chinese.
    pub(crate) subtitle_zh: String,
    /// From top to bottom.
    pub(crate) rows: Vec<Vec<Pair>>,
}

/// Two pictures, before and after.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pair {
    /// What was done between the two.
    pub(crate) change: Change,
    /// File name inside the folder of pictures.
    pub(crate) before: String,
    /// File name inside the folder of pictures.
    pub(crate) after: String,
    /// Show only this part of both pictures, in pixels.
    #[serde(default)]
    pub(crate) detail: Option<Detail>,
    /// Below the first picture.
    pub(crate) title: String,
    /// Below the title, in Chinese.
    pub(crate) title_zh: String,
    /// Author and licence of the photograph.
    pub(crate) credit: String,
}

/// What was done between two pictures; decides how "before" is marked.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Change {
    /// Something was erased; the mask's outline is drawn.
    Erase {
        /// File name beside the sheet's own file; white = erased, same size as the pictures.
        mask: String,
    },
    /// The picture grew about its centre; the new area is framed.
    Extend,
    /// Tones and colours changed.
    Adjust,
    /// The picture was repainted.
    Restyle,
    /// The picture became larger: "before" is enlarged smoothly, as a viewer does; a detail counts pixels of "after".
    Upscale,
    /// The subject was cut out: what is transparent in "after" shows a chequered ground.
    Cutout,
}

/// A part of a picture, in pixels.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Detail {
    /// Left edge.
    pub(crate) x: usize,
    /// Top edge.
    pub(crate) y: usize,
    /// Pixels per row.
    pub(crate) width: usize,
    /// Rows.
    pub(crate) height: usize,
}
