//! Bodies as every front takes them; what can't be read is an error in the front's own shape.

use axum::body::Bytes;
use axum::extract::multipart::Multipart;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;

use crate::error::ApiError;

/// All bytes of a body.
pub(crate) struct Raw(pub(crate) Bytes);

impl<S: Send + Sync> FromRequest<S> for Raw {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let refused = |rejection: BytesRejection| {
            let message = match rejection.status() {
                StatusCode::PAYLOAD_TOO_LARGE => "the body is too large",
                _ => "the body could not be read",
            };
            ApiError::new(rejection.status(), "body", message)
        };
        Bytes::from_request(request, state).await.map(Self).map_err(refused)
    }
}

/// A form of parts.
pub(crate) struct Form(pub(crate) Multipart);

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let form = Multipart::from_request(request, state).await;
        form.map(Self).map_err(|e| ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_multipart", e.body_text()))
    }
}
