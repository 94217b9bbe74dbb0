//! A network over a picture of any size: tiles that overlap, blended where both know what they see, row by row into the
//! result's size.
//!
//! A tile's outermost pixels are thrown away (the network sees nothing beyond them), then a raised cosine leads from one
//! tile to the next. Around the picture stands a mirrored border, so that its own edge is no edge for the network.

use std::f64::consts::PI;

use danqing_capability::Progress;
use danqing_media::{Raster, SrgbF32};
use danqing_models::upscalers::Upscaler;
use danqing_nn::{Engine, FeatureMap, Shape};
use danqing_vision::resize::{Method, RowResizer};

use super::Error;

/// Mirrored pixels around the picture.
const BORDER: usize = 8;
/// Most pixels thrown away at a tile's inner edges; networks that reach less far throw away what they reach.
const DEAD: usize = 20;
/// Width of the blend between tiles.
const RAMP: usize = 16;
/// A tile whose samples differ by less than this is flat.
const FLAT: f32 = 1.0 / 1024.0;

/// A network ready to run over pictures.
pub(super) struct Enlarger<'a> {
    pub(super) network: &'a Upscaler,
    pub(super) engine: &'a Engine,
    /// Side of a tile.
    pub(super) tile: usize,
    /// Whether flat tiles are copied instead of computed: for alpha, where most is flat.
    pub(super) skips_flat: bool,
}

/// One axis of the tiling, in pixels of the picture with its border.
struct Axis {
    /// Start and end of each tile.
    spans: Vec<(usize, usize)>,
    /// Where neighbouring tiles meet, one fewer.
    seams: Vec<usize>,
}

impl Axis {
    /// `length` and `tile` are multiples of `multiple`.
    fn new(length: usize, tile: usize, dead: usize, multiple: usize) -> Self {
        let overlap = 2 * dead + RAMP;
        let tile = tile.max(overlap + 32).next_multiple_of(multiple);
        if length <= tile {
            return Self { spans: vec![(0, length)], seams: Vec::new() };
        }
        let count = (length - overlap).div_ceil(tile - overlap - multiple);
        // Tiles of one size, no larger than they must be.
        let side = ((length - overlap).div_ceil(count) + overlap + multiple).next_multiple_of(multiple).min(length);
        let start = |n: usize| (length - side) * n / (count - 1) / multiple * multiple;
        let spans: Vec<_> = (0..count).map(|n| (start(n), start(n) + side)).collect();
        let seams = spans.windows(2).map(|pair| pair[0].1.midpoint(pair[1].0)).collect();
        Self { spans, seams }
    }

    /// Share of tile `n` at output position `at` of an output `scale` times as large.
    fn weight(&self, n: usize, at: usize, scale: usize) -> f32 {
        let position = (at as f64 + 0.5) / scale as f64;
        let rise = |seam: usize| {
            let t = ((position - seam as f64) / RAMP as f64 + 0.5).clamp(0.0, 1.0);
            0.5 - 0.5 * (PI * t).cos()
        };
        let rising = if n == 0 { 1.0 } else { rise(self.seams[n - 1]) };
        let falling = self.seams.get(n).map_or(0.0, |&seam| rise(seam));
        (rising - falling) as f32
    }

    /// First output position that tile `n` has a share of, and the first one after it that it has none of.
    fn reach(&self, n: usize, scale: usize) -> (usize, usize) {
        let start = if n == 0 { 0 } else { (self.seams[n - 1] - RAMP / 2) * scale };
        let end = self.seams.get(n).map_or(self.spans[n].1 * scale, |seam| (seam + RAMP / 2) * scale);
        (start, end)
    }
}

/// Rows of the network's output, from `first` on, each `width` pixels.
struct Rows {
    first: usize,
    width: usize,
    samples: Vec<f32>,
}

impl Enlarger<'_> {
    /// Bytes that [`Self::enlarged`] needs at its largest moment, the finished picture of the next steps counted twice.
    pub(super) fn bytes(&self, (width, height): (usize, usize), size: (usize, usize)) -> u64 {
        let (scale, samples) = (self.network.scale(), 3 * size_of::<f32>());
        let side = |length: usize| (self.tile + 64).min(length + 2 * BORDER);
        let tile = side(width) * side(height) * self.network.bytes_per_pixel();
        let rows = width * scale * side(height) * scale * samples;
        (tile + rows + 2 * size.0 * size.1 * samples) as u64
    }

    /// The picture at the network's scale, then at `size`.
    pub(super) fn enlarged(
        &self,
        picture: &Raster<SrgbF32>,
        size: (usize, usize),
        stage: &'static str,
        progress: &mut Progress<'_>,
    ) -> Result<Raster<SrgbF32>, Error> {
        let (scale, multiple) = (self.network.scale(), self.network.multiple());
        let (width, height) = picture.size();
        let padded = |side: usize| (side + 2 * BORDER).next_multiple_of(multiple);
        let dead = self.network.reach().min(DEAD);
        let columns = Axis::new(padded(width), self.tile, dead, multiple);
        let lines = Axis::new(padded(height), self.tile, dead, multiple);
        let mut resizer = RowResizer::<SrgbF32>::new(Method::Lanczos, (width * scale, height * scale), size);
        let mut rows = Rows { first: BORDER * scale, width: width * scale, samples: Vec::new() };
        let total = columns.spans.len() * lines.spans.len() * self.network.steps();
        let mut done = 0;
        for line in 0..lines.spans.len() {
            let (_, end) = lines.reach(line, scale);
            let end = end.min((BORDER + height) * scale);
            rows.samples.resize(end.saturating_sub(rows.first) * rows.width * 3, 0.0);
            for column in 0..columns.spans.len() {
                let (left, right) = columns.spans[column];
                let (top, bottom) = lines.spans[line];
                let tile = mirrored(picture, (left, top), (right - left, bottom - top));
                let made = self.made(&tile, (right - left, bottom - top), (stage, &mut done, total), progress)?;
                rows.blend(&made, (&columns, column), (&lines, line), scale)?;
            }
            let next = if line + 1 < lines.spans.len() { lines.reach(line + 1, scale).0 } else { end };
            let finished = next.saturating_sub(rows.first) * rows.width * 3;
            resizer.push(&rows.samples[..finished], progress.cancel_token())?;
            rows.samples.drain(..finished);
            rows.first = next.max(rows.first);
        }
        Ok(resizer.finish())
    }

    /// One tile's output.
    fn made(
        &self,
        tile: &[f32],
        (width, height): (usize, usize),
        (stage, done, total): (&'static str, &mut usize, usize),
        progress: &mut Progress<'_>,
    ) -> Result<FeatureMap, Error> {
        let (scale, shape) = (self.network.scale(), Shape::new(1, height, width, 3));
        if self.skips_flat && is_flat(tile) {
            *done += self.network.steps();
            progress.step(stage, *done, total)?;
            let value = tile.first().copied().unwrap_or(0.0);
            return Ok(FeatureMap::filled(self.engine, shape.with_size(height * scale, width * scale), value)?);
        }
        let engine = self.engine.with_cancel(progress.cancel_token().clone());
        let input = FeatureMap::from_nhwc(&engine, shape, tile.to_vec())?;
        let made = self.network.forward(&engine, input, &mut |_, _| {
            *done += 1;
            Ok(progress.step(stage, *done, total).map_err(danqing_nn::Error::from)?)
        })?;
        Ok(made)
    }
}

impl Rows {
    /// Adds a tile's share.
    fn blend(
        &mut self,
        made: &FeatureMap,
        columns: (&Axis, usize),
        lines: (&Axis, usize),
        scale: usize,
    ) -> Result<(), danqing_nn::Error> {
        let (shape, values) = (made.shape(), made.as_slice()?);
        let (left, top) = (columns.0.spans[columns.1].0 * scale, lines.0.spans[lines.1].0 * scale);
        let border = BORDER * scale;
        let (from, to) = columns.0.reach(columns.1, scale);
        let (from, to) = (from.max(border), to.min(border + self.width));
        let weights: Vec<f32> = (from..to).map(|x| columns.0.weight(columns.1, x, scale)).collect();
        for (index, row) in self.samples.chunks_exact_mut(self.width * 3).enumerate() {
            let y = self.first + index;
            let share = lines.0.weight(lines.1, y, scale);
            if share <= 0.0 || y < top || y >= top + shape.height {
                continue;
            }
            let source = &values[((y - top) * shape.width + from - left) * 3..][..(to - from) * 3];
            let target = &mut row[(from - border) * 3..(to - border) * 3];
            for ((to, from), &weight) in target.chunks_exact_mut(3).zip(source.chunks_exact(3)).zip(&weights) {
                for (to, from) in to.iter_mut().zip(from) {
                    *to += from * (weight * share);
                }
            }
        }
        Ok(())
    }
}

fn is_flat(tile: &[f32]) -> bool {
    let (low, high) = tile.iter().fold((f32::MAX, f32::MIN), |(low, high), &v| (low.min(v), high.max(v)));
    high - low < FLAT
}

/// Pixels of the picture with its border, mirrored beyond its edges as often as needed.
fn mirrored(picture: &Raster<SrgbF32>, (left, top): (usize, usize), (width, height): (usize, usize)) -> Vec<f32> {
    let fold = |position: usize, side: usize| {
        let period = 2 * side;
        let n = (position as isize - BORDER as isize).rem_euclid(period as isize) as usize;
        if n < side { n } else { period - 1 - n }
    };
    let mut tile = Vec::with_capacity(width * height * 3);
    let columns: Vec<_> = (left..left + width).map(|x| fold(x, picture.width())).collect();
    for y in top..top + height {
        let row = picture.row(fold(y, picture.height()));
        for &x in &columns {
            tile.extend_from_slice(&row[x * 3..][..3]);
        }
    }
    tile
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_all_tiles_are_one_everywhere_and_none_at_thrown_away_pixels() {
        for (length, tile, dead, multiple) in
            [(500, 128, 20, 1), (96, 128, 20, 1), (1000, 100, 18, 2), (2048, 333, 20, 4), (181, 120, 5, 1)]
        {
            let length = usize::next_multiple_of(length, multiple);
            let axis = Axis::new(length, tile, dead, multiple);
            for at in 0..length * 4 {
                let mut sum = 0.0;
                for (n, &(start, end)) in axis.spans.iter().enumerate() {
                    let share = axis.weight(n, at, 4);
                    sum += share;
                    let inner = |edge: usize, limit: usize| edge == limit || at.abs_diff(edge * 4) >= dead * 4;
                    assert!(share <= 0.0 || (at >= start * 4 && at < end * 4), "{length} {tile}: {n} at {at}");
                    assert!(share <= 0.0 || (inner(start, 0) && inner(end, length)), "{length} {tile}: {n} at {at}");
                    let (from, to) = axis.reach(n, 4);
                    assert!(share <= 0.0 || (from..to).contains(&at));
                }
                assert!((sum - 1.0).abs() < 1e-5, "{length} {tile}: {sum} at {at}");
            }
            let fits = axis.spans.iter().all(|(start, end)| start % multiple == 0 && end % multiple == 0);
            assert!(fits && axis.spans.last().map(|span| span.1) == Some(length), "{:?}", axis.spans);
        }
    }

    #[test]
    fn mirrors_repeat_the_edge_and_never_end() {
        let picture = Raster::<SrgbF32>::from_fn(3, 1, |x, _, s| s.fill(x as f32));
        let row: Vec<_> = mirrored(&picture, (0, 0), (2 * BORDER + 3, 1)).into_iter().step_by(3).collect();
        assert_eq!(row[BORDER - 3..BORDER + 6], [2.0, 1.0, 0.0, 0.0, 1.0, 2.0, 2.0, 1.0, 0.0]);
    }
}
