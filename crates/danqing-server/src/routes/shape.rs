//! In which shape errors are written: that of the front whose address was asked, also where no route was reached.

use axum::http::StatusCode;
use serde_json::Value;

use super::{a1111, openai};
use crate::error::ApiError;

/// The fronts' shapes of errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Native,
    A1111,
    OpenAi,
}

impl Shape {
    /// By the address.
    pub(crate) fn of(path: &str) -> Self {
        let begins = |starts: &[&str]| starts.iter().any(|start| path.starts_with(start));
        if begins(&["/sdapi/", "/internal/", "/controlnet/"]) {
            Self::A1111
        } else if begins(&["/v1/"]) {
            Self::OpenAi
        } else {
            Self::Native
        }
    }

    /// Status and body; `said` translates a text.
    pub(crate) fn written(
        self,
        error: &ApiError,
        request_id: &str,
        said: impl Fn(&str) -> String,
    ) -> (StatusCode, Value) {
        let sentence = || match &error.hint {
            Some(hint) => format!("{} ({})", said(&error.message), said(hint)),
            None => said(&error.message),
        };
        match self {
            Self::Native => (error.status, error.body(request_id, &said)),
            Self::A1111 => (error.status, a1111::error_body(error, &sentence())),
            Self::OpenAi => (openai::error_status(error), openai::error_body(error, &sentence())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_says_whose_shape_it_is() {
        for (path, shape) in [
            ("/v1/models", Shape::OpenAi),
            ("/sdapi/v1/txt2img", Shape::A1111),
            ("/controlnet/detect", Shape::A1111),
            ("/api/v1/jobs", Shape::Native),
            ("/v1", Shape::Native),
            ("/", Shape::Native),
        ] {
            assert_eq!(Shape::of(path), shape, "{path}");
        }
        let error = ApiError::not_found("x").with_hint("y");
        let (status, body) = Shape::A1111.written(&error, "r1", |text| format!("«{text}»"));
        assert_eq!((status.as_u16(), body), (404, serde_json::json!({"detail": "«x» («y»)"})));
    }
}
