//! What fields say about themselves in help and reference pages: kind, range, names, default.

use serde_json::Value;

use crate::form::{Field, Kind, Variant};
use crate::language::Language;

/// `whole number`, `one name`, …
pub(crate) fn kind(kind: &Kind, language: Language) -> &'static str {
    language.text(match kind {
        Kind::Switch => "kind.switch",
        Kind::Integer => "kind.integer",
        Kind::Number => "kind.number",
        Kind::Text => "kind.text",
        Kind::Choice(_) => "kind.choice",
        Kind::List(_) => "kind.list",
        Kind::Record(_) => "kind.record",
        Kind::Json => "kind.json",
    })
}

/// `-1 to 4`, where the schema states a bound.
pub(crate) fn range(field: &Field, language: Language) -> Option<String> {
    match field.range {
        (Some(low), Some(high)) => Some(language.filled("value.between", &[&low.to_string(), &high.to_string()])),
        (Some(low), None) => Some(language.filled("value.at_least", &[&low.to_string()])),
        (None, Some(high)) => Some(language.filled("value.at_most", &[&high.to_string()])),
        (None, None) => None,
    }
}

/// What a field of an element takes and what it is without being given; names and defaults between `quote`s.
pub(crate) fn element_notes(field: &Field, language: Language, quote: &str) -> Vec<String> {
    let quoted = |text: &str| format!("{quote}{text}{quote}");
    let names = match &field.kind {
        Kind::Choice(choices) => {
            let names: Vec<_> = choices.iter().map(|choice| quoted(&choice.name)).collect();
            Some(language.filled("value.one_of", &[&names.join(", ")]))
        }
        _ => None,
    };
    let kind = || kind(&field.kind, language).to_owned();
    let takes = match (names, range(field, language)) {
        (Some(names), _) => vec![names],
        (None, Some(range)) => vec![kind(), range],
        (None, None) => vec![kind()],
    };
    let default = field.default.as_ref().filter(|default| !default.is_null()).map(|default| match default {
        Value::String(text) => quoted(text),
        other => quoted(&other.to_string()),
    });
    let default = default.map(|default| language.filled("value.default", &[&default]));
    let required = field.required.then(|| language.text("value.required").to_owned());
    takes.into_iter().chain(default).chain(required).collect()
}

/// One line of help: `blur: method (one of gaussian, box, median; default gaussian), radius (…)`.
pub(crate) fn variant_line(variant: &Variant, language: Language) -> String {
    let fields = variant.fields.iter().map(|field| {
        let notes = element_notes(field, language, "");
        format!("{} ({})", field.name, notes.join("; "))
    });
    let fields: Vec<_> = fields.collect();
    if fields.is_empty() { variant.name.clone() } else { format!("{}: {}", variant.name, fields.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::variants;
    use serde_json::json;

    #[test]
    fn a_line_of_help_says_names_range_and_default_of_every_field() {
        let schema = json!({
            "properties": {"edits": {"items": {"oneOf": [
                {"required": ["edit", "degrees"], "properties": {
                    "edit": {"const": "rotate"},
                    "degrees": {"type": "number", "minimum": -360.0, "maximum": 360.0},
                    "corners": {"$ref": "#/$defs/Corners", "default": "crop"}
                }},
                {"properties": {"edit": {"const": "invert"}}}
            ]}}},
            "$defs": {"Corners": {"oneOf": [{"const": "crop"}, {"enum": ["expand", "keep"]}]}}
        });
        let found = variants(&schema, "edits");
        assert_eq!(
            variant_line(&found[0], Language::English),
            "rotate: degrees (number; -360 to 360; required), corners (one of crop, expand, keep; default crop)"
        );
        assert_eq!(variant_line(&found[1], Language::Chinese), "invert");
    }
}
