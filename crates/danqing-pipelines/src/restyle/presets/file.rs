//! What a preset file says.

use danqing_vision::painting::Recipe;
use serde::{Deserialize, Serialize};

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
}

/// How a preset paints.
#[derive(Clone, Debug, PartialEq)]
pub enum Paint {
    /// With a classical method.
    Recipe(Recipe),
    /// With the gallery's network.
    Gallery(Vec<StyleShare>),
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
    /// If it says no way to paint, or two.
    pub fn paint(&self) -> Result<Paint, String> {
        match (&self.recipe, self.gallery.is_empty()) {
            (Some(recipe), true) => Ok(Paint::Recipe(recipe.clone())),
            (None, false) => Ok(Paint::Gallery(self.gallery.clone())),
            (None, true) => Err("it says neither [recipe] nor [[gallery]]".to_owned()),
            (Some(_), false) => Err("it says both [recipe] and [[gallery]]".to_owned()),
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
