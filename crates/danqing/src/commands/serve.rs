//! `danqing serve`: the studio over HTTP until Ctrl-C.

use std::net::IpAddr;
use std::time::Duration;

use clap::ArgMatches;
use danqing_capability::{Class, Failure};
use danqing_server::{LogFormat, ServerOptions};

use super::session::Session;
use crate::Outcome;
use crate::language::translated;

/// Where a token may come from without standing in the list of processes.
const TOKEN_VARIABLE: &str = "DANQING_TOKEN";

pub(super) fn run(matches: &ArgMatches, session: &mut Session) -> Outcome {
    let options = options(matches, session)?;
    let needs_token = options.token.is_some();
    options.check()?;
    let (studio, token) = (session.studio()?, session.cancel_token()?);
    danqing_server::serve(studio, options, &token, |address| {
        let key = if needs_token { "serve.ready_token" } else { "serve.ready" };
        let line = session.language.known_text(key).unwrap_or(key).replace("{0}", &address.to_string());
        session.report.say(&line);
    })
}

fn options(matches: &ArgMatches, session: &Session) -> Result<ServerOptions, Failure> {
    let mut options = ServerOptions::default();
    let texts = |name: &str| -> Vec<String> { matches.get_many(name).into_iter().flatten().cloned().collect() };
    let number = |name: &str| matches.get_one::<u32>(name).copied();
    if let Some(host) = matches.get_one::<String>("host") {
        options.host = address(host)?;
    }
    if let Some(port) = matches.get_one::<u16>("port") {
        options.port = *port;
    }
    let from_environment = || std::env::var(TOKEN_VARIABLE).ok().filter(|token| !token.is_empty());
    options.token = matches.get_one::<String>("token").cloned().or_else(from_environment);
    options.hosts = texts("allow-host");
    options.origins = texts("allow-origin");
    options.rate = number("rate").unwrap_or(options.rate);
    options.queue.waiting = number("queued-jobs").map_or(options.queue.waiting, |jobs| jobs as usize);
    options.queue.file_bytes = number("upload-mb").map_or(options.queue.file_bytes, |mb| u64::from(mb) << 20);
    options.queue.pixels = number("megapixels").map_or(options.queue.pixels, |mp| u64::from(mp) * 1_000_000);
    options.queue.job_time = number("job-minutes").map(|minutes| Duration::from_secs(u64::from(minutes) * 60));
    let keep = number("keep-deleted").map(|days| Duration::from_secs(u64::from(days) * 24 * 60 * 60));
    options.queue.keep_deleted = keep.unwrap_or(options.queue.keep_deleted);
    options.logs = if session.json { LogFormat::Json } else { LogFormat::Text };
    options.translate = translated;
    Ok(options)
}

/// An address of this machine; `localhost` is one of its names.
fn address(host: &str) -> Result<IpAddr, Failure> {
    let host = if host.eq_ignore_ascii_case("localhost") { "127.0.0.1" } else { host };
    host.trim_start_matches('[').trim_end_matches(']').parse().map_err(|_| {
        Failure::new(Class::Caller, format!("{host:?} is not an address of this machine"))
            .with_hint("127.0.0.1 serves this machine only, 0.0.0.0 the whole network")
    })
}
