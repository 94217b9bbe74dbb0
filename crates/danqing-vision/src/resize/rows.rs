//! Resizing rows as they come, so that the source never lies in memory as a whole.

use std::ops::Range;

use danqing_capability::{CancelToken, Cancelled};
use danqing_media::{Raster, Space};

use super::{Method, Taps, weighted_pixels, weighted_rows};
use crate::bands;

/// Equals [`super::resized`] to the bit, for `f32` samples, with the source given from the top a few rows at a time;
/// it keeps the rows that the next ones of the result still need.
pub struct RowResizer<S: Space<Sample = f32>> {
    columns: Taps,
    rows: Taps,
    from: (usize, usize),
    /// Source rows at the result's width: `first..first + count`.
    wide: Vec<f32>,
    first: usize,
    /// Source rows seen.
    seen: usize,
    made: Raster<S>,
    /// Rows of the result that are finished.
    finished: usize,
}

impl<S: Space<Sample = f32>> RowResizer<S> {
    /// Sizes are widths and heights, none of them 0.
    #[must_use]
    pub fn new(method: Method, from: (usize, usize), to: (usize, usize)) -> Self {
        let both_shrink = to.0 <= from.0 && to.1 <= from.1;
        Self {
            columns: Taps::new(method, from.0, to.0, both_shrink),
            rows: Taps::new(method, from.1, to.1, both_shrink),
            from,
            wide: Vec::new(),
            first: 0,
            seen: 0,
            made: Raster::filled(to.0, to.1, 0.0),
            finished: 0,
        }
    }

    /// Takes the next rows of the source; what is more than the source has is not read.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn push(&mut self, rows: &[f32], cancel: &CancelToken) -> Result<(), Cancelled> {
        let (from, to) = (self.from.0 * S::CHANNELS, self.made.width() * S::CHANNELS);
        let count = (rows.len() / from).min(self.from.1 - self.seen);
        let start = self.wide.len();
        self.wide.resize(start + count * to, 0.0);
        let columns = &self.columns;
        bands::for_each_row(
            &mut self.wide[start..],
            to,
            cancel,
            || (),
            |(), y, row| {
                weighted_pixels(S::CHANNELS, &rows[y * from..][..from], columns, row);
            },
        )?;
        self.seen += count;
        self.make_ready(cancel)
    }

    /// The result, once every row was pushed.
    #[must_use]
    pub fn finish(self) -> Raster<S> {
        self.made
    }

    /// Makes every row whose sources have been seen, and forgets the sources that no row needs any more.
    fn make_ready(&mut self, cancel: &CancelToken) -> Result<(), Cancelled> {
        let stride = self.made.width() * S::CHANNELS;
        let sources = |y: usize| -> Range<usize> {
            let (start, weights) = self.rows.at(y);
            start..start + weights.len()
        };
        let begin = self.finished;
        let end = (begin..self.made.height()).find(|&y| sources(y).end > self.seen).unwrap_or(self.made.height());
        let (rows, wide, first) = (&self.rows, &self.wide, self.first);
        let made = &mut self.made.samples_mut()[begin * stride..end * stride];
        bands::for_each_row(
            made,
            stride,
            cancel,
            || (),
            |(), y, row| {
                let (start, weights) = rows.at(begin + y);
                weighted_rows(wide, (start - first, weights), row);
            },
        )?;
        self.finished = end;
        let needed = if end < self.made.height() { self.rows.at(end).0.min(self.seen) } else { self.seen };
        self.wide.drain(..(needed - self.first) * stride);
        self.first = needed;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use danqing_media::SrgbF32;

    use super::super::resized;
    use super::*;

    #[test]
    fn rows_as_they_come_equal_the_whole_to_the_bit() -> Result<(), Cancelled> {
        let cancel = CancelToken::default();
        for ((from, to), batch) in [
            (((23, 31), (11, 17)), 1),
            (((23, 31), (40, 77)), 4),
            (((64, 48), (48, 36)), 7),
            (((9, 90), (9, 13)), 90),
            (((5, 5), (1, 1)), 2),
        ] {
            for method in [Method::Lanczos, Method::Bicubic, Method::Area] {
                let picture = Raster::<SrgbF32>::from_fn(from.0, from.1, |x, y, s| {
                    s.copy_from_slice(&[
                        (x * 7 % 5) as f32 / 5.0,
                        (y * 3 % 7) as f32 / 7.0,
                        ((x ^ y) % 9) as f32 / 9.0,
                    ]);
                });
                let mut resizer = RowResizer::<SrgbF32>::new(method, from, to);
                for rows in picture.samples().chunks(batch * from.0 * 3) {
                    resizer.push(rows, &cancel)?;
                }
                let whole = resized(&picture, to.0, to.1, method, &cancel)?;
                assert_eq!(resizer.finish().samples(), whole.samples(), "{from:?} to {to:?} by {method:?}");
            }
        }
        Ok(())
    }
}
