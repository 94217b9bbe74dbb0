//! Filling a hole with the inpainting network, at the scale at which it knows its craft.

use danqing_capability::Progress;
use danqing_media::{Mask, Raster, Rect, ScalarF32, SrgbF32};
use danqing_models::inpainters::{inpainter_input, migan::Migan, picture_from_output};
use danqing_nn::{Engine, FeatureMap, Shape};
use danqing_vision::resize::{Method, resized};
use danqing_vision::ring;

use super::{Error, windows};

/// Side of the square the network was trained on.
pub(crate) const SIDE: usize = 512;
/// Width of the ring in which colours are fitted, pixels at the network's scale.
const RING: f32 = 8.0;

/// `world` with the hole (any non-zero mask value) replaced by the network's idea, seen at `scale` (1 = pixel for
/// pixel; raised where the world would be smaller than the network's square). Known pixels are returned as they are.
pub(super) fn filled(
    network: &Migan,
    engine: &Engine,
    world: &Raster<SrgbF32>,
    hole: &Mask,
    scale: f64,
    progress: &mut Progress<'_>,
) -> Result<Raster<SrgbF32>, Error> {
    let (width, height) = world.size();
    let scale = scale.max(SIDE as f64 / width.min(height) as f64);
    let at_scale = |n: usize| ((n as f64 * scale).round() as usize).max(SIDE);
    let (w, h) = (at_scale(width), at_scale(height));
    let cancel = progress.cancel_token().clone();
    let method = if scale < 1.0 { Method::Area } else { Method::Bicubic };
    let mut small = resized(world, w, h, method, &cancel)?;
    cancel.check()?;
    let mut unknown = scaled_hole(hole, w, h, &cancel)?;
    let total = unknown.samples().iter().filter(|&&v| v > 0).count().max(1);
    while let Some(turn) = windows::next_turn(&unknown, SIDE) {
        let made = one_window(network, engine, &small, &unknown, turn.window, progress)?;
        accept(&mut small, &mut unknown, &made, turn);
        let left = unknown.samples().iter().filter(|&&v| v > 0).count();
        progress.step("network", total - left, total)?;
    }
    let large = resized(&small, width, height, Method::Bicubic, &cancel)?;
    cancel.check()?;
    let made = inside_only(world, &large, hole);
    cancel.check()?;
    Ok(made)
}

/// The hole at another size; a pixel that is unknown to any part is unknown.
fn scaled_hole(
    hole: &Mask,
    width: usize,
    height: usize,
    cancel: &danqing_capability::CancelToken,
) -> Result<Mask, Error> {
    let (from_width, from_height) = hole.size();
    let share = Raster::<ScalarF32>::from_fn(from_width, from_height, |x, y, s| {
        s[0] = f32::from(u8::from(hole.pixel(x, y)[0] > 0));
    });
    let method = if width < from_width { Method::Area } else { Method::Bilinear };
    let share = resized(&share, width, height, method, cancel)?;
    Ok(Mask::from_fn(width, height, |x, y, s| s[0] = if share.pixel(x, y)[0] > 0.02 { 255 } else { 0 }))
}

/// The network's colours drift a little; the picture says by how much in a ring around the hole.
fn one_window(
    network: &Migan,
    engine: &Engine,
    world: &Raster<SrgbF32>,
    unknown: &Mask,
    window: Rect,
    progress: &mut Progress<'_>,
) -> Result<Raster<SrgbF32>, Error> {
    let (seen, hole) = (world.crop(window), unknown.crop(window));
    let input = inpainter_input(seen.samples(), hole.samples())?;
    let shape = Shape::new(1, window.height, window.width, 4);
    let output = network.forward(engine, &FeatureMap::from_nhwc(engine, shape, input)?)?; // [1, 512, 512, 3]
    let made = Raster::new(window.width, window.height, picture_from_output(output.as_slice()?))?;
    if hole.samples().iter().all(|&v| v > 0) {
        return Ok(made); // nothing known to fit to
    }
    Ok(ring::level(&seen, &made, &hole, RING, progress)?)
}

fn accept(world: &mut Raster<SrgbF32>, unknown: &mut Mask, made: &Raster<SrgbF32>, turn: windows::Turn) {
    let (window, accepted) = (turn.window, turn.accepted);
    for y in accepted.y..accepted.bottom() {
        for x in accepted.x..accepted.right() {
            if unknown.pixel(x, y)[0] > 0 {
                world.pixel_mut(x, y).copy_from_slice(made.pixel(x - window.x, y - window.y));
                unknown.pixel_mut(x, y)[0] = 0;
            }
        }
    }
}

/// `inside` where the hole is, `outside` elsewhere.
pub(super) fn inside_only(outside: &Raster<SrgbF32>, inside: &Raster<SrgbF32>, hole: &Mask) -> Raster<SrgbF32> {
    let mut made = outside.clone();
    let pixels = made.samples_mut().chunks_exact_mut(3).zip(inside.samples().chunks_exact(3));
    for ((to, from), &unknown) in pixels.zip(hole.samples()) {
        if unknown > 0 {
            to.iter_mut().zip(from).for_each(|(t, f)| *t = f.clamp(0.0, 1.0));
        }
    }
    made
}
