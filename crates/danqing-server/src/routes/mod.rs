//! Routes by front: `native` is danqing's own; others stand beside it and go through [`crate::App`].

pub(crate) mod a1111;
pub(crate) mod bodies;
pub(crate) mod front;
mod metrics;
pub(crate) mod native;
pub(crate) mod openai;
mod shape;

pub(crate) use shape::Shape;

use axum::Router;
use axum::routing::get;

use crate::{Shared, guard, page};

/// Every route, guarded.
pub(crate) fn all(app: &Shared) -> Router {
    let routes = Router::new()
        .nest("/api/v1", native::routes(app))
        .merge(a1111::routes(app))
        .merge(openai::routes(app))
        .route("/metrics", get(metrics::metrics))
        .fallback(page::fallback);
    guard::guarded(routes, app)
}
