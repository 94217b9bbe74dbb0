//! Alpha of the new area.

use danqing_media::{Picture, Rect, Samples};

/// The canvas with the alpha of the picture at `place` continued outwards: every new pixel is as opaque as the nearest
/// pixel of the picture, so that an opaque border goes on opaque and a transparent one transparent.
pub(super) fn continued(mut canvas: Picture, place: Rect) -> Picture {
    let (size, channels) = (canvas.size(), canvas.channels);
    if channels.has_alpha() {
        match &mut canvas.samples {
            Samples::U8(samples) => continue_in(samples, size, channels.count(), place),
            Samples::U16(samples) => continue_in(samples, size, channels.count(), place),
        }
    }
    canvas
}

fn continue_in<T: Copy>(samples: &mut [T], (width, height): (usize, usize), channels: usize, place: Rect) {
    let at = |x: usize, y: usize| (y * width + x) * channels + channels - 1;
    for y in 0..height {
        for x in 0..width {
            let near = (x.clamp(place.x, place.right() - 1), y.clamp(place.y, place.bottom() - 1));
            if near != (x, y) {
                samples[at(x, y)] = samples[at(near.0, near.1)];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use danqing_media::Channels;

    use super::*;

    #[test]
    fn new_pixels_are_as_opaque_as_the_nearest_old_one() {
        let samples = Samples::U16(vec![1, 65_535, 2, 0, 3, 9, 4, 8]); // 2×2, grey and alpha
        let picture = Picture::new(2, 2, Channels::GrayAlpha, samples).expect("four pixels");
        let canvas = continued(picture.on_canvas(4, 3, 1, 0), Rect::new(1, 0, 2, 2));
        let Samples::U16(samples) = &canvas.samples else { panic!("16 bit") };
        let alpha: Vec<u16> = samples.iter().skip(1).step_by(2).copied().collect();
        assert_eq!(alpha, [65_535, 65_535, 0, 0, 9, 9, 8, 8, 9, 9, 8, 8]);
        let grey = Picture::new(1, 1, Channels::Gray, Samples::U8(vec![7])).expect("a pixel").on_canvas(2, 1, 0, 0);
        assert_eq!(continued(grey.clone(), Rect::new(0, 0, 1, 1)), grey);
    }
}
