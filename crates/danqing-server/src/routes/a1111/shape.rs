//! Errors as `FastAPI` and A1111 write them: `{"detail": …}`, a list for fields, and `{error, detail, body, errors}` from
//! 500 on.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::error::ApiError;

/// The body of an error; `message` is the whole sentence.
pub(crate) fn body(error: &ApiError, message: &str) -> Value {
    match (&error.field, error.status) {
        (Some(field), StatusCode::UNPROCESSABLE_ENTITY) => {
            json!({"detail": [{"loc": ["body", field], "msg": message, "type": "value_error"}]})
        }
        (_, status) if status.is_server_error() => {
            json!({"error": error.code, "detail": message, "body": "", "errors": message})
        }
        _ => json!({"detail": message}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_those_of_the_original() {
        let field = ApiError::invalid("steps", "x");
        assert_eq!(
            body(&field, "m"),
            json!({"detail": [{"loc": ["body", "steps"], "msg": "m", "type": "value_error"}]})
        );
        assert_eq!(body(&ApiError::not_found("x"), "m"), json!({"detail": "m"}));
        let bug = ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "bug", "x");
        assert_eq!(body(&bug, "m"), json!({"error": "bug", "detail": "m", "body": "", "errors": "m"}));
    }
}
