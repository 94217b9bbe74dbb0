//! Command-line strings → the JSON value of a field.

use danqing_capability::{Class, Classified};
use serde_json::Value;

use super::field::{Field, Kind};

/// Why a string is no value of a field.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Error {
    /// Another type was expected.
    #[error("--{option} {actual:?} is not {expected}")]
    NotA {
        /// The option.
        option: String,
        /// What was typed.
        actual: String,
        /// `a whole number`, `a number`, `true or false`.
        expected: &'static str,
    },
    /// Not as many numbers as the record has.
    #[error("--{option} {actual:?} is not {expected} (numbers with commas, or JSON)")]
    NotARecord {
        /// The option.
        option: String,
        /// What was typed.
        actual: String,
        /// Names, e.g. `x,y,width,height`.
        expected: String,
    },
    /// None of the names.
    #[error("--{option} {actual:?} is not one of {known}")]
    UnknownChoice {
        /// The option.
        option: String,
        /// What was typed.
        actual: String,
        /// Names there are.
        known: String,
    },
    /// The file that holds the value can't be read.
    #[error("--{option}: {path}: {reason}")]
    Unreadable {
        /// The option.
        option: String,
        /// The file.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// The file that holds the value is not JSON.
    #[error("--{option}: {path} is not valid JSON: {reason}")]
    NotJson {
        /// The option.
        option: String,
        /// The file.
        path: String,
        /// Line, column and what is wrong there.
        reason: String,
    },
}

impl Classified for Error {
    fn class(&self) -> Class {
        match self {
            Self::Unreadable { .. } | Self::NotJson { .. } => Class::File,
            _ => Class::Caller,
        }
    }
}

/// The value that was meant by what was typed, once or several times.
///
/// # Errors
/// See [`Error`]; ranges are the capability's to check.
pub(crate) fn value_from_strings(field: &Field, option: &str, typed: &[String]) -> Result<Value, Error> {
    let last = typed.last().map_or("", String::as_str);
    if let Some(path) = file_path(field, last) {
        return from_file(option, path);
    }
    match &field.kind {
        Kind::List(item) => list(item, option, typed),
        kind => single(kind, field.nullable, option, last),
    }
}

/// `@path` names a file everywhere; a bare path does where the schema says so and the text is no JSON itself.
fn file_path<'a>(field: &Field, typed: &'a str) -> Option<&'a str> {
    match (typed.strip_prefix('@'), &field.file) {
        (Some(path), _) if !matches!(field.kind, Kind::Text) => Some(path),
        (None, Some(_)) if serde_json::from_str::<Value>(typed).is_err() => Some(typed),
        _ => None,
    }
}

fn from_file(option: &str, path: &str) -> Result<Value, Error> {
    let text = std::fs::read_to_string(path).map_err(|e| Error::Unreadable {
        option: option.to_owned(),
        path: path.to_owned(),
        reason: e.to_string(),
    })?;
    serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|e| Error::NotJson {
        option: option.to_owned(),
        path: path.to_owned(),
        reason: e.to_string(),
    })
}

/// One JSON array with all elements, or one element for each time the option was typed.
fn list(item: &Kind, option: &str, typed: &[String]) -> Result<Value, Error> {
    if let [only] = typed
        && let Ok(Value::Array(elements)) = serde_json::from_str(only)
    {
        let whole = *item != Kind::Json || elements.iter().all(|e| e.is_array() || e.is_object() || e.is_string());
        return Ok(Value::Array(if whole { elements } else { vec![Value::Array(elements)] }));
    }
    typed.iter().map(|text| single(item, false, option, text)).collect()
}

fn single(kind: &Kind, nullable: bool, option: &str, typed: &str) -> Result<Value, Error> {
    if nullable && matches!(typed, "none" | "null") {
        return Ok(Value::Null);
    }
    let not_a = |expected| Error::NotA { option: option.to_owned(), actual: typed.to_owned(), expected };
    let json = serde_json::from_str::<Value>(typed).ok();
    match kind {
        Kind::Switch => json.filter(Value::is_boolean).ok_or_else(|| not_a("true or false")),
        Kind::Integer => json.filter(|v| v.is_u64() || v.is_i64()).ok_or_else(|| not_a("a whole number")),
        Kind::Number => json.filter(Value::is_number).or_else(|| number(typed)).ok_or_else(|| not_a("a number")),
        Kind::Choice(choices) if choices.iter().all(|c| c.name != typed) => Err(Error::UnknownChoice {
            option: option.to_owned(),
            actual: typed.to_owned(),
            known: choices.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", "),
        }),
        Kind::Text | Kind::Choice(_) => Ok(Value::from(typed)),
        Kind::Record(names) if json.as_ref().is_none_or(|v| !v.is_object()) => record(names, typed).ok_or_else(|| {
            Error::NotARecord { option: option.to_owned(), actual: typed.to_owned(), expected: names.join(",") }
        }),
        Kind::List(_) | Kind::Record(_) | Kind::Json => Ok(json.unwrap_or_else(|| Value::from(typed))),
    }
}

/// `10,20,30,40` → `{"x": 10, "y": 20, …}`.
fn record(names: &[String], typed: &str) -> Option<Value> {
    let parts: Vec<_> = typed.split(',').map(str::trim).collect();
    let values: Option<Vec<_>> =
        parts.iter().map(|part| serde_json::from_str(part).ok().filter(Value::is_number)).collect();
    let values = values.filter(|values| values.len() == names.len())?;
    Some(Value::Object(names.iter().cloned().zip(values).collect()))
}

/// `.5` and `+1` are numbers to people, though not to JSON.
fn number(typed: &str) -> Option<Value> {
    typed.parse::<f64>().ok().filter(|n| n.is_finite()).map(Value::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn field(kind: Kind) -> Field {
        let (help, name) = (String::new(), "f".to_owned());
        Field {
            name,
            help,
            kind,
            nullable: true,
            required: false,
            default: None,
            range: (None, None),
            shape: None,
            file: None,
        }
    }

    fn choice() -> Kind {
        Kind::Choice(vec![super::super::Choice { name: "auto".into(), help: String::new() }])
    }

    #[test]
    fn strings_become_the_values_they_mean() {
        let cases = [
            (Kind::Switch, &["true"][..], json!(true)),
            (Kind::Integer, &["18446744073709551615"], json!(u64::MAX)),
            (Kind::Integer, &["none"], Value::Null),
            (Kind::Number, &["-.5"], json!(-0.5)),
            (Kind::Text, &["12"], json!("12")),
            (choice(), &["auto"], json!("auto")),
            (Kind::Json, &["25%"], json!("25%")),
            (Kind::Json, &["128"], json!(128)),
            (Kind::List(Box::new(Kind::Json)), &["1,2,3,4", "[5,6,7,8]"], json!(["1,2,3,4", [5, 6, 7, 8]])),
            (Kind::List(Box::new(Kind::Json)), &["[1,2,3,4]"], json!([[1, 2, 3, 4]])),
            (Kind::List(Box::new(Kind::Json)), &["[[1,2],[3,4]]"], json!([[1, 2], [3, 4]])),
            (Kind::List(Box::new(Kind::Integer)), &["[1,2]"], json!([1, 2])),
        ];
        for (kind, typed, expected) in cases {
            let typed: Vec<_> = typed.iter().map(ToString::to_string).collect();
            let actual = value_from_strings(&field(kind), "f", &typed).expect("valid");
            assert_eq!(actual, expected, "{typed:?}");
        }
    }

    #[test]
    fn records_may_be_typed_as_numbers_with_commas() {
        let rect = Kind::Record(["x", "y"].map(str::to_owned).into());
        let many = field(Kind::List(Box::new(rect.clone())));
        let cases = [
            (&["1,2"][..], json!([{"x": 1, "y": 2}])),
            (&["1, 2", "3,4.5"], json!([{"x": 1, "y": 2}, {"x": 3, "y": 4.5}])),
            (&[r#"[{"x":1,"y":2}]"#], json!([{"x": 1, "y": 2}])),
            (&[r#"{"x":1,"y":2}"#], json!([{"x": 1, "y": 2}])),
        ];
        for (typed, expected) in cases {
            let typed: Vec<_> = typed.iter().map(ToString::to_string).collect();
            assert_eq!(value_from_strings(&many, "f", &typed).expect("valid"), expected, "{typed:?}");
        }
        let error = value_from_strings(&field(rect), "f", &["1,2,3".to_owned()]).expect_err("three of two");
        assert_eq!(error.to_string(), "--f \"1,2,3\" is not x,y (numbers with commas, or JSON)");
    }

    #[test]
    fn strings_of_another_type_are_refused() {
        let cases = [
            (Kind::Integer, "1.5", "--f \"1.5\" is not a whole number"),
            (Kind::Number, "big", "--f \"big\" is not a number"),
            (Kind::Switch, "1", "--f \"1\" is not true or false"),
            (choice(), "migam", "--f \"migam\" is not one of auto"),
            (Kind::Json, "@no/such.json", "--f: no/such.json: No such file or directory (os error 2)"),
        ];
        for (kind, typed, message) in cases {
            let error = value_from_strings(&field(kind), "f", &[typed.to_owned()]).expect_err(message);
            assert_eq!(error.to_string(), message);
        }
    }

    #[test]
    fn a_json_file_is_read_where_the_schema_allows_it() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("编辑.json");
        std::fs::write(&path, "[{\"blur\": 2}]").expect("written");
        let mut edits = field(Kind::List(Box::new(Kind::Json)));
        edits.file = Some("json".into());
        let typed = [path.display().to_string()];
        assert_eq!(value_from_strings(&edits, "edits", &typed).expect("file"), json!([{"blur": 2}]));
        let inline = ["[{\"blur\": 3}]".to_owned()];
        assert_eq!(value_from_strings(&edits, "edits", &inline).expect("inline"), json!([{"blur": 3}]));
        std::fs::write(&path, "[{").expect("written");
        let error = value_from_strings(&edits, "edits", &typed).expect_err("half a file");
        assert!(error.to_string().contains("is not valid JSON: EOF"), "{error}");
    }
}
