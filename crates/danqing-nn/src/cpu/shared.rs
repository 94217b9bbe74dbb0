//! One output slice that several threads write, each its own part.

use std::marker::PhantomData;

/// A mutable slice shared by tasks that write disjoint parts.
pub(crate) struct Shared<'a> {
    first: *mut f32,
    length: usize,
    slice: PhantomData<&'a mut [f32]>,
}

// SAFETY: access goes through `block` and `part`, whose callers hand every thread disjoint ranges.
unsafe impl Sync for Shared<'_> {}

impl<'a> Shared<'a> {
    pub(crate) fn new(slice: &'a mut [f32]) -> Self {
        Self { first: slice.as_mut_ptr(), length: slice.len(), slice: PhantomData }
    }

    /// Values `start..start + length` of a slice cut into blocks of `stride`; the pool hands out each block once.
    #[expect(clippy::mut_from_ref, reason = "blocks are disjoint, see SAFETY")]
    pub(crate) fn block(&self, start: usize, length: usize, stride: usize) -> &mut [f32] {
        assert!(start.is_multiple_of(stride) && length <= stride);
        // SAFETY: blocks of one stride do not overlap, and the pool runs each task index once.
        unsafe { self.part(start, length) }
    }

    /// Values `start..start + length`.
    ///
    /// # Safety
    /// No two live parts may overlap.
    #[expect(clippy::mut_from_ref, reason = "the caller keeps parts disjoint")]
    pub(super) unsafe fn part(&self, start: usize, length: usize) -> &mut [f32] {
        assert!(start <= self.length && length <= self.length - start);
        // SAFETY: in range by the assertion, disjoint by the contract of this function.
        unsafe { std::slice::from_raw_parts_mut(self.first.add(start), length) }
    }
}
