//! Routes by front: `native` is danqing's own; others stand beside it and go through [`crate::App`].

mod metrics;
pub(crate) mod native;

use axum::Router;
use axum::routing::get;

use crate::{Shared, guard, page};

/// Every route, guarded.
pub(crate) fn all(app: &Shared) -> Router {
    let routes = Router::new()
        .nest("/api/v1", native::routes(app))
        .route("/metrics", get(metrics::metrics))
        .fallback(page::fallback);
    guard::guarded(routes, app)
}
