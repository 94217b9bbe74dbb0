//! Runs a package client: bounded output, cancellable, no shell.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::class::{Reporter, Transferred};
use crate::fetch::{FetchConfig, FetchError};

const TICK: Duration = Duration::from_millis(50);
/// Most bytes of output that are kept; a package with thousands of files prints a few MB.
const OUTPUT: u64 = 32 << 20;

/// What a client said.
pub(super) struct Said {
    pub(super) success: bool,
    /// Standard output, then standard error.
    pub(super) text: String,
}

impl Said {
    /// The last few lines, for messages.
    pub(super) fn tail(&self) -> String {
        let lines: Vec<_> = self.text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        lines[lines.len().saturating_sub(3)..].join("; ")
    }
}

/// Runs `words` to the end; `None` if there is no such program.
pub(super) fn run(
    config: &FetchConfig,
    words: &[&str],
    id: &str,
    reporter: &mut Reporter<'_>,
) -> Result<Option<Said>, FetchError> {
    let Some((program, arguments)) = words.split_first() else { return Ok(None) };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    if let Some(path) = &config.search_path {
        command.env("PATH", path);
    }
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(FetchError::Client { command: words.join(" "), message: error.to_string() }),
    };
    let readers = [child.stdout.take().map(reader), child.stderr.take().map(reader)];
    let success = wait(&mut child, words, id, reporter)?;
    let text = readers.into_iter().flatten().filter_map(|reader| reader.join().ok()).collect();
    Ok(Some(Said { success, text }))
}

fn reader(mut stream: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = stream.by_ref().take(OUTPUT).read_to_end(&mut bytes);
        // Goes on reading, so that the client does not block on a full pipe.
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn wait(child: &mut Child, words: &[&str], id: &str, reporter: &mut Reporter<'_>) -> Result<bool, FetchError> {
    loop {
        let status = child
            .try_wait()
            .map_err(|error| FetchError::Client { command: words.join(" "), message: error.to_string() })?;
        if let Some(status) = status {
            return Ok(status.success());
        }
        if reporter(Transferred { id, stage: "look up", done: 0, total: None }).is_break() {
            let _ = child.kill();
            let _ = child.wait();
            return Err(FetchError::Cancelled);
        }
        std::thread::sleep(TICK);
    }
}
