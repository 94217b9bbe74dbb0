//! Files of a model hub: address, and the hub client's own cache.

use std::path::PathBuf;

use crate::catalogue::HubFile;
use crate::fetch::FetchConfig;

/// `<endpoint>/<repository>/resolve/<revision>/<file>`.
pub(super) fn address(config: &FetchConfig, file: &HubFile) -> String {
    let endpoint = config.hub_endpoint.trim_end_matches('/');
    format!("{endpoint}/{}/resolve/{}/{}", file.hub, file.revision, file.file)
}

/// `models--<organisation>--<name>/snapshots/<revision>/<file>`, if it is there.
pub(super) fn cached(config: &FetchConfig, file: &HubFile) -> Option<PathBuf> {
    let folder = format!("models--{}", file.hub.replace('/', "--"));
    let path = config.hub_cache.as_ref()?.join(folder).join("snapshots").join(&file.revision).join(&file.file);
    path.is_file().then_some(path)
}
