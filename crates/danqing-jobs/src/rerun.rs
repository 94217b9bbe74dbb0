//! A recipe runs again: inputs are found by content, parameters are those that were meant the first time.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use danqing_capability::{CancelToken, Class, Classified, Failure, Inputs, Progress};
use danqing_media::Medium;
use danqing_nn::Precision;

use crate::files::{self, Loaded};
use crate::{InputRecord, Job, Phase, Place, Prepared, Recipe, Settings, Studio, destination};

/// A request to make a file again.
#[derive(Clone, Debug)]
pub struct Rerun {
    /// A file with a recipe inside.
    pub file: Place,
    /// Inputs by name that are not where they were.
    pub inputs: Vec<(String, Place)>,
    /// Where the result goes; without it, beside the file.
    pub output: Option<Place>,
    /// Whether an existing file may be replaced.
    pub overwrite: bool,
}

/// Why a recipe can't run again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An input is nowhere to be found.
    #[error("input {name} of the recipe was not found: {path} (sha256 {sha256})")]
    InputMissing {
        /// Port name.
        name: String,
        /// Where it was.
        path: String,
        /// What identifies it.
        sha256: String,
    },
    /// What was found is another picture.
    #[error("{path} is not input {name} of the recipe: its sha256 is {actual}, expected {expected}")]
    InputDiffers {
        /// What was found.
        path: String,
        /// Port name.
        name: String,
        /// Its sha256.
        actual: String,
        /// That of the recipe.
        expected: String,
    },
    /// `--input` names an input that the recipe does not have.
    #[error("the recipe has no input named {name:?} (it has {known})")]
    UnknownInput {
        /// Name given.
        name: String,
        /// Names it has.
        known: String,
    },
    /// The output's name says another format than the recipe.
    #[error("{path}: the recipe makes {expected}, the name says {actual}")]
    OtherFormat {
        /// The output.
        path: String,
        /// Format of the name.
        actual: String,
        /// Format of the recipe.
        expected: String,
    },
    /// The weights are others than those of the recipe.
    #[error("model {id} has sha256 {actual} here, the recipe was made with {expected}")]
    OtherWeights {
        /// Catalogue id.
        id: String,
        /// sha256 here.
        actual: String,
        /// sha256 of the recipe.
        expected: String,
    },
}

impl Classified for Error {
    fn class(&self) -> Class {
        match self {
            Self::UnknownInput { .. } | Self::OtherFormat { .. } => Class::Caller,
            Self::OtherWeights { .. } => Class::Unsupported,
            _ => Class::File,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::InputMissing { name, .. } | Self::InputDiffers { name, .. } => {
                Some(format!("say where it is now: --input {name}=PATH"))
            }
            Self::OtherFormat { expected, .. } => Some(format!("give the output a name that ends in .{expected}")),
            Self::OtherWeights { .. } => Some("use the danqing that made the file".to_owned()),
            Self::UnknownInput { .. } => None,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::from_error(error)
    }
}

/// The part of a backend that names a precision: the last one, or what the method of convolutions follows.
fn precision_of(backend: &str) -> Option<Precision> {
    backend.rsplit('-').find_map(|part| part.parse().ok())
}

impl Studio {
    /// Opens a studio to make `rerun`'s file again: in the precision of its recipe, unless `settings` name one.
    ///
    /// # Errors
    /// See [`Self::open`]; what is wrong with the file, [`Self::prepare_rerun`] says.
    pub fn open_for(settings: &Settings, rerun: &Rerun, cancel: &CancelToken) -> Result<Self, Failure> {
        // A stream can be read once only.
        let recipe = rerun.file.path().and_then(|_| files::read_recipe(&rerun.file, cancel).ok());
        let made_in = || recipe.and_then(|recipe| precision_of(&recipe.backend)).map(|precision| precision.to_string());
        let precision = settings.precision.clone().or_else(made_in);
        Self::open(&Settings { precision, ..settings.clone() })
    }

    /// Reads the recipe of a file, finds its inputs and prepares the same run again.
    ///
    /// # Errors
    /// No recipe, an input that is missing or another one, weights that differ.
    pub fn prepare_rerun(&self, rerun: &Rerun, progress: &mut Progress<'_>) -> Result<Prepared, Failure> {
        let recipe = files::read_recipe(&rerun.file, progress.cancel_token())?;
        let capability = self.registry().get(&recipe.capability.id)?;
        let place = output_place(rerun, &recipe)?;
        refuse_input(&place, &recipe, progress.cancel_token())?;
        destination::check(&place, rerun.overwrite)?;
        refuse_unknown_inputs(rerun, &recipe)?;
        let weights = self.weights(capability, &recipe.params)?;
        for used in &recipe.weights {
            if let Some(here) = weights.iter().find(|w| w.id == used.id && w.sha256 != used.sha256) {
                let (id, actual, expected) = (used.id.clone(), here.sha256.clone(), used.sha256.clone());
                return Err(Error::OtherWeights { id, actual, expected }.into());
            }
        }
        self.warn_about_differences(&recipe, capability.version(), progress);
        let mut inputs = Inputs::new();
        for port in capability.inputs() {
            for (index, record) in recipe.inputs.get(port.name).into_iter().flatten().enumerate() {
                inputs = inputs.with(port.name, found(rerun, port.name, index, record, progress)?);
            }
        }
        let job = Job {
            capability: capability.id().to_owned(),
            version: capability.version(),
            params: recipe.params,
            inputs: recipe.inputs,
            weights,
            notices: recipe.warnings.into_iter().filter(|n| n.phase == Phase::Resolve).collect(),
            outputs: BTreeMap::from([(recipe.output.name.clone(), place)]),
            encoding: recipe.encoding,
            overwrite: rerun.overwrite,
        };
        Ok(Prepared { job, inputs, only: Some(recipe.output) })
    }

    /// For the user, not for the recipe: the new recipe states its own version and backend.
    fn warn_about_differences(&self, recipe: &Recipe, version: u32, progress: &mut Progress<'_>) {
        let (id, made) = (&recipe.capability.id, recipe.capability.version);
        if made != version {
            let message =
                format!("the file was made by {id} version {made}, this is version {version}: the result may differ");
            progress.warn("other_capability_version", message);
        } else if recipe.danqing != crate::VERSION {
            let (made, version) = (&recipe.danqing, crate::VERSION);
            let message = format!("the file was made by danqing {made}, this is {version}: its recipe will differ");
            progress.warn("other_version", message);
        }
        let backend = self.backend();
        if recipe.backend != backend {
            let made = &recipe.backend;
            let message = match (precision_of(made), precision_of(&backend)) {
                (Some(asked), Some(here)) if asked != here => {
                    format!("the file was made in {asked}, this is {here}: the result will differ")
                }
                _ => format!("the file was made on {made}, this is {backend}: pixels may differ slightly"),
            };
            progress.warn("other_backend", message);
        }
    }
}

/// Inputs are known by content: what has it is one, wherever it lies.
fn refuse_input(output: &Place, recipe: &Recipe, cancel: &CancelToken) -> Result<(), Failure> {
    if !output.path().is_some_and(Path::is_file) {
        return Ok(());
    }
    let sha256 = files::sha256(&files::bytes_of(output, cancel)?, cancel)?;
    let is_input = recipe.inputs.values().flatten().any(|record| record.sha256 == sha256);
    if is_input { Err(destination::Error::IsInput { path: output.to_string() }.into()) } else { Ok(()) }
}

fn output_place(rerun: &Rerun, recipe: &Recipe) -> Result<Place, Failure> {
    let expected = recipe.encoding.format.clone().unwrap_or_default();
    let Some(place) = &rerun.output else {
        let extension = files::extension(&recipe.encoding)?;
        return Ok(Place::File(destination::derived(&rerun.file, "rerun", extension)?));
    };
    match place.path().and_then(files::format_name_of) {
        Some(actual) if actual != expected => {
            Err(Error::OtherFormat { path: place.to_string(), actual, expected }.into())
        }
        _ => Ok(place.clone()),
    }
}

fn refuse_unknown_inputs(rerun: &Rerun, recipe: &Recipe) -> Result<(), Error> {
    match rerun.inputs.iter().find(|(name, _)| !recipe.inputs.contains_key(name)) {
        Some((name, _)) => {
            let known = recipe.inputs.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            Err(Error::UnknownInput { name: name.clone(), known })
        }
        None => Ok(()),
    }
}

/// The input as given, else where it was, else beside the file (by name, then by content).
fn found(
    rerun: &Rerun,
    name: &str,
    index: usize,
    record: &InputRecord,
    progress: &mut Progress<'_>,
) -> Result<Medium, Failure> {
    let given = rerun.inputs.iter().filter(|(n, _)| n == name).nth(index).map(|(_, place)| place);
    if let Some(place) = given {
        return loaded(place, name, record, progress);
    }
    let found = candidates(rerun.file.path(), record, progress.cancel_token())?;
    let places: Vec<_> = found.into_iter().filter(|path| path.is_file()).collect();
    let mut differing = None;
    for path in places {
        match loaded(&Place::File(path), name, record, progress) {
            Err(failure) if failure.class() == Class::Cancelled => return Err(failure),
            Err(failure) => differing = differing.or(Some(failure)),
            Ok(medium) => return Ok(medium),
        }
    }
    let (path, sha256) = (record.path.to_string(), record.sha256.clone());
    Err(differing.unwrap_or_else(|| Error::InputMissing { name: name.to_owned(), path, sha256 }.into()))
}

fn candidates(file: Option<&Path>, record: &InputRecord, cancel: &CancelToken) -> Result<Vec<PathBuf>, Failure> {
    let recorded = record.path.path();
    let folder = file.map(|f| f.parent().unwrap_or(Path::new("")));
    let mut paths: Vec<_> = recorded.map(Path::to_owned).into_iter().collect();
    paths.extend(recorded.and_then(Path::file_name).zip(folder).map(|(name, folder)| folder.join(name)));
    if let Some(folder) = folder {
        paths.extend(same_content(folder, record, cancel)?);
    }
    Ok(paths)
}

/// Files of the folder with the input's size and sha256, whatever their name.
fn same_content(folder: &Path, record: &InputRecord, cancel: &CancelToken) -> Result<Vec<PathBuf>, Failure> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(Vec::new()) };
    let same_size = entries.flatten().filter(|e| e.metadata().is_ok_and(|m| m.is_file() && m.len() == record.bytes));
    let mut found = Vec::new();
    for path in same_size.map(|entry| entry.path()) {
        if let Ok(bytes) = std::fs::read(&path)
            && files::sha256(&bytes, cancel)? == record.sha256
        {
            found.push(path);
        }
    }
    Ok(found)
}

fn loaded(place: &Place, name: &str, record: &InputRecord, progress: &mut Progress<'_>) -> Result<Medium, Failure> {
    let bytes = files::bytes_of(place, progress.cancel_token())?;
    let actual = files::sha256(&bytes, progress.cancel_token())?;
    if actual != record.sha256 {
        let (path, name, expected) = (place.to_string(), name.to_owned(), record.sha256.clone());
        return Err(Error::InputDiffers { path, name, actual, expected }.into());
    }
    let Loaded { medium, .. } = files::load_bytes(place, &bytes, progress)?;
    Ok(medium)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backend_names_its_precision() {
        for precision in Precision::ALL {
            assert_eq!(precision_of(&format!("cpu-avx2-{precision}")), Some(precision));
            assert_eq!(precision_of(&format!("cpu-avx2-{precision}-direct")), Some(precision));
        }
        assert_eq!(precision_of("cpu"), None);
    }
}
