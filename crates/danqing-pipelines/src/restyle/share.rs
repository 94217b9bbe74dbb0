//! A gallery style and its share of a blend, as users write it.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize};

/// One style of a blend. Read from `name`, `name:weight` or an object; written as an object.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StyleShare {
    /// Name of a gallery style.
    pub style: String,
    /// Its share, more than 0; shares are divided by their sum.
    pub weight: f64,
    /// The network's own number of the style; found from the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<usize>,
}

impl StyleShare {
    /// The whole of one style.
    #[must_use]
    pub fn whole(style: impl Into<String>) -> Self {
        Self { style: style.into(), weight: 1.0, index: None }
    }

    fn from_text(text: &str) -> Result<Self, String> {
        let Some((style, weight)) = text.rsplit_once([':', '=']) else { return Ok(Self::whole(text.trim())) };
        let weight = weight.trim().parse().map_err(|_| {
            format!("style {text:?} is neither a name nor a name and a weight (try starry-night or starry-night:0.7)")
        })?;
        Ok(Self { style: style.trim().to_owned(), weight, index: None })
    }
}

impl<'de> Deserialize<'de> for StyleShare {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Written {
            style: String,
            #[serde(default = "whole")]
            weight: f64,
            index: Option<usize>,
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Text(String),
            Object(Written),
        }
        match Either::deserialize(deserializer)? {
            Either::Text(text) => Self::from_text(&text).map_err(de::Error::custom),
            Either::Object(Written { style, weight, index }) => Ok(Self { style, weight, index }),
        }
    }
}

fn whole() -> f64 {
    1.0
}

impl JsonSchema for StyleShare {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "StyleShare".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                { "type": "string", "examples": ["starry-night", "starry-night:0.7"] },
                { "type": "object", "required": ["style"], "additionalProperties": false, "properties": {
                    "style": { "type": "string" },
                    "weight": { "type": "number", "exclusiveMinimum": 0 },
                    "index": { "type": ["integer", "null"], "minimum": 0, "maximum": 25 }
                } }
            ]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_read_as_people_write_them() {
        let read = |json: &str| serde_json::from_str::<StyleShare>(json).expect(json);
        assert_eq!(read(r#""ember""#), StyleShare::whole("ember"));
        assert_eq!(read(r#""ember:0.25""#).weight, 0.25);
        assert_eq!(read(r#"{"style":"ember","weight":2}"#).weight, 2.0);
        let written = StyleShare { index: Some(20), ..StyleShare::whole("ember") };
        assert_eq!(read(&serde_json::to_string(&written).expect("plain data")), written);
    }

    #[test]
    fn other_forms_are_refused() {
        let error = serde_json::from_str::<StyleShare>(r#""ember:much""#).expect_err("no number");
        assert!(error.to_string().contains("\"ember:much\" is neither a name nor"), "{error}");
        assert!(serde_json::from_str::<StyleShare>(r#"{"style":"ember","wait":2}"#).is_err());
    }
}
