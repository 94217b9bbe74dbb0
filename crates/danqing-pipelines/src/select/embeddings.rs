//! Pictures that the encoder has looked at lately: a second click on the same picture is answered at once.

use std::hash::Hasher;
use std::sync::{Mutex, PoisonError};

use danqing_capability::CancelToken;
use danqing_media::{Picture, Samples};
use danqing_nn::FeatureMap;

use super::Error;

/// How many are kept, of 4 MB each.
const KEPT: usize = 8;
/// Samples hashed between two looks at the token.
const PIECE: usize = 1 << 22;

/// What a picture holds: its size and two hashes of its samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key((usize, usize), [u64; 2]);

/// The latest last.
#[derive(Default)]
pub(super) struct Embeddings(Mutex<Vec<(Key, FeatureMap)>>);

impl Key {
    pub(super) fn of(picture: &Picture, cancel: &CancelToken) -> Result<Self, Error> {
        let mut hashers = [0_u8, 1].map(|seed| {
            let mut hasher = std::hash::DefaultHasher::new();
            hasher.write_u8(seed);
            hasher.write(picture.icc_profile.as_deref().unwrap_or_default());
            hasher
        });
        let mut take = |bytes: &[u8]| hashers.iter_mut().for_each(|hasher| hasher.write(bytes));
        match &picture.samples {
            Samples::U8(samples) => {
                for piece in samples.chunks(PIECE) {
                    cancel.check()?;
                    take(piece);
                }
            }
            Samples::U16(samples) => {
                for piece in samples.chunks(PIECE) {
                    cancel.check()?;
                    take(&piece.iter().flat_map(|sample| sample.to_le_bytes()).collect::<Vec<_>>());
                }
            }
        }
        Ok(Self(picture.size(), hashers.map(|hasher| hasher.finish())))
    }
}

impl Embeddings {
    /// The embedding of that picture, made now or before.
    pub(super) fn get(&self, key: Key, make: impl FnOnce() -> Result<FeatureMap, Error>) -> Result<FeatureMap, Error> {
        if let Some(found) = self.found(key) {
            return Ok(found);
        }
        let made = make()?;
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push((key, made.clone()));
        if kept.len() > KEPT {
            kept.remove(0);
        }
        Ok(made)
    }

    fn found(&self, key: Key) -> Option<FeatureMap> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().position(|(other, _)| *other == key)?;
        let found = kept.remove(at);
        kept.push(found.clone());
        Some(found.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use danqing_media::Channels;
    use danqing_nn::{Engine, EngineConfig, Shape};

    fn key(samples: Samples) -> Key {
        let picture = Picture::new(1, 2, Channels::Gray, samples).expect("two pixels");
        Key::of(&picture, &CancelToken::default()).expect("not cancelled")
    }

    #[test]
    fn a_picture_is_looked_at_once_and_the_oldest_is_forgotten() {
        let engine = Engine::new(EngineConfig { threads: Some(1), ..EngineConfig::default() }).expect("an engine");
        let (embeddings, looks) = (Embeddings::default(), std::cell::Cell::new(0));
        let look = |n: u8| {
            let make = || {
                looks.set(looks.get() + 1);
                Ok(FeatureMap::filled(&engine, Shape::new(1, 1, 1, 1), f32::from(n))?)
            };
            embeddings.get(key(Samples::U8(vec![n, 0])), make).expect("made").to_nhwc().expect("on the CPU")[0]
        };
        for n in [0, 1, 0, 2, 3, 4, 5, 6, 7, 0] {
            assert_eq!(look(n), f32::from(n));
        }
        assert_eq!(looks.get(), 8, "of eight pictures");
        look(8);
        look(0);
        assert_eq!(looks.get(), 9, "what was asked for lately stays");
        look(1);
        assert_eq!(looks.get(), 10, "the oldest went");
        assert_ne!(key(Samples::U8(vec![1, 0])), key(Samples::U16(vec![1, 0])));
    }
}
