//! Covering a hole with network-sized windows, in an order in which each sees as much known picture as possible.

use danqing_media::{Mask, Rect};

/// Rows or columns at a window's inner edge that are left to the next window, which sees both sides of them.
const LEFT_TO_NEIGHBOUR: usize = 64;

/// One window and the part of the hole it decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Turn {
    /// What the network sees.
    pub(super) window: Rect,
    /// Hole pixels in here take the network's values.
    pub(super) accepted: Rect,
}

/// The next window over what is still unknown; none when nothing is.
///
/// Greedy: the window with the smallest unknown share that still decides something.
pub(super) fn next_turn(hole: &Mask, side: usize) -> Option<Turn> {
    let (width, height) = hole.size();
    let sums = Sums::new(hole);
    let mut best: Option<(usize, Turn)> = None;
    for y in starts(height, side) {
        for x in starts(width, side) {
            let window = Rect::new(x, y, side.min(width), side.min(height));
            let accepted = accepted_part(&sums, window, width, height);
            let unknown = sums.unknown(window);
            if sums.unknown(accepted) > 0 && best.as_ref().is_none_or(|(least, _)| unknown < *least) {
                best = Some((unknown, Turn { window, accepted }));
            }
        }
    }
    best.map(|(_, turn)| turn)
}

/// Window positions along one axis: steps of three quarters of a side, the last one flush with the end.
fn starts(length: usize, side: usize) -> Vec<usize> {
    let last = length.saturating_sub(side);
    let mut at: Vec<usize> = (0..last).step_by((side * 3 / 4).max(1)).collect();
    at.push(last);
    at
}

/// The window without the edges behind which more unknown pixels lie.
fn accepted_part(sums: &Sums, w: Rect, width: usize, height: usize) -> Rect {
    let beyond = |x, y, wide, high| usize::from(sums.unknown(Rect::new(x, y, wide, high)) > 0) * LEFT_TO_NEIGHBOUR;
    let left = if w.x > 0 { beyond(w.x - 1, w.y, 1, w.height) } else { 0 };
    let right = if w.right() < width { beyond(w.right(), w.y, 1, w.height) } else { 0 };
    let top = if w.y > 0 { beyond(w.x, w.y - 1, w.width, 1) } else { 0 };
    let bottom = if w.bottom() < height { beyond(w.x, w.bottom(), w.width, 1) } else { 0 };
    Rect::new(w.x + left, w.y + top, w.width - left - right, w.height - top - bottom)
}

/// Summed-area table of unknown pixels.
struct Sums {
    width: usize,
    table: Vec<u32>,
}

impl Sums {
    fn new(hole: &Mask) -> Self {
        let (width, height) = hole.size();
        let stride = width + 1;
        let mut table = vec![0; stride * (height + 1)];
        for y in 0..height {
            let mut row = 0;
            for (x, &value) in hole.row(y).iter().enumerate() {
                row += u32::from(value > 0);
                table[(y + 1) * stride + x + 1] = table[y * stride + x + 1] + row;
            }
        }
        Self { width, table }
    }

    fn unknown(&self, r: Rect) -> usize {
        let at = |x: usize, y: usize| self.table[y * (self.width + 1) + x];
        (at(r.right(), r.bottom()) + at(r.x, r.y) - at(r.right(), r.y) - at(r.x, r.bottom())) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill_all(mut hole: Mask, side: usize) -> Vec<Turn> {
        let mut turns = Vec::new();
        while let Some(turn) = next_turn(&hole, side) {
            let a = turn.accepted;
            for y in a.y..a.bottom() {
                hole.row_mut(y)[a.x..a.right()].fill(0);
            }
            turns.push(turn);
            assert!(turns.len() < 200, "no end");
        }
        assert!(hole.samples().iter().all(|&v| v == 0), "unknown pixels are left");
        turns
    }

    #[test]
    fn a_hole_in_one_window_takes_one_turn() {
        let mut hole = Mask::filled(512, 512, 0);
        hole.row_mut(100)[100..300].fill(255);
        let turns = fill_all(hole, 512);
        assert_eq!(turns, [Turn { window: Rect::new(0, 0, 512, 512), accepted: Rect::new(0, 0, 512, 512) }]);
    }

    #[test]
    fn holes_of_any_size_are_filled_to_the_last_pixel() {
        for (width, height) in [(512, 512), (513, 900), (1700, 600), (1200, 1200), (3000, 512)] {
            let turns = fill_all(Mask::filled(width, height, 255), 512);
            assert!(turns.len() <= (width / 256 + 1) * (height / 256 + 1), "{width}x{height}: {} turns", turns.len());
        }
    }

    #[test]
    fn the_best_known_window_comes_first() {
        let hole = Mask::from_fn(1400, 512, |x, _, s| s[0] = if x > 500 { 255 } else { 0 });
        assert_eq!(next_turn(&hole, 512).expect("unknown pixels").window.x, 384);
    }
}
