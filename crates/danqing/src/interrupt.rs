//! Ctrl-C: the first one cancels the run, the second one ends the process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use danqing_capability::CancelToken;
use signal_hook::consts;

/// How often the flag is looked at; far below the 200 ms that a cancel may take.
const INTERVAL: Duration = Duration::from_millis(10);

/// A token that the first SIGINT, SIGTERM or SIGHUP cancels. Also keeps a file-size limit from killing the process:
/// the write then fails with an error, and what was begun is cleaned up.
///
/// # Errors
/// What the system says when a handler can't be installed.
pub(crate) fn cancel_token() -> std::io::Result<CancelToken> {
    let asked = Arc::new(AtomicBool::new(false));
    for signal in endings() {
        signal_hook::flag::register_conditional_shutdown(*signal, 130, Arc::clone(&asked))?;
        signal_hook::flag::register(*signal, Arc::clone(&asked))?;
    }
    #[cfg(unix)]
    signal_hook::flag::register(consts::SIGXFSZ, Arc::default())?;
    let token = CancelToken::default();
    let watched = token.clone();
    std::thread::Builder::new().name("interrupt".to_owned()).spawn(move || {
        while !asked.load(Ordering::Relaxed) {
            std::thread::sleep(INTERVAL);
        }
        watched.cancel();
    })?;
    Ok(token)
}

#[cfg(unix)]
fn endings() -> &'static [i32] {
    &[consts::SIGINT, consts::SIGTERM, consts::SIGHUP]
}

#[cfg(not(unix))]
fn endings() -> &'static [i32] {
    &[consts::SIGINT, consts::SIGTERM]
}
