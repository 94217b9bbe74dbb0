//! A request's fields, taken one by one: what nobody takes is said.

use axum::body::Bytes;
use axum::http::StatusCode;
use serde_json::{Map, Value};

use crate::error::ApiError;

/// Fields that change nothing here and lose nothing: files of A1111's own folders, and what its page shows.
const HARMLESS: [&str; 10] = [
    "do_not_save_samples",
    "do_not_save_grid",
    "save_images",
    "force_task_id",
    "override_settings_restore_afterwards",
    "sampler_index",
    "script_args",
    "show_extras_results",
    "disable_extra_networks",
    "comments",
];

/// Fields of a JSON body.
pub(super) struct Fields {
    left: Map<String, Value>,
    /// Fields as they came, for the echo.
    pub(super) all: Map<String, Value>,
    pub(super) warnings: Vec<String>,
}

impl Fields {
    /// From a body; an empty one is `{}`.
    pub(super) fn read(body: &Bytes) -> Result<Self, ApiError> {
        let text: &[u8] = if body.is_empty() { b"{}" } else { body };
        let refused = |e: serde_json::Error| {
            let message = format!("the body is no JSON object: {e}");
            ApiError {
                field: Some("body".to_owned()),
                ..ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", message)
            }
        };
        let all: Map<String, Value> = serde_json::from_slice(text).map_err(refused)?;
        let left = all.iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.clone(), value.clone()));
        Ok(Self { left: left.collect(), all, warnings: Vec::new() })
    }

    fn wrong(name: &str, expected: &str) -> ApiError {
        ApiError::invalid(name, format!("{expected} was expected"))
    }

    /// Any value; `null` counts as not given.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.left.remove(name)
    }

    /// A text; numbers and empty texts are none.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, ApiError> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text).filter(|text| !text.is_empty())),
            Some(_) => Err(Self::wrong(name, "a text")),
        }
    }

    /// A number from `low` to `high`.
    pub(super) fn number(&mut self, name: &str, default: f64, (low, high): (f64, f64)) -> Result<f64, ApiError> {
        let Some(value) = self.take(name) else { return Ok(default) };
        let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok());
        let number = number.ok_or_else(|| Self::wrong(name, "a number"))?;
        if (low..=high).contains(&number) {
            return Ok(number);
        }
        Err(ApiError::invalid(name, format!("{number} is out of range (expected {low} to {high})")))
    }

    /// A whole number from `low` to `high`.
    pub(super) fn whole(&mut self, name: &str, default: i64, (low, high): (i64, i64)) -> Result<i64, ApiError> {
        let number = self.number(name, default as f64, (low as f64, high as f64))?;
        if number.fract() == 0.0 { Ok(number as i64) } else { Err(Self::wrong(name, "a whole number")) }
    }

    /// Whether it was given.
    pub(super) fn has(&self, name: &str) -> bool {
        self.left.contains_key(name)
    }

    /// True or false; 0 and 1 count.
    pub(super) fn switch(&mut self, name: &str, default: bool) -> Result<bool, ApiError> {
        match self.take(name) {
            None => Ok(default),
            Some(Value::Bool(is)) => Ok(is),
            Some(value) => match value.as_f64() {
                Some(number) => Ok(number != 0.0),
                None => Err(Self::wrong(name, "true or false")),
            },
        }
    }

    /// Says that something was not done.
    pub(super) fn warn(&mut self, message: impl Into<String>) {
        self.warnings.push(message.into());
    }

    /// A field that nothing here does: said, unless it asks for nothing.
    pub(super) fn ignore(&mut self, names: &[&str]) {
        for name in names {
            let Some(value) = self.take(name) else { continue };
            let asks_for_nothing = match &value {
                Value::Bool(is) => !is,
                Value::Number(number) => matches!(number.as_f64(), Some(0.0 | -1.0)),
                Value::String(text) => {
                    matches!(text.to_ascii_lowercase().as_str(), "" | "none" | "automatic" | "default")
                }
                Value::Array(all) => all.is_empty(),
                Value::Object(all) => all.is_empty(),
                Value::Null => true,
            };
            if !asks_for_nothing {
                self.warn(format!("{name} is not supported and was left out"));
            }
        }
    }

    /// What nobody has taken.
    pub(super) fn finish(&mut self) {
        for name in std::mem::take(&mut self.left).into_iter().map(|(name, _)| name) {
            if !HARMLESS.contains(&name.as_str()) {
                let name: String = name.chars().take(60).collect();
                self.warn(format!("the field {name:?} is unknown and was left out"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &'static str) -> Fields {
        Fields::read(&Bytes::from_static(text.as_bytes())).expect(text)
    }

    #[test]
    fn what_nobody_takes_is_said() {
        let mut read = fields(
            r#"{"steps": 20, "tiling": false, "restore_faces": true, "hr_scale": null, "typo": 1, "save_images": true}"#,
        );
        assert_eq!(read.whole("steps", 50, (1, 150)).expect("a number"), 20);
        read.ignore(&["tiling", "restore_faces"]);
        read.finish();
        assert_eq!(
            read.warnings,
            ["restore_faces is not supported and was left out", "the field \"typo\" is unknown and was left out"]
        );
        assert_eq!(read.all.len(), 6);
    }

    #[test]
    fn wrong_values_are_refused_by_name() {
        type Read = fn(&mut Fields) -> Result<(), ApiError>;
        let cases: [(&str, Read); 4] = [
            (r#"{"x": "many"}"#, |f| f.whole("x", 1, (1, 2)).map(|_| ())),
            (r#"{"x": 3}"#, |f| f.whole("x", 1, (1, 2)).map(|_| ())),
            (r#"{"x": 1.5}"#, |f| f.whole("x", 1, (1, 2)).map(|_| ())),
            (r#"{"x": 1}"#, |f| f.text("x").map(|_| ())),
        ];
        for (text, read) in cases {
            let error = read(&mut fields(text)).expect_err(text);
            assert_eq!((error.status.as_u16(), error.field.as_deref()), (422, Some("x")), "{text}");
        }
        assert!(Fields::read(&Bytes::from_static(b"[]")).is_err());
        assert_eq!(fields("{\"x\": \"7\"}").number("x", 1.0, (0.0, 9.0)).expect("clients send texts"), 7.0);
    }
}
