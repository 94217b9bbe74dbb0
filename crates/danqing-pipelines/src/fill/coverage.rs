//! Where and how much a fill covers the picture.

use danqing_capability::{CancelToken, Cancelled};
use danqing_media::{Mask, Rect};
use danqing_vision::distance::distance_to_nonzero;

/// 255 in the hole, falling to 0 over `feather` pixels outside it; 0 for every pixel whose centre is farther than that
/// from the centre of every hole pixel.
pub(crate) fn feathered(hole: &Mask, feather: usize, cancel: &CancelToken) -> Result<Mask, Cancelled> {
    if feather == 0 {
        return Ok(touched(hole));
    }
    let distance = distance_to_nonzero(hole, cancel)?;
    Ok(Mask::from_fn(hole.width(), hole.height(), |x, y, s| {
        let away = distance.pixel(x, y)[0];
        let share = 1.0 - away / (feather as f32 + 1.0);
        s[0] = if away > feather as f32 { 0 } else { (share * 255.0).round() as u8 };
    }))
}

/// Every pixel that is covered at all.
pub(crate) fn touched(coverage: &Mask) -> Mask {
    Mask::from_fn(coverage.width(), coverage.height(), |x, y, s| {
        s[0] = if coverage.pixel(x, y)[0] > 0 { 255 } else { 0 }
    })
}

/// Smallest rectangle around what is marked; empty if nothing is.
pub(crate) fn bounds(mask: &Mask) -> Rect {
    let rows: Vec<usize> = (0..mask.height()).filter(|&y| mask.row(y).iter().any(|&v| v > 0)).collect();
    let (Some(&top), Some(&bottom)) = (rows.first(), rows.last()) else { return Rect::default() };
    let marked = |x: &usize| rows.iter().any(|&y| mask.pixel(*x, y)[0] > 0);
    let left = (0..mask.width()).find(marked).unwrap_or(0);
    let right = (0..mask.width()).rev().find(marked).unwrap_or(0);
    Rect::new(left, top, right + 1 - left, bottom + 1 - top)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coverage_falls_to_nothing_one_pixel_beyond_the_feather() {
        let hole = Mask::from_fn(20, 1, |x, _, s| s[0] = if x < 5 { 255 } else { 0 });
        let cancel = &CancelToken::default();
        let coverage = feathered(&hole, 3, cancel).expect("not cancelled");
        assert_eq!(&coverage.samples()[3..10], &[255, 255, 191, 128, 64, 0, 0]);
        assert_eq!(bounds(&touched(&coverage)), Rect::new(0, 0, 8, 1));
        assert_eq!(feathered(&hole, 0, cancel), Ok(hole));
    }

    #[test]
    fn nothing_marked_has_empty_bounds() {
        assert!(bounds(&Mask::filled(3, 3, 0)).is_empty());
    }
}
