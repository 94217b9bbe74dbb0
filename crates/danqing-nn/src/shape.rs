//! Size of a feature map.

use std::fmt;

use crate::Error;

/// Batch, height, width and channels; stored in this order (NHWC).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    /// Pictures.
    pub batch: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Values per pixel.
    pub channels: usize,
}

impl Shape {
    /// In storage order.
    #[must_use]
    pub const fn new(batch: usize, height: usize, width: usize, channels: usize) -> Self {
        Self { batch, height, width, channels }
    }

    /// Number of pixels over the whole batch; of a checked shape.
    #[must_use]
    pub const fn pixels(&self) -> usize {
        self.batch * self.height * self.width
    }

    /// Number of values.
    ///
    /// # Errors
    /// [`Error::TooSmall`] if a dimension is 0, [`Error::TooLarge`] if the bytes of that many `f32` do not fit `isize`.
    pub fn elements(&self) -> Result<usize, Error> {
        let dimensions = [self.batch, self.height, self.width, self.channels];
        if dimensions.contains(&0) {
            return Err(Error::TooSmall { what: "Shape", actual: 0, expected: 1 });
        }
        dimensions
            .into_iter()
            .try_fold(1_usize, usize::checked_mul)
            .filter(|&n| n <= isize::MAX as usize / size_of::<f32>())
            .ok_or_else(|| Error::TooLarge { what: self.to_string() })
    }

    /// The same with other channels.
    #[must_use]
    pub const fn with_channels(self, channels: usize) -> Self {
        Self { channels, ..self }
    }

    /// The same with another picture size.
    #[must_use]
    pub const fn with_size(self, height: usize, width: usize) -> Self {
        Self { height, width, ..self }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}×{}×{}×{} (NHWC)", self.batch, self.height, self.width, self.channels)
    }
}
