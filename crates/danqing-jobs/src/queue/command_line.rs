//! A request as the command that a person would type.

use std::collections::BTreeMap;

use danqing_capability::Port;
use serde_json::{Map, Value};

use crate::{AnyMediaCapability, Encoding};

/// `danqing erase '江雪 图.png' --mask m.png --grow 8 -o …`: pictures by name, ready for a shell.
#[must_use]
pub fn command_line(
    capability: &AnyMediaCapability,
    params: &Map<String, Value>,
    inputs: &BTreeMap<String, Vec<String>>,
    encoding: &Encoding,
) -> String {
    let mut words = vec!["danqing".to_owned(), capability.id().to_owned()];
    for (at, port) in capability.inputs().iter().enumerate() {
        for name in inputs.get(port.name).into_iter().flatten() {
            input(&mut words, at, port, name);
        }
    }
    for (name, value) in params {
        parameter(&mut words, &option(name), value);
    }
    let mut flag = |name: &str, value: Option<String>| {
        words.extend(value.into_iter().flat_map(|value| [format!("--{name}"), quoted(&value)]));
    };
    flag("format", encoding.format.clone());
    flag("quality", encoding.quality.map(|quality| quality.to_string()));
    flag("depth", encoding.depth.map(|depth| depth.to_string()));
    if encoding.strip_metadata {
        words.push("--strip-metadata".to_owned());
    }
    words.join(" ")
}

fn option(name: &str) -> String {
    format!("--{}", name.replace('_', "-"))
}

fn input(words: &mut Vec<String>, at: usize, port: &Port, name: &str) {
    // A name that begins with a dash is no option.
    let name = if name.starts_with('-') { format!("./{name}") } else { name.to_owned() };
    if at > 0 {
        words.push(option(port.name));
    }
    words.push(quoted(&name));
}

/// Lists are options given several times, unless their elements are no plain values.
fn parameter(words: &mut Vec<String>, option: &str, value: &Value) {
    match value {
        Value::Null => {}
        Value::Bool(on) => words.push(format!("{option}={on}")),
        Value::Array(all) if !all.is_empty() && all.iter().all(|one| one.is_string() || one.is_number()) => {
            for one in all {
                words.extend([option.to_owned(), quoted(&plain(one))]);
            }
        }
        value => words.extend([option.to_owned(), quoted(&plain(value))]),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// For a POSIX shell: single quotes around everything that is not harmless.
fn quoted(word: &str) -> String {
    let is_harmless = |sign: char| sign.is_alphanumeric() || "-_./,:=+%".contains(sign);
    if !word.is_empty() && word.chars().all(is_harmless) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Studio;
    use serde_json::json;

    #[test]
    fn what_a_shell_would_take_apart_is_quoted() {
        let cases = [
            ("a.png", "a.png"),
            ("江雪.png", "江雪.png"),
            ("江雪 图.png", "'江雪 图.png'"),
            ("$(rm -rf x)", "'$(rm -rf x)'"),
            ("it's", r"'it'\''s'"),
            ("", "''"),
            ("a;b", "'a;b'"),
        ];
        for (word, expected) in cases {
            assert_eq!(quoted(word), expected);
        }
    }

    #[test]
    fn the_command_is_one_that_people_type() {
        let studio = Studio::describing().expect("a studio");
        let erase = studio.registry().get("erase").expect("erase");
        let params = json!({"grow": -3, "invert": true, "rectangles": [{"x": 1, "y": 2, "width": 3, "height": 4}]});
        let inputs = BTreeMap::from([
            ("picture".to_owned(), vec!["-江雪 图.png".to_owned()]),
            ("mask".to_owned(), vec!["m.png".to_owned()]),
        ]);
        let encoding = Encoding { format: Some("webp".to_owned()), quality: Some(90), ..Encoding::default() };
        let line = command_line(erase, params.as_object().expect("object"), &inputs, &encoding);
        assert_eq!(
            line,
            "danqing erase './-江雪 图.png' --mask m.png --grow -3 --invert=true \
             --rectangles '[{\"x\":1,\"y\":2,\"width\":3,\"height\":4}]' --format webp --quality 90"
        );
    }
}
