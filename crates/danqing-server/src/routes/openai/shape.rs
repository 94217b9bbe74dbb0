//! Errors as the SDKs read them: `{"error": {message, type, param, code}}`.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::error::ApiError;

/// SDKs try again what looks like a passing fault: what will not pass is a bad request.
pub(crate) fn status(error: &ApiError) -> StatusCode {
    match error.status {
        StatusCode::UNPROCESSABLE_ENTITY
        | StatusCode::FAILED_DEPENDENCY
        | StatusCode::NOT_IMPLEMENTED
        | StatusCode::UNSUPPORTED_MEDIA_TYPE => StatusCode::BAD_REQUEST,
        other => other,
    }
}

/// The body of an error; `message` is the whole sentence.
pub(crate) fn body(error: &ApiError, message: &str) -> Value {
    let kind = if error.status.is_server_error() { "server_error" } else { "invalid_request_error" };
    let code = match error.code.as_str() {
        "missing_model" => "model_not_found",
        "invalid" => "invalid_value",
        "token_needed" => "invalid_api_key",
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
