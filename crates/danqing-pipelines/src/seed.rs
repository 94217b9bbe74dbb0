//! Drawing a seed when none is given.

use std::hash::{BuildHasher, RandomState};

/// A seed that people can copy: at most ten digits. The randomness is the standard library's hash keys, which the
/// system's generator fills; a seed needs to differ, not to be secret.
pub(crate) fn drawn() -> u64 {
    RandomState::new().hash_one(0_u8) & u64::from(u32::MAX)
}
