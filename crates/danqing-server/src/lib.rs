//! The studio over HTTP: `danqing serve`.
//!
//! Routes translate: a request becomes a submission of the queue in danqing-jobs, an event of the queue becomes a
//! server-sent event. Nothing here knows pixels, models or codecs. Every front beside the native one (`routes/`) goes
//! through [`App::submit_and_wait`] or the queue itself.
//!
//! What keeps strangers out stands in `guard/`: host and origin checks, the token, rates, headers.
#![forbid(unsafe_code)]
#![allow(clippy::result_large_err, reason = "an error is made once, for the one answer that it is")]

mod app;
mod error;
mod front_words;
mod guard;
mod language;
mod listen;
mod logs;
mod metrics;
mod openapi;
mod options;
mod page;
mod routes;
mod submit;
mod texts;
mod view;

pub use listen::serve;
pub use logs::LogFormat;
pub use openapi::document;
pub use options::{Error as OptionsError, ServerOptions};

use app::{App, Shared};
