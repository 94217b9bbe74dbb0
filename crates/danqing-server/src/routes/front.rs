//! What fronts that speak other programs' languages share: pictures as base64, capabilities as models, jobs awaited, and
//! warnings of what was not done.

#![allow(clippy::result_large_err, reason = "an error ends the request: it is made once and answered")]

use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use danqing_capability::Class;
use danqing_jobs::content::StoredFile;
use danqing_jobs::queue::{Contents, JobRecord, State, Submission, class_name};
use danqing_jobs::{Encoding, Studio};
use serde_json::{Map, Value, json};

use crate::Shared;
use crate::error::{ApiError, status_of};

/// Header in which these fronts say what of a request they did not do.
const WARNINGS: HeaderName = HeaderName::from_static("x-danqing-warnings");
/// Names of what needs no checkpoint.
const ERASE: &str = "danqing-erase";
const STYLE: &str = "danqing-style-";
/// Endings of checkpoints; a folder has none.
const CHECKPOINTS: [&str; 3] = [".safetensors", ".ckpt", ".gguf"];

/// What answers a request: a capability that other programs would call a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    /// Fills masks from their surroundings.
    Erase,
    /// Repaints in the style of that name.
    Style(String),
    /// A Stable Diffusion checkpoint in the folder of checkpoints.
    Checkpoint(String),
}

impl Engine {
    /// All there are: checkpoints first.
    pub(crate) fn all(studio: &Studio) -> Vec<Self> {
        let fits = |name: &String| CHECKPOINTS.iter().any(|ending| name.ends_with(ending)) || !name.contains('.');
        let checkpoints = studio.checkpoints().into_iter().filter(fits).map(Self::Checkpoint);
        let styles = studio.styles().into_iter().map(|style| Self::Style(style.id));
        checkpoints.chain([Self::Erase]).chain(styles).collect()
    }

    /// The first checkpoint, else what fills masks.
    pub(crate) fn usual(studio: &Studio) -> Self {
        Self::all(studio).into_iter().next().unwrap_or(Self::Erase)
    }

    /// By a name that clients may write with its hash, without its ending, or in other case.
    pub(crate) fn named(studio: &Studio, name: &str) -> Option<Self> {
        let plain = |name: &str| {
            let name = name.split(" [").next().unwrap_or(name).trim().to_ascii_lowercase();
            CHECKPOINTS.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(&name).to_owned()
        };
        Self::all(studio).into_iter().find(|engine| plain(&engine.name()) == plain(name))
    }

    /// Name for lists.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Erase => ERASE.to_owned(),
            Self::Style(style) => format!("{STYLE}{style}"),
            Self::Checkpoint(name) => name.clone(),
        }
    }
}

/// Nothing here can paint from words.
pub(crate) fn needs_checkpoint(what: &str) -> ApiError {
    let message = format!("{what} needs a Stable Diffusion checkpoint, and none is here");
    let hint = "put a .safetensors file into the folder `checkpoints` of danqing's data folder (`danqing doctor` names it) \
                and choose it as model; without one, a mask without a prompt erases, the models danqing-style-… repaint, \
                and pictures can be enlarged";
    ApiError::new(StatusCode::FAILED_DEPENDENCY, "missing_model", message).with_hint(hint)
}

/// The picture in a base64 text, with or without `data:…;base64,` before it.
pub(crate) fn picture_bytes(text: &str, field: &str) -> Result<Vec<u8>, ApiError> {
    if text.starts_with("http://") || text.starts_with("https://") {
        let error = ApiError::invalid(field, "pictures are not fetched from addresses");
        return Err(error.with_hint("send the picture itself, as base64"));
    }
    let data = text.split_once(";base64,").map_or(text, |(_, data)| data);
    // Clients wrap lines and leave the padding out.
    let data: String = data.chars().filter(|c| !c.is_whitespace() && *c != '=').collect();
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent);
    let engine = GeneralPurpose::new(&base64::alphabet::STANDARD, config.with_decode_allow_trailing_bits(true));
    engine.decode(data).map_err(|_| ApiError::invalid(field, "the picture is not base64"))
}

/// Bytes as base64.
pub(crate) fn base64_of(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// A submission of one capability on stored pictures, the result a PNG.
pub(crate) fn submission(capability: &str, params: Map<String, Value>, inputs: &[(&str, &StoredFile)]) -> Submission {
    let inputs = inputs.iter().map(|(port, file)| ((*port).to_owned(), Contents::One(file.sha256.clone())));
    let encoding = Encoding { format: Some("png".to_owned()), ..Encoding::default() };
    let capability = capability.to_owned();
    Submission { capability, params, inputs: inputs.collect(), encoding, ..Submission::default() }
}

/// An object's fields as parameters; `null` is left out.
pub(crate) fn params(value: Value) -> Map<String, Value> {
    let Value::Object(mut params) = value else { return Map::new() };
    params.retain(|_, value| !value.is_null());
    params
}

/// What the job made, else why it made nothing.
pub(crate) fn ended(job: JobRecord) -> Result<JobRecord, ApiError> {
    match (job.state, &job.error) {
        (State::Done, _) => Ok(job),
        (_, Some(error)) => {
            const CLASSES: [Class; 7] = [
                Class::Caller,
                Class::File,
                Class::Limit,
                Class::Unsupported,
                Class::MissingModel,
                Class::Environment,
                Class::Cancelled,
            ];
            let class = CLASSES.into_iter().find(|class| class_name(*class) == error.code).unwrap_or(Class::Bug);
            let made = ApiError::new(status_of(class), &error.code, error.message.clone());
            Err(ApiError { hint: error.hint.clone(), ..made })
        }
        _ => Err(ApiError::new(status_of(Class::Cancelled), "cancelled", "the job was cancelled")),
    }
}

/// The picture at exactly that size; `fit` is `exact` or `cover`.
pub(crate) async fn resized(
    app: &Shared,
    file: &StoredFile,
    (width, height): (u64, u64),
    fit: &str,
) -> Result<StoredFile, ApiError> {
    if (file.width as u64, file.height as u64) == (width, height) {
        return Ok(file.clone());
    }
    let edit = json!({"edit": "resize", "width": width, "height": height, "fit": fit});
    let job = submission("adjust", params(json!({"edits": [edit]})), &[("picture", file)]);
    first_output(ended(app.submit_and_wait(job).await?)?)
}

/// The first picture of a finished job.
pub(crate) fn first_output(job: JobRecord) -> Result<StoredFile, ApiError> {
    let nothing = || ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "bug", "the job made no picture");
    job.outputs.into_iter().next().map(|output| output.file).ok_or_else(nothing)
}

/// Says what was not done, in a header that every client can read: JSON in plain letters.
pub(crate) fn with_warnings(mut response: Response, warnings: &[String]) -> Response {
    if warnings.is_empty() {
        return response;
    }
    let text: String = json!(warnings).to_string().chars().map(plain).collect();
    if let Ok(value) = HeaderValue::from_str(&text) {
        response.headers_mut().insert(WARNINGS, value);
    }
    response
}

fn plain(letter: char) -> String {
    if letter.is_ascii() {
        return letter.to_string();
    }
    let units: Vec<_> = letter.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect();
    units.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_come_as_every_client_sends_them() {
        for text in ["aGk=", "aGk", "data:image/png;base64,aGk=", "aG\nk=\n"] {
            assert_eq!(picture_bytes(text, "image").expect(text), b"hi");
        }
        for (text, message) in
            [("a*", "the picture is not base64"), ("https://x/y.png", "pictures are not fetched from addresses")]
        {
            assert_eq!(picture_bytes(text, "image").expect_err(text).message, message);
        }
    }

    #[test]
    fn warnings_fit_into_a_header() {
        let made = with_warnings(Response::default(), &["未知 \"x\"🎨".to_owned()]);
        let value = made.headers()[&WARNINGS].to_str().expect("plain");
        assert_eq!(serde_json::from_str::<Value>(value).expect("JSON"), json!(["未知 \"x\"🎨"]));
        assert!(!with_warnings(Response::default(), &[]).headers().contains_key(&WARNINGS));
    }
}
