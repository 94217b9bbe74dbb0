//! What keeps strangers out, from the outside in: request id and log, headers, rate, host and origin, token.

mod headers;
mod hosts;
mod keys;
mod layers;
mod rates;
mod remainder;

pub(crate) use keys::{COOKIE, Keys, hex};
pub(crate) use layers::{Caller, guarded};
pub(crate) use rates::Rates;
