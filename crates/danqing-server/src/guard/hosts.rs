//! Which names and pages may reach the server. A page elsewhere can make a browser send requests here, under a name that
//! it has turned to this machine (DNS rebinding) or across origins; neither gets an answer.

use std::net::IpAddr;

use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, Method, Uri};

use crate::ServerOptions;

/// Why a request is not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stranger {
    /// The name is none of this server's.
    Host(String),
    /// Another page asks.
    Origin(String),
}

/// Refuses names and origins that are not this server's; gives an origin that is allowed beside it.
pub(crate) fn check(
    options: &ServerOptions,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Option<String>, Stranger> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?").to_owned());
    let host = text(HOST).or_else(|| uri.authority().map(ToString::to_string)).unwrap_or_default();
    if headers.get_all(HOST).iter().count() > 1 || !is_own(options, &host) {
        return Err(Stranger::Host(host));
    }
    match text(ORIGIN) {
        Some(origin) if is_same(&origin, &host) => Ok(None),
        Some(origin) if options.origins.iter().any(|allowed| allowed.trim_end_matches('/') == origin) => {
            Ok(Some(origin))
        }
        Some(origin) => Err(Stranger::Origin(origin)),
        None => match headers.get("sec-fetch-site").and_then(|value| value.to_str().ok()) {
            // Following a link to the page is fine; a picture or a form of another page is not.
            Some("cross-site" | "same-site") if !is_visit(method, headers) => Err(Stranger::Origin("?".to_owned())),
            _ => Ok(None),
        },
    }
}

/// A person goes to the page, or opens a picture in a tab of its own.
fn is_visit(method: &Method, headers: &HeaderMap) -> bool {
    let is = |name: &str, wanted: &str| headers.get(name).is_some_and(|value| value == wanted);
    method == Method::GET && is("sec-fetch-mode", "navigate") && is("sec-fetch-dest", "document")
}

fn is_same(origin: &str, host: &str) -> bool {
    let rest = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    rest.is_some_and(|rest| rest.eq_ignore_ascii_case(host))
}

/// Addresses, `localhost` and the names that were allowed. On a loopback address only those that mean this machine.
fn is_own(options: &ServerOptions, host: &str) -> bool {
    let Some(name) = without_port(host) else { return false };
    if options.hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(name)) {
        return true;
    }
    if name.eq_ignore_ascii_case("localhost") {
        return true;
    }
    match name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
        Ok(address) => !options.host.is_loopback() || address.is_loopback(),
        Err(_) => false,
    }
}

/// `[::1]:7860` → `[::1]`, `localhost:7860` → `localhost`.
fn without_port(host: &str) -> Option<&str> {
    let end = if host.starts_with('[') { host.find(']')? + 1 } else { host.find(':').unwrap_or(host.len()) };
    let (name, rest) = host.split_at(end);
    let is_port = rest.is_empty() || rest.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok());
    (is_port && !name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    fn checked(bound: &str, headers: &[(&str, &str)]) -> Result<Option<String>, Stranger> {
        let options = ServerOptions {
            host: bound.parse().expect("an address"),
            hosts: vec!["studio.lan".to_owned()],
            origins: vec!["http://localhost:3000/".to_owned()],
            ..ServerOptions::default()
        };
        let pairs = headers.iter().map(|(name, value)| {
            (name.parse::<HeaderName>().expect("a name"), HeaderValue::from_str(value).expect("a value"))
        });
        check(&options, &Method::GET, &Uri::from_static("/api"), &pairs.collect::<HeaderMap>())
    }

    #[test]
    fn only_names_of_this_machine_reach_a_server_for_this_machine() {
        for host in ["127.0.0.1:7860", "localhost", "LOCALHOST:1", "[::1]:7860", "127.0.0.1", "studio.lan:80"] {
            assert_eq!(checked("127.0.0.1", &[("host", host)]), Ok(None), "{host}");
        }
        for host in ["evil.example", "127.0.0.1.evil.example", "192.168.0.2", "", "localhost:x", "[::1", "a@127.0.0.1"]
        {
            let refused = Err(Stranger::Host(host.to_owned()));
            assert_eq!(checked("127.0.0.1", &[("host", host)]), refused, "{host}");
        }
        assert_eq!(checked("0.0.0.0", &[("host", "192.168.0.2:7860")]), Ok(None));
        assert!(checked("0.0.0.0", &[("host", "evil.example:7860")]).is_err());
        assert!(checked("127.0.0.1", &[]).is_err());
        assert!(checked("127.0.0.1", &[("host", "localhost"), ("host", "localhost")]).is_err());
    }

    #[test]
    fn only_the_own_page_and_allowed_ones_may_ask() {
        let asked = |headers: &[(&str, &str)]| checked("127.0.0.1", &[&[("host", "127.0.0.1:7860")], headers].concat());
        assert_eq!(asked(&[("origin", "http://127.0.0.1:7860")]), Ok(None));
        assert_eq!(asked(&[("origin", "http://localhost:3000")]), Ok(Some("http://localhost:3000".to_owned())));
        for origin in ["null", "http://evil.example", "http://127.0.0.1:7861", "http://localhost:7860", "file://"] {
            assert_eq!(asked(&[("origin", origin)]), Err(Stranger::Origin(origin.to_owned())), "{origin}");
        }
        assert!(asked(&[("sec-fetch-site", "same-origin")]).is_ok());
        assert!(asked(&[("sec-fetch-site", "none")]).is_ok());
        assert!(asked(&[("sec-fetch-site", "cross-site")]).is_err());
        let visit = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
        assert!(asked(&visit).is_ok());
    }
}
