//! Sizes from coarse to fine, and the memory that they need.
//!
//! Large forms settle at small sizes, where an iteration costs little; finer sizes add strokes (L. Gatys et al.,
//! "Controlling Perceptual Factors in Neural Style Transfer", CVPR 2017, section 6).

use danqing_models::stylizers::Vgg19Gradient;

use super::MARGIN;
use super::lbfgs::HISTORY;
use crate::restyle::{Error, Params};

/// Longer side when none is asked for, pixels.
const USUAL: usize = 512;
/// Least longer side that can be asked for, pixels.
const SHORTEST: usize = 64;
/// Shorter side that every layer can still mirror, with room.
const LEAST: usize = 48;
/// Longer side at which coarse sizes stop, pixels.
const COARSEST: usize = 128;
/// Bytes that maps, networks and the optimiser may need.
const MOST_BYTES: usize = 3 << 30;
/// Bytes of the weights, both directions, and what the program itself needs.
const FIXED_BYTES: usize = 160 << 20;

/// One size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Level {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) iterations: usize,
}

impl Level {
    pub(super) fn longer(&self) -> usize {
        self.width.max(self.height)
    }
}

/// The sizes for a picture of `size`, coarsest first; refuses what would need too much memory.
pub(super) fn planned(params: &Params, size: (usize, usize)) -> Result<Vec<Level>, Error> {
    let settings = &params.optimise;
    let finest = sized(size, longer_side(params, size));
    let bytes = peak_bytes(finest);
    if bytes > MOST_BYTES {
        return Err(Error::TooLarge { size: finest, bytes, most: MOST_BYTES, longer: largest(size) });
    }
    let finest_longer = finest.0.max(finest.1);
    let mut sizes = vec![finest];
    let wanted = settings.levels.unwrap_or(6);
    while sizes.len() < wanted {
        let longer = finest_longer >> sizes.len();
        let coarser = sized(size, longer);
        if coarser.0.max(coarser.1) != longer || (settings.levels.is_none() && longer < COARSEST) {
            break;
        }
        sizes.push(coarser);
    }
    sizes.reverse();
    Ok(shared(&sizes, settings.iterations))
}

/// Each size gets half the iterations of the coarser one, at least one.
fn shared(sizes: &[(usize, usize)], iterations: usize) -> Vec<Level> {
    let parts: usize = (0..sizes.len()).map(|index| 1 << index).sum();
    let mut left = iterations;
    let mut levels: Vec<Level> = Vec::new();
    for (index, &(width, height)) in sizes.iter().enumerate().rev() {
        let share = iterations * (1 << (sizes.len() - 1 - index)) / parts;
        let own = if index == 0 { left } else { share.max(1).min(left) };
        left -= own;
        levels.push(Level { width, height, iterations: own });
    }
    levels.reverse();
    levels.retain(|level| level.iterations > 0);
    levels
}

/// The longer side asked for, or the picture's own up to [`USUAL`]; less where a narrow one would not fit into memory.
pub(super) fn longer_side(params: &Params, size: (usize, usize)) -> usize {
    params.working_size.unwrap_or_else(|| USUAL.min(size.0.max(size.1)).min(largest(size)).max(SHORTEST))
}

/// The size with this longer side, or larger if the shorter side would get below [`LEAST`].
fn sized((width, height): (usize, usize), longer: usize) -> (usize, usize) {
    let factor = longer as f64 / width.max(height) as f64;
    let factor = factor.max(LEAST as f64 / width.min(height) as f64);
    let side = |length: usize| ((length as f64 * factor).round() as usize).max(LEAST);
    (side(width), side(height))
}

/// The largest longer side, in steps of 64 pixels, that memory allows.
fn largest(size: (usize, usize)) -> usize {
    let fits = |longer: &usize| peak_bytes(sized(size, *longer)) <= MOST_BYTES;
    (1..=256).map(|step| step * 64).take_while(fits).last().unwrap_or(64)
}

/// Most bytes held at once: feature maps, the optimiser's history, the weights.
pub(super) fn peak_bytes((width, height): (usize, usize)) -> usize {
    let pictures = 2 * HISTORY + 12;
    let (width, height) = (width + 2 * MARGIN, height + 2 * MARGIN);
    Vgg19Gradient::peak_bytes(height, width) + pictures * width * height * 12 + FIXED_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned_for(size: (usize, usize), change: impl FnOnce(&mut Params)) -> Result<Vec<Level>, Error> {
        let mut params = Params::default();
        params.optimise.iterations = 210;
        change(&mut params);
        planned(&params, size)
    }

    #[test]
    fn sizes_double_and_coarse_ones_get_more_iterations() {
        let levels = planned_for((1024, 768), |_| ()).expect("fits");
        let expected = [(128, 96, 120), (256, 192, 60), (512, 384, 30)];
        assert_eq!(levels.iter().map(|l| (l.width, l.height, l.iterations)).collect::<Vec<_>>(), expected);
        let one = planned_for((1024, 768), |p| (p.working_size, p.optimise.levels) = (Some(300), Some(1)));
        assert_eq!(one.expect("fits"), [Level { width: 300, height: 225, iterations: 210 }]);
        let few = planned_for((1024, 768), |p| p.optimise.iterations = 2).expect("fits");
        assert_eq!(few.iter().map(|level| level.iterations).sum::<usize>(), 2);
    }

    #[test]
    fn narrow_and_tiny_pictures_get_sides_that_can_be_mirrored() {
        for size in [(1, 1), (20, 3000), (48, 49), (5, 700)] {
            for level in planned_for(size, |_| ()).expect("fits") {
                assert!(level.width.min(level.height) >= LEAST, "{size:?}: {level:?}");
            }
        }
    }

    #[test]
    fn more_than_memory_is_refused_with_the_size_that_fits() {
        let error = planned_for((6000, 4000), |p| p.working_size = Some(6000)).expect_err("too large");
        let Error::TooLarge { longer, bytes, .. } = error else { panic!("{error}") };
        assert!(bytes > MOST_BYTES && longer >= 1024);
        assert!(planned_for((6000, 4000), |p| p.working_size = Some(longer)).is_ok());
    }
}
