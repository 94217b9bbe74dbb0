//! The map that tasks write, each its own pixels and channels.

use std::marker::PhantomData;

use super::buffer::Buffer;
use super::lanes::Lanes;
use crate::DType;

/// The first value of an output map, and how its values lie.
#[derive(Clone, Copy)]
pub(crate) struct Output<'a> {
    first: *mut f32,
    pixels: usize,
    channels: usize,
    dtype: DType,
    words: PhantomData<&'a mut [f32]>,
}

// SAFETY: tasks write disjoint pixels or channels, as those who make them see to.
unsafe impl Sync for Output<'_> {}

impl<'a> Output<'a> {
    /// Of the words of a map of so many channels.
    pub(crate) fn new(words: &'a mut Buffer, channels: usize, dtype: DType) -> Self {
        let pixels = words.len() * dtype.per_word() / channels;
        Self { first: words.as_mut_ptr(), pixels, channels, dtype, words: PhantomData }
    }

    /// Pixels and channels.
    pub(super) fn size(&self) -> [usize; 2] {
        [self.pixels, self.channels]
    }

    /// Where a map of `f32` starts, and how far one pixel is from the next.
    pub(super) fn floats(&self) -> Option<(*mut f32, usize)> {
        (self.dtype == DType::F32).then_some((self.first, self.channels))
    }

    /// Writes `count` channels of a pixel from `channel` on, rounded where the map is bf16.
    ///
    /// # Safety
    /// The processor has the instructions of `L`; pixel and channels lie in the map, and no other task writes them; `from` has
    /// `count` values.
    #[inline(always)]
    pub(super) unsafe fn write<L: Lanes>(&self, pixel: usize, channel: usize, from: *const f32, count: usize) {
        let (start, mut at) = (pixel * self.channels + channel, 0);
        // SAFETY: by the caller's promise; vectors end within `count`.
        unsafe {
            match self.dtype {
                DType::F32 => {
                    let to = self.first.add(start);
                    while at + L::WIDTH <= count {
                        L::load(from.add(at)).store(to.add(at));
                        at += L::WIDTH;
                    }
                    std::ptr::copy_nonoverlapping(from.add(at), to.add(at), count - at);
                }
                DType::Bf16 => {
                    let to = self.first.cast::<u16>().add(start);
                    while at + L::WIDTH <= count {
                        L::load(from.add(at)).store_bf16(to.add(at));
                        at += L::WIDTH;
                    }
                    if at < count {
                        L::load_first(from.add(at), count - at).store_first_bf16(to.add(at), count - at);
                    }
                }
            }
        }
    }
}
