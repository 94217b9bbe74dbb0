//! AUTOMATIC1111's API under `/sdapi/v1`: routes, defaults, answers and errors of its `modules/api/api.py` and
//! `models.py`. Where nothing here can do what is asked, the answer says so; docs/compatible-apis.md lists it.

#![allow(clippy::result_large_err, reason = "an error ends the request: it is made once and answered")]

mod extras;
mod fields;
mod generate;
mod img2img;
mod info;
mod lists;
mod options;
mod progress;
mod second_pass;
mod shape;
mod txt2img;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

pub(crate) use options::State;
pub(crate) use shape::body as error_body;

use crate::Shared;

/// The routes at the root: `/sdapi/v1`, `/internal`, `/controlnet`.
pub(crate) fn routes(app: &Shared) -> Router<Shared> {
    // Base64 takes a third more; a request holds a picture, its mask and a few more.
    let body = usize::try_from(app.options.queue.file_bytes).unwrap_or(usize::MAX).saturating_mul(3);
    let api = Router::new()
        .route("/txt2img", post(txt2img::txt2img))
        .route("/img2img", post(img2img::img2img))
        .route("/extra-single-image", post(extras::single))
        .route("/extra-batch-images", post(extras::batch))
        .route("/png-info", post(info::png_info))
        .route("/interrogate", post(info::interrogate))
        .route("/progress", get(progress::progress))
        .route("/interrupt", post(progress::interrupt))
        .route("/skip", post(progress::skip))
        .route("/options", get(options::get).post(options::set))
        .route("/cmd-flags", get(lists::empty_object))
        .route("/samplers", get(lists::samplers))
        .route("/schedulers", get(lists::schedulers))
        .route("/upscalers", get(lists::upscalers))
        .route("/latent-upscale-modes", get(lists::latent_upscalers))
        .route("/sd-models", get(lists::models))
        .route("/sd-vae", get(lists::empty_list))
        .route("/sd-modules", get(lists::empty_list))
        .route("/hypernetworks", get(lists::empty_list))
        .route("/face-restorers", get(lists::empty_list))
        .route("/realesrgan-models", get(lists::realesrgan))
        .route("/prompt-styles", get(lists::empty_list))
        .route("/embeddings", get(lists::embeddings))
        .route("/loras", get(lists::empty_list))
        .route("/memory", get(lists::memory))
        .route("/scripts", get(lists::scripts))
        .route("/script-info", get(lists::empty_list))
        .route("/extensions", get(lists::empty_list))
        .route("/refresh-checkpoints", post(lists::done))
        .route("/refresh-vae", post(lists::done))
        .route("/refresh-embeddings", post(lists::done))
        .route("/refresh-loras", post(lists::done))
        .route("/unload-checkpoint", post(lists::done))
        .route("/reload-checkpoint", post(lists::done))
        .method_not_allowed_fallback(lists::wrong_method)
        .fallback(lists::nothing);
    Router::new()
        .nest("/sdapi/v1", api)
        .route("/internal/ping", get(lists::empty_object))
        .route("/internal/progress", post(progress::of_task))
        .route("/controlnet/version", get(lists::no_controlnet))
        .route("/controlnet/settings", get(lists::no_controlnet))
        .route("/controlnet/model_list", get(lists::controlnet_models))
        .route("/controlnet/module_list", get(lists::controlnet_modules))
        .route("/controlnet/control_types", get(lists::no_controlnet))
        .route("/controlnet/detect", post(lists::no_controlnet))
        .layer(DefaultBodyLimit::max(body))
}
