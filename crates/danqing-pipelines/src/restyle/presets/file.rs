//! What a preset file says.

use danqing_vision::painting::Recipe;
use serde::{Deserialize, Serialize};

use super::StylePicture;
use crate::restyle::StyleShare;

/// One preset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// English.
    pub title: String,
    /// Chinese; the English one when empty.
    #[serde(default)]
    pub title_zh: String,
    /// Where the method or its values come from.
    #[serde(default)]
    pub source: String,
    /// A classical method and its parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipe: Option<Recipe>,
    /// Styles of the gallery and their weights.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gallery: Vec<StyleShare>,
    /// Style pictures and their weights.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub style_picture: Vec<StylePicture>,
}

/// How a preset paints.
#[derive(Clone, Debug, PartialEq)]
pub enum Paint {
    /// With a classical method.
    Recipe(Recipe),
    /// With the gallery's network.
    Gallery(Vec<StyleShare>),
    /// Like these pictures, by `transfer` or `optimise`.
    Pictures(Vec<StylePicture>),
}

impl Preset {
    /// From the text of a file.
    ///
    /// # Errors
    /// What is wrong and where, in one line.
    pub fn parsed(text: &str) -> Result<Self, String> {
        let preset: Self = toml::from_str(text).map_err(|error| in_one_line(&error.to_string()))?;
        preset.paint().map(|_| preset)
    }

    /// How it paints.
    ///
    /// # Errors
    /// If it says no way to paint, or two, or a weight out of range.
    pub fn paint(&self) -> Result<Paint, String> {
        if let Some(art) = self.style_picture.iter().find(|art| !(art.weight.is_finite() && art.weight > 0.0)) {
            return Err(format!("the weight of {} is {}, expected a number above 0", art.picture, art.weight));
        }
        match (&self.recipe, self.gallery.is_empty(), self.style_picture.is_empty()) {
            (Some(recipe), true, true) => Ok(Paint::Recipe(recipe.clone())),
            (None, false, true) => Ok(Paint::Gallery(self.gallery.clone())),
            (None, true, false) => Ok(Paint::Pictures(self.style_picture.clone())),
            (None, true, true) => Err("it says none of [recipe], [[gallery]] and [[style_picture]]".to_owned()),
            _ => Err("it says more than one of [recipe], [[gallery]] and [[style_picture]]".to_owned()),
        }
    }
}

/// The parser draws the line in question; a message has room for one line.
fn in_one_line(message: &str) -> String {
    let lines = message.lines().map(str::trim).filter(|line| !line.is_empty());
    let is_drawn =
        |line: &str| line.split_once('|').is_some_and(|(number, _)| number.trim().bytes().all(|b| b.is_ascii_digit()));
    let told = lines.filter(|line| !is_drawn(line));
    told.collect::<Vec<_>>().join(": ")
}
