//! Files ↔ media: reading with limits, deciding formats, writing with the recipe inside.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;

use danqing_capability::{CancelToken, Class, Classified, Failure, Progress};
use danqing_media::file::{self, DepthChoice, EncodeOptions, Format, Limits, Overwrite};
use danqing_media::{Medium, Picture};
use danqing_weights::Sha256Hex;

use crate::recipe::Error as RecipeError;
use crate::{Encoding, Infotext, InputRecord, Place, Recipe, destination};

/// Why a file can't be read or written as asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Error {
    /// The name says no format.
    #[error("{path}: the name does not say a file format")]
    NoFormat {
        /// The output.
        path: String,
    },
    /// No such format.
    #[error("the file format {name:?} is unknown")]
    UnknownFormat {
        /// Name given.
        name: String,
    },
    /// The format is only read.
    #[error("writing {format} is not supported")]
    ReadOnly {
        /// The format.
        format: Format,
    },
    /// A value outside its range.
    #[error("{name} is {actual}, expected {expected}")]
    OutOfRange {
        /// The option.
        name: &'static str,
        /// Given.
        actual: u8,
        /// Allowed.
        expected: &'static str,
    },
    /// Standard input or output failed.
    #[error("{stream}: {source}")]
    Stream {
        /// Which.
        stream: &'static str,
        /// What the system says.
        source: std::io::Error,
    },
}

impl Classified for Error {
    fn class(&self) -> Class {
        match self {
            Self::ReadOnly { .. } => Class::Unsupported,
            Self::Stream { .. } => Class::Environment,
            _ => Class::Caller,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoFormat { .. } => Some(format!("end the name in one of {}, or say --format", extensions())),
            Self::UnknownFormat { .. } | Self::ReadOnly { .. } => {
                Some(format!("danqing writes {}", format_names().join(", ")))
            }
            _ => None,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::from_error(error)
    }
}

/// An input in memory and what identifies it.
pub(crate) struct Loaded {
    pub(crate) record: InputRecord,
    pub(crate) medium: Medium,
}

/// Names of the formats that danqing writes.
#[must_use]
pub fn format_names() -> Vec<&'static str> {
    writable().map(format_name).collect()
}

fn writable() -> impl Iterator<Item = Format> {
    Format::ALL.into_iter().filter(|format| format.can_encode())
}

fn extensions() -> String {
    writable().map(|format| format!(".{}", format.extensions()[0])).collect::<Vec<_>>().join(", ")
}

/// As requests and recipes write it.
fn format_name(format: Format) -> &'static str {
    match format {
        Format::Jpeg => "jpeg",
        Format::Tiff => "tiff",
        other => other.extensions()[0],
    }
}

/// The format that a file name says, if it says one.
pub(crate) fn format_name_of(path: &Path) -> Option<String> {
    Format::from_path(path).map(|format| format_name(format).to_owned())
}

/// The usual extension of the format asked for; PNG keeps every sample, so it is the default.
pub(crate) fn extension(encoding: &Encoding) -> Result<&'static str, Error> {
    let format = encoding.format.as_deref().map_or(Ok(Format::Png), named)?;
    Ok(format.extensions()[0])
}

fn named(name: &str) -> Result<Format, Error> {
    let unknown = || Error::UnknownFormat { name: name.to_owned() };
    let format = Format::from_path(format!("x.{name}")).ok_or_else(unknown)?;
    if format.can_encode() { Ok(format) } else { Err(Error::ReadOnly { format }) }
}

/// The encoding with its format decided by what was asked, else by the name of the place; values checked.
pub(crate) fn decided(asked: &Encoding, place: &Place) -> Result<Encoding, Failure> {
    let format = match (asked.format.as_deref(), place) {
        (Some(name), _) => named(name)?,
        (None, Place::Stream) => Format::Png,
        (None, Place::File(path)) => match Format::from_path(path) {
            Some(format) if format.can_encode() => format,
            Some(format) => return Err(Error::ReadOnly { format }.into()),
            None if destination::is_device(path) => Format::Png,
            None => return Err(Error::NoFormat { path: path.display().to_string() }.into()),
        },
    };
    let decided = Encoding { format: Some(format_name(format).to_owned()), ..asked.clone() };
    options(&decided)?;
    Ok(decided)
}

fn options(encoding: &Encoding) -> Result<EncodeOptions, Error> {
    let mut options = EncodeOptions::new(named(encoding.format.as_deref().unwrap_or("png"))?);
    options.strip_metadata = encoding.strip_metadata;
    options.depth = match encoding.depth {
        None => DepthChoice::Keep,
        Some(8) => DepthChoice::Eight,
        Some(16) => DepthChoice::Sixteen,
        Some(actual) => return Err(Error::OutOfRange { name: "depth", actual, expected: "8 or 16" }),
    };
    if let Some(quality) = encoding.quality {
        if !(1..=100).contains(&quality) {
            return Err(Error::OutOfRange { name: "quality", actual: quality, expected: "1 to 100" });
        }
        (options.quality, options.lossless) = (quality, false);
    }
    Ok(options)
}

/// The format, if files in this encoding hold other samples than the picture.
pub(crate) fn lossy(encoding: &Encoding) -> Result<Option<Format>, Error> {
    let options = options(encoding)?;
    let is_lossy = match options.format {
        Format::Jpeg => true,
        Format::WebP => !options.lossless,
        _ => false,
    };
    Ok(is_lossy.then_some(options.format))
}

/// Reads, identifies and decodes one input; what its decoder did differently is a warning.
pub(crate) fn load(place: &Place, progress: &mut Progress<'_>) -> Result<Loaded, Failure> {
    load_bytes(place, &bytes_of(place, progress.cancel_token())?, progress)
}

/// See [`load`]; the place is for messages and the record.
pub(crate) fn load_bytes(place: &Place, bytes: &[u8], progress: &mut Progress<'_>) -> Result<Loaded, Failure> {
    let cancel = progress.cancel_token().clone();
    let mut picture = file::decode(bytes, &Limits::default(), &cancel).map_err(|e| at(place, e))?;
    for warning in std::mem::take(&mut picture.metadata.warnings) {
        progress.warn(warning.code, format!("{place}: {}", warning.message));
    }
    let record = InputRecord {
        sha256: sha256(bytes, &cancel)?,
        path: place.clone(),
        bytes: bytes.len() as u64,
        width: picture.width,
        height: picture.height,
    };
    Ok(Loaded { record, medium: Medium::Picture(Arc::new(picture)) })
}

/// sha256 of bytes in memory, hex.
pub(crate) fn sha256(bytes: &[u8], cancel: &CancelToken) -> Result<String, Failure> {
    let hashed = Sha256Hex::of_reader(bytes, |_| cancel.check().map_err(std::io::Error::other));
    cancel.check().map_err(Failure::from_error)?;
    hashed.map(|(hex, _)| hex.to_string()).map_err(|e| Failure::new(Class::Bug, format!("sha256: {e}")))
}

/// Everything at a place, within the limits.
pub(crate) fn bytes_of(place: &Place, cancel: &CancelToken) -> Result<Vec<u8>, Failure> {
    let limits = Limits::default();
    let Place::File(path) = place else {
        let read = cancel.detached(move || {
            let mut bytes = Vec::new();
            std::io::stdin().lock().take(limits.max_bytes.saturating_add(1)).read_to_end(&mut bytes).map(|_| bytes)
        });
        let read = read.map_err(Failure::from_error)?;
        return Ok(read.map_err(|source| Error::Stream { stream: "standard input", source })?);
    };
    if path.is_dir() {
        return Err(Failure::new(Class::File, format!("{place}: is a folder, a file was expected")));
    }
    file::read_bytes(path, &limits, cancel).map_err(Failure::from_error)
}

/// Errors of decoding do not know where the bytes came from.
pub(crate) fn at(place: &impl std::fmt::Display, error: file::Error) -> Failure {
    if error.class() == Class::Cancelled {
        return Failure::from_error(error);
    }
    let failure = Failure::new(error.class(), format!("{place}: {error}"));
    match error.hint() {
        Some(hint) => failure.with_hint(hint),
        None => failure,
    }
}

/// A picture as a file with this recipe inside (none where metadata is stripped), and what the format could not hold. What
/// was sampled also carries A1111's infotext, which takes the place of one that the input had.
pub(crate) fn encoded(
    picture: &mut Picture,
    encoding: &Encoding,
    recipe: &Recipe,
    cancel: &CancelToken,
) -> Result<(Vec<u8>, Vec<file::Warning>), Failure> {
    picture.metadata.recipe = (!encoding.strip_metadata).then(|| recipe.to_json());
    if let Some(infotext) = Infotext::of_recipe(recipe, picture.size()) {
        picture.metadata.texts.retain(|(keyword, _)| keyword != "parameters");
        picture.metadata.texts.push(("parameters".to_owned(), infotext.to_string()));
    }
    let made = file::encode(picture, &options(encoding)?, cancel).map_err(Failure::from_error)?;
    Ok((made.bytes, made.warnings))
}

/// Whole or not at all; a stream that nobody reads is given up.
pub(crate) fn write(place: &Place, bytes: Vec<u8>, overwrite: bool, cancel: &CancelToken) -> Result<(), Failure> {
    let Place::File(path) = place else {
        let written = cancel.detached(move || {
            let mut stream = std::io::stdout().lock();
            stream.write_all(&bytes).and_then(|()| stream.flush())
        });
        return written
            .map_err(Failure::from_error)?
            .map_err(|source| Error::Stream { stream: "standard output", source }.into());
    };
    let overwrite = if overwrite { Overwrite::Replace } else { Overwrite::Refuse };
    file::write_atomic(path, &bytes, overwrite, cancel).map_err(Failure::from_error)
}

/// The recipe inside a file.
///
/// # Errors
/// A file that can't be read, or that carries no readable recipe.
pub fn read_recipe(place: &Place, cancel: &CancelToken) -> Result<Recipe, Failure> {
    recipe_at(place, &bytes_of(place, cancel)?)
}

/// The recipe inside the bytes of a file; `name` is for messages.
///
/// # Errors
/// A file that carries no readable recipe.
pub fn recipe_inside(bytes: &[u8], name: &str) -> Result<Recipe, Failure> {
    recipe_at(&Place::File(name.into()), bytes)
}

fn recipe_at(place: &Place, bytes: &[u8]) -> Result<Recipe, Failure> {
    let path = place.to_string();
    match file::read_recipe(bytes).map_err(|e| at(place, e))? {
        Some(text) => Ok(Recipe::from_json(&text, &path)?),
        None => Err(RecipeError::NoRecipe { path }.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(format: Option<&str>, quality: Option<u8>, depth: Option<u8>) -> Encoding {
        Encoding { format: format.map(str::to_owned), quality, depth, strip_metadata: false }
    }

    #[test]
    fn the_name_decides_the_format_unless_one_is_asked_for() {
        let cases = [
            (asked(None, None, None), "江雪.PNG", "png"),
            (asked(None, None, None), "a.jpg", "jpeg"),
            (asked(Some("webp"), None, None), "a.jpg", "webp"),
            (asked(Some("tif"), None, None), "a", "tiff"),
            (asked(None, None, None), "-", "png"),
        ];
        for (asked, name, format) in cases {
            let decided = decided(&asked, &Place::from(name.to_owned())).expect(name);
            assert_eq!(decided.format.as_deref(), Some(format), "{name}");
        }
    }

    #[test]
    fn jpeg_and_webp_with_a_quality_are_lossy() {
        let cases = [
            ("png", None, false),
            ("jpeg", None, true),
            ("webp", None, false),
            ("webp", Some(90), true),
            ("tiff", None, false),
        ];
        for (format, quality, expected) in cases {
            let found = lossy(&asked(Some(format), quality, None)).expect(format);
            assert_eq!(found.is_some(), expected, "{format} {quality:?}");
        }
    }

    #[test]
    fn what_can_not_be_encoded_is_refused() {
        let cases = [
            (asked(None, None, None), "a.xyz", "a.xyz: the name does not say a file format"),
            (asked(None, None, None), "a", "a: the name does not say a file format"),
            (asked(None, None, None), "a.gif", "writing GIF is not supported"),
            (asked(Some("jp2"), None, None), "a", "the file format \"jp2\" is unknown"),
            (asked(None, Some(0), None), "a.jpg", "quality is 0, expected 1 to 100"),
            (asked(None, None, Some(12)), "a.png", "depth is 12, expected 8 or 16"),
        ];
        for (asked, name, message) in cases {
            let error = decided(&asked, &Place::from(name.to_owned())).expect_err(message);
            assert_eq!(error.to_string(), message);
        }
    }
}
