//! Messages about parameters without the type names of the language danqing is written in.

use danqing_capability::{Classified, Failure};

/// `invalid value: integer `-5`, expected usize` → `-5 is not a whole number from 0 up`; anything else as it is.
pub(crate) fn in_plain_words(message: &str) -> String {
    reworded(message).unwrap_or_else(|| message.to_owned())
}

/// The same failure, its message in plain words.
pub(crate) fn plain(failure: Failure) -> Failure {
    let Some(message) = reworded(&failure.to_string()) else { return failure };
    let plain = Failure::new(failure.class(), message);
    match failure.hint() {
        Some(hint) => plain.with_hint(hint),
        None => plain,
    }
}

fn reworded(message: &str) -> Option<String> {
    let (before, rest) = message.split_once("invalid value: ").or_else(|| message.split_once("invalid type: "))?;
    let (actual, rest) = rest.split_once(", expected ")?;
    let (expected, after) = rest.split_at(rest.find(' ').unwrap_or(rest.len()));
    let most = match expected {
        "u8" => "to 255",
        "u16" => "to 65535",
        "u32" | "u64" | "usize" => "up",
        _ => return None,
    };
    let value = actual.split('`').nth(1).unwrap_or_else(|| actual.trim_start_matches("string "));
    Some(format!("{before}{value} is not a whole number from 0 {most}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_names_become_words() {
        let cases = [
            ("adjust: invalid value: integer `-5`, expected usize", "adjust: -5 is not a whole number from 0 up"),
            ("invalid type: floating point `1.5`, expected u64", "1.5 is not a whole number from 0 up"),
            ("invalid type: string \"a\", expected usize", "\"a\" is not a whole number from 0 up"),
            (
                "invalid value: integer `300`, expected u8 at line 1 column 9",
                "300 is not a whole number from 0 to 255 at line 1 column 9",
            ),
            ("invalid type: map, expected a sequence", "invalid type: map, expected a sequence"),
        ];
        for (message, expected) in cases {
            assert_eq!(in_plain_words(message), expected);
        }
    }
}
