//! Who may come in: bearers of the token, by header, by Basic auth (any user, the token as password) or by cookie.

use std::fmt::Write as _;

use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, COOKIE as COOKIE_HEADER};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Name of the cookie that `POST /session` sets.
pub(crate) const COOKIE: &str = "danqing_session";

/// What lets people in; without a token, everybody.
pub(crate) struct Keys(Option<Hashes>);

/// Only hashes are kept and compared: they have one length, and comparing them tells nothing about the token.
struct Hashes {
    token: [u8; 32],
    cookie: [u8; 32],
    cookie_text: String,
}

/// Two lower-case digits for each byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn hash(text: &[u8]) -> [u8; 32] {
    Sha256::digest(text).into()
}

impl Keys {
    pub(crate) fn new(token: Option<&str>) -> Self {
        Self(token.map(|token| {
            // Known to the browser in place of the token; another token makes another cookie.
            let secret = hash(format!("danqing session of {token}").as_bytes());
            let cookie_text = hex(&secret);
            Hashes { token: hash(token.as_bytes()), cookie: hash(cookie_text.as_bytes()), cookie_text }
        }))
    }

    pub(crate) fn is_needed(&self) -> bool {
        self.0.is_some()
    }

    /// The value of the cookie, for somebody who knows the token.
    pub(crate) fn cookie_for(&self, token: &str) -> Option<&str> {
        let hashes = self.0.as_ref()?;
        bool::from(hash(token.as_bytes()).ct_eq(&hashes.token)).then_some(hashes.cookie_text.as_str())
    }

    /// Whether the request comes from somebody who knows the token.
    pub(crate) fn admits(&self, headers: &HeaderMap) -> bool {
        let Some(hashes) = &self.0 else { return true };
        let of_header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(password);
        if let Some(password) = of_header {
            return hash(password.as_bytes()).ct_eq(&hashes.token).into();
        }
        let cookies = headers.get_all(COOKIE_HEADER).into_iter().filter_map(|value| value.to_str().ok());
        let mut values = cookies.flat_map(|line| line.split(';')).filter_map(|pair| {
            let (name, value) = pair.trim().split_once('=')?;
            (name == COOKIE).then_some(value)
        });
        values.any(|value| hash(value.as_bytes()).ct_eq(&hashes.cookie).into())
    }
}

/// What `Bearer` or `Basic` carries.
fn password(header: &str) -> Option<String> {
    let (scheme, rest) = header.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.trim().to_owned());
    }
    if scheme.eq_ignore_ascii_case("basic") {
        let decoded = String::from_utf8(BASE64_STANDARD.decode(rest.trim()).ok()?).ok()?;
        return Some(decoded.split_once(':')?.1.to_owned());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn admits(keys: &Keys, name: axum::http::HeaderName, value: &str) -> bool {
        keys.admits(&HeaderMap::from_iter([(name, HeaderValue::from_str(value).expect("a value"))]))
    }

    #[test]
    fn the_token_lets_in_by_any_of_the_three_ways_and_nothing_else_does() {
        let keys = Keys::new(Some("open-sesame"));
        let cookie = keys.cookie_for("open-sesame").expect("known").to_owned();
        assert_eq!(keys.cookie_for("open-sesam"), None);
        let basic = |text: &str| format!("Basic {}", BASE64_STANDARD.encode(text));
        for value in ["Bearer open-sesame", "bearer  open-sesame", &basic("me:open-sesame"), &basic(":open-sesame")] {
            assert!(admits(&keys, AUTHORIZATION, value), "{value}");
        }
        for value in ["Bearer open-sesam", "Bearer ", "open-sesame", "Basic %", &basic("open-sesame"), &basic("a:b")] {
            assert!(!admits(&keys, AUTHORIZATION, value), "{value}");
        }
        assert!(admits(&keys, COOKIE_HEADER, &format!("a=b; {COOKIE}={cookie}")));
        for value in ["", &format!("{COOKIE}=open-sesame"), &format!("{COOKIE}2={cookie}"), &format!("{COOKIE}=")] {
            assert!(!admits(&keys, COOKIE_HEADER, value), "{value}");
        }
        assert!(!keys.admits(&HeaderMap::new()) && keys.is_needed());
    }

    #[test]
    fn another_token_makes_another_cookie_and_none_admits_everybody() {
        let cookie = |token| Keys::new(Some(token)).cookie_for(token).expect("known").to_owned();
        assert_ne!(cookie("a"), cookie("b"));
        assert!(Keys::new(None).admits(&HeaderMap::new()));
    }
}
