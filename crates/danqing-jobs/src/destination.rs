//! Where outputs go: every doubt about it is settled before the work starts.

use std::path::{Path, PathBuf};

use danqing_capability::{Class, Classified, Failure};

use crate::Place;

/// Why an output can't go where it should.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file is there already.
    #[error("{path}: the output file exists already")]
    Exists {
        /// The file.
        path: String,
    },
    /// The output would replace what it is made from.
    #[error("{path}: the output is one of the inputs")]
    IsInput {
        /// The file.
        path: String,
    },
    /// The folder is missing.
    #[error("{path}: the output folder does not exist")]
    NoFolder {
        /// The folder.
        path: String,
    },
    /// The place is a folder.
    #[error("{path}: the output is a folder, a file name was expected")]
    IsFolder {
        /// The folder.
        path: String,
    },
    /// The picture has no name to derive one from.
    #[error("the output has no name, and none can be made from the input {input}")]
    NoName {
        /// The input.
        input: String,
    },
    /// No port of that name.
    #[error("{capability} has no output named {name:?} (it has {known})")]
    Unknown {
        /// Capability asked for.
        capability: &'static str,
        /// Name given.
        name: String,
        /// Names it has.
        known: String,
    },
}

impl Classified for Error {
    fn class(&self) -> Class {
        match self {
            Self::NoFolder { .. } => Class::Environment,
            _ => Class::Caller,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Exists { .. } => Some("choose another name, or replace it with --force".to_owned()),
            Self::IsInput { .. } => Some("choose another name: an input is never replaced".to_owned()),
            Self::NoFolder { .. } => Some("make the folder first".to_owned()),
            Self::NoName { .. } => Some("say where it goes with -o FILE, or -o - for standard output".to_owned()),
            _ => None,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::from_error(error)
    }
}

/// Refuses a place that is the file of an input, by whatever name: a recipe needs its inputs as they were.
pub(crate) fn refuse_input<'p>(place: &Place, mut inputs: impl Iterator<Item = &'p Place>) -> Result<(), Error> {
    let real = |place: &Place| std::fs::canonicalize(place.path()?).ok().filter(|path| path.is_file());
    let Some(output) = real(place) else { return Ok(()) };
    let is_input = inputs.any(|input| real(input).is_some_and(|input| input == output));
    if is_input { Err(Error::IsInput { path: place.to_string() }) } else { Ok(()) }
}

/// Refuses a place that could not be written to; devices and pipes are written without asking.
pub(crate) fn check(place: &Place, overwrite: bool) -> Result<(), Error> {
    let Place::File(path) = place else { return Ok(()) };
    let shown = || path.display().to_string();
    let ends_with_slash = path.as_os_str().as_encoded_bytes().ends_with(b"/");
    match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => Err(Error::IsFolder { path: shown() }),
        Ok(found) if found.is_file() && !overwrite => Err(Error::Exists { path: shown() }),
        Ok(_) => Ok(()),
        Err(_) if ends_with_slash => Err(Error::IsFolder { path: shown() }),
        Err(_) => {
            let folder = folder_of(path);
            let missing = || Error::NoFolder { path: folder.display().to_string() };
            if folder.is_dir() { Ok(()) } else { Err(missing()) }
        }
    }
}

/// Whether something else than a regular file is there: it is written into, never replaced.
pub(crate) fn is_device(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// `photo.jpg` + `erase` → `photo-erase.png` beside it, with `-2`, `-3`, … so that nothing is replaced.
///
/// # Errors
/// [`Error::NoName`] for standard input.
pub(crate) fn derived(input: &Place, capability: &str, extension: &str) -> Result<PathBuf, Error> {
    let no_name = || Error::NoName { input: input.to_string() };
    let path = input.path().ok_or_else(no_name)?;
    let stem = path.file_stem().ok_or_else(no_name)?;
    let named = |number: &str| {
        let mut name = stem.to_owned();
        name.push(format!("-{capability}{number}.{extension}"));
        path.with_file_name(name)
    };
    let numbered = (2..10_000).map(|n| named(&format!("-{n}")));
    std::iter::once(named("")).chain(numbered).find(|p| !p.exists()).ok_or_else(no_name)
}

/// `photo.jpg` + `erase` → `photo-erase`: what a result is called where no folder is looked into.
pub(crate) fn named_after(input: Option<&str>, capability: &str) -> String {
    let stem = input.and_then(|name| Path::new(name).file_stem()).and_then(|stem| stem.to_str());
    stem.map_or_else(|| capability.to_owned(), |stem| format!("{stem}-{capability}"))
}

/// `out.png` → `out-2.png` for the second output of that name, `out-mask.png` for another output.
pub(crate) fn beside(first: &Path, suffix: &str) -> PathBuf {
    let mut name = first.file_stem().unwrap_or_default().to_owned();
    name.push(format!("-{suffix}"));
    if let Some(extension) = first.extension() {
        name.push(".");
        name.push(extension);
    }
    first.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &Path) -> Place {
        Place::File(path.to_owned())
    }

    #[test]
    fn what_can_not_be_written_is_refused_before_the_work() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let there = folder.path().join("江雪 图.png");
        std::fs::write(&there, b"x").expect("written");
        let cases = [
            (there.clone(), "the output file exists already"),
            (folder.path().join("no/a.png"), "the output folder does not exist"),
            (folder.path().to_owned(), "the output is a folder, a file name was expected"),
            (folder.path().join("new/"), "the output is a folder, a file name was expected"),
        ];
        for (path, message) in cases {
            let error = check(&file(&path), false).expect_err(message).to_string();
            assert!(error.ends_with(message), "{error}");
        }
        for (place, overwrite) in
            [(file(&there), true), (file(&folder.path().join("b")), false), (Place::Stream, false)]
        {
            check(&place, overwrite).expect("writable");
        }
    }

    #[test]
    fn an_input_is_refused_by_every_name_it_has() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let (photo, other) = (folder.path().join("江雪.png"), folder.path().join("b.png"));
        for path in [&photo, &other] {
            std::fs::write(path, b"x").expect("written");
        }
        let inputs = [Place::Stream, file(&photo)];
        for name in ["江雪.png", "./江雪.png", "../here/江雪.png"] {
            let name = name.replace("here", &folder.path().file_name().expect("name").to_string_lossy());
            let error = refuse_input(&file(&folder.path().join(&name)), inputs.iter()).expect_err("an input");
            assert!(error.to_string().ends_with("江雪.png: the output is one of the inputs"), "{error}");
        }
        for place in [file(&other), file(&folder.path().join("new.png")), Place::Stream] {
            refuse_input(&place, inputs.iter()).expect("no input");
        }
    }

    #[test]
    fn derived_names_never_hit_a_file() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let photo = folder.path().join("江雪.v2.jpg");
        let expected = ["江雪.v2-erase.png", "江雪.v2-erase-2.png", "江雪.v2-erase-3.png"];
        for name in expected {
            let path = derived(&file(&photo), "erase", "png").expect("a name");
            assert_eq!(path, folder.path().join(name));
            std::fs::write(path, b"").expect("written");
        }
        let error = derived(&Place::Stream, "erase", "png").expect_err("no name");
        assert_eq!(error.to_string(), "the output has no name, and none can be made from the input -");
    }

    #[test]
    fn further_outputs_stand_beside_the_first() {
        assert_eq!(beside(Path::new("a/b.png"), "2"), Path::new("a/b-2.png"));
        assert_eq!(beside(Path::new("b"), "mask"), Path::new("b-mask"));
    }

    #[cfg(unix)]
    #[test]
    fn devices_are_written_into() {
        assert!(is_device(Path::new("/dev/null")));
        check(&file(Path::new("/dev/null")), false).expect("a device is no file to protect");
    }
}
