//! The register tile: a few output pixels times two vectors of output channels.

use super::dense::Segment;
use super::lanes::Lanes;

/// How the weights of a panel are stored.
pub(super) trait Stored {
    /// Values of `f32` size per row of a panel, of a tier with vectors of `width`.
    fn words(width: usize) -> usize;

    /// A row: two vectors.
    ///
    /// # Safety
    /// The processor has the instructions of `L`; the row's words are valid.
    unsafe fn row<L: Lanes>(from: *const f32) -> [L; 2];
}

/// As `f32`.
pub(super) struct Floats;

impl Stored for Floats {
    #[inline(always)]
    fn words(width: usize) -> usize {
        2 * width
    }

    #[inline(always)]
    unsafe fn row<L: Lanes>(from: *const f32) -> [L; 2] {
        // SAFETY: passed on from the caller.
        unsafe { [L::load(from), L::load(from.add(L::WIDTH))] }
    }
}

/// As bf16: the low halves of a row's words are its first vector, the high ones its second.
pub(super) struct Halves;

impl Stored for Halves {
    #[inline(always)]
    fn words(width: usize) -> usize {
        width
    }

    #[inline(always)]
    unsafe fn row<L: Lanes>(from: *const f32) -> [L; 2] {
        // SAFETY: passed on from the caller.
        unsafe { L::load_halves(from) }
    }
}

/// In half precision, in the order of the channels.
pub(super) struct Float16s;

impl Stored for Float16s {
    #[inline(always)]
    fn words(width: usize) -> usize {
        width
    }

    #[inline(always)]
    unsafe fn row<L: Lanes>(from: *const f32) -> [L; 2] {
        // SAFETY: passed on from the caller.
        unsafe { L::load_f16(from) }
    }
}

/// As signed bytes, in the order of the channels.
pub(super) struct Bytes;

impl Stored for Bytes {
    #[inline(always)]
    fn words(width: usize) -> usize {
        width / 2
    }

    #[inline(always)]
    unsafe fn row<L: Lanes>(from: *const f32) -> [L; 2] {
        // SAFETY: passed on from the caller.
        unsafe { L::load_bytes(from) }
    }
}

/// One block of output channels for all pixels of a task, over one chunk of the reduction.
pub(super) struct Panel<'a> {
    pub(super) segments: &'a [Segment],
    /// `[taps, pixels]`.
    pub(super) sources: &'a [*const f32],
    pub(super) pixels: usize,
    /// First input channel of the group.
    pub(super) channel: usize,
    /// `[reduction of the chunk, words of a row]`, two vectors in a row.
    pub(super) weights: &'a [f32],
    /// What sums start from; `None` to go on from `sums`.
    pub(super) start: Option<&'a [f32]>,
}

impl Panel<'_> {
    /// Adds to `sums`, `[pixels, 2·WIDTH]`.
    ///
    /// # Safety
    /// The processor has the instructions of `L`; every source has `channel + first + length` values of each of its
    /// tap's segments behind it.
    #[inline(always)]
    pub(super) unsafe fn run<L: Lanes, W: Stored>(&self, sums: &mut [f32]) {
        assert!(sums.len() == self.pixels * 2 * L::WIDTH);
        let mut first = 0;
        while first < self.pixels {
            let rows = L::ROWS.min(self.pixels - first);
            // SAFETY: passed on; rows `first..first + rows` exist.
            unsafe {
                let sums = sums.as_mut_ptr().add(first * 2 * L::WIDTH);
                match rows {
                    1 => self.tile_1::<L, W>(sums, first),
                    2 => self.tile_2::<L, W>(sums, first),
                    3 => self.tile_3::<L, W>(sums, first),
                    4 => self.tile_4::<L, W>(sums, first),
                    5 => self.tile_5::<L, W>(sums, first),
                    6 => self.tile_6::<L, W>(sums, first),
                    7 => self.tile_7::<L, W>(sums, first),
                    _ => self.tile_8::<L, W>(sums, first),
                }
            }
            first += rows;
        }
    }
}

/// A tile of a known number of rows, written out: the compiler then keeps every sum in a register.
macro_rules! tile {
    ($name:ident, $rows:literal: $($m:literal)*) => {
        impl Panel<'_> {
            /// # Safety
            /// As [`Panel::run`]; `sums` has the tile's rows, and pixels `first..` as many sources.
            #[inline(always)]
            unsafe fn $name<L: Lanes, W: Stored>(&self, sums: *mut f32, first: usize) {
                let width = 2 * L::WIDTH;
                // SAFETY: see above; `weights` advances one row per element of the reduction, as packed.
                unsafe {
                    let mut tile = [[L::splat(0.0); 2]; $rows];
                    match self.start {
                        Some(start) => {
                            let start = [L::load(start.as_ptr()), L::load(start.as_ptr().add(L::WIDTH))];
                            $(tile[$m] = start;)*
                        }
                        None => {
                            $(tile[$m] = [L::load(sums.add($m * width)), L::load(sums.add($m * width + L::WIDTH))];)*
                        }
                    }
                    let mut weights = self.weights.as_ptr();
                    for segment in self.segments {
                        let sources = self.sources.as_ptr().add(segment.tap * self.pixels + first);
                        let channel = self.channel + segment.first;
                        let from = [$((*sources.add($m)).add(channel),)*];
                        for k in 0..segment.length {
                            let w = W::row::<L>(weights);
                            $(
                                let x = L::splat(*from[$m].add(k));
                                tile[$m][0] = x.times_plus(w[0], tile[$m][0]);
                                tile[$m][1] = x.times_plus(w[1], tile[$m][1]);
                            )*
                            weights = weights.add(W::words(L::WIDTH));
                        }
                    }
                    $(
                        tile[$m][0].store(sums.add($m * width));
                        tile[$m][1].store(sums.add($m * width + L::WIDTH));
                    )*
                }
            }
        }
    };
}

tile!(tile_1, 1: 0);
tile!(tile_2, 2: 0 1);
tile!(tile_3, 3: 0 1 2);
tile!(tile_4, 4: 0 1 2 3);
tile!(tile_5, 5: 0 1 2 3 4);
tile!(tile_6, 6: 0 1 2 3 4 5);
tile!(tile_7, 7: 0 1 2 3 4 5 6);
tile!(tile_8, 8: 0 1 2 3 4 5 6 7);
