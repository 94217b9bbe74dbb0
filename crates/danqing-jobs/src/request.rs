//! What was typed: the request, the same from every front.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use danqing_capability::{Arity, Class, Classified, Failure, Port};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::plain_words::in_plain_words;

/// One request for one capability; what the command line, a request file and the server all become.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobRequest {
    /// Capability id, e.g. `erase`.
    pub capability: String,
    /// Parameters by name; what is left out gets its default.
    #[serde(default)]
    pub params: Map<String, Value>,
    /// Where each input lies, by port name: one place or a list of places.
    #[serde(default)]
    pub inputs: BTreeMap<String, Places>,
    /// Where the outputs go, by port name.
    #[serde(default)]
    pub outputs: BTreeMap<String, Place>,
    /// How outputs become files.
    #[serde(default)]
    pub encoding: Encoding,
    /// Whether existing files may be replaced.
    #[serde(default)]
    pub overwrite: bool,
}

/// A file, or the standard stream, written `-`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Place {
    /// Standard input or output.
    Stream,
    /// A file by its path.
    File(PathBuf),
}

impl Place {
    /// From a command-line argument; a file really named `-` is written `./-`.
    #[must_use]
    pub fn from_argument(argument: &std::ffi::OsStr) -> Self {
        if argument == "-" { Self::Stream } else { Self::File(PathBuf::from(argument)) }
    }

    /// The path, unless it is a stream.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Stream => None,
            Self::File(path) => Some(path),
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Stream => f.write_str("-"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

impl From<String> for Place {
    fn from(text: String) -> Self {
        Self::from_argument(text.as_ref())
    }
}

impl From<Place> for String {
    fn from(place: Place) -> Self {
        place.to_string()
    }
}

/// One place, or several for a port that takes many.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Places {
    /// Exactly one.
    One(Place),
    /// Any number, in order.
    Many(Vec<Place>),
}

impl Places {
    /// All of them, in order.
    #[must_use]
    pub fn as_slice(&self) -> &[Place] {
        match self {
            Self::One(place) => std::slice::from_ref(place),
            Self::Many(places) => places,
        }
    }
}

impl From<Place> for Places {
    fn from(place: Place) -> Self {
        Self::One(place)
    }
}

/// How an output becomes a file. In a [`crate::Recipe`] `format` is always set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Encoding {
    /// File format, e.g. `png`; without it, what the name of the output says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// `1..=100` for lossy formats; WebP without a quality is lossless.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub quality: Option<u8>,
    /// Bits per sample, 8 or 16; without it, those of the result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depth: Option<u8>,
    /// Whether EXIF, XMP, texts and the recipe are left out of the file.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub strip_metadata: bool,
}

/// Why a request does not fit its capability.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The request is not what [`JobRequest`] says.
    #[error("the request is not valid: {}", in_plain_words(&.0.to_string()))]
    NotARequest(#[from] serde_json::Error),
    /// No port of that name.
    #[error("{capability} has no input named {name:?} (it has {known})")]
    UnknownInput {
        /// Capability asked for.
        capability: &'static str,
        /// Name given.
        name: String,
        /// Names it has.
        known: String,
    },
    /// An input that must be there is not.
    #[error("{capability} needs an input: {name}")]
    MissingInput {
        /// Capability asked for.
        capability: &'static str,
        /// Port without a medium.
        name: &'static str,
    },
    /// More media than the port takes.
    #[error("{capability} takes one {name}, got {actual}")]
    TooManyInputs {
        /// Capability asked for.
        capability: &'static str,
        /// The port.
        name: &'static str,
        /// Media given.
        actual: usize,
    },
    /// Standard input can be read once.
    #[error("standard input is named {actual} times, it can be read only once")]
    StreamTwice {
        /// How often.
        actual: usize,
    },
}

impl Classified for Error {
    fn class(&self) -> Class {
        Class::Caller
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownInput { capability, .. } | Self::MissingInput { capability, .. } => {
                Some(format!("`danqing {capability} --help` lists the options"))
            }
            _ => None,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::from_error(error)
    }
}

impl JobRequest {
    /// From JSON text.
    ///
    /// # Errors
    /// [`Error::NotARequest`] with line and column; unknown fields are refused.
    pub fn from_json(text: &str) -> Result<Self, Error> {
        Ok(serde_json::from_str(text)?)
    }

    /// The same request with relative paths standing for what they are seen from `folder`: a request file can be moved
    /// together with its pictures and run from anywhere. Absolute paths and streams stay.
    #[must_use]
    pub fn seen_from(mut self, folder: &Path) -> Self {
        let seen = |place: &mut Place| {
            if let Place::File(path) = place {
                *path = folder.join(&path);
            }
        };
        for places in self.inputs.values_mut() {
            match places {
                Places::One(place) => seen(place),
                Places::Many(places) => places.iter_mut().for_each(seen),
            }
        }
        self.outputs.values_mut().for_each(seen);
        self
    }

    /// Places of the port's media, in order.
    #[must_use]
    pub fn places(&self, port: &str) -> &[Place] {
        self.inputs.get(port).map_or(&[], Places::as_slice)
    }

    /// Refuses unknown, missing and surplus inputs.
    pub(crate) fn check_inputs(&self, capability: &'static str, ports: &'static [Port]) -> Result<(), Error> {
        for name in self.inputs.keys() {
            if !ports.iter().any(|port| port.name == name) {
                let known = ports.iter().map(|port| port.name).collect::<Vec<_>>().join(", ");
                return Err(Error::UnknownInput { capability, name: name.clone(), known });
            }
        }
        for port in ports {
            let actual = self.places(port.name).len();
            if actual == 0 && port.arity == Arity::One {
                return Err(Error::MissingInput { capability, name: port.name });
            }
            if actual > 1 && port.arity != Arity::Many {
                return Err(Error::TooManyInputs { capability, name: port.name, actual });
            }
        }
        let actual = self.inputs.values().flat_map(Places::as_slice).filter(|p| **p == Place::Stream).count();
        if actual > 1 { Err(Error::StreamTwice { actual }) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use danqing_capability::Kind;

    const PORTS: &[Port] = &[
        Port { name: "photo", kind: Kind::Picture, arity: Arity::One, help: "the photo" },
        Port { name: "mask", kind: Kind::Mask, arity: Arity::Optional, help: "the mask" },
    ];

    #[test]
    fn inputs_that_do_not_fit_are_refused_by_name() {
        let cases = [
            (r#"{"capability":"x","inputs":{"phto":"a"}}"#, "x has no input named \"phto\" (it has photo, mask)"),
            (r#"{"capability":"x"}"#, "x needs an input: photo"),
            (r#"{"capability":"x","inputs":{"photo":["a","b"]}}"#, "x takes one photo, got 2"),
            (
                r#"{"capability":"x","inputs":{"photo":"-","mask":"-"}}"#,
                "standard input is named 2 times, it can be read only once",
            ),
        ];
        for (json, message) in cases {
            let request = JobRequest::from_json(json).expect(json);
            let error = request.check_inputs("x", PORTS).expect_err(message);
            assert_eq!(error.to_string(), message);
        }
    }

    #[test]
    fn relative_paths_are_seen_from_the_requests_folder() {
        let text =
            r#"{"capability":"x","inputs":{"photo":"江雪.png","mask":["/m/a.png","-"]},"outputs":{"o":"../o.png"}}"#;
        let request = JobRequest::from_json(text).expect("json").seen_from(Path::new("/r/q"));
        assert_eq!(request.places("photo"), [Place::File("/r/q/江雪.png".into())]);
        assert_eq!(request.places("mask"), [Place::File("/m/a.png".into()), Place::Stream]);
        assert_eq!(request.outputs["o"], Place::File("/r/q/../o.png".into()));
    }

    #[test]
    fn unknown_fields_of_a_request_are_refused() {
        let error = JobRequest::from_json(r#"{"capability":"x","parms":{}}"#).expect_err("typo");
        assert!(error.to_string().contains("unknown field `parms`"), "{error}");
    }

    #[test]
    fn a_dash_is_the_stream_and_survives_json() {
        let request =
            JobRequest::from_json(r#"{"capability":"x","inputs":{"photo":"-","mask":"江雪 图.png"}}"#).expect("json");
        assert_eq!(request.places("photo"), [Place::Stream]);
        assert_eq!(request.places("mask"), [Place::File("江雪 图.png".into())]);
        let again = JobRequest::from_json(&serde_json::to_string(&request).expect("plain data")).expect("json");
        assert_eq!(again, request);
    }
}
