//! Prompts in A1111's grammar: from one line of text to chunks of tokens with multipliers, for every step of a run.
//!
//! Meaning: AUTOMATIC1111/stable-diffusion-webui wiki, "Features" (attention, prompt editing, alternating words, composable
//! diffusion, infinite prompt length), and the tables of tests in `tests.rs`. What differs from that program, on purpose:
//! a weight after a colon counts only where there is an `AND` ("16:9" stays text); `BREAK` breaks inside parentheses too; `|`
//! outside brackets is text and does not switch the rest of the grammar off.

mod attention;
mod chunks;
mod composition;
mod editing;
mod emphasis;
mod networks;
#[cfg(test)]
mod tests;

use danqing_capability::{Class, Classified};
use danqing_models::text_encoders::tokenizer::ClipTokenizer;

pub use attention::{Piece, pieces};
pub use chunks::{CHUNK_TOKENS, Chunk, EmbeddingName, Token};
pub use composition::composed;
pub use editing::{Stretch, Timeline, timeline};
pub use emphasis::{Emphasis, emphasised};
pub use networks::{Lora, loras};

/// A prompt that can't be meant.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PromptError {
    /// `<lora:…>` with something that is not a number as its weight.
    #[error("the weight \"{weight}\" of <{kind}:{name}> is not a number")]
    Weight {
        /// `lora` or `lyco`.
        kind: String,
        /// Name of the file.
        name: String,
        /// What stands where the number should.
        weight: String,
    },
    /// `<something:…>` that danqing does not know.
    #[error("<{kind}:{name}> is not known here; known are <lora:NAME:WEIGHT> and <lyco:NAME:WEIGHT>")]
    Kind {
        /// What stands before the colon.
        kind: String,
        /// Name of the file.
        name: String,
    },
    /// A textual inversion that is longer than a chunk.
    #[error("the embedding \"{name}\" has {vectors} vectors, a prompt's chunk has room for {room}")]
    Embedding {
        /// Its name.
        name: String,
        /// How long it is.
        vectors: usize,
        /// How long it may be.
        room: usize,
    },
}

impl Classified for PromptError {
    fn class(&self) -> Class {
        Class::Caller
    }
}

/// Which of the two prompts: `AND` composes positive ones only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// What is wanted.
    Positive,
    /// What is not.
    Negative,
}

/// What a text is turned into tokens with.
#[derive(Clone, Copy, Debug)]
pub struct Words<'a> {
    /// CLIP's tokenizer.
    pub tokenizer: &'a ClipTokenizer,
    /// Textual inversions that may be named.
    pub embeddings: &'a [EmbeddingName],
    /// What fills a chunk up after its end: 49407 for Stable Diffusion 1, 0 for 2.
    pub padding: u32,
}

/// A prompt ready for the text encoder.
#[derive(Clone, Debug, PartialEq)]
pub struct Prompt {
    /// Every text that some step needs, once each, as chunks of 77 tokens.
    pub texts: Vec<Vec<Chunk>>,
    /// Prompts joined by `AND`.
    pub parts: Vec<Part>,
    /// Every `LoRA` named in it.
    pub loras: Vec<Lora>,
}

/// One of the prompts that `AND` joins.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Its weight in the guidance, 1 unless said.
    pub weight: f32,
    /// Last step, counted from 1, and number of the text until then.
    pub stretches: Vec<(usize, usize)>,
}

impl Prompt {
    /// Reads a prompt for a run of so many steps (looks at the network, for samplers that look twice).
    ///
    /// # Errors
    /// [`PromptError`].
    pub fn parse(prompt: &str, side: Side, steps: Timeline, words: Words<'_>) -> Result<Self, PromptError> {
        let (text, loras) = loras(prompt)?;
        let parts = match side {
            Side::Positive => composed(&text),
            Side::Negative => vec![(text, 1.0)],
        };
        let mut known: Vec<String> = Vec::new();
        let mut made = Vec::new();
        for (text, weight) in parts {
            let mut stretches = Vec::new();
            for Stretch { until, text } in timeline(&text, steps) {
                let number = known.iter().position(|other| *other == text).unwrap_or(known.len());
                if number == known.len() {
                    known.push(text);
                }
                stretches.push((until, number));
            }
            made.push(Part { weight, stretches });
        }
        let texts = known.iter().map(|text| chunks::chunks(&pieces(text), words)).collect::<Result<_, _>>()?;
        Ok(Self { texts, parts: made, loras })
    }

    /// Weight and number of text of every part at a step, counted from 1: `[a:b:5]` is `a` for five steps. (A1111 itself
    /// counts looks from 0 and so changes one later than its documentation says.)
    pub fn at(&self, step: usize) -> impl Iterator<Item = (f32, usize)> {
        self.parts.iter().filter_map(move |part| {
            let stretch = part.stretches.iter().find(|(until, _)| step <= *until).or(part.stretches.last());
            stretch.map(|(_, text)| (part.weight, *text))
        })
    }

    /// Chunks of its longest text: prompts that are guided together are filled up to the same number.
    #[must_use]
    pub fn most_chunks(&self) -> usize {
        self.texts.iter().map(Vec::len).max().unwrap_or(0)
    }

    /// Fills every text up to `count` chunks with empty ones.
    pub fn fill_up(&mut self, count: usize, padding: u32) {
        for text in &mut self.texts {
            while text.len() < count {
                text.push(Chunk::empty(padding));
            }
        }
    }
}
