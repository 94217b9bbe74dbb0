//! Where a picture is cut.

use danqing_media::Rect;

/// Pixels of a picture that is not cut.
const WHOLE_PIXELS: usize = 3 << 19;
/// Side of a tile without its surroundings, pixels; a multiple of [`STRIDE`].
const TILE: usize = 768;
/// Pixels per feature pixel.
pub(super) const STRIDE: usize = 8;
/// What `relu4_1` sees beyond its own 8 pixels: 30 by its windows, and 7 by the maxima between blocks; in whole features.
const ENCODER_REACH: usize = 40;
/// Feature pixels that a decoded pixel sees beyond its own: 30 pixels by its windows.
const DECODER_REACH: usize = 4;

/// One tile: the pixels it gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tile {
    /// In pixels of the picture; left and top are multiples of [`STRIDE`].
    pub(super) own: Rect,
    /// Width and height of the picture.
    picture: (usize, usize),
}

/// Tiles that cover a picture once.
pub(super) fn tiles(picture: (usize, usize)) -> Vec<Tile> {
    let (width, height) = picture;
    let side = if width * height <= WHOLE_PIXELS { width.max(height) } else { TILE };
    tiles_of(picture, side)
}

/// Tiles of that side.
pub(super) fn tiles_of(picture: (usize, usize), side: usize) -> Vec<Tile> {
    let side = side.next_multiple_of(STRIDE);
    let (width, height) = picture;
    let corners = (0..height).step_by(side).flat_map(|y| (0..width).step_by(side).map(move |x| (x, y)));
    corners.map(|(x, y)| Tile { own: Rect::new(x, y, side, side).clipped(width, height), picture }).collect()
}

/// Feature pixels along a side.
pub(super) fn feature_side(pixels: usize) -> usize {
    pixels.div_ceil(STRIDE)
}

impl Tile {
    /// Pixels that its features depend on.
    pub(super) fn seen(&self) -> Rect {
        self.own.grown(ENCODER_REACH, self.picture.0, self.picture.1)
    }

    /// Its own features, in the whole picture's feature map.
    pub(super) fn features(&self) -> Rect {
        let Rect { x, y, width, height } = self.own;
        Rect::new(x / STRIDE, y / STRIDE, feature_side(width), feature_side(height))
    }

    /// Features that its pixels depend on, in the whole picture's feature map.
    pub(super) fn decoded_from(&self) -> Rect {
        let (width, height) = (feature_side(self.picture.0), feature_side(self.picture.1));
        self.features().grown(DECODER_REACH, width, height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_cover_every_pixel_and_every_feature_once() {
        for picture in [(32, 32), (3840, 2160), (777, 5001), (1537, 1531)] {
            let tiles = tiles_of(picture, TILE);
            assert_eq!(tiles.iter().map(|t| t.own.width * t.own.height).sum::<usize>(), picture.0 * picture.1);
            let features = |t: &Tile| t.features().width * t.features().height;
            let whole = feature_side(picture.0) * feature_side(picture.1);
            assert_eq!(tiles.iter().map(features).sum::<usize>(), whole);
            for tile in &tiles {
                assert!(tile.seen().x % STRIDE == 0 && tile.seen().y % STRIDE == 0, "tiles lie on whole features");
            }
        }
        assert_eq!((tiles((1280, 960)).len(), tiles((3840, 2160)).len()), (1, 15));
    }
}
