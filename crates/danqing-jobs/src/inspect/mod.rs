//! What a file says about how it was made: danqing's own recipe, or what another program wrote. Meaning only; where the
//! texts stand in a file is `danqing_media::file::read_texts`.
//!
//! A picture made elsewhere becomes a request for `reimagine`, as far as danqing has the same words. What it has no words
//! for is kept beside it and said, never dropped in silence.

mod comfyui;
mod fooocus;
mod generation;
mod infotext;
mod invokeai;

use danqing_capability::{CancelToken, Class, Classified, Failure};
use danqing_media::file::{Format, Limits, decode, read_recipe, read_texts};
use serde::Serialize;
use serde_json::{Map, Value};

pub use generation::Generation;
pub use infotext::Infotext;

use crate::files::{self, at};
use crate::request::Places;
use crate::{JobRequest, Notice, Phase, Place, Recipe};

/// Which program's words were found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// danqing's recipe.
    Danqing,
    /// Infotext of A1111 and the many that write the same.
    A1111,
    /// A graph of `ComfyUI`.
    ComfyUi,
    /// `InvokeAI`.
    InvokeAi,
    /// Fooocus, in either of its schemes.
    Fooocus,
    /// Nothing that is known.
    #[default]
    None,
}

/// What a file says about how it was made.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct Inspection {
    /// Format of the file.
    pub format: String,
    /// Pixels per row, if the file can be decoded.
    pub width: Option<usize>,
    /// Rows, if the file can be decoded.
    pub height: Option<usize>,
    /// Who wrote what is said below.
    pub source: Source,
    /// danqing's recipe.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipe: Option<Recipe>,
    /// A1111's infotext as it stands in the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub infotext: Option<String>,
    /// The settings in danqing's words, of files made elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generation: Option<Generation>,
    /// What would make it again, as far as that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<JobRequest>,
    /// What could not be carried over.
    pub notices: Vec<Notice>,
    /// Every text in the file, by keyword.
    pub texts: Map<String, Value>,
}

/// Reads what a picture file says about how it was made.
///
/// # Errors
/// A file that is no picture, or too broken to look into. Pixels that can't be decoded, and a recipe that can't be read,
/// are no error.
pub fn inspect(bytes: &[u8], name: &str, cancel: &CancelToken) -> Result<Inspection, Failure> {
    let size = match decode(bytes, &Limits::default(), cancel) {
        Ok(picture) => Some(picture.size()),
        Err(error) if error.class() == Class::Cancelled => return Err(Failure::from_error(error)),
        Err(_) => None,
    };
    described(bytes, name, size)
}

/// [`inspect`] of a picture that is decoded already.
pub(crate) fn described(bytes: &[u8], name: &str, size: Option<(usize, usize)>) -> Result<Inspection, Failure> {
    let texts = read_texts(bytes).map_err(|e| at(&name, e))?;
    let recipe = read_recipe(bytes).map_err(|e| at(&name, e))?;
    let (recipe, damaged) = match recipe.map(|text| Recipe::from_json(&text, name)) {
        Some(Ok(recipe)) => (Some(recipe), None),
        Some(Err(error)) => (None, Some(notice("recipe_unreadable", error.to_string()))),
        None => (None, None),
    };
    let format = Format::from_bytes(bytes).map_or("", |format| format.extensions()[0]).to_owned();
    let (width, height) = (size.map(|size| size.0), size.map(|size| size.1));
    let read = Inspection { format, width, height, infotext: infotext_in(&texts), ..Inspection::default() };
    let mut read = match recipe {
        Some(recipe) => of_recipe(read, recipe),
        None => of_texts(read, &Texts(&texts)),
    };
    read.notices.extend(damaged);
    read.texts = texts.into_iter().map(|(keyword, text)| (keyword, Value::String(text))).collect();
    Ok(read)
}

/// Reads a file, or standard input, and [`inspect`]s it.
///
/// # Errors
/// A file that can't be read, and those of [`inspect`].
pub fn inspect_file(place: &Place, cancel: &CancelToken) -> Result<Inspection, Failure> {
    inspect(&files::bytes_of(place, cancel)?, &place.to_string(), cancel)
}

/// Texts of a file, by keyword.
struct Texts<'a>(&'a [(String, String)]);

impl Texts<'_> {
    fn get(&self, keyword: &str) -> Option<&str> {
        self.0.iter().find(|(found, _)| found == keyword).map(|(_, text)| text.as_str())
    }

    /// The text of a keyword as JSON.
    fn json(&self, keyword: &str) -> Option<Value> {
        serde_json::from_str(self.get(keyword)?).ok()
    }
}

/// The comment in EXIF data wins, as in A1111.
fn infotext_in(texts: &[(String, String)]) -> Option<String> {
    let texts = Texts(texts);
    ["UserComment", "parameters"].into_iter().filter_map(|keyword| texts.get(keyword)).find_map(|text| {
        let is_json = serde_json::from_str::<Map<String, Value>>(text).is_ok();
        let says_settings = !is_json && Infotext::parse(text).pairs.len() >= 3;
        says_settings.then(|| text.to_owned())
    })
}

fn of_recipe(read: Inspection, recipe: Recipe) -> Inspection {
    let places = |records: &[crate::InputRecord]| match records {
        [one] => Places::One(one.path.clone()),
        many => Places::Many(many.iter().map(|record| record.path.clone()).collect()),
    };
    let request = JobRequest {
        capability: recipe.capability.id.clone(),
        params: recipe.params.as_object().cloned().unwrap_or_default(),
        inputs: recipe.inputs.iter().map(|(port, records)| (port.clone(), places(records))).collect(),
        encoding: recipe.encoding.clone(),
        ..JobRequest::default()
    };
    let notices = recipe.warnings.clone();
    Inspection { source: Source::Danqing, recipe: Some(recipe), request: Some(request), notices, ..read }
}

/// The most particular words first: other programs than A1111 write its infotext too.
fn of_texts(read: Inspection, texts: &Texts<'_>) -> Inspection {
    let infotext = read.infotext.as_deref().map(Infotext::parse);
    let found = fooocus::read(texts, infotext.as_ref())
        .map(|found| (Source::Fooocus, found))
        .or_else(|| Some((Source::InvokeAi, invokeai::read(texts)?)))
        .or_else(|| Some((Source::ComfyUi, comfyui::read(texts)?)))
        .or_else(|| Some((Source::A1111, infotext.as_ref()?.generation())));
    let Some((source, generation)) = found else { return read };
    let (request, notices) = generation.request();
    Inspection { source, generation: Some(generation), request: Some(request), notices, ..read }
}

/// A notice of something that was not carried over.
fn notice(code: &str, message: String) -> Notice {
    Notice { phase: Phase::Resolve, code: code.to_owned(), message }
}
