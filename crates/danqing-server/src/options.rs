//! How the server is to run, and what is refused before it starts.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use danqing_capability::{Class, Classified, Failure};
use danqing_jobs::queue::QueueOptions;

use crate::logs::LogFormat;

/// Shortest token for an address that others can reach.
const TOKEN_LENGTH: usize = 12;

/// How the server is to run.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// Address to listen on.
    pub host: IpAddr,
    /// Port; 0 takes any that is free.
    pub port: u16,
    /// What everybody has to know to come in. Never logged.
    pub token: Option<String>,
    /// Names, besides addresses and `localhost`, under which browsers may reach the server.
    pub hosts: Vec<String>,
    /// Origins of other pages that may use the API, e.g. `http://localhost:3000`.
    pub origins: Vec<String>,
    /// Requests per second from one address, on average; twenty times as many may come at once.
    pub rate: u32,
    /// Time that a request may take to be read and answered; events and waiting answers are not counted.
    pub request_time: Duration,
    /// How logs look.
    pub logs: LogFormat,
    /// What jobs may cost.
    pub queue: QueueOptions,
    /// English → Chinese, for messages of the libraries.
    pub translate: fn(&str) -> Option<String>,
}

impl Default for ServerOptions {
    /// `127.0.0.1:7860`, no token.
    fn default() -> Self {
        Self {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 7860,
            token: None,
            hosts: Vec::new(),
            origins: Vec::new(),
            rate: 200,
            request_time: Duration::from_mins(1),
            logs: LogFormat::Text,
            queue: QueueOptions::default(),
            translate: |_| None,
        }
    }
}

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Others can reach it, and nothing keeps them out.
    #[error("listening on {host} needs a token: everybody in the network could use this studio")]
    NeedsToken {
        /// The address.
        host: IpAddr,
    },
    /// The token can be guessed.
    #[error("the token has {actual} signs, at least {expected} are needed on {host}")]
    ShortToken {
        /// Signs given.
        actual: usize,
        /// Signs needed.
        expected: usize,
        /// The address.
        host: IpAddr,
    },
    /// The token can't be sent in a header.
    #[error("the token may hold plain letters, digits and signs only, no spaces")]
    StrangeToken,
    /// The address is taken, or not one of this machine.
    #[error("{address} can't be listened on: {source}")]
    Address {
        /// Address and port.
        address: String,
        /// What the system says.
        source: std::io::Error,
    },
}

impl Classified for Error {
    fn class(&self) -> Class {
        match self {
            Self::Address { .. } => Class::Environment,
            _ => Class::Caller,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NeedsToken { .. } => "set DANQING_TOKEN or --token, or listen on 127.0.0.1 only".to_owned(),
            Self::ShortToken { .. } | Self::StrangeToken => "`openssl rand -hex 16` makes a good one".to_owned(),
            Self::Address { .. } => "choose another one with --port".to_owned(),
        })
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::from_error(error)
    }
}

impl ServerOptions {
    /// Refuses what would let strangers in.
    ///
    /// # Errors
    /// [`Error`].
    pub fn check(&self) -> Result<(), Error> {
        let host = self.host;
        let Some(token) = &self.token else {
            return if host.is_loopback() { Ok(()) } else { Err(Error::NeedsToken { host }) };
        };
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::StrangeToken);
        }
        let actual = token.len();
        if actual < TOKEN_LENGTH && !host.is_loopback() {
            return Err(Error::ShortToken { actual, expected: TOKEN_LENGTH, host });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_are_let_in_only_with_a_token_that_is_hard_to_guess() {
        let checked = |host: &str, token: Option<&str>| {
            let host = host.parse().expect("an address");
            let options = ServerOptions { host, token: token.map(str::to_owned), ..ServerOptions::default() };
            options.check().map_err(|e| e.to_string())
        };
        for (host, token) in
            [("127.0.0.1", None), ("::1", None), ("127.0.0.1", Some("x")), ("0.0.0.0", Some("0123456789ab"))]
        {
            checked(host, token).expect(host);
        }
        for (host, token, message) in [
            ("0.0.0.0", None, "listening on 0.0.0.0 needs a token"),
            ("::", None, "listening on :: needs a token"),
            ("192.168.0.2", Some("short"), "the token has 5 signs, at least 12 are needed on 192.168.0.2"),
            ("127.0.0.1", Some(""), "the token may hold plain"),
            ("0.0.0.0", Some("a space in it 123"), "the token may hold plain"),
        ] {
            let error = checked(host, token).expect_err(message);
            assert!(error.starts_with(message), "{error}");
        }
    }
}
