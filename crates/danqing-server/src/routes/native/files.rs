//! Files and thumbnails out.

use std::fmt::Write as _;

use axum::body::Body as Stream;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use danqing_capability::{CancelToken, Failure};
use danqing_jobs::content::{clean_name, thumbnail_side};
use serde::Deserialize;
use tokio_util::io::ReaderStream;

use super::body::{Asked, Named};
use crate::Shared;
use crate::error::ApiError;

/// What is known by its content never changes.
const FOR_EVER: &str = "private, max-age=31536000, immutable";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Download {
    name: Option<String>,
}

/// A file; with a name, to be saved under it.
pub(super) async fn file(
    State(app): State<Shared>,
    Named(sha256): Named,
    Asked(Download { name }): Asked<Download>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let wanted = sha256.clone();
    let known = app.blocking(move |queue| queue.file(&wanted)).await?;
    let path = app.queue.content().path(&sha256).map_err(Failure::from)?;
    let mut response = if is_known(&headers, &sha256) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let file = tokio::fs::File::open(path).await;
        let file = file.map_err(|_| ApiError::not_found(format!("there is no file with the sha256 {sha256}")))?;
        let mut response = Stream::from_stream(ReaderStream::with_capacity(file, 64 << 10)).into_response();
        response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(known.bytes));
        response
    };
    let headers = response.headers_mut();
    lasting(headers, &known.media_type, &sha256);
    if let Some(value) = name.and_then(|name| HeaderValue::from_str(&disposition(&clean_name(&name))).ok()) {
        headers.insert(CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Size {
    #[serde(default = "usual")]
    size: u32,
}

fn usual() -> u32 {
    256
}

/// A small picture, made when it is asked for first.
pub(super) async fn thumbnail(
    State(app): State<Shared>,
    Named(sha256): Named,
    Asked(Size { size }): Asked<Size>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let wanted = sha256.clone();
    let _known = app.blocking(move |queue| queue.file(&wanted)).await?;
    let tag = format!("{sha256}-{}", thumbnail_side(size));
    if is_known(&headers, &tag) {
        return Ok(StatusCode::NOT_MODIFIED.into_response());
    }
    let is_there = app.queue.content().has_thumbnail(&sha256, size);
    // The semaphore is never closed.
    let _decoding = if is_there { None } else { app.decoding.acquire().await.ok() };
    let made = app.blocking(move |queue| queue.content().thumbnail(&sha256, size, &CancelToken::default())).await?;
    let mut response = made.bytes.into_response();
    lasting(response.headers_mut(), made.media_type, &tag);
    Ok(response)
}

fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let known = headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
    known.split(',').any(|one| one.trim().trim_start_matches("W/").trim_matches('"') == tag)
}

fn lasting(headers: &mut HeaderMap, media_type: &str, tag: &str) {
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(FOR_EVER));
    for (name, value) in [(CONTENT_TYPE, media_type), (ETAG, &format!("\"{tag}\""))] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
}

/// A download's name in any script, as RFC 6266 and RFC 8187 say.
fn disposition(name: &str) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_graphic() && !"\"\\%".contains(c) || c == ' ' { c } else { '_' }).collect();
    let mut coded = String::new();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => coded.push(char::from(byte)),
            // Writing to a String cannot fail.
            other => drop(write!(coded, "%{other:02X}")),
        }
    }
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{coded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_download_has_a_name_in_any_script() {
        assert_eq!(
            disposition("江雪 a\".png"),
            "attachment; filename=\"__ a_.png\"; filename*=UTF-8''%E6%B1%9F%E9%9B%AA%20a%22.png"
        );
    }
}
