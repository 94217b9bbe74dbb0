//! Errors of the API: one shape for the native routes, from which other fronts make their own.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use danqing_capability::{Class, Classified, Failure};
use danqing_jobs::queue::{self, class_name};
use serde_json::{Value, json};

/// Why a request has no better answer. English; translated when it is sent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    /// Stable identifier.
    pub(crate) code: String,
    pub(crate) message: String,
    /// The field of the request that is wrong.
    pub(crate) field: Option<String>,
    pub(crate) expected: Option<String>,
    pub(crate) actual: Option<String>,
    pub(crate) hint: Option<String>,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        let (code, message) = (code.to_owned(), message.into());
        Self { status, code, message, field: None, expected: None, actual: None, hint: None }
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    /// The request can be read, and a field of it is wrong.
    pub(crate) fn invalid(field: &str, message: impl Into<String>) -> Self {
        let error = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", message);
        Self { field: Some(field.to_owned()), ..error }
    }

    pub(crate) fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// The body of an answer of the native API.
    pub(crate) fn body(&self, request_id: &str, translated: impl Fn(&str) -> String) -> Value {
        let mut error = json!({"code": self.code, "message": translated(&self.message)});
        let hint = self.hint.as_deref().map(&translated);
        let rest = [("field", &self.field), ("expected", &self.expected), ("actual", &self.actual), ("hint", &hint)];
        for (name, value) in rest {
            if let Some(value) = value {
                error[name] = json!(value);
            }
        }
        error["request_id"] = json!(request_id);
        json!({"error": error})
    }
}

/// The body is written by the outermost layer, which knows language and request id.
impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body("", str::to_owned))).into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// As documented at [`Class`].
pub(crate) fn status_of(class: Class) -> StatusCode {
    match class {
        Class::Caller | Class::File => StatusCode::BAD_REQUEST,
        Class::Limit => StatusCode::PAYLOAD_TOO_LARGE,
        Class::Unsupported => StatusCode::NOT_IMPLEMENTED,
        Class::MissingModel => StatusCode::FAILED_DEPENDENCY,
        Class::Environment => StatusCode::SERVICE_UNAVAILABLE,
        // nginx's "client closed request"; there is no registered one.
        Class::Cancelled => StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST),
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl From<Failure> for ApiError {
    fn from(failure: Failure) -> Self {
        let class = failure.class();
        let error = Self::new(status_of(class), &class_name(class), failure.to_string());
        Self { hint: failure.hint(), ..error }
    }
}

impl From<queue::Error> for ApiError {
    fn from(error: queue::Error) -> Self {
        let (message, hint) = (error.to_string(), error.hint());
        let made = match &error {
            queue::Error::NotFound { .. } => Self::not_found(message),
            queue::Error::WrongState { actual, expected, .. } => Self {
                actual: Some((*actual).to_owned()),
                expected: Some((*expected).to_owned()),
                ..Self::new(StatusCode::CONFLICT, "wrong_state", message)
            },
            queue::Error::KeyReused => Self::new(StatusCode::CONFLICT, "key_reused", message),
            queue::Error::Full { .. } => Self::new(StatusCode::TOO_MANY_REQUESTS, "queue_full", message),
            queue::Error::Field { field, .. } => Self::invalid(field, message),
            // A request that can be read and makes no sense.
            queue::Error::Refused(failure) if failure.class() == Class::Caller => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", message)
            }
            other => Self::new(status_of(other.class()), &class_name(other.class()), message),
        };
        Self { hint, ..made }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_follows_from_the_fault() {
        let cases = [
            (Class::Caller, 400),
            (Class::File, 400),
            (Class::Limit, 413),
            (Class::Unsupported, 501),
            (Class::MissingModel, 424),
            (Class::Environment, 503),
            (Class::Cancelled, 499),
            (Class::Bug, 500),
        ];
        for (class, status) in cases {
            let error = ApiError::from(Failure::new(class, "x").with_hint("y"));
            assert_eq!((error.status.as_u16(), error.hint.as_deref()), (status, Some("y")), "{class:?}");
        }
        let refused = queue::Error::Refused(Failure::new(Class::Caller, "x"));
        assert_eq!(ApiError::from(refused).status, StatusCode::UNPROCESSABLE_ENTITY);
    }

    #[test]
    fn the_body_says_what_is_known_in_the_language_asked_for() {
        let error = ApiError::invalid("grow", "grow is 9").with_hint("try 8");
        let body = error.body("r1", |text| format!("«{text}»"));
        assert_eq!(
            body,
            json!({"error": {"code": "invalid", "message": "«grow is 9»", "field": "grow", "hint": "«try 8»",
                "request_id": "r1"}})
        );
    }
}
