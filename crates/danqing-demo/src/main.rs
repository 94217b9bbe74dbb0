//! `danqing-demo SHEET.json PICTURES OUT.png`: draws the contact sheet of `make demo`, before and after side by side.
#![forbid(unsafe_code)]

mod draw;
mod layout;
mod lettering;
mod paper;
mod pictures;
mod sheet;

use danqing_capability::CancelToken;
use std::path::Path;
use std::process::ExitCode;

use danqing_media::Picture;
use danqing_media::file::{EncodeOptions, Format, Overwrite, encode, write_atomic};

/// Why there is no sheet.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
enum Error {
    /// The arguments are not the three expected ones.
    #[error("usage: danqing-demo SHEET.json PICTURES OUT.png, got {0} arguments")]
    Usage(usize),
    /// The list can't be read.
    #[error("{path}: {source}")]
    List { path: String, source: std::io::Error },
    /// The list is not what `sheet.rs` describes.
    #[error("{path}: {source}")]
    Syntax { path: String, source: serde_json::Error },
    /// A picture can't be read or the sheet not written.
    #[error(transparent)]
    Picture(#[from] danqing_media::Error),
    /// An embedded font is damaged.
    #[error(transparent)]
    Font(#[from] ab_glyph::InvalidFont),
    /// A text can't be drawn.
    #[error("the sheet's fonts lack the character {0:?}; add it with tools/demo/fonts.py")]
    Character(char),
    /// Never asked for by this program.
    #[error(transparent)]
    Cancelled(#[from] danqing_capability::Cancelled),
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("danqing-demo: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<(), Error> {
    let [list, pictures, out] = arguments else { return Err(Error::Usage(arguments.len())) };
    let text = std::fs::read_to_string(list).map_err(|source| Error::List { path: list.clone(), source })?;
    let sheet = serde_json::from_str(&text).map_err(|source| Error::Syntax { path: list.clone(), source })?;
    let beside = Path::new(list).parent().unwrap_or(Path::new("."));
    let paper = draw::drawn(&sheet, Path::new(pictures), beside)?;
    let encoded = encode(&Picture::from_srgb8(paper), &EncodeOptions::new(Format::Png), &CancelToken::default())?;
    Ok(write_atomic(out, &encoded.bytes, Overwrite::Replace, &CancelToken::default())?)
}
