//! Tokens in chunks of 75 between a start and an end: `tokenize_line` of lllyasviel/stable-diffusion-webui-forge@dfdcbab
//! `backend/text_processing/classic_engine.py`. Where a chunk is full, it ends after a comma among its last 20 tokens, if there is one.

use danqing_models::text_encoders::tokenizer::ClipTokenizer;

use super::{Piece, PromptError, Words};

/// Tokens of a chunk with its start and end.
pub const CHUNK_TOKENS: usize = ROOM + 2;
const ROOM: usize = 75;
/// A1111's setting "prompt word wrap length limit".
const BACKTRACK: usize = 20;

/// One place of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// An id of the vocabulary.
    Id(u32),
    /// A vector of a textual inversion.
    Vector {
        /// Which of [`Words::embeddings`].
        embedding: usize,
        /// Which of its vectors.
        row: usize,
    },
}

/// A textual inversion that a prompt may name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmbeddingName {
    /// As it is written in prompts.
    pub name: String,
    /// Token ids of the name.
    pub ids: Vec<u32>,
    /// How many vectors stand for it.
    pub vectors: usize,
}

/// What the text encoder reads at once, and how much each token counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Chunk {
    /// [`CHUNK_TOKENS`] of them.
    pub tokens: Vec<Token>,
    /// As many.
    pub multipliers: Vec<f32>,
}

impl Chunk {
    /// Start, end and padding.
    #[must_use]
    pub fn empty(padding: u32) -> Self {
        Filling::default().finished(padding)
    }

    /// The ids, with 0 where a vector will stand.
    pub fn ids(&self) -> impl Iterator<Item = u32> {
        self.tokens.iter().map(|token| match token {
            Token::Id(id) => *id,
            Token::Vector { .. } => 0,
        })
    }
}

/// Chunks of a text; at least one.
pub(super) fn chunks(pieces: &[Piece], words: Words<'_>) -> Result<Vec<Chunk>, PromptError> {
    let (mut done, mut filling) = (Vec::new(), Filling::default());
    for piece in pieces {
        let Piece::Text(text, multiplier) = piece else {
            done.push(std::mem::take(&mut filling).finished(words.padding));
            continue;
        };
        let ids = words.tokenizer.ids(text);
        let mut rest = ids.as_slice();
        while let Some((&id, after)) = rest.split_first() {
            if let Some(full) = filling.make_room(id) {
                done.push(full.finished(words.padding));
            }
            let found = embedding_at(rest, words.embeddings)?;
            let Some((embedding, name)) = found else {
                filling.push(Token::Id(id), *multiplier as f32);
                rest = after;
                continue;
            };
            if filling.tokens.len() + name.vectors > ROOM {
                done.push(std::mem::take(&mut filling).finished(words.padding));
            }
            (0..name.vectors).for_each(|row| filling.push(Token::Vector { embedding, row }, *multiplier as f32));
            rest = &rest[name.ids.len()..];
        }
    }
    if !filling.tokens.is_empty() || done.is_empty() {
        done.push(filling.finished(words.padding));
    }
    Ok(done)
}

/// The longest name that `ids` begin with.
fn embedding_at<'a>(
    ids: &[u32],
    names: &'a [EmbeddingName],
) -> Result<Option<(usize, &'a EmbeddingName)>, PromptError> {
    let fitting = names.iter().enumerate().filter(|(_, name)| !name.ids.is_empty() && ids.starts_with(&name.ids));
    let found = fitting.max_by_key(|(_, name)| name.ids.len());
    match found {
        Some((_, name)) if name.vectors > ROOM => {
            Err(PromptError::Embedding { name: name.name.clone(), vectors: name.vectors, room: ROOM })
        }
        found => Ok(found),
    }
}

#[derive(Default)]
struct Filling {
    tokens: Vec<Token>,
    multipliers: Vec<f32>,
    /// Length up to and including the last comma.
    comma: Option<usize>,
}

impl Filling {
    fn push(&mut self, token: Token, multiplier: f32) {
        self.tokens.push(token);
        self.multipliers.push(multiplier);
    }

    /// Before `id` is added: the chunk that ends now, if it is full. What stood after its last comma goes over to the new
    /// one. A comma itself never moves others.
    fn make_room(&mut self, id: u32) -> Option<Self> {
        let is_full = self.tokens.len() == ROOM;
        if id == ClipTokenizer::COMMA {
            self.comma = Some(self.tokens.len() + 1);
        }
        if !is_full {
            return None;
        }
        let near = self.comma.filter(|cut| id != ClipTokenizer::COMMA && ROOM - (cut - 1) <= BACKTRACK);
        let cut = near.unwrap_or(ROOM);
        let next =
            Self { tokens: self.tokens.split_off(cut), multipliers: self.multipliers.split_off(cut), comma: None };
        Some(std::mem::replace(self, next))
    }

    fn finished(self, padding: u32) -> Chunk {
        let mut tokens = vec![Token::Id(ClipTokenizer::START)];
        tokens.extend(self.tokens);
        // A special token written out in the prompt ends the chunk too.
        let end = tokens.iter().position(|token| *token == Token::Id(ClipTokenizer::END)).unwrap_or(tokens.len());
        tokens.resize(CHUNK_TOKENS, Token::Id(ClipTokenizer::END));
        tokens.iter_mut().skip(end + 1).for_each(|token| {
            if padding != ClipTokenizer::END {
                *token = Token::Id(padding);
            }
        });
        let mut multipliers = vec![1.0];
        multipliers.extend(self.multipliers);
        multipliers.resize(CHUNK_TOKENS, 1.0);
        Chunk { tokens, multipliers }
    }
}
