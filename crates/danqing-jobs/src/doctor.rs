//! What this installation is and has: facts for people who ask why something is slow or missing.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::Studio;

/// Facts about the installation. What the system does not tell is `None`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Diagnosis {
    /// Version of danqing.
    pub version: &'static str,
    /// Operating system and architecture.
    pub system: String,
    /// Name of the processor.
    pub processor: Option<String>,
    /// Kernels and precision that run.
    pub backend: String,
    /// Threads that run.
    pub threads: usize,
    /// Bytes of memory in the machine.
    pub memory_total: Option<u64>,
    /// Bytes of memory that could be taken now.
    pub memory_available: Option<u64>,
    /// Folder of the models.
    pub store: PathBuf,
    /// Bytes free on its disk.
    pub disk_free: Option<u64>,
    /// Whether the network is left alone.
    pub offline: bool,
    /// Package clients found in `PATH`: those whose caches and settings a download may reuse.
    pub clients: Vec<Client>,
}

/// A program that may be there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Client {
    /// Its name.
    pub name: &'static str,
    /// Where it is.
    pub path: Option<PathBuf>,
}

impl Studio {
    /// Looks around; takes no time to speak of.
    #[must_use]
    pub fn diagnosis(&self) -> Diagnosis {
        let store = self.store_folder();
        Diagnosis {
            version: crate::VERSION,
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            processor: processor(),
            backend: self.backend(),
            threads: self.engine().threads(),
            memory_total: memory("MemTotal:"),
            memory_available: memory("MemAvailable:"),
            disk_free: disk_free(&store),
            store,
            offline: self.is_offline(),
            clients: ["npm", "pip"].map(|name| Client { name, path: in_path(name) }).into(),
        }
    }
}

/// Linux says it in `/proc/cpuinfo`; elsewhere unknown.
fn processor() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// Linux says it in `/proc/meminfo`, in KiB; elsewhere unknown.
fn memory(field: &str) -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let rest = text.lines().find_map(|line| line.strip_prefix(field))?;
    rest.trim().trim_end_matches("kB").trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

/// Of the nearest folder that exists.
#[cfg(unix)]
pub(crate) fn disk_free(folder: &Path) -> Option<u64> {
    let there = folder.ancestors().find(|f| f.exists())?;
    let found = rustix::fs::statvfs(there).ok()?;
    Some(found.f_bavail * found.f_frsize)
}

#[cfg(not(unix))]
pub(crate) fn disk_free(_folder: &Path) -> Option<u64> {
    None
}

fn in_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}
