//! Numbers as people read them.

use serde_json::Value;

use crate::language::Language;

/// `1234567` → `1.2 MB`, in powers of ten.
pub(crate) fn bytes_for_people(bytes: u64) -> String {
    let units = [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];
    match units.into_iter().find(|(_, size)| bytes >= *size) {
        Some((unit, size)) => format!("{:.1} {unit}", bytes as f64 / size as f64),
        None => format!("{bytes} B"),
    }
}

/// ` · seam ratio 1.02`; nothing for facts that are no single value.
pub(super) fn fact(name: &str, value: &Value, language: Language) -> String {
    let shown = match value {
        Value::Number(number) => number.as_f64().filter(|_| !number.is_u64() && !number.is_i64()).map_or_else(
            || number.to_string(),
            |real| if real.abs() < 0.001 { format!("{real:.1e}") } else { format!("{real:.3}") },
        ),
        Value::String(text) => text.clone(),
        Value::Bool(yes) => language.text(if *yes { "report.yes" } else { "report.no" }).to_owned(),
        _ => return String::new(),
    };
    let known = language.known_text(&format!("fact.{name}")).map(str::to_owned);
    format!(" · {} {shown}", known.unwrap_or_else(|| name.replace('_', " ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_read_well() {
        assert_eq!(bytes_for_people(999), "999 B");
        assert_eq!(bytes_for_people(1_250_000), "1.2 MB");
        assert_eq!(fact("seam_ratio", &json!(1.0249), Language::English), " · seam ratio 1.025");
        assert_eq!(fact("max_difference_outside", &json!(0), Language::English), " · max difference outside 0");
        assert_eq!(fact("candidates", &json!([1, 2]), Language::English), "");
    }
}
