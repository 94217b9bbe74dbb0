//! Whose fault an error is, so that every front answers alike.

use crate::Cancelled;

/// Whose fault an error is: decides exit code and HTTP status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Class {
    /// The request does not make sense (exit 2, HTTP 400).
    Caller,
    /// A file is missing, damaged or not what it says (exit 3, HTTP 400).
    File,
    /// The request is larger than this installation allows (exit 4, HTTP 413).
    Limit,
    /// The request is sound, but danqing can't do it (exit 5, HTTP 501).
    Unsupported,
    /// A model has to be fetched first (exit 6, HTTP 424).
    MissingModel,
    /// The network, the disk or the machine said no (exit 7, HTTP 503).
    Environment,
    /// The caller stopped it (exit 130, HTTP 499).
    Cancelled,
    /// A defect of danqing (exit 70, HTTP 500).
    Bug,
}

/// An error that knows its class and may know a way out.
pub trait Classified: std::error::Error {
    /// Whose fault it is.
    fn class(&self) -> Class;

    /// One sentence that helps: a command, a value that would work.
    fn hint(&self) -> Option<String> {
        None
    }
}

impl Classified for Cancelled {
    fn class(&self) -> Class {
        Class::Cancelled
    }
}

/// An error whose type no longer matters: message, class, hint and the cause for logs.
#[derive(Debug)]
pub struct Failure {
    class: Class,
    message: String,
    hint: Option<String>,
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Failure {
    /// From a message alone.
    pub fn new(class: Class, message: impl Into<String>) -> Self {
        Self { class, message: message.into(), hint: None, cause: None }
    }

    /// Adds the way out.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// From a typed error; its text is the message.
    pub fn from_error(error: impl Classified + Send + Sync + 'static) -> Self {
        Self { class: error.class(), message: error.to_string(), hint: error.hint(), cause: Some(Box::new(error)) }
    }
}

impl Classified for Failure {
    fn class(&self) -> Class {
        self.class
    }

    fn hint(&self) -> Option<String> {
        self.hint.clone()
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_deref().and_then(std::error::Error::source)
    }
}
