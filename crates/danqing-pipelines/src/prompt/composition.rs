//! `AND`: several prompts, each with its own guidance, as A1111's composable diffusion. Rule: `get_multicond_prompt_list` of
//! lllyasviel/stable-diffusion-webui-forge@dfdcbab `modules/prompt_parser.py`.

/// The prompts that upper-case `AND` joins, and their weights: `a cat :1.2 AND a dog`. Without an `AND` the text is whole.
#[must_use]
pub fn composed(prompt: &str) -> Vec<(String, f32)> {
    let parts = split_at_word(prompt, "AND");
    if parts.len() == 1 {
        return vec![(prompt.to_owned(), 1.0)];
    }
    parts.into_iter().map(weighted).collect()
}

/// Text and the number after its last colon.
fn weighted(part: &str) -> (String, f32) {
    let part = part.trim_end();
    if let Some((text, number)) = part.rsplit_once(':')
        && let Some(weight) = decimal(number.trim())
    {
        return (text.trim_end().to_owned(), weight);
    }
    (part.to_owned(), 1.0)
}

/// A number of digits, sign and point only.
pub(super) fn decimal(text: &str) -> Option<f32> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if plain { text.parse().ok() } else { None }
}

/// `text` cut at every `word` that no letter, digit or underscore touches.
pub(super) fn split_at_word<'a>(text: &'a str, word: &str) -> Vec<&'a str> {
    let is_letter = |c: char| c.is_alphanumeric() || c == '_';
    let (mut parts, mut start) = (Vec::new(), 0);
    for (at, found) in text.match_indices(word) {
        let before = text[..at].chars().next_back().is_some_and(is_letter);
        let after = text[at + found.len()..].chars().next().is_some_and(is_letter);
        if !before && !after {
            parts.push(&text[start..at]);
            start = at + found.len();
        }
    }
    parts.push(&text[start..]);
    parts
}
