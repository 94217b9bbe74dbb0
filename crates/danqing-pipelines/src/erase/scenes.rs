//! Which parts of a picture are filled together.

use danqing_capability::{CancelToken, Cancelled};
use danqing_media::{Mask, Rect};
use danqing_vision::components::{Connectivity, components};

/// Context around a hole: at least this many pixels, so that the network's square fits around small holes.
const LEAST_CONTEXT: usize = 224;

/// Crops that hold every hole once, each with as much picture around it as its longer side.
///
/// Holes whose crops meet are filled together, so that no hole is context of another.
pub(super) fn places(hole: &Mask, cancel: &CancelToken) -> Result<Vec<Rect>, Cancelled> {
    let (width, height) = hole.size();
    let mut places: Vec<Rect> = components(hole, Connectivity::Eight, cancel)?
        .found
        .iter()
        .map(|c| c.bounds.grown(c.bounds.width.max(c.bounds.height).max(LEAST_CONTEXT), width, height))
        .collect();
    while let Some((a, b)) = meeting_pair(&places) {
        let other = places.swap_remove(b);
        places[a] = joined(places[a], other);
    }
    places.sort_by_key(|r| (r.y, r.x));
    Ok(places)
}

fn meeting_pair(places: &[Rect]) -> Option<(usize, usize)> {
    let meet = |a: &Rect, b: &Rect| a.x < b.right() && b.x < a.right() && a.y < b.bottom() && b.y < a.bottom();
    (0..places.len()).find_map(|a| (a + 1..places.len()).find(|&b| meet(&places[a], &places[b])).map(|b| (a, b)))
}

fn joined(a: Rect, b: Rect) -> Rect {
    let (x, y) = (a.x.min(b.x), a.y.min(b.y));
    Rect::new(x, y, a.right().max(b.right()) - x, a.bottom().max(b.bottom()) - y)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(hole: &Mask) -> Vec<Rect> {
        super::places(hole, &CancelToken::default()).expect("not cancelled")
    }

    fn dots(width: usize, height: usize, at: &[(usize, usize)]) -> Mask {
        let mut mask = Mask::filled(width, height, 0);
        for &(x, y) in at {
            mask.pixel_mut(x, y)[0] = 255;
        }
        mask
    }

    #[test]
    fn far_holes_stay_apart_and_near_ones_join() {
        assert_eq!(places(&dots(4000, 500, &[(100, 250), (3000, 250)])).len(), 2);
        let near = places(&dots(4000, 500, &[(100, 250), (400, 250)]));
        assert_eq!(near, [Rect::new(0, 26, 625, 449)]);
    }

    #[test]
    fn every_hole_lies_in_exactly_one_place() {
        let at: Vec<_> = (0..40).map(|i| ((i * 613) % 3000, (i * 397) % 2000)).collect();
        let places = places(&dots(3000, 2000, &at));
        for (x, y) in at {
            let holding = places.iter().filter(|r| (r.x..r.right()).contains(&x) && (r.y..r.bottom()).contains(&y));
            assert_eq!(holding.count(), 1);
        }
    }
}
