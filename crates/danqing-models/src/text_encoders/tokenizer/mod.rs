//! CLIP's tokenizer: token ids equal to `transformers.CLIPTokenizer` 4.46.3 as diffusers calls it (without the optional package
//! ftfy, which would also decode HTML entities and repair broken encodings).
//!
//! Source: Radford et al., "Learning transferable visual models from natural language supervision", 2021; order of steps from
//! huggingface/transformers@v4.46.3 `src/transformers/models/clip/tokenization_clip.py`. Why not the crate
//! instant-clip-tokenizer 0.1 (last release 2023): it neither cleans text as diffusers does nor reads another vocabulary.

mod clean;
#[cfg(test)]
mod tests;
mod vocabulary;

use danqing_capability::{Class, Classified};
use regex::Regex;

pub use vocabulary::CATALOGUE_ID;
use vocabulary::Vocabulary;

/// A vocabulary that can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenizerError {
    /// Not gzip, or cut short.
    #[error("the tokenizer's vocabulary can't be unpacked: {0}")]
    Unpack(#[from] std::io::Error),
    /// Fewer lines than CLIP's has.
    #[error("the tokenizer's vocabulary has {actual} merges, expected {expected}")]
    Length {
        /// Lines found after the first.
        actual: usize,
        /// Lines needed.
        expected: usize,
    },
    /// A line that is not two known pieces.
    #[error("line {line} of the tokenizer's vocabulary is \"{text}\", expected two pieces made of earlier ones")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What stands there.
        text: String,
    },
}

impl Classified for TokenizerError {
    fn class(&self) -> Class {
        Class::File
    }

    fn hint(&self) -> Option<String> {
        Some(format!("`danqing models verify {CATALOGUE_ID}` checks the file"))
    }
}

/// Text to token ids of CLIP and everything built on it.
#[derive(Debug)]
pub struct ClipTokenizer {
    vocabulary: Vocabulary,
    /// What text is cut into before pieces are merged.
    words: Regex,
}

impl ClipTokenizer {
    /// Number of ids, from 0 on.
    pub const SIZE: u32 = 49_408;
    /// Id that begins a prompt.
    pub const START: u32 = 49_406;
    /// Id that ends it; Stable Diffusion 1 fills up with it too.
    pub const END: u32 = 49_407;
    /// Id of a comma that ends a word.
    pub const COMMA: u32 = 267;

    /// From `bpe_simple_vocab_16e6.txt.gz` as `OpenAI` and open-clip-torch publish it.
    ///
    /// # Errors
    /// [`TokenizerError`] for a file that is something else.
    pub fn from_gzip(bytes: &[u8]) -> Result<Self, TokenizerError> {
        Self::from_merges(&vocabulary::unpacked(bytes)?)
    }

    /// From the merges as text: that file unpacked, or a tokenizer folder's `merges.txt`.
    ///
    /// # Errors
    /// [`TokenizerError`] for a text that is something else.
    pub fn from_merges(merges: &str) -> Result<Self, TokenizerError> {
        Ok(Self { vocabulary: Vocabulary::from_merges(merges)?, words: clean::words() })
    }

    /// Ids of a text of any length, without [`Self::START`] and [`Self::END`]. Those two, written out as `<|startoftext|>` and
    /// `<|endoftext|>`, stand for themselves.
    #[must_use]
    pub fn ids(&self, text: &str) -> Vec<u32> {
        let mut ids = Vec::new();
        let mut rest = text;
        while let Some((before, special, after)) = clean::split_at_special(rest) {
            self.add_ids(before, &mut ids);
            ids.push(special);
            rest = after;
        }
        self.add_ids(rest, &mut ids);
        ids
    }

    fn add_ids(&self, text: &str, ids: &mut Vec<u32>) {
        let text = clean::cleaned(text);
        for word in self.words.find_iter(&text) {
            match clean::special(word.as_str()) {
                Some(id) => ids.push(id),
                None => self.vocabulary.add_word(word.as_str(), ids),
            }
        }
    }
}
