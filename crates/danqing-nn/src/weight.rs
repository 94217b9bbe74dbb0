//! Tensors of a checkpoint, before a layer packs them.

use std::sync::{Mutex, PoisonError};

use crate::{Engine, Error};

/// One checkpoint tensor: dimensions in the checkpoint's order and its values.
#[derive(Clone, Debug)]
pub struct Weight {
    shape: Vec<usize>,
    values: Values,
}

impl PartialEq for Weight {
    fn eq(&self, other: &Self) -> bool {
        self.shape == other.shape && self.values() == other.values()
    }
}

/// Stored precision; quantised and half precision forms will stand beside `F32`. Layers of an engine in
/// [`crate::Precision::Bf16`] keep half as many bytes whatever this is, in [`crate::Precision::Int8`] a quarter.
#[derive(Clone, Debug)]
enum Values {
    /// The first so many.
    F32(Vec<f32>, usize),
}

/// Values that [`fill_in_pieces`] asks for at once: whole blocks of every stored type.
const PIECE: usize = 1 << 18;

/// Fills `values` on all of the engine's threads: `read` gives those from a number on, as many as it is handed room for.
///
/// # Errors
/// One of those that `read` gives, [`Error::Cancelled`], [`Error::Worker`].
pub fn fill_in_pieces<E: From<Error> + Send>(
    engine: &Engine,
    values: &mut [f32],
    read: impl Fn(usize, &mut [f32]) -> Result<(), E> + Sync,
) -> Result<(), E> {
    let failure = Mutex::new(None);
    let filled = engine.fill(values, PIECE, |index, piece| {
        read(index * PIECE, piece).map_err(|error| {
            failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
            // Stops the other threads; nobody sees it.
            Error::Worker { message: "values can't be read".into() }
        })
    });
    match failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(error) => Err(error),
        None => Ok(filled?),
    }
}

impl Weight {
    /// From values in row-major order.
    ///
    /// # Errors
    /// [`Error::Length`] if there are more or fewer values than `shape` says, [`Error::TooLarge`] if `shape` overflows.
    pub fn new(shape: &[usize], values: Vec<f32>) -> Result<Self, Error> {
        let expected = elements(shape)?;
        if values.len() != expected {
            return Err(Error::Length { what: "Weight", actual: values.len(), expected });
        }
        Ok(Self { shape: shape.to_vec(), values: Values::F32(values, expected) })
    }

    /// From the first values of a vector that may hold more: the same vector, taken back by [`Self::into_room`], serves for
    /// one tensor after another.
    ///
    /// # Errors
    /// As [`Self::new`], [`Error::Length`] only for fewer values.
    pub fn in_room(shape: &[usize], room: Vec<f32>) -> Result<Self, Error> {
        let expected = elements(shape)?;
        if room.len() < expected {
            return Err(Error::Length { what: "Weight", actual: room.len(), expected });
        }
        Ok(Self { shape: shape.to_vec(), values: Values::F32(room, expected) })
    }

    /// The vector it was made of.
    #[must_use]
    pub fn into_room(self) -> Vec<f32> {
        let Values::F32(room, _) = self.values;
        room
    }

    /// Dimensions.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Values in row-major order.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        let Values::F32(values, count) = &self.values;
        &values[..*count]
    }

    /// Dimensions as an array of known rank.
    pub(crate) fn dimensions<const R: usize>(&self, what: &'static str, expected: &str) -> Result<[usize; R], Error> {
        self.shape.as_slice().try_into().map_err(|_| self.misfit(what, expected))
    }

    /// The values of a vector of `length`; any shape with that many values, as checkpoints store `[1, C, 1, 1]` too.
    pub(crate) fn vector(&self, what: &'static str, length: usize) -> Result<&[f32], Error> {
        if self.values().len() == length { Ok(self.values()) } else { Err(self.misfit(what, &format!("[{length}]"))) }
    }

    pub(crate) fn misfit(&self, what: &'static str, expected: &str) -> Error {
        Error::WeightShape { what, actual: self.shape.clone(), expected: expected.to_owned() }
    }
}

fn elements(shape: &[usize]) -> Result<usize, Error> {
    shape
        .iter()
        .copied()
        .try_fold(1_usize, usize::checked_mul)
        .filter(|&n| n <= isize::MAX as usize / size_of::<f32>())
        .ok_or_else(|| Error::TooLarge { what: format!("{shape:?}") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EngineConfig;

    #[test]
    fn room_for_more_serves_one_tensor_after_another() -> Result<(), Error> {
        let room: Vec<f32> = (0..10).map(|value| value as f32).collect();
        let first = room.as_ptr();
        let weight = Weight::in_room(&[2, 3], room)?;
        assert_eq!(weight, Weight::new(&[2, 3], vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0])?);
        assert_ne!(weight, Weight::new(&[3, 2], vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0])?);
        let room = weight.into_room();
        assert!(room.len() == 10 && room.as_ptr() == first);
        let short = Weight::in_room(&[11], room);
        assert_eq!(short, Err(Error::Length { what: "Weight", actual: 10, expected: 11 }));
        Ok(())
    }

    #[test]
    fn every_value_is_read_once_and_the_readers_error_is_given() -> Result<(), Error> {
        let engine = Engine::new(EngineConfig { threads: Some(3), ..EngineConfig::default() })?;
        for count in if cfg!(miri) { vec![0, 5] } else { vec![0, 5, PIECE, 3 * PIECE + 1] } {
            let mut values = vec![0.0; count];
            fill_in_pieces(&engine, &mut values, |first, piece| {
                piece.iter_mut().zip(first..).for_each(|(slot, index)| *slot += index as f32);
                Ok::<_, Error>(())
            })?;
            assert!(values.iter().enumerate().all(|(index, &value)| value == index as f32), "{count}");
        }
        let failed = fill_in_pieces(&engine, &mut [0.0; 9], |_, _| Err(Error::OutOfMemory { bytes: 7 }));
        assert_eq!(failed, Err(Error::OutOfMemory { bytes: 7 }));
        engine.cancel_token().cancel();
        let stopped = fill_in_pieces(&engine, &mut [0.0; 9], |_, _| Ok::<_, Error>(()));
        assert!(matches!(stopped, Err(Error::Cancelled(_))));
        Ok(())
    }
}
