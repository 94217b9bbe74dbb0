//! Values of maps in the types they have: read in blocks of `f32`, written in blocks of `f32`.

use std::ops::{Deref, Range};

use crate::cpu::{Buffer, Output, halves_mut, narrow, widen};
use crate::elementwise::give;
use crate::{DType, Engine, Error, FeatureMap, Shape};

/// A map's values in NHWC order.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Values<'a> {
    F32(&'a [f32]),
    /// As bits.
    Bf16(&'a [u16]),
}

impl<'a> Values<'a> {
    /// How many there are.
    pub(crate) fn len(self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::Bf16(bits) => bits.len(),
        }
    }

    /// `length` values from the one at `start` on: themselves, or widened.
    pub(crate) fn block(self, engine: &Engine, start: usize, length: usize) -> Result<Block<'a>, Error> {
        match self {
            Self::F32(values) => Ok(Block::Own(&values[start..][..length])),
            Self::Bf16(bits) => {
                let mut room = engine.buffer(length)?;
                widen(engine.tier(), &bits[start..][..length], &mut room);
                Ok(Block::Widened(room))
            }
        }
    }
}

/// Some of a map's values as `f32`.
pub(crate) enum Block<'a> {
    Own(&'a [f32]),
    Widened(Buffer),
}

impl Deref for Block<'_> {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        match self {
            Self::Own(values) => values,
            Self::Widened(buffer) => buffer,
        }
    }
}

/// A map that is being made.
pub(crate) struct Target {
    shape: Shape,
    dtype: DType,
    /// Values of `f32`, or words of two bf16.
    words: Buffer,
}

impl Target {
    /// Of the engine's type for maps of `shape`; what it holds is unspecified.
    pub(crate) fn new(engine: &Engine, shape: Shape) -> Result<Self, Error> {
        Self::of(engine, shape, engine.map_type(shape))
    }

    /// Of a type that fits: bf16 only for an even number of channels.
    pub(crate) fn of(engine: &Engine, shape: Shape, dtype: DType) -> Result<Self, Error> {
        assert!(dtype == DType::F32 || shape.channels.is_multiple_of(2));
        let words = engine.buffer(shape.elements()? / dtype.per_word())?;
        Ok(Self { shape, dtype, words })
    }

    /// Where kernels write that round themselves.
    pub(crate) fn output(&mut self) -> Output<'_> {
        Output::new(&mut self.words, self.shape.channels, self.dtype)
    }

    /// Fills all of it, see [`Self::fill_part`].
    pub(crate) fn fill(
        &mut self,
        engine: &Engine,
        length: usize,
        task: impl Fn(usize, &mut [f32]) -> Result<(), Error> + Sync,
    ) -> Result<(), Error> {
        let all = 0..self.words.len() * self.dtype.per_word();
        self.fill_part(engine, all, length, task)
    }

    /// Fills a range in blocks of `length` values, an even number (the last may be shorter), which are the unit of work; bf16 is
    /// rounded from what `task` writes.
    pub(crate) fn fill_part(
        &mut self,
        engine: &Engine,
        range: Range<usize>,
        length: usize,
        task: impl Fn(usize, &mut [f32]) -> Result<(), Error> + Sync,
    ) -> Result<(), Error> {
        let per_word = self.dtype.per_word();
        let words = &mut self.words[range.start / per_word..range.end / per_word];
        if self.dtype == DType::F32 {
            return engine.fill(words, length, task);
        }
        assert!(length.is_multiple_of(per_word) && range.start.is_multiple_of(per_word));
        engine.fill(words, length / per_word, |index, words| {
            let mut room = engine.buffer(words.len() * per_word)?;
            task(index, &mut room)?;
            narrow(engine.tier(), &room, halves_mut(words));
            Ok(())
        })
    }

    /// The finished map.
    pub(crate) fn into_map(self) -> FeatureMap {
        FeatureMap::from_words(self.shape, self.dtype, self.words)
    }

    /// The finished map, brought to the engine's device if it has one.
    pub(crate) fn give(self, engine: &Engine) -> Result<FeatureMap, Error> {
        match self.dtype {
            DType::F32 => give(engine, self.shape, self.words),
            DType::Bf16 => Ok(self.into_map()),
        }
    }
}
