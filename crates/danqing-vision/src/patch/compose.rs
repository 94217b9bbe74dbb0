//! The finished hole, copied from the picture's own samples.

use danqing_media::{Raster, SrgbF32};

use super::field::Match;
use super::level::Level;
use super::vote::{self, Votes};
use super::window::Window;

/// Writes the hole into `image`, each pixel from the best patch that covers it.
pub(super) fn paste(image: &mut Raster<SrgbF32>, window: &Window, level: &Level, field: &[Match]) {
    let mut votes = Votes::new();
    for (at, _) in level.unknown.iter().enumerate().filter(|(_, u)| **u) {
        let Some(vote) = vote::best(votes.gather(level, field, at)) else { continue };
        let from = window.image.pixel(vote.from % level.width, vote.from / level.width);
        let (x, y) = (window.place.x + at % level.width, window.place.y + at / level.width);
        image.pixel_mut(x, y).copy_from_slice(from);
    }
}
