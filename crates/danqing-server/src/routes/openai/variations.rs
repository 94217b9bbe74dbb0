//! Pictures like a picture.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::json;

use super::asked::Asked;
use super::reply::{Order, reply};
use crate::Shared;
use crate::error::ApiError;
use crate::routes::bodies::Form;
use crate::routes::front::{Engine, needs_checkpoint, params, submission};

pub(super) async fn variations(
    State(app): State<Shared>,
    headers: HeaderMap,
    Form(form): Form,
) -> Result<Response, ApiError> {
    let mut asked = Asked::of_form(&app, form).await?;
    let output = asked.output()?;
    let Some(picture) = asked.pictures.first().cloned() else {
        return Err(ApiError::invalid("image", "a picture is needed"));
    };
    let jobs = match asked.engine(&app)? {
        Engine::Checkpoint(model) => {
            let settings = params(json!({"model": model, "variants": output.count}));
            vec![submission("reimagine", settings, &[("picture", &picture)])]
        }
        Engine::Style(style) => {
            let seeded =
                |n: u64| submission("restyle", params(json!({"style": style, "seed": n})), &[("picture", &picture)]);
            (0..output.count).map(seeded).collect()
        }
        Engine::Erase => {
            return Err(ApiError { field: Some("model".to_owned()), ..needs_checkpoint("images/variations") });
        }
    };
    let size = output.size;
    reply(app, &headers, Order { kind: "image_edit", jobs, size, output }, asked).await
}
