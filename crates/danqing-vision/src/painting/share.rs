//! Parameters between 0 and 1.

use serde::{Deserialize, Serialize};

/// A number of `0.0..=1.0`; anything else is refused where it is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f32", into = "f32")]
pub struct Share(f32);

impl Share {
    /// For defaults in code: clamped to `0.0..=1.0`.
    #[must_use]
    pub const fn of(value: f32) -> Self {
        Self(value.clamp(0.0, 1.0))
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> f32 {
        self.0
    }
}

impl TryFrom<f32> for Share {
    type Error = String;

    fn try_from(value: f32) -> Result<Self, String> {
        if (0.0..=1.0).contains(&value) { Ok(Self(value)) } else { Err(format!("{value} is outside 0 to 1")) }
    }
}

impl From<Share> for f32 {
    fn from(share: Share) -> Self {
        share.0
    }
}
