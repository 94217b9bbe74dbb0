//! Texts of the command line itself, English and Chinese side by side in `texts.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::Language;

static TABLE: LazyLock<BTreeMap<String, BTreeMap<String, Entry>>> =
    LazyLock::new(|| toml::from_str(include_str!("texts.toml")).unwrap_or_default());

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    en: String,
    zh: String,
}

impl Language {
    /// The text of `key`, written `table.name`; the key itself where there is none, which a test rules out.
    pub(crate) fn text(self, key: &'static str) -> &'static str {
        self.known_text(key).unwrap_or(key)
    }

    /// The text of a key that may not be in the table, e.g. of a stage or a fact.
    pub(crate) fn known_text(self, key: &str) -> Option<&'static str> {
        let (table, name) = key.split_once('.')?;
        let entry = TABLE.get(table)?.get(name)?;
        Some(match self {
            Self::English => &entry.en,
            Self::Chinese => &entry.zh,
        })
    }

    /// The text of `key` with `{0}`, `{1}`, … filled.
    pub(crate) fn filled(self, key: &'static str, values: &[&str]) -> String {
        let mut text = self.text(key).to_owned();
        for (index, value) in values.iter().enumerate() {
            text = text.replace(&format!("{{{index}}}"), value);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn sources(folder: &Path, found: &mut String) {
        for entry in std::fs::read_dir(folder).expect("folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                sources(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push_str(&std::fs::read_to_string(path).expect("source"));
            }
        }
    }

    #[test]
    fn the_table_is_complete_in_both_languages() {
        let table: BTreeMap<String, BTreeMap<String, Entry>> =
            toml::from_str(include_str!("texts.toml")).expect("valid TOML");
        for (name, entries) in table {
            for (key, entry) in entries {
                assert!(!entry.en.is_empty() && !entry.zh.is_empty(), "{name}.{key}");
                let holes = |text: &str| (0..9).filter(|i| text.contains(&format!("{{{i}}}"))).collect::<Vec<_>>();
                assert_eq!(holes(&entry.en), holes(&entry.zh), "{name}.{key}");
            }
        }
    }

    #[test]
    fn every_key_in_the_source_is_in_the_table() {
        let mut source = String::new();
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut source);
        let mut keys = 0;
        for call in ["text(\"", "filled(\""] {
            for after in source.split(call).skip(1) {
                let key = after.split('"').next().unwrap_or_default();
                if key.split_once('.').is_some_and(|(a, b)| !a.is_empty() && !b.is_empty() && !key.contains(' ')) {
                    assert!(Language::English.known_text(key).is_some(), "{key}");
                    keys += 1;
                }
            }
        }
        assert!(keys > 20, "only {keys} keys found: the search is broken");
    }
}
