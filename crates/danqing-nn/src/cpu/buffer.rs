//! Aligned buffers that return to a pool.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{Error, Memory};

/// Bytes; a cache line and the widest vector.
const ALIGNMENT: usize = 64;
/// Capacities are multiples of this many values (4 KiB), so that nearly equal maps share buffers.
const GRAIN: usize = 1024;

/// Bytes that may be held for reuse beyond the peak in use: maps of other sizes than the current one, so that a network
/// does not ask the system again for every layer.
const SLACK: usize = 256 << 20;

/// Recycles buffers and counts bytes.
///
/// Buffers in use plus buffers kept for reuse never exceed the peak of buffers in use by more than that peak again, nor
/// by more than [`SLACK`].
#[derive(Debug, Default)]
pub(crate) struct Arena {
    state: Mutex<State>,
    /// Whether every buffer lies between forbidden pages, and at which one.
    #[cfg(all(test, target_arch = "x86_64", target_os = "linux"))]
    pub(crate) guard: std::sync::OnceLock<super::guard::Guard>,
}

#[derive(Debug, Default)]
struct State {
    /// Unused blocks by capacity.
    free: BTreeMap<usize, Vec<Block>>,
    free_bytes: usize,
    live_bytes: usize,
    peak_bytes: usize,
}

impl Arena {
    /// A buffer of `length` values; what it holds is unspecified.
    pub(crate) fn take(arena: &Arc<Self>, length: usize) -> Result<Buffer, Error> {
        let capacity = length.max(1).checked_next_multiple_of(GRAIN).unwrap_or(usize::MAX);
        let recycled = arena.lock().claim(capacity);
        let made = |recycled: Option<Block>| recycled.map_or_else(|| Block::new(capacity), Ok);
        #[cfg(all(test, target_arch = "x86_64", target_os = "linux"))]
        let made = |recycled| match arena.guard.get() {
            Some(&guard) => Block::guarded(length, capacity, guard),
            None => made(recycled),
        };
        let block = made(recycled)?;
        let mut state = arena.lock();
        state.live_bytes += block.bytes();
        state.peak_bytes = state.peak_bytes.max(state.live_bytes);
        state.shrink();
        drop(state);
        Ok(Buffer { block: Some(block), length, arena: Arc::clone(arena) })
    }

    pub(crate) fn memory(&self) -> Memory {
        let state = self.lock();
        Memory { live_bytes: state.live_bytes, peak_bytes: state.peak_bytes }
    }

    pub(crate) fn reset_peak(&self) {
        let mut state = self.lock();
        state.peak_bytes = state.live_bytes;
        state.shrink();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, block: Block) {
        let mut state = self.lock();
        state.live_bytes -= block.bytes();
        #[cfg(all(test, target_arch = "x86_64", target_os = "linux"))]
        if block.guarded.is_some() {
            return;
        }
        state.free_bytes += block.bytes();
        state.free.entry(block.capacity).or_default().push(block);
        state.shrink();
    }
}

impl State {
    /// The smallest free block that holds `capacity` and wastes at most a quarter.
    fn claim(&mut self, capacity: usize) -> Option<Block> {
        let most = capacity.saturating_add(capacity / 4);
        let (&found, blocks) = self.free.range_mut(capacity..=most).next()?;
        let block = blocks.pop()?;
        if blocks.is_empty() {
            self.free.remove(&found);
        }
        self.free_bytes -= block.bytes();
        Some(block)
    }

    /// Bytes that may be held.
    fn limit(&self) -> usize {
        self.peak_bytes + self.peak_bytes.min(SLACK)
    }

    /// Frees the largest unused blocks until everything held fits.
    fn shrink(&mut self) {
        while self.live_bytes + self.free_bytes > self.limit() {
            let Some((capacity, mut blocks)) = self.free.pop_last() else { return };
            if let Some(block) = blocks.pop() {
                self.free_bytes -= block.bytes();
            }
            if !blocks.is_empty() {
                self.free.insert(capacity, blocks);
            }
        }
    }
}

/// Aligned values from the arena; dropped, it goes back there.
#[derive(Debug)]
pub(crate) struct Buffer {
    /// `None` only while dropping.
    block: Option<Block>,
    length: usize,
    arena: Arc<Arena>,
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        let Some(block) = &self.block else { return &[] };
        // SAFETY: the block holds at least `length` initialised values (zeroed when made) and lives as long as `self`.
        unsafe { std::slice::from_raw_parts(block.first.as_ptr(), self.length) }
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        let Some(block) = &mut self.block else { return &mut [] };
        // SAFETY: as in `deref`; `&mut self` makes the access unique.
        unsafe { std::slice::from_raw_parts_mut(block.first.as_ptr(), self.length) }
    }
}

impl Buffer {
    /// Another buffer of `length` values from the same arena.
    pub(crate) fn another(&self, length: usize) -> Result<Self, Error> {
        Arena::take(&self.arena, length)
    }

    /// The words as two bf16 values each, the low half first.
    pub(crate) fn halves(&self) -> &[u16] {
        // SAFETY: every pattern of bits is a `u16`, which needs less alignment; the slice covers the same bytes.
        unsafe { std::slice::from_raw_parts(self.as_ptr().cast(), 2 * self.length) }
    }
}

/// As [`Buffer::halves`], of some words, for writing.
pub(crate) fn halves_mut(words: &mut [f32]) -> &mut [u16] {
    // SAFETY: every pattern of bits is a `u16` and an `f32`; the slice covers the same bytes, which are borrowed whole.
    unsafe { std::slice::from_raw_parts_mut(words.as_mut_ptr().cast(), 2 * words.len()) }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if let Some(block) = self.block.take() {
            self.arena.put(block);
        }
    }
}

/// One allocation of `capacity` initialised values.
#[derive(Debug)]
struct Block {
    first: NonNull<f32>,
    capacity: usize,
    #[cfg(all(test, target_arch = "x86_64", target_os = "linux"))]
    guarded: Option<super::guard::Guarded>,
}

// SAFETY: a block owns its memory and has no interior mutability.
unsafe impl Send for Block {}
// SAFETY: as above.
unsafe impl Sync for Block {}

impl Block {
    fn new(capacity: usize) -> Result<Self, Error> {
        let layout = Self::layout(capacity)?;
        // SAFETY: the layout has a size above 0, since capacities are at least one grain.
        let memory = unsafe { alloc_zeroed(layout) };
        #[expect(clippy::cast_ptr_alignment, reason = "the layout asks for more than f32 needs")]
        let first = NonNull::new(memory.cast::<f32>()).ok_or(Error::OutOfMemory { bytes: layout.size() })?;
        Ok(Self {
            first,
            capacity,
            #[cfg(all(test, target_arch = "x86_64", target_os = "linux"))]
            guarded: None,
        })
    }

    /// `length` values between forbidden pages.
    #[cfg(all(test, target_arch = "x86_64", target_os = "linux"))]
    fn guarded(length: usize, capacity: usize, guard: super::guard::Guard) -> Result<Self, Error> {
        let guarded = super::guard::Guarded::new(length, guard)?;
        Ok(Self { first: guarded.first(), capacity, guarded: Some(guarded) })
    }

    fn layout(capacity: usize) -> Result<Layout, Error> {
        capacity
            .checked_mul(size_of::<f32>())
            .and_then(|bytes| Layout::from_size_align(bytes, ALIGNMENT).ok())
            .ok_or_else(|| Error::TooLarge { what: format!("{capacity} values") })
    }

    fn bytes(&self) -> usize {
        self.capacity * size_of::<f32>()
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        #[cfg(all(test, target_arch = "x86_64", target_os = "linux"))]
        if self.guarded.is_some() {
            return;
        }
        if let Ok(layout) = Self::layout(self.capacity) {
            // SAFETY: allocated in `new` with this very layout.
            unsafe { dealloc(self.first.as_ptr().cast(), layout) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_buffer_is_handed_out_again_and_bytes_are_counted() -> Result<(), Error> {
        let arena = Arc::<Arena>::default();
        let first = Arena::take(&arena, 5000)?;
        let address = first.as_ptr();
        assert_eq!(address as usize % ALIGNMENT, 0);
        assert_eq!(arena.memory(), Memory { live_bytes: 5120 * 4, peak_bytes: 5120 * 4 });
        drop(first);
        assert_eq!(arena.memory(), Memory { live_bytes: 0, peak_bytes: 5120 * 4 });
        let again = Arena::take(&arena, 4500)?;
        assert_eq!((again.as_ptr(), again.len()), (address, 4500));
        let other = Arena::take(&arena, 4500)?;
        assert_ne!(other.as_ptr(), address);
        drop((again, other));
        arena.reset_peak();
        assert_eq!(arena.memory(), Memory { live_bytes: 0, peak_bytes: 0 });
        assert_eq!(arena.lock().free_bytes, 0);
        Ok(())
    }

    #[test]
    fn what_is_kept_is_bounded_by_the_peak_in_use() -> Result<(), Error> {
        let arena = Arc::<Arena>::default();
        for length in [100_000, 3000, 70_000, 200_000, 1, 90_000, 130_000, 160_000] {
            let _first = Arena::take(&arena, length)?;
            let _second = Arena::take(&arena, length / 2)?;
            let state = arena.lock();
            assert!(state.live_bytes + state.free_bytes <= 2 * state.peak_bytes);
        }
        Ok(())
    }

    #[test]
    #[cfg_attr(miri, ignore = "Miri ends where a system would refuse the memory")]
    fn an_impossible_size_is_an_error() {
        assert!(matches!(Arena::take(&Arc::default(), usize::MAX / 2), Err(Error::TooLarge { .. })));
        assert!(matches!(Arena::take(&Arc::default(), 1 << 58), Err(Error::OutOfMemory { .. })));
    }
}
