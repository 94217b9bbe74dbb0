//! A writer that encoders can't write to once the run is cancelled.

use std::io::{Result, Seek, SeekFrom, Write};

use danqing_capability::CancelToken;

/// Every write looks at the token first: encoders that write as they go stop at their next piece.
pub(super) struct UntilCancelled<'a, W> {
    inner: W,
    cancel: &'a CancelToken,
}

impl<'a, W> UntilCancelled<'a, W> {
    pub(super) fn new(inner: W, cancel: &'a CancelToken) -> Self {
        Self { inner, cancel }
    }
}

impl<W: Write> Write for UntilCancelled<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.cancel.check().map_err(std::io::Error::other)?;
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> Result<()> {
        self.inner.flush()
    }
}

impl<W: Seek> Seek for UntilCancelled<'_, W> {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        self.inner.seek(to)
    }
}
