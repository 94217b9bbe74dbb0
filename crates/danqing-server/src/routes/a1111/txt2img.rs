//! Pictures from words: `reimagine` without a picture, with a checkpoint.

use axum::extract::State;
use axum::response::Response;
use serde_json::json;

use super::fields::Fields;
use super::generate::{Answer, Common};
use super::progress::run;
use super::second_pass;
use crate::Shared;
use crate::error::ApiError;
use crate::routes::bodies::Raw;
use crate::routes::front::{Engine, needs_checkpoint, submission};

pub(super) async fn txt2img(State(app): State<Shared>, Raw(body): Raw) -> Result<Response, ApiError> {
    let mut fields = Fields::read(&body)?;
    let common = Common::read(&app, &mut fields)?;
    let Engine::Checkpoint(name) = &common.engine else { return Err(needs_checkpoint("txt2img")) };
    let mut params = common.sampling.clone();
    let (width, height) = common.size_or_default();
    params.extend(second_pass::read(&mut fields, (width, height))?);
    for (key, value) in [("width", width), ("height", height), ("variants", common.count as u64)] {
        params.insert(key.to_owned(), json!(value));
    }
    params.insert("model".to_owned(), json!(name));
    params.extend(common.seed.map(|seed| ("seed".to_owned(), json!(seed))));
    let jobs = run(&app, submission("reimagine", params, &[])).await?.into_iter().collect();
    Answer::of(jobs).response(&app, &common, fields).await
}
