//! What the pixels look like on their way, for people who wait.

use std::sync::Arc;

use danqing_capability::{Preview, Progress};
use danqing_media::{Raster, Rect, SrgbF32};
use danqing_nn::Shape;
use danqing_vision::resize::{Method, resized};

use super::MARGIN;
use crate::restyle::Error;

/// Iterations from one preview to the next.
const EVERY: usize = 4;
/// Longer side of a preview, pixels.
const SIDE: usize = 256;

/// Shows `samples`, a picture of `shape` with its margin, where somebody looks and it is time.
pub(super) fn show(
    samples: &[f32],
    shape: Shape,
    (done, total): (usize, usize),
    progress: &mut Progress<'_>,
) -> Result<(), Error> {
    if !progress.shows_previews() || !done.is_multiple_of(EVERY) {
        return Ok(());
    }
    let picture = Raster::<SrgbF32>::new(shape.width, shape.height, samples.to_vec())?;
    let picture = picture.crop(Rect::new(MARGIN, MARGIN, shape.width - 2 * MARGIN, shape.height - 2 * MARGIN));
    let (width, height) = picture.size();
    let longer = width.max(height);
    let side = |length: usize| (length * SIDE.min(longer) / longer).max(1);
    let small = resized(&picture, side(width), side(height), Method::Area, progress.cancel_token())?;
    let rgb = small.samples().iter().map(|sample| (sample.clamp(0.0, 1.0) * 255.0 + 0.5) as u8).collect();
    let (width, height) = small.size();
    progress.preview("optimise", done, total, Arc::new(Preview { width, height, rgb }));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use danqing_capability::{CancelToken, Event};

    fn shown(watched: bool, done: usize) -> Vec<Preview> {
        let shape = Shape::new(1, 20 + 2 * MARGIN, 600 + 2 * MARGIN, 3);
        let samples = (0..shape.height * shape.width)
            .flat_map(
                |at| if (MARGIN..600 + MARGIN).contains(&(at % shape.width)) { [1.5, 0.5, -1.0] } else { [0.0; 3] },
            )
            .collect::<Vec<f32>>();
        let mut seen = Vec::new();
        let mut sink = |event| {
            if let Event::Preview { picture, .. } = event {
                seen.push((*picture).clone());
            }
        };
        let mut progress = Progress::new(CancelToken::default(), &mut sink).with_previews(watched);
        show(&samples, shape, (done, 9), &mut progress).expect("shown");
        seen
    }

    #[test]
    fn who_watches_sees_a_small_picture_without_its_margin_now_and_then() {
        let seen = shown(true, 4);
        assert_eq!((seen[0].width, seen[0].height), (256, 8));
        assert!(seen[0].rgb.chunks(3).all(|pixel| pixel == [255, 128, 0]), "{:?}", &seen[0].rgb[..6]);
        assert_eq!((shown(true, 5).len(), shown(false, 4).len()), (0, 0));
    }
}
