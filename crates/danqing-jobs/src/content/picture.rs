//! Pictures of the content store: let in only if they can be read.

use danqing_capability::{CancelToken, Classified, Failure};
use danqing_media::Picture;
use danqing_media::file::{self, Format};

use super::{ContentStore, Incoming, StoredFile, clean_name};
use crate::{Inspection, files};

impl ContentStore {
    /// Lets a received file in if it is a picture within the limits; its thumbnail is made on the way.
    ///
    /// # Errors
    /// Not a picture, damaged, too large, what the disk says, cancelled.
    pub fn accept(&self, mut incoming: Incoming, name: &str, cancel: &CancelToken) -> Result<StoredFile, Failure> {
        let name = clean_name(name);
        let bytes = incoming.bytes()?;
        let picture = self.decoded(&bytes, cancel).map_err(|e| named(&name, &e))?;
        let sha256 = files::sha256(&bytes, cancel)?;
        let stored = StoredFile {
            sha256,
            name,
            media_type: Format::from_bytes(&bytes).map_or("application/octet-stream", Format::media_type).to_owned(),
            width: picture.width,
            height: picture.height,
            bytes: bytes.len() as u64,
            recipe: picture.metadata.recipe.is_some(),
        };
        drop(bytes);
        self.keep(incoming, &stored.sha256)?;
        // Without it the picture is decoded once more when somebody asks.
        let _ = self.make_thumbnail(&stored.sha256, &picture, super::thumbnail::USUAL_SIDE, cancel);
        Ok(stored)
    }

    /// What a received file says about itself; nothing is kept.
    ///
    /// # Errors
    /// See [`Self::accept`].
    pub fn inspect(&self, mut incoming: Incoming, name: &str, cancel: &CancelToken) -> Result<Inspection, Failure> {
        let (bytes, name) = (incoming.bytes()?, clean_name(name));
        let picture = self.decoded(&bytes, cancel).map_err(|e| named(&name, &e))?;
        crate::inspect::described(&bytes, &name, Some(picture.size()))
    }

    fn decoded(&self, bytes: &[u8], cancel: &CancelToken) -> Result<Picture, danqing_media::Error> {
        file::decode(bytes, &self.limits, cancel)
    }
}

fn named(name: &str, error: &danqing_media::Error) -> Failure {
    let failure = Failure::new(error.class(), format!("{name}: {error}"));
    match error.hint() {
        Some(hint) => failure.with_hint(hint),
        None => failure,
    }
}
