//! Products of a map's channels summed over its pixels, on the convolution's register tile.
//!
//! A chunk of pixels is copied twice: turned round, so that each channel's values lie side by side (the tile's rows),
//! and in panels of two vectors of channels (the tile's columns). Only the upper triangle of the symmetric result is
//! computed. Chunk sums are `f32`; they are added in `f64`.

use super::dispatch::{Kernel, dispatch};
use super::lanes::Lanes;
use super::tile;
use crate::cpu::dense::Segment;
use crate::{Engine, Error};

/// Pixels of a chunk: its panel stays in the first-level cache.
pub(crate) const CHUNK: usize = 256;

/// Adds `Σ x[pixel, i]·x[pixel, j]` to `sums`, `[channels, channels]`, for j in the panels at and right of i's; what is
/// left of them is unspecified. `values` holds whole pixels.
pub(crate) fn add_products(engine: &Engine, values: &[f32], channels: usize, sums: &mut [f64]) -> Result<(), Error> {
    dispatch(engine.tier(), Products { engine, values, channels, sums })
}

struct Products<'a> {
    engine: &'a Engine,
    values: &'a [f32],
    channels: usize,
    sums: &'a mut [f64],
}

impl Kernel for Products<'_> {
    type Output = Result<(), Error>;

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) -> Result<(), Error> {
        let Self { engine, values, channels, sums } = self;
        let width = 2 * L::WIDTH;
        let mut turned = engine.buffer(channels * CHUNK)?;
        let mut panel = engine.buffer(CHUNK * width)?;
        let mut tile = engine.buffer(channels.next_multiple_of(width) * width)?;
        let start = vec![0.0; width];
        for chunk in values.chunks(CHUNK * channels) {
            engine.cancel_token().check()?;
            let pixels = chunk.len() / channels;
            turn(chunk, channels, pixels, &mut turned);
            let sources: Vec<*const f32> = turned.chunks(pixels).take(channels).map(<[f32]>::as_ptr).collect();
            let segments = [Segment { tap: 0, first: 0, length: pixels }];
            for first in (0..channels).step_by(width) {
                let count = width.min(channels - first);
                pack(chunk, channels, (first, count), &mut panel, width);
                let rows = first + count;
                let tile = &mut tile[..rows * width];
                let work = tile::Panel {
                    segments: &segments,
                    sources: &sources[..rows],
                    pixels: rows,
                    channel: 0,
                    weights: &panel,
                    start: Some(&start),
                };
                // SAFETY: the dispatcher has checked the instructions of `L`; each source is a channel's `pixels`
                // values, the panel has as many rows of `width`.
                unsafe { work.run::<L, super::tile::Floats>(tile) };
                for (row, tile) in tile.chunks(width).enumerate() {
                    let sums = &mut sums[row * channels + first..][..count];
                    sums.iter_mut().zip(tile).for_each(|(sum, &value)| *sum += f64::from(value));
                }
            }
        }
        Ok(())
    }
}

/// `[pixels, channels]` to `[channels, pixels]`, in squares that both sides' cache lines like.
#[inline(always)]
fn turn(chunk: &[f32], channels: usize, pixels: usize, turned: &mut [f32]) {
    const SIDE: usize = 16;
    for first in (0..pixels).step_by(SIDE) {
        let last = pixels.min(first + SIDE);
        for channel in 0..channels {
            let slots = &mut turned[channel * pixels + first..channel * pixels + last];
            for (slot, pixel) in slots.iter_mut().zip(first..last) {
                *slot = chunk[pixel * channels + channel];
            }
        }
    }
}

/// Channels `first..first + count` of each pixel, padded with zeros to `width`.
#[inline(always)]
fn pack(chunk: &[f32], channels: usize, (first, count): (usize, usize), panel: &mut [f32], width: usize) {
    for (row, pixel) in panel.chunks_mut(width).zip(chunk.chunks(channels)) {
        row[..count].copy_from_slice(&pixel[first..][..count]);
        row[count..].fill(0.0);
    }
}
