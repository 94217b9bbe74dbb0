//! The page, as it was built into the binary; without it, a plain page that says how to build it.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use crate::error::ApiError;
use crate::guard::hex;

include!(concat!(env!("OUT_DIR"), "/page.rs"));

/// Shown where the page has not been built.
const NOT_BUILT: &str = "<!doctype html><html lang=en><meta charset=utf-8><title>danqing 丹青</title>\
    <h1>danqing 丹青</h1><p>The page has not been built into this binary: <code>make build</code> does it. \
    The API is here: <a href=/api/v1/openapi.json>openapi.json</a>.\
    <p lang=zh>这个程序里没有网页：请用 <code>make build</code> 构建。API 在这里：\
    <a href=/api/v1/openapi.json>openapi.json</a>。</html>";

/// A file of the page; every other path that looks like one of the page's own is the page.
pub(crate) async fn fallback(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path();
    let is_of_page = !path.starts_with("/api/") && (method == Method::GET || method == Method::HEAD);
    let found = is_of_page.then(|| file(path)).flatten();
    match found {
        Some((name, bytes)) => answer(name, bytes, &headers),
        None if is_of_page && FILES.is_empty() && path == "/" => {
            ([(CONTENT_TYPE, "text/html; charset=utf-8")], NOT_BUILT).into_response()
        }
        None => ApiError::not_found("there is nothing at this address").into_response(),
    }
}

/// By its name, else the page for a path without a file's ending.
fn file(path: &str) -> Option<(&'static str, &'static [u8])> {
    let named = |name: &str| FILES.iter().find(|(known, _)| *known == name).map(|(name, bytes)| (*name, *bytes));
    let is_view = !path.rsplit('/').next().unwrap_or_default().contains('.') && !path.starts_with("/assets/");
    named(path).or_else(|| if is_view { named("/index.html") } else { None })
}

fn answer(name: &'static str, bytes: &'static [u8], headers: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", hex(&Sha256::digest(bytes)[..12]));
    // Names under /assets hold a hash of the content.
    let lasting = if name.starts_with("/assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response = if headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(CONTENT_TYPE, media_type(name))], bytes).into_response()
    };
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(lasting));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "wasm" => "application/wasm",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
