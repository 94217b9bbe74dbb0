//! What was asked for, from JSON or a form: fields taken one by one, what nobody takes is said.

use std::collections::BTreeMap;

use axum::extract::Multipart;
use danqing_jobs::content::StoredFile;
use serde_json::{Map, Value};

use crate::Shared;
use crate::error::ApiError;
use crate::routes::front::Engine;

/// Pictures of one request.
const PICTURES: usize = 16;
/// Fields that ask for nothing danqing could do otherwise.
const HARMLESS: [&str; 3] = ["user", "moderation", "n"];

/// Fields and pictures of a request.
#[derive(Default)]
pub(super) struct Asked {
    fields: BTreeMap<String, String>,
    pub(super) pictures: Vec<StoredFile>,
    pub(super) mask: Option<StoredFile>,
    pub(super) warnings: Vec<String>,
}

/// How the result is to be sent.
pub(super) struct Output {
    pub(super) count: u64,
    pub(super) size: Option<(u64, u64)>,
    pub(super) format: &'static str,
    pub(super) compression: Option<u64>,
    pub(super) by_url: bool,
    pub(super) streams: bool,
    /// Pictures on the way that a stream shows, 0 to 3.
    pub(super) partial: u64,
}

impl Asked {
    /// From a JSON object.
    pub(super) fn of_json(body: &[u8]) -> Result<Self, ApiError> {
        let fields: Map<String, Value> = serde_json::from_slice(body)
            .map_err(|e| ApiError::invalid("body", format!("the body is no JSON object: {e}")))?;
        let text = |value: Value| match value {
            Value::Null => None,
            Value::String(text) => Some(text),
            other => Some(other.to_string()),
        };
        let fields = fields.into_iter().filter_map(|(name, value)| Some((name, text(value)?)));
        Ok(Self { fields: fields.collect(), ..Self::default() })
    }

    /// From a form with files; `image` may be repeated, also as `image[]`.
    pub(super) async fn of_form(app: &Shared, mut form: Multipart) -> Result<Self, ApiError> {
        // The semaphore is never closed.
        let _receiving = app.receiving.acquire().await;
        let unreadable = |e: axum::extract::multipart::MultipartError| {
            ApiError::new(e.status(), "invalid", format!("the body could not be read: {}", e.body_text()))
        };
        let mut asked = Self::default();
        while let Some(field) = form.next_field().await.map_err(unreadable)? {
            let name = field.name().unwrap_or_default().to_owned();
            let file = field.file_name().map(str::to_owned);
            let is_picture = matches!(name.as_str(), "image" | "image[]" | "mask");
            let bytes = field.bytes().await.map_err(unreadable)?;
            if !is_picture {
                let text = String::from_utf8(bytes.to_vec()).map_err(|_| ApiError::invalid(&name, "it is no text"))?;
                asked.fields.insert(name, text);
                continue;
            }
            if bytes.is_empty() {
                continue;
            }
            let stored = app.accept(bytes.to_vec(), file.unwrap_or_else(|| format!("{name}.png"))).await?;
            if name == "mask" {
                asked.mask = Some(stored);
            } else if asked.pictures.len() == PICTURES {
                return Err(ApiError::invalid("image", format!("more than {PICTURES} pictures")));
            } else {
                asked.pictures.push(stored);
            }
        }
        Ok(asked)
    }

    /// A text; an empty one is none.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        self.fields.remove(name).filter(|text| !text.trim().is_empty())
    }

    fn whole(&mut self, name: &str, default: u64, (low, high): (u64, u64)) -> Result<u64, ApiError> {
        let Some(text) = self.text(name) else { return Ok(default) };
        match text.trim().parse() {
            Ok(number) if (low..=high).contains(&number) => Ok(number),
            _ => Err(ApiError::invalid(name, format!("{text:?} was given, {low} to {high} was expected"))),
        }
    }

    fn switch(&mut self, name: &str) -> Result<bool, ApiError> {
        match self.text(name).as_deref() {
            None | Some("false" | "False" | "0") => Ok(false),
            Some("true" | "True" | "1") => Ok(true),
            Some(_) => Err(ApiError::invalid(name, "true or false was expected")),
        }
    }

    /// The model asked for; one of `OpenAI`'s own names means the usual one.
    pub(super) fn engine(&mut self, app: &Shared) -> Result<Engine, ApiError> {
        let Some(name) = self.text("model") else { return Ok(Engine::usual(app.studio())) };
        if let Some(engine) = Engine::named(app.studio(), &name) {
            return Ok(engine);
        }
        if ["gpt-image", "dall-e", "chatgpt-image"].iter().any(|known| name.starts_with(known)) {
            let usual = Engine::usual(app.studio());
            self.warnings.push(format!("the model {name:?} is not here; {} answers", usual.name()));
            return Ok(usual);
        }
        let name: String = name.chars().take(100).collect();
        let error = ApiError::not_found(format!("The model {name:?} does not exist"));
        let error = ApiError { code: "missing_model".to_owned(), field: Some("model".to_owned()), ..error };
        Err(error.with_hint("GET /v1/models lists them"))
    }

    /// How the result is to be sent.
    pub(super) fn output(&mut self) -> Result<Output, ApiError> {
        let size = match self.text("size").as_deref() {
            None | Some("auto") => None,
            Some(text) => Some(size_of(text).ok_or_else(|| {
                ApiError::invalid("size", format!("{text:?} was given, WIDTHxHEIGHT or auto was expected (16 to 4096)"))
            })?),
        };
        let format = match self.text("output_format").as_deref() {
            None | Some("png") => "png",
            Some("jpeg" | "jpg") => "jpeg",
            Some("webp") => "webp",
            Some(other) => {
                return Err(ApiError::invalid(
                    "output_format",
                    format!("{other:?} was given, png, jpeg or webp was expected"),
                ));
            }
        };
        let compression = self.fields.contains_key("output_compression");
        let compression = compression.then(|| self.whole("output_compression", 100, (0, 100))).transpose()?;
        let by_url = match self.text("response_format").as_deref() {
            None | Some("b64_json") => false,
            Some("url") => true,
            Some(other) => {
                return Err(ApiError::invalid(
                    "response_format",
                    format!("{other:?} was given, url or b64_json was expected"),
                ));
            }
        };
        let partial = self.whole("partial_images", 0, (0, 3))?;
        let streams = self.switch("stream")?;
        if partial > 0 && !streams {
            self.warnings.push("partial_images counts in a stream only and was left out".to_owned());
        }
        Ok(Output { count: self.whole("n", 1, (1, 10))?, size, format, compression, by_url, streams, partial })
    }

    /// Says what nobody has taken, or what was asked for in vain.
    pub(super) fn finish(&mut self) {
        for (name, value) in std::mem::take(&mut self.fields) {
            let is_known = matches!(name.as_str(), "quality" | "background" | "input_fidelity" | "style");
            let asks_for_nothing = matches!(value.as_str(), "" | "auto" | "standard");
            if HARMLESS.contains(&name.as_str()) || (is_known && asks_for_nothing) {
                continue;
            }
            let name: String = name.chars().take(60).collect();
            let what = if is_known { "is not supported" } else { "is unknown" };
            self.warnings.push(format!("the field {name:?} {what} and was left out"));
        }
    }
}

/// `1024x768`
fn size_of(text: &str) -> Option<(u64, u64)> {
    let (width, height) = text.split_once('x')?;
    let side = |text: &str| text.parse().ok().filter(|side| (16..=4096).contains(side));
    Some((side(width)?, side(height)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str) -> Asked {
        Asked::of_json(text.as_bytes()).expect(text)
    }

    #[test]
    fn fields_are_read_as_sdks_send_them() {
        let mut read = asked(
            r#"{"n": 2, "size": "256x128", "output_format": "webp", "output_compression": 80, "stream": true, "quality": "hd", "user": "u", "typo": 1, "style": null}"#,
        );
        let output = read.output().expect("valid");
        assert_eq!((output.count, output.size, output.format), (2, Some((256, 128)), "webp"));
        assert_eq!((output.compression, output.by_url, output.streams), (Some(80), false, true));
        read.finish();
        assert_eq!(
            read.warnings,
            [
                "the field \"quality\" is not supported and was left out",
                "the field \"typo\" is unknown and was left out"
            ]
        );
    }

    #[test]
    fn wrong_values_are_refused_by_name() {
        for (text, field) in [
            (r#"{"n": 11}"#, "n"),
            (r#"{"size": "big"}"#, "size"),
            (r#"{"size": "5000x16"}"#, "size"),
            (r#"{"output_format": "gif"}"#, "output_format"),
            (r#"{"response_format": "x"}"#, "response_format"),
            (r#"{"stream": "perhaps"}"#, "stream"),
        ] {
            let error = asked(text).output().err().expect(text);
            assert_eq!(error.field.as_deref(), Some(field));
        }
        assert!(Asked::of_json(b"[1]").is_err());
    }
}
