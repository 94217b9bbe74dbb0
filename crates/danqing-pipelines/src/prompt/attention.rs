//! Emphasis: `(a)`, `(a:1.3)`, `[a]` and `BREAK`. Equal to `parse_prompt_attention` of
//! lllyasviel/stable-diffusion-webui-forge@dfdcbab `modules/prompt_parser.py` but for `BREAK` in parentheses and weights that are no
//! numbers, which that program trips over.

use super::composition::{decimal, split_at_word};

/// Factor of round brackets; square ones divide by it.
const STEP: f64 = 1.1;
/// Brackets open at once; more are text. (A hundred multiply by ten thousand.)
const DEPTH: usize = 100;

/// A part of a prompt.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// Words and their multiplier.
    Text(String, f64),
    /// The chunk ends here.
    Break,
}

/// A prompt cut where its emphasis changes; neighbours of equal multipliers are joined. An empty prompt is one empty text.
#[must_use]
pub fn pieces(prompt: &str) -> Vec<Piece> {
    let mut reader = Reader::default();
    let mut rest = prompt;
    while let Some(first) = rest.chars().next() {
        rest = reader.read(first, rest);
    }
    // Brackets left open reach to the end.
    for start in reader.round {
        multiply(&mut reader.found, start, STEP);
    }
    for start in reader.square {
        multiply(&mut reader.found, start, 1.0 / STEP);
    }
    joined(reader.found)
}

#[derive(Default)]
struct Reader {
    found: Vec<Piece>,
    /// Where open brackets stand among the pieces.
    round: Vec<usize>,
    square: Vec<usize>,
}

impl Reader {
    /// Takes what stands at the beginning of `rest`, gives what is left.
    fn read<'a>(&mut self, first: char, rest: &'a str) -> &'a str {
        let after = &rest[first.len_utf8()..];
        match first {
            '\\' => return self.escaped(after),
            '(' if self.depth() < DEPTH => self.round.push(self.found.len()),
            '[' if self.depth() < DEPTH => self.square.push(self.found.len()),
            '(' | '[' => self.add(&rest[..1]),
            ':' => {
                if let Some((weight, length)) = weight(after)
                    && let Some(start) = self.round.pop()
                {
                    multiply(&mut self.found, start, weight);
                    return &after[length..];
                }
                self.add(":");
            }
            ')' => match self.round.pop() {
                Some(start) => multiply(&mut self.found, start, STEP),
                None => self.add(")"),
            },
            ']' => match self.square.pop() {
                Some(start) => multiply(&mut self.found, start, 1.0 / STEP),
                None => self.add("]"),
            },
            _ => {
                let end = rest.find(['\\', '(', ')', '[', ']', ':']).unwrap_or(rest.len());
                self.plain(&rest[..end]);
                return &rest[end..];
            }
        }
        after
    }

    /// A backslash makes a bracket or a backslash text, and vanishes.
    fn escaped<'a>(&mut self, after: &'a str) -> &'a str {
        match after.chars().next() {
            Some(literal @ ('(' | ')' | '[' | ']' | '\\')) => {
                self.add(&literal.to_string());
                &after[1..]
            }
            _ => after,
        }
    }

    fn depth(&self) -> usize {
        self.round.len() + self.square.len()
    }

    fn add(&mut self, text: &str) {
        self.found.push(Piece::Text(text.to_owned(), 1.0));
    }

    fn plain(&mut self, text: &str) {
        let parts = split_at_word(text, "BREAK");
        let last = parts.len() - 1;
        for (i, part) in parts.into_iter().enumerate() {
            let part = if i > 0 { part.trim_start() } else { part };
            self.add(if i < last { part.trim_end() } else { part });
            if i < last {
                self.found.push(Piece::Break);
            }
        }
    }
}

/// The number before a closing bracket, and the length of both.
fn weight(after: &str) -> Option<(f64, usize)> {
    let end = after.find(')')?;
    let number = after[..end].trim();
    decimal(number)?;
    Some((number.parse().ok()?, end + 1))
}

fn multiply(pieces: &mut [Piece], start: usize, factor: f64) {
    for piece in pieces.iter_mut().skip(start) {
        if let Piece::Text(_, multiplier) = piece {
            *multiplier *= factor;
        }
    }
}

fn joined(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut whole: Vec<Piece> = Vec::new();
    for piece in pieces {
        match (whole.last_mut(), piece) {
            (Some(Piece::Text(text, a)), Piece::Text(more, b)) if *a == b => text.push_str(&more),
            (_, piece) => whole.push(piece),
        }
    }
    if whole.is_empty() {
        whole.push(Piece::Text(String::new(), 1.0));
    }
    whole
}
