//! Lengths and ratios as users write them.

use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::half_width::half_width;

/// Width to height, e.g. `4:3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratio {
    /// Parts of the width.
    pub width: u32,
    /// Parts of the height.
    pub height: u32,
}

impl FromStr for Ratio {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("ratio {text:?} is not WIDTH:HEIGHT with both from 1 to 100 (try \"4:3\")");
        let plain = half_width(text);
        let (width, height) = plain.split_once([':', 'x', '/']).ok_or_else(bad)?;
        let part = |s: &str| s.trim().parse::<u32>().ok().filter(|n| (1..=100).contains(n)).ok_or_else(bad);
        Ok(Self { width: part(width)?, height: part(height)? })
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.width, self.height)
    }
}

/// How far a side grows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Length {
    /// Whole pixels.
    Pixels(u32),
    /// Percent of the picture's side in that direction.
    Percent(f64),
}

impl Length {
    /// In pixels, for a side of `side` pixels.
    #[must_use]
    pub fn in_pixels(self, side: usize) -> usize {
        match self {
            Self::Pixels(n) => n as usize,
            Self::Percent(p) => (side as f64 * p / 100.0).round() as usize,
        }
    }
}

impl FromStr for Length {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("length {text:?} is neither pixels nor percent (try 128 or \"25%\")");
        let plain = half_width(text);
        match plain.trim().strip_suffix('%') {
            Some(percent) => percent
                .trim()
                .parse()
                .ok()
                .filter(|p: &f64| (0.0..=400.0).contains(p))
                .map(Self::Percent)
                .ok_or_else(|| format!("length {text:?} is out of range (expected 0% to 400%)")),
            None => plain.trim().trim_end_matches("px").trim_end().parse().map(Self::Pixels).map_err(|_| bad()),
        }
    }
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pixels(n) => write!(f, "{n}"),
            Self::Percent(p) => write!(f, "{p}%"),
        }
    }
}

impl Serialize for Ratio {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Ratio {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Ratio {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Ratio".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[1-9][0-9]{0,2}[:x/][1-9][0-9]{0,2}$",
                       "examples": ["1:1", "4:3", "3:4", "16:9", "9:16"] })
    }
}

impl Serialize for Length {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Pixels(n) => serializer.serialize_u32(*n),
            Self::Percent(_) => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(u32),
            Text(String),
        }
        match Written::deserialize(deserializer) {
            Ok(Written::Number(n)) => Ok(Self::Pixels(n)),
            Ok(Written::Text(text)) => text.parse().map_err(de::Error::custom),
            Err(_) => Err(de::Error::custom("a length is whole pixels or percent (try 128 or \"25%\")")),
        }
    }
}

impl JsonSchema for Length {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Length".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [
            { "type": "integer", "minimum": 0, "maximum": 32768 },
            { "type": "string", "pattern": "^[0-9.]+ ?(%|px)?$" },
        ], "examples": [128, "25%"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_and_lengths_read_back_what_they_write() {
        for text in ["4:3", "16:9", "1:1"] {
            assert_eq!(text.parse::<Ratio>().expect(text).to_string(), text);
        }
        for text in ["128", "25%", "0"] {
            assert_eq!(text.parse::<Length>().expect(text).to_string(), text);
        }
        assert_eq!("50%".parse::<Length>().expect("half").in_pixels(301), 151);
    }

    #[test]
    fn full_width_digits_and_signs_are_read() {
        for text in ["４：３", "4：3", "４:３", " ４ ： ３ "] {
            assert_eq!(text.parse(), Ok(Ratio { width: 4, height: 3 }), "{text}");
        }
        assert_eq!("１２８".parse(), Ok(Length::Pixels(128)));
        assert_eq!("１２８ｐｘ".parse(), Ok(Length::Pixels(128)));
        assert_eq!("２５％".parse(), Ok(Length::Percent(25.0)));
        assert!("四：三".parse::<Ratio>().is_err());
    }

    #[test]
    fn what_is_neither_is_refused_with_an_example() {
        for text in ["0:0", "4", "4:-3", "a:b", ":", "101:1"] {
            assert!(text.parse::<Ratio>().expect_err(text).contains("try \"4:3\""));
        }
        assert!("x".parse::<Length>().expect_err("x").contains("25%"));
        assert!("401%".parse::<Length>().expect_err("401").contains("0% to 400%"));
    }
}
