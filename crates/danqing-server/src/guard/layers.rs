//! The layers around all routes.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_TYPE, RETRY_AFTER, VARY, WWW_AUTHENTICATE,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};

use super::headers;
use super::hosts::{self, Stranger};
use super::remainder;
use crate::Shared;
use crate::error::ApiError;
use crate::language::Language;
use crate::routes::Shape;

/// Who asks; put into the request for handlers.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) address: IpAddr,
}

/// The routes, guarded.
pub(crate) fn guarded(routes: Router<Shared>, app: &Shared) -> Router {
    let layer = middleware::from_fn_with_state(app.clone(), guard);
    let outermost = middleware::from_fn_with_state(app.clone(), outermost);
    routes.layer(layer).layer(outermost).layer(middleware::from_fn(remainder::drained)).with_state(app.clone())
}

/// Request id, log, metrics; errors get their language here.
async fn outermost(State(app): State<Shared>, mut request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let id = app.metrics.next_request();
    let language = Language::of(request.headers());
    let address = request.extensions().get::<ConnectInfo<SocketAddr>>().map_or(IpAddr::from([0; 4]), |c| c.0.ip());
    request.extensions_mut().insert(Caller { address });
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let (is_page, shape) = (!is_api(&path), Shape::of(&path));
    let mut response = next.run(request).await;
    if let Some(error) = response.extensions_mut().remove::<ApiError>() {
        let (status, body) = shape.written(&error, &id, |message| app.said(message, language));
        *response.status_mut() = status;
        *response.body_mut() = Body::from(body.to_string());
        response.headers_mut().remove(axum::http::header::CONTENT_LENGTH);
    }
    headers::add(response.headers_mut(), is_page);
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("x-request-id", value);
    }
    let route = response.extensions().get::<MatchedPath>().map_or("other", |path| path.as_str()).to_owned();
    let (status, took) = (response.status(), begun.elapsed());
    app.metrics.request(&method, &route, status, took);
    let (status, millis) = (status.as_u16(), took.as_millis() as u64);
    tracing::info!(request_id = id, %method, route, status, millis, %address, "request");
    response
}

/// Whether programs ask for it, not people.
fn is_api(path: &str) -> bool {
    ["/api/", "/sdapi/", "/v1/", "/internal/", "/controlnet/", "/metrics"].iter().any(|start| path.starts_with(start))
}

/// What comes without a token: the page itself, which asks for it, and what says that the server is there.
fn is_open(method: &Method, path: &str) -> bool {
    let of_page = !is_api(path) && (method == Method::GET || method == Method::HEAD);
    of_page || path == "/api/v1/health" || (path == "/api/v1/session" && method == Method::POST)
}

/// Rate, host and origin, token: a request that passes is answered.
async fn guard(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let address = request.extensions().get::<Caller>().map_or(IpAddr::from([0; 4]), |caller| caller.address);
    if let Err(seconds) = app.rates.request(address) {
        return too_many("too many requests", seconds);
    }
    let allowed = match hosts::check(&app.options, request.method(), request.uri(), request.headers()) {
        Ok(allowed) => allowed,
        Err(stranger) => return refused(&stranger),
    };
    if let (Some(origin), &Method::OPTIONS) = (&allowed, request.method()) {
        return preflight(origin);
    }
    let mut response = match admitted(&app, address, &request) {
        Ok(()) => {
            let matched = request.extensions().get::<MatchedPath>().cloned();
            let mut response = next.run(request).await;
            if let Some(matched) = matched {
                response.extensions_mut().insert(matched);
            }
            response
        }
        Err(response) => *response,
    };
    if let Some(origin) = allowed {
        allow(response.headers_mut(), &origin);
    }
    response
}

fn admitted(app: &Shared, address: IpAddr, request: &Request) -> Result<(), Box<Response>> {
    if !app.keys.is_needed() || is_open(request.method(), request.uri().path()) {
        return Ok(());
    }
    app.rates.may_try(address).map_err(|seconds| Box::new(too_many("too many wrong tokens", seconds)))?;
    if app.keys.admits(request.headers()) {
        return Ok(());
    }
    if request.headers().contains_key(axum::http::header::AUTHORIZATION) {
        app.rates.wrong_token(address);
    }
    let error = ApiError::new(StatusCode::UNAUTHORIZED, "token_needed", "this studio asks for its token");
    let hint = "send it as `Authorization: Bearer TOKEN`, or as the password of Basic auth";
    let mut response = error.with_hint(hint).into_response();
    // A page that asks by itself gets no browser's dialog on top.
    if !request.headers().contains_key("sec-fetch-mode") {
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"danqing\""));
    }
    Err(Box::new(response))
}

pub(crate) fn too_many(message: &str, seconds: u64) -> Response {
    let error = ApiError::new(StatusCode::TOO_MANY_REQUESTS, "too_many", message);
    let mut response = error.with_hint("wait a little, then try again").into_response();
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    response
}

fn refused(stranger: &Stranger) -> Response {
    let error = match stranger {
        Stranger::Host(host) => {
            let host: String = host.chars().take(100).collect();
            let message = format!("this studio is not reached under the name {host:?}");
            ApiError::new(StatusCode::FORBIDDEN, "host_refused", message).with_hint("allow it with --allow-host NAME")
        }
        Stranger::Origin(origin) => {
            let origin: String = origin.chars().take(100).collect();
            let message = format!("pages of {origin:?} may not use this studio");
            let error = ApiError::new(StatusCode::FORBIDDEN, "origin_refused", message);
            error.with_hint("allow them with --allow-origin ORIGIN")
        }
    };
    error.into_response()
}

fn preflight(origin: &str) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    allow(headers, origin);
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, PATCH, DELETE"));
    let names = HeaderValue::from_static("authorization, content-type, idempotency-key, last-event-id");
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, names);
    headers.remove(CONTENT_TYPE);
    response
}

fn allow(headers: &mut HeaderMap, origin: &str) {
    if let Ok(origin) = HeaderValue::from_str(origin) {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        headers.insert(VARY, HeaderValue::from_static("origin"));
        headers.insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
    }
}
