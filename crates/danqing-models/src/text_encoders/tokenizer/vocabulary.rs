//! Pieces and the order in which they are merged. A piece's id is known from its place: 256 bytes, 256 bytes that end a word,
//! then one id per merge.

use std::collections::HashMap;
use std::io::Read;

use super::TokenizerError;

/// The catalogue's name of the vocabulary file.
pub const CATALOGUE_ID: &str = "clip-bpe-vocabulary";
/// Merges that CLIP uses of the file's 262 144.
const MERGES: usize = 48_894;
const BYTES: u32 = 256;
/// Unpacked size at which a file is given up; CLIP's is 3.2 MB.
const LIMIT: u64 = 16 << 20;

#[derive(Debug)]
pub(super) struct Vocabulary {
    /// Id of a byte that does not end its word; one that does is 256 further.
    of_byte: [u32; 256],
    /// Two neighbours and the id that they become; a smaller id was merged first.
    merges: HashMap<(u32, u32), u32>,
}

/// The text in a gzip file.
pub(super) fn unpacked(bytes: &[u8]) -> Result<String, TokenizerError> {
    let mut text = String::new();
    flate2::read::GzDecoder::new(bytes).take(LIMIT).read_to_string(&mut text)?;
    Ok(text)
}

impl Vocabulary {
    pub(super) fn from_merges(text: &str) -> Result<Self, TokenizerError> {
        let letters = letters();
        let mut of_byte = [0; 256];
        let mut ids: HashMap<String, u32> = HashMap::new();
        for (id, (byte, letter)) in (0..BYTES).zip(letters) {
            of_byte[usize::from(byte)] = id;
            ids.insert(letter.to_string(), id);
            ids.insert(format!("{letter}</w>"), id + BYTES);
        }
        let lines: Vec<&str> = text.lines().skip(1).take(MERGES).collect(); // the first line is a version
        if lines.len() < MERGES {
            return Err(TokenizerError::Length { actual: lines.len(), expected: MERGES });
        }
        let mut merges = HashMap::with_capacity(MERGES);
        for (rank, line) in lines.into_iter().enumerate() {
            let id = 2 * BYTES + rank as u32;
            let known = line.split_once(' ').and_then(|(a, b)| Some((a, b, *ids.get(a)?, *ids.get(b)?)));
            let (a, b, left, right) =
                known.ok_or_else(|| TokenizerError::Line { line: rank + 2, text: line.chars().take(40).collect() })?;
            ids.insert(format!("{a}{b}"), id);
            merges.insert((left, right), id);
        }
        Ok(Self { of_byte, merges })
    }

    /// Adds the ids of one word.
    pub(super) fn add_word(&self, word: &str, ids: &mut Vec<u32>) {
        let mut pieces: Vec<u32> = word.bytes().map(|byte| self.of_byte[usize::from(byte)]).collect();
        if let Some(last) = pieces.last_mut() {
            *last += BYTES;
        }
        while let Some((pair, merged)) = self.first_merge(&pieces) {
            merge(&mut pieces, pair, merged);
        }
        ids.extend(pieces);
    }

    /// The pair of neighbours that was merged earliest.
    fn first_merge(&self, pieces: &[u32]) -> Option<((u32, u32), u32)> {
        let pairs = pieces.windows(2).map(|pair| (pair[0], pair[1]));
        pairs.filter_map(|pair| Some((pair, *self.merges.get(&pair)?))).min_by_key(|(_, id)| *id)
    }
}

/// Every such pair becomes one piece, from left to right.
fn merge(pieces: &mut Vec<u32>, pair: (u32, u32), merged: u32) {
    let mut kept = 0;
    let mut i = 0;
    while i < pieces.len() {
        let is_pair = pieces[i] == pair.0 && pieces.get(i + 1) == Some(&pair.1);
        pieces[kept] = if is_pair { merged } else { pieces[i] };
        kept += 1;
        i += if is_pair { 2 } else { 1 };
    }
    pieces.truncate(kept);
}

/// Bytes in the order of their ids, each with the letter that stands for it in the file: first those that print, as
/// themselves, then the rest, as letters from 256 on.
fn letters() -> impl Iterator<Item = (u8, char)> {
    let prints = |byte: &u8| matches!(byte, 0x21..=0x7E | 0xA1..=0xAC | 0xAE..=0xFF);
    let printing = (0..=255).filter(prints).map(|byte| (byte, char::from(byte)));
    let others = (0..=255).filter(move |byte| !prints(byte));
    let named = others.zip(256_u32..).filter_map(|(byte, code)| Some((byte, char::from_u32(code)?)));
    printing.chain(named)
}
