//! Where the store is, and whether it may use the network.

use std::path::PathBuf;

use crate::fetch::FetchConfig;
use crate::store::StoreError;

/// Settings of a [`crate::ModelStore`].
#[derive(Clone, Debug)]
pub struct StoreConfig {
    /// Folder of everything that is kept.
    pub home: PathBuf,
    /// Never touch the network.
    pub offline: bool,
    /// How files are fetched.
    pub fetch: FetchConfig,
    /// Further folders with models of the user's, of other programs too; see [`crate::UserModel`].
    pub model_folders: Vec<PathBuf>,
}

impl StoreConfig {
    /// `$DANQING_HOME`, else `danqing` in the XDG data folder (`$XDG_DATA_HOME`, `~/.local/share`). `$DANQING_MODELS` lists
    /// further folders with models, as `$PATH` lists folders with programs.
    ///
    /// # Errors
    /// [`StoreError::NoHome`] if none of them is known.
    pub fn from_environment(offline: bool) -> Result<Self, StoreError> {
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let data = || {
            // The XDG specification tells to ignore relative paths.
            let stated = variable("XDG_DATA_HOME").filter(|path| path.is_absolute());
            stated.or_else(|| Some(std::env::home_dir()?.join(".local").join("share")))
        };
        let home = variable("DANQING_HOME").or_else(|| Some(data()?.join("danqing")));
        let home = home.ok_or(StoreError::NoHome)?;
        let listed = std::env::var_os("DANQING_MODELS").unwrap_or_default();
        let model_folders = std::env::split_paths(&listed).filter(|path| !path.as_os_str().is_empty()).collect();
        Ok(Self { home, offline, fetch: FetchConfig::from_environment(), model_folders })
    }

    /// In `home`, knowing nothing of the environment.
    #[must_use]
    pub fn in_folder(home: impl Into<PathBuf>, offline: bool) -> Self {
        Self { home: home.into(), offline, fetch: FetchConfig::default(), model_folders: Vec::new() }
    }
}
