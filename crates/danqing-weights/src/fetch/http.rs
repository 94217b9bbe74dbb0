//! One file over HTTP(S): progress, resume, size bound, sha256, atomic rename.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::class::{Reporter, Transferred};
use crate::fetch::{FetchConfig, FetchError};
use crate::sha256::Sha256Hex;

/// How long a cancel may wait.
const TICK: Duration = Duration::from_millis(100);
const CHUNK: usize = 256 * 1024;

/// What is to be fetched.
pub(super) struct Wanted<'a> {
    /// Catalogue id, for progress.
    pub(super) id: &'a str,
    pub(super) address: &'a str,
    /// Bearer token for this address.
    pub(super) token: Option<&'a str>,
    /// Exact size, where known.
    pub(super) size: Option<u64>,
    pub(super) sha256: Option<&'a Sha256Hex>,
    /// Most bytes taken.
    pub(super) limit: u64,
}

/// A client that trusts the system's certificates (or `SSL_CERT_FILE`) and obeys the environment's proxies.
pub(super) fn agent(config: &FetchConfig) -> ureq::Agent {
    let certificates = rustls_native_certs::load_native_certs().certs;
    let certificates: Vec<_> = certificates.iter().map(|der| Certificate::from_der(der).to_owned()).collect();
    let tls = TlsConfig::builder().root_certs(RootCerts::new_with_certs(&certificates)).build();
    ureq::Agent::config_builder()
        .tls_config(tls)
        .http_status_as_error(false)
        .user_agent(concat!("danqing/", env!("CARGO_PKG_VERSION")))
        .accept_encoding("identity")
        .timeout_connect(Some(config.silence))
        .timeout_per_read(Some(config.silence))
        .build()
        .new_agent()
}

/// Fetches to `<destination>.part`, going on where an earlier run stopped, checks, and renames.
///
/// # Errors
/// [`FetchError`]. A broken connection is tried again; a wrong size or sha256 after a resume once from the start.
pub(super) fn download(
    agent: &ureq::Agent,
    config: &FetchConfig,
    wanted: &Wanted<'_>,
    destination: &Path,
    reporter: &mut Reporter<'_>,
) -> Result<(), FetchError> {
    let part = Part::open(destination, wanted)?;
    let resumed = part.length()? > 0;
    match attempts(agent, config, wanted, &part, reporter).and_then(|()| part.check(wanted, reporter)) {
        Err(FetchError::Sha256 { .. } | FetchError::Size { .. }) if resumed => {
            part.restart()?;
            attempts(agent, config, wanted, &part, reporter)?;
            part.check(wanted, reporter)?;
        }
        done => done?,
    }
    fs::rename(&part.path, destination).map_err(|source| FetchError::io(destination, source))
}

/// The unfinished file.
struct Part {
    path: PathBuf,
}

impl Part {
    fn open(destination: &Path, wanted: &Wanted<'_>) -> Result<Self, FetchError> {
        let mut path = destination.as_os_str().to_owned();
        path.push(".part");
        let part = Self { path: PathBuf::from(path) };
        if part.length()? > wanted.size.unwrap_or(wanted.limit) {
            part.restart()?;
        }
        Ok(part)
    }

    fn length(&self) -> Result<u64, FetchError> {
        match fs::metadata(&self.path) {
            Ok(metadata) => Ok(metadata.len()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(source) => Err(FetchError::io(&self.path, source)),
        }
    }

    fn restart(&self) -> Result<(), FetchError> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(FetchError::io(&self.path, error)),
            _ => Ok(()),
        }
    }

    /// For writing from `offset` on.
    fn writer(&self, offset: u64) -> Result<File, FetchError> {
        let io = |source| FetchError::io(&self.path, source);
        let mut file = OpenOptions::new().create(true).write(true).truncate(false).open(&self.path).map_err(io)?;
        file.set_len(offset).map_err(io)?;
        file.seek(SeekFrom::Start(offset)).map_err(io)?;
        Ok(file)
    }

    /// Size and sha256; a file that is wrong is removed, as no resume can mend it.
    fn check(&self, wanted: &Wanted<'_>, reporter: &mut Reporter<'_>) -> Result<(), FetchError> {
        let what = || wanted.address.to_owned();
        let actual = self.length()?;
        if let Some(expected) = wanted.size.filter(|&expected| expected != actual) {
            self.restart()?;
            return Err(FetchError::Size { what: what(), actual, expected });
        }
        let Some(expected) = wanted.sha256 else { return Ok(()) };
        let actual = sha256_of(&self.path, wanted.id, reporter)?;
        if actual == *expected {
            return Ok(());
        }
        self.restart()?;
        Err(FetchError::Sha256 { what: what(), actual, expected: expected.clone() })
    }
}

/// sha256 of a file, reported as stage `verify`.
pub(crate) fn sha256_of(path: &Path, id: &str, reporter: &mut Reporter<'_>) -> Result<Sha256Hex, FetchError> {
    let io = |source| FetchError::io(path, source);
    let file = File::open(path).map_err(io)?;
    let total = file.metadata().map_err(io)?.len();
    let mut cancelled = false;
    let result = Sha256Hex::of_reader(file, |done| {
        cancelled = reporter(Transferred { id, stage: "verify", done, total: Some(total) }).is_break();
        if cancelled { Err(io::ErrorKind::Interrupted.into()) } else { Ok(()) }
    });
    match result {
        _ if cancelled => Err(FetchError::Cancelled),
        Err(source) => Err(io(source)),
        Ok((sha256, _)) => Ok(sha256),
    }
}

/// Tries until the file is complete. Progress made resets nothing: the number of tries is bounded.
fn attempts(
    agent: &ureq::Agent,
    config: &FetchConfig,
    wanted: &Wanted<'_>,
    part: &Part,
    reporter: &mut Reporter<'_>,
) -> Result<(), FetchError> {
    let mut pause = config.pause;
    for attempt in 1.. {
        let failed = match once(agent, wanted, part, reporter) {
            Ok(()) => return Ok(()),
            Err(Failed::ForGood(error)) => return Err(error),
            Err(Failed::ForNow(error)) => error,
        };
        if attempt >= config.attempts.max(1) {
            return Err(match failed {
                FetchError::Network { address, message, .. } => {
                    FetchError::Network { address, message, attempts: attempt }
                }
                other => other,
            });
        }
        wait(pause, wanted, part.length()?, reporter)?;
        pause *= 2;
    }
    Ok(())
}

fn wait(pause: Duration, wanted: &Wanted<'_>, done: u64, reporter: &mut Reporter<'_>) -> Result<(), FetchError> {
    let mut left = pause;
    while !left.is_zero() {
        report(wanted, done, wanted.size, reporter)?;
        let step = left.min(TICK);
        std::thread::sleep(step);
        left -= step;
    }
    Ok(())
}

fn report(wanted: &Wanted<'_>, done: u64, total: Option<u64>, reporter: &mut Reporter<'_>) -> Result<(), FetchError> {
    match reporter(Transferred { id: wanted.id, stage: "download", done, total }) {
        ControlFlow::Break(()) => Err(FetchError::Cancelled),
        ControlFlow::Continue(()) => Ok(()),
    }
}

/// Whether another try can help.
enum Failed {
    ForNow(FetchError),
    ForGood(FetchError),
}

impl From<FetchError> for Failed {
    fn from(error: FetchError) -> Self {
        Self::ForGood(error)
    }
}

/// What the thread that talks to the server says.
enum News {
    /// The answer's first byte is at `offset` of the file; the file will have `total` bytes.
    Answer {
        offset: u64,
        total: Option<u64>,
    },
    Bytes(Vec<u8>),
    Done,
    Status(u16),
    /// The server can't serve the range: what is here is of another file.
    WrongRange,
    Broken(String),
}

/// One request. A thread reads, so that a silent server delays no cancel.
fn once(agent: &ureq::Agent, wanted: &Wanted<'_>, part: &Part, reporter: &mut Reporter<'_>) -> Result<(), Failed> {
    let have = part.length()?;
    if have > 0 && wanted.size == Some(have) {
        return Ok(());
    }
    let mut request = agent.get(wanted.address);
    if have > 0 {
        request = request.header("Range", format!("bytes={have}-"));
    }
    if let Some(token) = wanted.token {
        request = request.header("Authorization", format!("Bearer {token}"));
    }
    let (sender, news) = sync_channel(4);
    std::thread::Builder::new()
        .name("download".to_owned())
        .spawn(move || {
            // The other side may have gone: then nobody wants to hear.
            let _ = listen(request, have, &sender);
        })
        .map_err(|source| FetchError::io(&part.path, source))?;
    Receiving { wanted, part, reporter, done: have, total: wanted.size, file: None }.run(&news)
}

fn listen(
    request: ureq::RequestBuilder<ureq::typestate::WithoutBody>,
    have: u64,
    sender: &SyncSender<News>,
) -> Result<(), std::sync::mpsc::SendError<News>> {
    let mut response = match request.call() {
        Ok(response) => response,
        Err(error) => return sender.send(News::Broken(error.to_string())),
    };
    let offset = match response.status().as_u16() {
        200 => 0,
        206 if starts_at(&response, have) => have,
        206 | 416 => return sender.send(News::WrongRange),
        status => return sender.send(News::Status(status)),
    };
    let total = response.body().content_length().map(|length| offset.saturating_add(length));
    sender.send(News::Answer { offset, total })?;
    let mut body = response.body_mut().as_reader();
    loop {
        let mut chunk = vec![0; CHUNK];
        match body.read(&mut chunk) {
            Ok(0) => return sender.send(News::Done),
            Ok(count) => {
                chunk.truncate(count);
                sender.send(News::Bytes(chunk))?;
            }
            Err(error) => return sender.send(News::Broken(error.to_string())),
        }
    }
}

/// `Content-Range: bytes <have>-…`.
fn starts_at<B>(response: &ureq::http::Response<B>, have: u64) -> bool {
    let range = response.headers().get("content-range").and_then(|value| value.to_str().ok());
    range.and_then(|range| range.strip_prefix("bytes ")).is_some_and(|range| range.starts_with(&format!("{have}-")))
}

struct Receiving<'a, 'r> {
    wanted: &'a Wanted<'a>,
    part: &'a Part,
    reporter: &'a mut Reporter<'r>,
    done: u64,
    total: Option<u64>,
    file: Option<File>,
}

impl Receiving<'_, '_> {
    fn run(mut self, news: &Receiver<News>) -> Result<(), Failed> {
        loop {
            report(self.wanted, self.done, self.total, self.reporter)?;
            match news.recv_timeout(TICK) {
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(self.broken("the connection was lost".to_owned())),
                Ok(News::Answer { offset, total }) => self.begin(offset, total)?,
                Ok(News::Bytes(bytes)) => self.write(&bytes)?,
                Ok(News::Done) => return self.finish(),
                Ok(News::Broken(message)) => return Err(self.broken(message)),
                Ok(News::Status(status)) => return Err(self.status(status)),
                Ok(News::WrongRange) => {
                    self.part.restart()?;
                    return Err(self.broken("the server can't resume".to_owned()));
                }
            }
        }
    }

    /// Checks the stated size before anything is written.
    fn begin(&mut self, offset: u64, total: Option<u64>) -> Result<(), Failed> {
        if let Some(actual) = total {
            self.check_size(actual)?;
        }
        self.file = Some(self.part.writer(offset)?);
        self.done = offset;
        self.total = total.or(self.total);
        Ok(())
    }

    fn check_size(&self, actual: u64) -> Result<(), Failed> {
        let what = self.wanted.address.to_owned();
        let limit = self.wanted.limit;
        match self.wanted.size {
            Some(expected) if actual != expected => Err(FetchError::Size { what, actual, expected }.into()),
            _ if actual > limit => Err(FetchError::TooLarge { what, actual, limit }.into()),
            _ => Ok(()),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Failed> {
        let done = self.done + bytes.len() as u64;
        if done > self.total.unwrap_or(self.wanted.limit).min(self.wanted.limit) {
            let what = self.wanted.address.to_owned();
            self.part.restart()?;
            return Err(FetchError::TooLarge { what, actual: done, limit: self.wanted.limit }.into());
        }
        if let Some(file) = &mut self.file {
            file.write_all(bytes).map_err(|source| FetchError::io(&self.part.path, source))?;
        }
        self.done = done;
        Ok(())
    }

    fn finish(mut self) -> Result<(), Failed> {
        if self.total.is_some_and(|total| self.done < total) {
            let message = format!("the connection ended after {} of {} bytes", self.done, self.total.unwrap_or(0));
            return Err(self.broken(message));
        }
        if let Some(file) = self.file.take() {
            file.sync_all().map_err(|source| FetchError::io(&self.part.path, source))?;
        }
        Ok(())
    }

    fn broken(&self, message: String) -> Failed {
        let address = self.wanted.address.to_owned();
        Failed::ForNow(FetchError::Network { address, message, attempts: 1 })
    }

    /// A busy or failing server may recover; a refusal stays.
    fn status(&self, status: u16) -> Failed {
        let error = FetchError::Status { address: self.wanted.address.to_owned(), status };
        if matches!(status, 408 | 429 | 500..=599) { Failed::ForNow(error) } else { Failed::ForGood(error) }
    }
}
