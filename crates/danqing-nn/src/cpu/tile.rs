//! The register tile: a few output pixels times two vectors of output channels.

use super::dense::Segment;
use super::lanes::Lanes;

/// One block of output channels for all pixels of a task, over one chunk of the reduction.
pub(super) struct Panel<'a> {
    pub(super) segments: &'a [Segment],
    /// `[taps, pixels]`.
    pub(super) sources: &'a [*const f32],
    pub(super) pixels: usize,
    /// First input channel of the group.
    pub(super) channel: usize,
    /// `[reduction of the chunk, 2·WIDTH]`.
    pub(super) weights: &'a [f32],
    /// What sums start from; `None` to go on from `sums`.
    pub(super) start: Option<&'a [f32]>,
}

impl Panel<'_> {
    /// Adds to `sums`, `[pixels, 2·WIDTH]`.
    ///
    /// # Safety
    /// Every source has `channel + first + length` values of each of its tap's segments behind it.
    #[inline(always)]
    pub(super) unsafe fn run<L: Lanes>(&self, sums: &mut [f32]) {
        let mut first = 0;
        while first < self.pixels {
            let rows = L::ROWS.min(self.pixels - first);
            // SAFETY: passed on; rows `first..first + rows` exist.
            unsafe {
                match rows {
                    1 => self.tile::<L, 1>(sums, first),
                    2 => self.tile::<L, 2>(sums, first),
                    3 => self.tile::<L, 3>(sums, first),
                    4 => self.tile::<L, 4>(sums, first),
                    5 => self.tile::<L, 5>(sums, first),
                    6 => self.tile::<L, 6>(sums, first),
                    7 => self.tile::<L, 7>(sums, first),
                    _ => self.tile::<L, 8>(sums, first),
                }
            }
            first += rows;
        }
    }

    #[inline(always)]
    unsafe fn tile<L: Lanes, const M: usize>(&self, sums: &mut [f32], first: usize) {
        let width = 2 * L::WIDTH;
        let rows = &mut sums[first * width..][..M * width];
        // SAFETY: `rows` holds M rows, `start` one; weights and sources by the contract of `run`.
        unsafe {
            let mut tile = [[L::splat(0.0); 2]; M];
            for m in 0..M {
                let from = self.start.map_or(rows.as_ptr().add(m * width), <[f32]>::as_ptr);
                tile[m] = [L::load(from), L::load(from.add(L::WIDTH))];
            }
            let mut weights = self.weights.as_ptr();
            for segment in self.segments {
                let sources = self.sources.as_ptr().add(segment.tap * self.pixels + first);
                let mut from = [std::ptr::null::<f32>(); M];
                for m in 0..M {
                    from[m] = (*sources.add(m)).add(self.channel + segment.first);
                }
                for k in 0..segment.length {
                    let w = [L::load(weights), L::load(weights.add(L::WIDTH))];
                    for m in 0..M {
                        let x = L::splat(*from[m].add(k));
                        tile[m] = [x.times_plus(w[0], tile[m][0]), x.times_plus(w[1], tile[m][1])];
                    }
                    weights = weights.add(width);
                }
            }
            for m in 0..M {
                tile[m][0].store(rows.as_mut_ptr().add(m * width));
                tile[m][1].store(rows.as_mut_ptr().add(m * width + L::WIDTH));
            }
        }
    }
}
