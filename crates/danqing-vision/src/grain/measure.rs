//! Finding flat blocks and taking their spectra.

use danqing_capability::{CancelToken, Cancelled};
use danqing_media::{Raster, SrgbF32};

use super::{COMPONENTS, Grain, SIDE, Spectrum, TONES, Tone, components};

/// Most blocks looked at.
const BLOCKS: usize = 6000;
/// Fewest flat blocks of a tone.
const FEWEST: usize = 6;
/// Share of a tone's blocks that says how flat its flattest are.
const FLATTEST: f32 = 0.15;
/// Blocks with up to this many times as much structure as the flattest are flat.
const SPREAD: f32 = 1.7;
/// Largest share of power below ⅛ cycle per pixel: more is structure, not grain.
const MOST_LOW: f32 = 0.6;
/// Below this standard deviation there is no grain: 8-bit rounding alone makes 0.29 / 255.
const LEAST: f32 = 0.5 / 255.0;

/// One block less its slope.
struct Block {
    luma: f32,
    /// Variance of means over 4×4 pixels.
    structure: f32,
    at: (usize, usize),
}

/// The grain of a picture; none where it has none, or no flat place to measure it on.
///
/// # Errors
/// [`Cancelled`].
pub fn measure(picture: &Raster<SrgbF32>, cancel: &CancelToken) -> Result<Option<Grain>, Cancelled> {
    let (columns, rows) = (picture.width() / SIDE, picture.height() / SIDE);
    let step = (columns * rows).div_ceil(BLOCKS).max(1);
    let mut blocks: Vec<Vec<Block>> = (0..TONES).map(|_| Vec::new()).collect();
    for n in (0..columns * rows).step_by(step) {
        cancel.check()?;
        let at = (n % columns * SIDE, n / columns * SIDE);
        let (luma, luma_range) = tone(picture, at);
        // Clipped places show half of their grain.
        if luma_range.0 > 0.01 && luma_range.1 < 0.99 {
            let structure = structure(&sloped(picture, at)[0]);
            blocks[((luma * TONES as f32) as usize).min(TONES - 1)].push(Block { luma, structure, at });
        }
    }
    let mut tones = Vec::new();
    for blocks in &mut blocks {
        tones.extend(tone_of(picture, blocks, cancel)?);
    }
    let grain = Grain { tones };
    Ok((!grain.tones.is_empty() && grain.sigma() >= LEAST).then_some(grain))
}

/// The spectrum of a tone's flat blocks.
fn tone_of(picture: &Raster<SrgbF32>, blocks: &mut [Block], cancel: &CancelToken) -> Result<Option<Tone>, Cancelled> {
    blocks.sort_by(|a, b| a.structure.total_cmp(&b.structure));
    let Some(flattest) = blocks.get((blocks.len() as f32 * FLATTEST) as usize) else { return Ok(None) };
    let most = flattest.structure * SPREAD;
    let flat: Vec<_> = blocks.iter().take_while(|block| block.structure <= most).collect();
    if flat.len() < FEWEST {
        return Ok(None);
    }
    let share = 1.0 / flat.len() as f32;
    let mut spectra: [Spectrum; COMPONENTS] = std::array::from_fn(|_| Spectrum::zero());
    for block in &flat {
        cancel.check()?;
        let residuals = sloped(picture, block.at);
        spectra.iter_mut().zip(&residuals).for_each(|(spectrum, residual)| spectrum.add(residual, share));
    }
    spectra.iter_mut().for_each(Spectrum::mend);
    let luma = flat.iter().map(|block| block.luma).sum::<f32>() * share;
    Ok((spectra[0].bands()[0] < MOST_LOW).then_some(Tone { luma, spectra }))
}

/// Mean luma of a block, its smallest and its largest.
fn tone(picture: &Raster<SrgbF32>, at: (usize, usize)) -> (f32, (f32, f32)) {
    let (mut sum, mut low, mut high) = (0.0, f32::MAX, f32::MIN);
    for y in 0..SIDE {
        for pixel in picture.row(at.1 + y)[at.0 * 3..][..SIDE * 3].chunks_exact(3) {
            let luma = components(pixel)[0];
            (sum, low, high) = (sum + luma, low.min(luma), high.max(luma));
        }
    }
    (sum / (SIDE * SIDE) as f32, (low, high))
}

/// A block's components, each less the plane that fits it best.
fn sloped(picture: &Raster<SrgbF32>, at: (usize, usize)) -> [Vec<f32>; COMPONENTS] {
    let mut residuals: [Vec<f32>; COMPONENTS] = std::array::from_fn(|_| Vec::with_capacity(SIDE * SIDE));
    for y in 0..SIDE {
        for pixel in picture.row(at.1 + y)[at.0 * 3..][..SIDE * 3].chunks_exact(3) {
            let values = components(pixel);
            residuals.iter_mut().zip(values).for_each(|(residual, value)| residual.push(value));
        }
    }
    residuals.each_mut().map(|residual| {
        flatten(residual);
        std::mem::take(residual)
    })
}

/// Subtracts mean and slopes: around the middle they are orthogonal.
fn flatten(block: &mut [f32]) {
    let centre = |n: usize| n as f32 - (SIDE as f32 - 1.0) / 2.0;
    let (mut mean, mut across, mut down, mut square) = (0.0, 0.0, 0.0, 0.0);
    for (n, value) in block.iter().enumerate() {
        mean += value;
        across += value * centre(n % SIDE);
        down += value * centre(n / SIDE);
        square += centre(n % SIDE).powi(2);
    }
    let (mean, across, down) = (mean / block.len() as f32, across / square, down / square);
    for (n, value) in block.iter_mut().enumerate() {
        *value -= mean + across * centre(n % SIDE) + down * centre(n / SIDE);
    }
}

fn structure(block: &[f32]) -> f32 {
    const CELL: usize = 4;
    let cells = SIDE / CELL;
    let mean = |cell: usize| {
        let (y, x) = (cell / cells * CELL, cell % cells * CELL);
        let rows = (y..y + CELL).map(|y| block[y * SIDE + x..][..CELL].iter().sum::<f32>());
        rows.sum::<f32>() / (CELL * CELL) as f32
    };
    (0..cells * cells).map(|cell| mean(cell).powi(2)).sum::<f32>() / (cells * cells) as f32
}
