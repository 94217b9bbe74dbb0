//! Large pictures to latents and back, in tiles that overlap and melt into each other.
//!
//! A tile sees only itself: its norms and its attention are its own. What it makes near its edge is thrown away, and over the
//! rest of the overlap it fades into its neighbour, so no edge can show; colours may drift over the width of a tile.

use danqing_capability::Progress;

use super::Error;

/// Overlap of neighbours as a part of a tile's side.
const OVERLAP: usize = 4;
/// Part of the overlap that is thrown away on either side.
const THROWN: f32 = 0.125;

/// One picture's tiles, in pixels of a latent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tiles {
    columns: Vec<usize>,
    rows: Vec<usize>,
    width: usize,
    height: usize,
}

impl Tiles {
    /// Of a latent of `width` × `height`; none if one tile of side `tile` holds it, or if `tile` is 0.
    pub(super) fn new((width, height): (usize, usize), tile: usize) -> Option<Self> {
        if tile == 0 || (width <= tile && height <= tile) {
            return None;
        }
        let (w, h) = (width.min(tile), height.min(tile));
        Some(Self { columns: starts(width, w), rows: starts(height, h), width: w, height: h })
    }

    /// Calls `make` for the left top corner of every tile and its size, and joins what it gives: `channels` planes, every pixel
    /// of the latent `factor` wide. NCHW values of the whole.
    pub(super) fn joined(
        &self,
        (width, height, channels, factor): (usize, usize, usize, usize),
        stage: &'static str,
        progress: &mut Progress<'_>,
        mut make: impl FnMut((usize, usize), (usize, usize), &mut Progress<'_>) -> Result<Vec<f32>, Error>,
    ) -> Result<Vec<f32>, Error> {
        let (full_width, full_height) = (width * factor, height * factor);
        let mut sums = vec![0.0_f32; channels * full_width * full_height];
        let mut shares = vec![0.0_f32; full_width * full_height];
        let total = self.columns.len() * self.rows.len();
        for (done, (left, top)) in self.corners().enumerate() {
            let made = make((left, top), (self.width, self.height), progress)?;
            let across = faded(left, self.width, width, factor);
            let down = faded(top, self.height, height, factor);
            let (w, h) = (across.len(), down.len());
            for y in 0..h {
                let row = (top * factor + y) * full_width + left * factor;
                for x in 0..w {
                    let share = across[x] * down[y];
                    shares[row + x] += share;
                    for channel in 0..channels {
                        sums[channel * full_width * full_height + row + x] += share * made[(channel * h + y) * w + x];
                    }
                }
            }
            progress.step(stage, done + 1, total)?;
        }
        for plane in sums.chunks_exact_mut(full_width * full_height) {
            plane.iter_mut().zip(&shares).for_each(|(sum, share)| *sum /= share);
        }
        Ok(sums)
    }

    fn corners(&self) -> impl Iterator<Item = (usize, usize)> {
        self.rows.iter().flat_map(|top| self.columns.iter().map(move |left| (*left, *top)))
    }
}

/// Where tiles of `tile` begin along `length`: as few as overlap enough, evenly.
fn starts(length: usize, tile: usize) -> Vec<usize> {
    let stride = (tile - tile / OVERLAP).max(1);
    let more = (length - tile).div_ceil(stride);
    (0..=more).map(|index| ((length - tile) * index).checked_div(more).unwrap_or(0)).collect()
}

/// How much of a tile counts along one side: all of it but for the overlap, where it fades, and not at the picture's edge.
fn faded(start: usize, tile: usize, length: usize, factor: usize) -> Vec<f32> {
    let overlap = (tile / OVERLAP * factor).max(1) as f32;
    let share = |away: usize| {
        let at = ((away as f32 + 0.5) / overlap - THROWN) / (1.0 - 2.0 * THROWN);
        let at = at.clamp(0.0, 1.0);
        // Never nothing: neighbours may overlap less than they fade.
        (at * at * (3.0 - 2.0 * at)).max(1e-6)
    };
    let side = tile * factor;
    let weight = |at: usize| {
        let before = if start == 0 { 1.0 } else { share(at) };
        let after = if start + tile == length { 1.0 } else { share(side - 1 - at) };
        before * after
    };
    (0..side).map(weight).collect()
}

/// The part of NCHW values of one picture that a tile sees.
pub(super) fn part(
    values: &[f32],
    (width, height): (usize, usize),
    (left, top): (usize, usize),
    (w, h): (usize, usize),
) -> Vec<f32> {
    let planes = values.chunks_exact(width * height);
    planes.flat_map(|plane| (top..top + h).flat_map(move |y| plane[y * width + left..][..w].iter().copied())).collect()
}

#[cfg(test)]
mod tests {
    use danqing_capability::{CancelToken, Event};

    use super::*;

    #[test]
    fn tiles_cover_everything_and_overlap() {
        for length in 65..400 {
            let starts = starts(length, 64);
            assert_eq!((starts[0], starts[starts.len() - 1] + 64), (0, length));
            assert!(starts.windows(2).all(|pair| pair[1] - pair[0] <= 48), "{length}: {starts:?}");
        }
        assert_eq!(Tiles::new((64, 64), 64), None);
        assert_eq!(Tiles::new((640, 64), 0), None);
    }

    /// What tiles agree on comes back, and where each has its own colour no pixel jumps.
    #[test]
    fn joined_tiles_have_no_edge() {
        let mut sink = |_: Event| {};
        let mut progress = Progress::new(CancelToken::default(), &mut sink);
        let tiles = Tiles::new((150, 40), 64).expect("tiles");
        let same = tiles.joined((150, 40, 2, 2), "tiles", &mut progress, |_, (w, h), _| Ok(vec![0.25; 2 * 4 * w * h]));
        assert!(same.expect("joined").iter().all(|value| (value - 0.25).abs() < 1e-6));
        let mut colour = 0.0;
        let made = tiles.joined((150, 40, 1, 2), "tiles", &mut progress, |_, (w, h), _| {
            colour += 1.0;
            Ok(vec![colour; 4 * w * h])
        });
        let made = made.expect("joined");
        let step = made.chunks_exact(300).flat_map(|row| row.windows(2).map(|pair| (pair[1] - pair[0]).abs()));
        // A tile fades over three quarters of 32 pixels: a smooth step rises by half as much again as a straight one.
        assert!(step.fold(0.0, f32::max) < 0.1);
    }

    #[test]
    fn a_part_is_what_lies_there() {
        let values: Vec<f32> = (0..24).map(|value| value as f32).collect(); // [2, 3, 4]
        assert_eq!(part(&values, (4, 3), (1, 1), (2, 2)), [5.0, 6.0, 9.0, 10.0, 17.0, 18.0, 21.0, 22.0]);
    }
}
