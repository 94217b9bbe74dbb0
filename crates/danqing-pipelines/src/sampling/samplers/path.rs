//! Noise levels that a sampler may walk.

use danqing_capability::{Class, Classified};

use crate::sampling::schedule::NoiseTable;

/// Falling noise levels, and the table they come from.
#[derive(Clone, Debug)]
pub struct Path<'a> {
    sigmas: Vec<f32>,
    table: &'a NoiseTable,
}

/// Noise levels that can't be walked.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("noise level {index} is {level}, expected a number from 0 to below {before}")]
pub struct PathError {
    /// Which level.
    pub index: usize,
    /// What it is.
    pub level: f32,
    /// The level before it.
    pub before: f32,
}

impl Classified for PathError {
    fn class(&self) -> Class {
        Class::Caller
    }
}

impl<'a> Path<'a> {
    /// From levels that fall strictly and do not fall below 0.
    ///
    /// # Errors
    /// [`PathError`] for the first level that does otherwise.
    pub fn new(sigmas: Vec<f32>, table: &'a NoiseTable) -> Result<Self, PathError> {
        let mut before = f32::INFINITY;
        for (index, level) in sigmas.iter().copied().enumerate() {
            if !(level >= 0.0 && level < before) {
                return Err(PathError { index, level, before });
            }
            before = level;
        }
        Ok(Self { sigmas, table })
    }

    /// The levels.
    #[must_use]
    pub fn sigmas(&self) -> &[f32] {
        &self.sigmas
    }

    pub(super) fn levels(&self) -> Vec<f64> {
        self.sigmas.iter().map(|sigma| f64::from(*sigma)).collect()
    }

    pub(super) fn table(&self) -> &'a NoiseTable {
        self.table
    }
}
