//! English messages → Chinese, by templates: libraries write English only, and stay free of languages.

use std::sync::LazyLock;

use serde::Deserialize;

/// Written by hand beside this file.
static CATALOGUE: LazyLock<Vec<Template>> = LazyLock::new(|| {
    let file: File = toml::from_str(include_str!("messages.toml")).unwrap_or_default();
    let mut templates: Vec<_> = file.message.into_iter().map(|entry| Template::new(&entry)).collect();
    templates.sort_by_key(|t| std::cmp::Reverse(t.weight()));
    templates
});

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    message: Vec<Entry>,
}

/// One message: `{names}` stand for text that is carried over (and translated itself, where it is a message).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    en: String,
    zh: String,
}

struct Template {
    english: Vec<Part>,
    chinese: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Literal(String),
    Hole(String),
}

impl Template {
    fn new(entry: &Entry) -> Self {
        Self { english: parts(&entry.en), chinese: parts(&entry.zh) }
    }

    /// Templates with more literal text are tried first.
    fn weight(&self) -> usize {
        self.english.iter().map(|p| if let Part::Literal(text) = p { text.len() } else { 0 }).sum()
    }

    fn filled(&self, message: &str) -> Option<String> {
        let holes = matched(&self.english, message)?;
        let text = |part: &Part| match part {
            Part::Literal(text) => text.clone(),
            Part::Hole(name) => {
                let held = holes.iter().find(|(n, _)| *n == name).map_or("", |(_, held)| held);
                translated(held).unwrap_or_else(|| held.to_owned())
            }
        };
        Some(self.chinese.iter().map(text).collect())
    }
}

/// The message in Chinese, if the catalogue has its template, or that of what follows `something: `.
pub(crate) fn translated(message: &str) -> Option<String> {
    let whole = CATALOGUE.iter().find_map(|template| template.filled(message));
    whole.or_else(|| {
        let mut ends = message.match_indices(": ").map(|(at, _)| at);
        ends.find_map(|at| Some(format!("{}：{}", &message[..at], translated(&message[at + 2..])?)))
    })
}

/// `"{a} is not {b}"` → hole, literal, hole.
fn parts(template: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some((before, (name, after))) =
        rest.split_once('{').and_then(|(before, inside)| Some((before, inside.split_once('}')?)))
    {
        if !before.is_empty() {
            parts.push(Part::Literal(before.to_owned()));
        }
        parts.push(Part::Hole(name.to_owned()));
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Part::Literal(rest.to_owned()));
    }
    parts
}

/// What each hole holds, if the whole text fits; the shortest text for earlier holes is tried first.
fn matched<'p, 't>(parts: &'p [Part], text: &'t str) -> Option<Vec<(&'p str, &'t str)>> {
    match parts {
        [] => text.is_empty().then(Vec::new),
        [Part::Literal(literal), rest @ ..] => matched(rest, text.strip_prefix(literal.as_str())?),
        [Part::Hole(name)] => (!text.is_empty()).then(|| vec![(name.as_str(), text)]),
        [Part::Hole(name), rest @ ..] => {
            let ends = text.char_indices().map(|(at, _)| at).skip(1).chain([text.len()]);
            ends.filter(|&at| starts(rest, &text[at..])).find_map(|at| {
                let mut holes = matched(rest, &text[at..])?;
                holes.insert(0, (name.as_str(), &text[..at]));
                Some(holes)
            })
        }
    }
}

fn starts(parts: &[Part], text: &str) -> bool {
    match parts.first() {
        Some(Part::Literal(literal)) => text.starts_with(literal.as_str()),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(en: &str, zh: &str) -> Template {
        Template::new(&Entry { en: en.into(), zh: zh.into() })
    }

    #[test]
    fn a_template_carries_its_values_over_in_the_order_of_the_translation() {
        let template = template("{path}: width {width} of {kind} is wrong", "{kind}的宽度{width}不对：{path}");
        let filled = template.filled("图: 1.png: width 500 of mask is wrong");
        assert_eq!(filled.as_deref(), Some("mask的宽度500不对：图: 1.png"));
        assert_eq!(template.filled("a: width 500 of mask is fine"), None);
    }

    #[test]
    fn every_entry_translates_and_uses_only_holes_of_its_english_text() {
        let file: File = toml::from_str(include_str!("messages.toml")).expect("valid TOML");
        assert!(!file.message.is_empty());
        for entry in file.message {
            let (english, chinese) = (parts(&entry.en), parts(&entry.zh));
            let strange = chinese.iter().find(|p| matches!(p, Part::Hole(_)) && !english.contains(p));
            assert_eq!(strange, None, "{}", entry.zh);
            assert!(!entry.zh.is_ascii(), "{} is not Chinese", entry.zh);
            let dropped = english.iter().find(|p| matches!(p, Part::Hole(_)) && !chinese.contains(p));
            assert_eq!(dropped, None, "{}", entry.en);
        }
    }

    #[test]
    fn what_is_out_of_range_is_said_in_chinese_to_the_end() {
        let cases = [
            (r#"extend: length "500%" is out of range (expected 0% to 400%)"#, "应为 0% 到 400%"),
            (
                r#"extend: ratio "9" is not WIDTH:HEIGHT with both from 1 to 100 (try "4:3")"#,
                "extend：比例 \"9\" 不是 宽:高",
            ),
            ("adjust: -5 is not a whole number from 0 up", "adjust：-5 不是不小于 0 的整数"),
            (
                "the fill is smoother than its surroundings: its fine detail is 0.42 of theirs",
                "填充比周围平滑：细节只有",
            ),
            ("the fill is rougher than its surroundings: its fine detail is 2.1 times theirs", "周围的 2.1 倍"),
            ("the picture of 1x1 is too small to extend to a ratio", "1x1 的图片太小"),
            ("feather 99 is out of range (expected 0 to 64 pixels)", "应为 0 到 64 像素"),
        ];
        for (english, chinese) in cases {
            let found = translated(english).unwrap_or_default();
            assert!(found.contains(chinese), "{english}: {found}");
        }
    }

    #[test]
    fn nested_messages_are_translated_too() {
        let message = "江雪.png: No such file or directory (os error 2)";
        let chinese = translated(message).expect("in the catalogue");
        assert!(chinese.starts_with("江雪.png：") && !chinese.contains("No such file"), "{chinese}");
    }
}
