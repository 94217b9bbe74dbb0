//! What flows through capabilities.

use std::sync::Arc;

use crate::Picture;

/// One input or output of a capability. Cheap to clone.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Medium {
    /// A still picture (a mask is one too, read by its grey value or alpha).
    Picture(Arc<Picture>),
}
