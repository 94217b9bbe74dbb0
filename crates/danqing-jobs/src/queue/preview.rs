//! What a running job's picture looks like so far: the latest preview, encoded when somebody asks for it.

use danqing_capability::{CancelToken, Failure};
use danqing_media::file::{self, EncodeOptions, Format};
use danqing_media::{Channels, Picture, Samples};

use super::JobQueue;
use crate::content::{Thumbnail, shrunk};

/// Longer side at most, pixels.
const SIDE: usize = 512;

/// The latest preview of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunPreview {
    /// Its number among those of this run, from 1.
    pub number: u64,
    /// The file.
    pub file: Thumbnail,
    /// Pixels of a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

impl JobQueue {
    /// Number of the latest preview of a running job.
    #[must_use]
    pub fn preview_number(&self, id: &str) -> Option<u64> {
        self.running.preview(id).map(|(number, _)| number)
    }

    /// The latest preview of a running job, its longer side at most 512 pixels; `None` while there is none.
    ///
    /// # Errors
    /// Not a format that can be written.
    pub fn preview(&self, id: &str, format: &str) -> Result<Option<RunPreview>, Failure> {
        let Some((number, shown)) = self.running.preview(id) else { return Ok(None) };
        let cancel = CancelToken::default();
        let samples = Samples::U8(shown.rgb.clone());
        let picture = Picture::new(shown.width, shown.height, Channels::Rgb, samples).map_err(Failure::from_error)?;
        let small = shrunk(&picture, SIDE, &cancel)?;
        let format = Format::from_path(format!("x.{format}")).unwrap_or(Format::Jpeg);
        let options = EncodeOptions { quality: 85, strip_metadata: true, ..EncodeOptions::new(format) };
        let bytes = file::encode(&small, &options, &cancel).map_err(Failure::from_error)?.bytes;
        let file = Thumbnail { bytes, media_type: format.media_type() };
        Ok(Some(RunPreview { number, file, width: small.width, height: small.height }))
    }
}
