//! Textual inversion: vectors that stand for a word of one's own. Equal to what `load_textual_inversion` of diffusers 0.31.0
//! adds to the vocabulary.
//!
//! Layouts: diffusers (`{"<word>": [channels]}` or `[vectors, channels]`), AUTOMATIC1111/stable-diffusion-webui@82a973c
//! `modules/textual_inversion/textual_inversion.py` (`string_to_param` with `*`, or `emb_params` in a safetensors file).
//!
//! Source: R. Gal et al., "An Image is Worth One Word", ICLR 2023.

use danqing_weights::TensorFile;

use crate::Error;

const EXPECTED: &str = "a textual inversion of Stable Diffusion 1 or 2";
/// A1111's names of the only tensor.
const UNNAMED: [&str; 2] = ["emb_params", "*"];
/// In .pt files, before the word.
const PARAMETERS: &str = "string_to_param.";

/// The vectors of a word.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedding {
    /// The word, where the file says it; else the file's name is the word.
    pub word: Option<String>,
    /// Channels of a vector.
    pub channels: usize,
    /// One vector after the other.
    pub values: Vec<f32>,
}

impl Embedding {
    /// Reads the only tensor.
    ///
    /// # Errors
    /// [`Error::OtherNetwork`] for anything else.
    pub fn new(file: &TensorFile) -> Result<Self, Error> {
        let foreign = |actual: String| Error::OtherNetwork { actual, expected: EXPECTED };
        if file.get("clip_g").is_some() {
            return Err(foreign("a textual inversion of Stable Diffusion XL".to_owned()));
        }
        let inside =
            |name: &str| file.iter().any(|view| view.name().starts_with(PARAMETERS)) && !name.starts_with(PARAMETERS);
        let mut views = file.iter().filter(|view| !inside(view.name()));
        let (Some(view), None) = (views.next(), views.next()) else {
            return Err(foreign(crate::foreign::describe(file)));
        };
        let channels = match view.shape() {
            [channels] | [_, channels] if *channels > 0 && view.byte_length() > 0 => *channels,
            shape => return Err(foreign(format!("a tensor of {shape:?}"))),
        };
        let name = view.name().strip_prefix(PARAMETERS).unwrap_or(view.name());
        let word = (!UNNAMED.contains(&name)).then(|| name.to_owned());
        Ok(Self { word, channels, values: crate::error::values(view)? })
    }

    /// How many vectors.
    #[must_use]
    pub fn vectors(&self) -> usize {
        self.values.len() / self.channels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(tensors: &[(&str, &[usize])]) -> Result<Embedding, Error> {
        let made =
            tensors.iter().map(|(name, shape)| ((*name).to_owned(), shape.to_vec(), vec![0.5; shape.iter().product()]));
        Embedding::new(&TensorFile::from_f32(made).unwrap())
    }

    #[test]
    fn every_layout_is_read_and_others_are_refused() {
        let word = |word: &str| Some(word.to_owned());
        for (name, shape, expected, vectors) in [
            ("<cat-toy>", &[4][..], word("<cat-toy>"), 1),
            ("<cat-toy>", &[2, 4], word("<cat-toy>"), 2),
            ("emb_params", &[3, 4], None, 3),
            ("string_to_param.*", &[1, 4], None, 1),
        ] {
            let made = read(&[(name, shape)]).unwrap();
            assert_eq!((&made.word, made.channels, made.vectors()), (&expected, 4, vectors), "{name}");
        }
        let sdxl = read(&[("clip_l", &[1, 4]), ("clip_g", &[1, 8])]).unwrap_err().to_string();
        assert_eq!(sdxl, format!("the file holds a textual inversion of Stable Diffusion XL, expected {EXPECTED}"));
        assert!(read(&[("a", &[1, 4]), ("b", &[1, 4])]).is_err());
        assert!(read(&[("a", &[1, 4, 2])]).unwrap_err().to_string().contains("a tensor of [1, 4, 2]"));
    }
}
