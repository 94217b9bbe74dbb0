//! How much of a fill is seen nowhere in the picture around it.
//!
//! The coherence term of bidirectional similarity (D. Simakov et al., "Summarizing Visual Data Using Bidirectional
//! Similarity", 2008), measured at thumbnail size: networks invent faces and furniture where a scene is crowded, and
//! inventions have no neighbour in the picture.

use danqing_capability::{CancelToken, Cancelled};
use danqing_media::{Mask, Raster, ScalarF32, SrgbF32};
use danqing_vision::resize::{Method, resized};

/// Longer side of the thumbnail that is compared, pixels.
const THUMBNAIL: usize = 96;
/// Half a patch: patches are 5×5.
const REACH: usize = 2;
/// Largest mirrored or plain patch comparison cost that still matters; above it a patch is simply new.
const NEW: f32 = 0.25;

/// Root mean square difference, `0..=0.25`, between the fill's 5×5 thumbnail patches and their nearest known patches
/// (mirrored ones count too), averaged over the fill. 0: everything in the fill stands elsewhere in the picture.
///
/// Known is what is not in the hole and, where `source` is given, not 0 in it.
pub(super) fn novelty(
    image: &Raster<SrgbF32>,
    hole: &Mask,
    source: Option<&Mask>,
    cancel: &CancelToken,
) -> Result<f32, Cancelled> {
    let (width, height) = image.size();
    let scale = (THUMBNAIL as f64 / width.max(height) as f64).min(1.0);
    let side = |n: usize| ((n as f64 * scale).round() as usize).max(1);
    let (w, h) = (side(width), side(height));
    let small = resized(image, w, h, Method::Area, cancel)?;
    let share_of = |marked: &dyn Fn(usize, usize) -> bool| {
        let ones = Raster::<ScalarF32>::from_fn(width, height, |x, y, s| s[0] = f32::from(u8::from(marked(x, y))));
        resized(&ones, w, h, Method::Area, cancel)
    };
    let share = share_of(&|x, y| hole.pixel(x, y)[0] > 0)?;
    let barred = share_of(&|x, y| source.is_some_and(|s| s.pixel(x, y)[0] == 0))?;
    let (mut made, mut known) = (Vec::new(), Vec::new());
    for y in REACH..h.saturating_sub(REACH) {
        for x in REACH..w.saturating_sub(REACH) {
            if share.pixel(x, y)[0] > 0.5 {
                made.push(patch(&small, x, y, false));
            } else if barred.pixel(x, y)[0] < 0.5 && is_known(&share, x, y) {
                known.push(patch(&small, x, y, false));
                known.push(patch(&small, x, y, true));
            }
        }
    }
    if made.is_empty() || known.is_empty() {
        return Ok(0.0);
    }
    let mut sum = 0.0;
    for patch in &made {
        cancel.check()?;
        sum += nearest(patch, &known);
    }
    Ok(sum / made.len() as f32)
}

const VALUES: usize = 3 * (2 * REACH + 1) * (2 * REACH + 1);

fn patch(image: &Raster<SrgbF32>, x: usize, y: usize, mirrored: bool) -> [f32; VALUES] {
    let mut values = [0.0; VALUES];
    let side = 2 * REACH + 1;
    for (i, to) in values.chunks_exact_mut(3).enumerate() {
        let (dx, dy) = (i % side, i / side);
        let dx = if mirrored { side - 1 - dx } else { dx };
        to.copy_from_slice(image.pixel(x + dx - REACH, y + dy - REACH));
    }
    values
}

fn is_known(share: &Raster<ScalarF32>, x: usize, y: usize) -> bool {
    (y - REACH..=y + REACH).all(|row| share.row(row)[x - REACH..=x + REACH].iter().all(|&v| v == 0.0))
}

/// Root mean square difference to the nearest of `known`; gives up on a patch once it is worse than the best.
fn nearest(patch: &[f32; VALUES], known: &[[f32; VALUES]]) -> f32 {
    let mut best = NEW * NEW * VALUES as f32;
    for other in known {
        let mut cost = 0.0;
        for (a, b) in patch.chunks_exact(15).zip(other.chunks_exact(15)) {
            cost += a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f32>();
            if cost >= best {
                break;
            }
        }
        best = best.min(cost);
    }
    (best / VALUES as f32).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stripes(width: usize, height: usize) -> Raster<SrgbF32> {
        Raster::from_fn(width, height, |x, y, s| s.fill(0.5 + 0.3 * ((x as f32 * 0.2).sin() * (y as f32 * 0.15).cos())))
    }

    fn square_hole(width: usize, height: usize) -> Mask {
        Mask::from_fn(width, height, |x, y, s| {
            s[0] = if x > width / 3 && x < width / 2 && y > height / 3 && y < height / 2 { 255 } else { 0 };
        })
    }

    #[test]
    fn the_true_texture_is_less_new_than_an_invented_colour() {
        let truth = stripes(120, 90);
        let hole = square_hole(120, 90);
        let mut invented = truth.clone();
        for (pixel, &unknown) in invented.samples_mut().chunks_exact_mut(3).zip(hole.samples()) {
            if unknown > 0 {
                pixel.copy_from_slice(&[0.9, 0.1, 0.1]);
            }
        }
        let token = CancelToken::default();
        let (true_one, false_one) = (
            novelty(&truth, &hole, None, &token).expect("runs"),
            novelty(&invented, &hole, None, &token).expect("runs"),
        );
        assert!(true_one < 0.05 && false_one > 4.0 * true_one, "{true_one} {false_one}");
    }

    #[test]
    fn cancel_is_honoured() {
        let token = CancelToken::default();
        token.cancel();
        assert_eq!(novelty(&stripes(60, 60), &square_hole(60, 60), None, &token), Err(Cancelled));
    }
}
