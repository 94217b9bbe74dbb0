//! Text before it is cut into pieces: equal to `BasicTokenizer(strip_accents=False, do_split_on_punc=False)` and the word
//! pattern of huggingface/transformers@v4.46.3 `tokenization_clip.py`. Characters that Unicode added since version 14 are kept
//! here and dropped there.

use std::sync::LazyLock;

use regex::Regex;
use unicode_normalization::UnicodeNormalization;

use super::ClipTokenizer;

const SPECIALS: [(&str, u32); 2] = [("<|startoftext|>", ClipTokenizer::START), ("<|endoftext|>", ClipTokenizer::END)];

/// Contractions, runs of letters, single digits, runs of anything else that is not blank.
const WORDS: &str = r"(?i)<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+";

/// Control characters, formats, private use and what is not assigned, but for the three that are blanks.
static CONTROL: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"[\p{C}&&[^\t\n\r]]").ok());

#[allow(clippy::unwrap_used, reason = "a constant pattern; every test of this module would fail")]
pub(super) fn words() -> Regex {
    Regex::new(WORDS).unwrap()
}

/// The id of a special token written out.
pub(super) fn special(word: &str) -> Option<u32> {
    SPECIALS.iter().find(|(text, _)| *text == word).map(|(_, id)| *id)
}

/// What is before the first special token, its id, and what is after.
pub(super) fn split_at_special(text: &str) -> Option<(&str, u32, &str)> {
    let found = SPECIALS.iter().filter_map(|(special, id)| Some((text.find(special)?, special.len(), *id)));
    let (at, length, id) = found.min_by_key(|(at, ..)| *at)?;
    Some((&text[..at], id, &text[at + length..]))
}

/// Without control characters, composed (NFC), in lower case, ideographs apart, one blank between words.
pub(super) fn cleaned(text: &str) -> String {
    let without_control = match CONTROL.as_ref() {
        Some(control) => control.replace_all(text, ""),
        None => text.into(),
    };
    let mut spaced = String::with_capacity(without_control.len());
    for c in without_control.chars().filter(|c| *c != '\u{fffd}') {
        if is_ideograph(c) {
            spaced.extend([' ', c, ' ']);
        } else {
            spaced.push(c);
        }
    }
    let composed: String = spaced.nfc().collect();
    composed.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

/// Chinese characters as BERT's tokenizer counts them.
fn is_ideograph(c: char) -> bool {
    matches!(u32::from(c),
        0x4E00..=0x9FFF | 0x3400..=0x4DBF | 0x2_0000..=0x2_A6DF | 0x2_A700..=0x2_B73F | 0x2_B740..=0x2_B81F
        | 0x2_B820..=0x2_CEAF | 0xF900..=0xFAFF | 0x2_F800..=0x2_FA1F)
}
