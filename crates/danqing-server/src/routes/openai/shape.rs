//! Errors as the SDKs read them: `{"error": {message, type, param, code}}`.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::Shared;
use crate::error::ApiError;
use crate::language::Language;
use crate::routes::front::sentence;

/// Gives errors of the routes inside their shape.
pub(super) async fn shaped(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let language = Language::of(request.headers());
    let mut response = next.run(request).await;
    let Some(error) = response.extensions_mut().remove::<ApiError>() else { return response };
    let body = body(&error, &sentence(&app, &error, language));
    (status(&error), Json(body)).into_response()
}

/// SDKs try again what looks like a passing fault: what will not pass is a bad request.
fn status(error: &ApiError) -> StatusCode {
    match error.status {
        StatusCode::UNPROCESSABLE_ENTITY | StatusCode::FAILED_DEPENDENCY | StatusCode::NOT_IMPLEMENTED => {
            StatusCode::BAD_REQUEST
        }
        other => other,
    }
}

pub(super) fn body(error: &ApiError, message: &str) -> Value {
    let kind = if error.status.is_server_error() { "server_error" } else { "invalid_request_error" };
    let code = match error.code.as_str() {
        "missing_model" => "model_not_found",
        "invalid" => "invalid_value",
        other => other,
    };
    json!({"error": {"message": message, "type": kind, "param": error.field, "code": code}})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_parameter() {
        let error = ApiError::invalid("size", "x");
        let expected =
            json!({"message": "m", "type": "invalid_request_error", "param": "size", "code": "invalid_value"});
        assert_eq!((status(&error), body(&error, "m")["error"].clone()), (StatusCode::BAD_REQUEST, expected));
        let bug = ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "bug", "x");
        assert_eq!(body(&bug, "m")["error"]["type"], "server_error");
    }
}
