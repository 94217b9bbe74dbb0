//! Contents that nobody needs any more.

use danqing_media::file::Format;
use danqing_weights::Sha256Hex;

use super::thumbnail::SIDES;
use super::{ContentStore, Error, written};

impl ContentStore {
    /// The sha256 of every content that is here.
    ///
    /// # Errors
    /// What the disk says.
    pub(crate) fn all(&self) -> Result<Vec<String>, Error> {
        let read = |source| Error::Disk { verb: "read", source };
        let mut all = Vec::new();
        for folder in std::fs::read_dir(self.folder().join("files")).map_err(read)? {
            let folder = folder.map_err(read)?;
            if !folder.path().is_dir() {
                continue;
            }
            for file in std::fs::read_dir(folder.path()).map_err(read)? {
                let name = [folder.file_name(), file.map_err(read)?.file_name()].map(std::ffi::OsString::into_string);
                // What has another name is not of this store.
                if let [Ok(first), Ok(rest)] = name
                    && Sha256Hex::try_from(format!("{first}{rest}")).is_ok()
                {
                    all.push(format!("{first}{rest}"));
                }
            }
        }
        Ok(all)
    }

    /// Removes a content and its thumbnails; one that is not here is removed already.
    ///
    /// # Errors
    /// [`Error::NotASha256`], what the disk says.
    pub(crate) fn remove(&self, sha256: &str) -> Result<(), Error> {
        let mut paths = vec![self.path(sha256)?];
        for side in SIDES {
            for format in [Format::Jpeg, Format::Png] {
                paths.push(self.thumbnail_path(sha256, side, format)?);
            }
        }
        for path in paths {
            match std::fs::remove_file(path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(written(error)),
                _ => {}
            }
        }
        Ok(())
    }
}
