//! Resolutions from the picture's own down to one where the hole is about as thick as a patch.

use danqing_capability::{Cancelled, Progress};

use super::level::{Level, Pixel, Step};
use super::window::Window;

/// Fewest places to copy from that make a resolution useful.
const LEAST_SOURCES: usize = 64;
/// Shorter side of the coarsest resolution, in patches.
const LEAST_SIDE: usize = 3;
/// The hole's greatest distance from the known part, in pixels, below which a resolution is not halved again.
const COARSEST_THICKNESS: usize = 8;
/// Rows of sums between two reports.
const REPORT_ROWS: usize = 256;
/// Half the side of the square over which texture is averaged at full resolution, least and most.
const TEXTURE_RADIUS: (usize, usize) = (3, 12);
/// Half the side of the square that stands for low frequencies in a guided completion, at the coarsest resolution.
const GUIDE_RADIUS: usize = 2;

/// Finest first; empty if no patch size leaves a patch to copy.
///
/// # Errors
/// [`Cancelled`].
pub(super) fn levels(
    window: &Window,
    patch_size: usize,
    halvings: usize,
    progress: &mut Progress<'_>,
) -> Result<Vec<Level>, Cancelled> {
    let mut step = || progress.step("resolutions", 0, 1);
    let mut levels = Vec::new();
    for radius in (0..=patch_size / 2).rev() {
        step()?;
        let level = finest(window, radius, &mut step)?;
        if !level.sources.is_empty() {
            levels.push(level);
            break;
        }
    }
    let Some(finest) = levels.first_mut() else { return Ok(levels) };
    step()?;
    let mut thickness = finest.thickness();
    let texture_radius = thickness.div_ceil(8).clamp(TEXTURE_RADIUS.0, TEXTURE_RADIUS.1);
    finest.texture = texture(finest, texture_radius, &mut step)?;
    while let Some(last) = levels.last().filter(|_| levels.len() <= halvings && thickness > COARSEST_THICKNESS) {
        step()?;
        let next = halved(last, &mut step)?;
        let least_side = LEAST_SIDE * (2 * next.radius + 1);
        if next.sources.len() < LEAST_SOURCES || next.width.min(next.height) < least_side {
            break;
        }
        levels.push(next);
        thickness = thickness.div_ceil(2);
    }
    let count = levels.len();
    for (index, level) in levels.iter_mut().enumerate() {
        level.guide = guide(level, GUIDE_RADIUS << (count - 1 - index), &mut step)?;
    }
    Ok(levels)
}

fn finest(window: &Window, radius: usize, step: &mut Step<'_>) -> Result<Level, Cancelled> {
    let eight_bits = |image: &[f32]| -> Vec<Pixel> {
        let level = |v: f32| (v * 255.0).round() as u8;
        image.chunks_exact(3).map(|p| [level(p[0]), level(p[1]), level(p[2]), 0]).collect()
    };
    let known = eight_bits(window.image.samples());
    step()?;
    let guess = window.guess.as_ref().map(|g| eight_bits(g.samples()));
    step()?;
    let mut level = Level {
        width: window.place.width,
        height: window.place.height,
        radius,
        known,
        texture: Vec::new(),
        guide: None,
        guess,
        unknown: window.unknown.clone(),
        allowed: window.allowed.clone(),
        sources: Vec::new(),
        is_source: Vec::new(),
        is_target: Vec::new(),
        hole_area: 0.0,
        confidence: Vec::new(),
    };
    level.prepare(step)?;
    Ok(level)
}

/// Half the resolution: a pixel is known if all it covers is; unknown pixels leave no trace in known ones.
fn halved(fine: &Level, step: &mut Step<'_>) -> Result<Level, Cancelled> {
    let (width, height) = (fine.width.div_ceil(2), fine.height.div_ceil(2));
    let covers = |at: usize, mask: &[bool]| {
        let (x, y) = (2 * (at % width), 2 * (at / width));
        let inside = |x: usize, y: usize| x < fine.width && y < fine.height && mask[y * fine.width + x];
        inside(x, y) || inside(x + 1, y) || inside(x, y + 1) || inside(x + 1, y + 1)
    };
    let forbidden: Vec<bool> = fine.allowed.iter().map(|a| !a).collect();
    let known_weight: Vec<f32> = fine.unknown.iter().map(|u| f32::from(u8::from(!u))).collect();
    let everywhere = vec![1.0; known_weight.len()];
    let mut pixels = |values: &[Pixel], weights: &[f32]| -> Result<Vec<Pixel>, Cancelled> {
        let colours: Vec<[f32; 3]> = values.iter().map(|p| numbers(*p)).collect();
        Ok(shrunk(fine, &colours, weights, step)?.into_iter().map(pixel).collect())
    };
    let known = pixels(&fine.known, &known_weight)?;
    let guess = fine.guess.as_ref().map(|guess| pixels(guess, &everywhere)).transpose()?;
    let mut level = Level {
        width,
        height,
        radius: fine.radius,
        known,
        texture: shrunk(fine, &fine.texture, &known_weight, step)?,
        guide: None,
        guess,
        unknown: (0..width * height).map(|at| covers(at, &fine.unknown)).collect(),
        allowed: (0..width * height).map(|at| !covers(at, &forbidden)).collect(),
        sources: Vec::new(),
        is_source: Vec::new(),
        is_target: Vec::new(),
        hole_area: 0.0,
        confidence: Vec::new(),
    };
    level.prepare(step)?;
    Ok(level)
}

fn numbers(p: Pixel) -> [f32; 3] {
    [f32::from(p[0]), f32::from(p[1]), f32::from(p[2])]
}

fn pixel(c: [f32; 3]) -> Pixel {
    [c[0].round() as u8, c[1].round() as u8, c[2].round() as u8, 0]
}

/// Weighted mean with taps 1 3 3 1 on both axes around each two-by-two cell.
fn shrunk<const N: usize>(
    fine: &Level,
    values: &[[f32; N]],
    weights: &[f32],
    step: &mut Step<'_>,
) -> Result<Vec<[f32; N]>, Cancelled> {
    const TAPS: [f32; 4] = [1.0, 3.0, 3.0, 1.0];
    let (width, height) = (fine.width.div_ceil(2), fine.height.div_ceil(2));
    let mean = |at: usize| {
        let (cx, cy) = (2 * (at % width), 2 * (at / width));
        let (mut sum, mut total) = ([0.0; N], 0.0);
        for (j, vertical) in TAPS.iter().enumerate() {
            let Some(y) = (cy + j).checked_sub(1).filter(|y| *y < fine.height) else { continue };
            for (i, horizontal) in TAPS.iter().enumerate() {
                let Some(x) = (cx + i).checked_sub(1).filter(|x| *x < fine.width) else { continue };
                let from = y * fine.width + x;
                let weight = vertical * horizontal * weights[from];
                total += weight;
                sum.iter_mut().zip(values[from]).for_each(|(s, v)| *s += weight * v);
            }
        }
        sum.map(|s| if total > 0.0 { s / total } else { 0.0 })
    };
    let mut means = Vec::with_capacity(width * height);
    for y in 0..height {
        if y % REPORT_ROWS == 0 {
            step()?;
        }
        means.extend((y * width..(y + 1) * width).map(mean));
    }
    Ok(means)
}

/// Mean absolute differences of brightness to the right and down, over known pairs in a square.
fn texture(level: &Level, radius: usize, step: &mut Step<'_>) -> Result<Vec<[f32; 2]>, Cancelled> {
    let (width, height) = (level.width, level.height);
    let luma = |at: usize| {
        let [r, g, b, _] = level.known[at].map(f32::from);
        0.299 * r + 0.587 * g + 0.114 * b
    };
    let difference = |at: usize, next: usize, inside: bool| {
        let both = inside && !level.unknown[at] && !level.unknown[at + next];
        if both { [(luma(at + next) - luma(at)).abs(), 1.0] } else { [0.0, 0.0] }
    };
    let pair = |at: usize| {
        let [h, hw] = difference(at, 1, at % width + 1 < width);
        let [v, vw] = difference(at, width, at / width + 1 < height);
        [h, hw, v, vw]
    };
    let mut pairs: Vec<[f32; 4]> = Vec::with_capacity(width * height);
    for y in 0..height {
        if y % REPORT_ROWS == 0 {
            step()?;
        }
        pairs.extend((y * width..(y + 1) * width).map(pair));
    }
    step()?;
    let mean = |sum: f32, weight: f32| if weight > 0.5 { sum / weight } else { 0.0 };
    let sums = box_sums(&pairs, width, height, radius, step)?;
    Ok(sums.into_iter().map(|[h, hw, v, vw]| [mean(h, hw), mean(v, vw)]).collect())
}

/// Sums over squares of side `2 * radius + 1`, clipped at the borders.
fn box_sums<const N: usize>(
    values: &[[f32; N]],
    width: usize,
    height: usize,
    radius: usize,
    step: &mut Step<'_>,
) -> Result<Vec<[f32; N]>, Cancelled> {
    let mut rows = vec![[0.0; N]; values.len()];
    for (y, row) in values.chunks_exact(width).enumerate() {
        if y % REPORT_ROWS == 0 {
            step()?;
        }
        let mut sum = Running::new(radius, width);
        for x in 0..width {
            rows[y * width + x] = sum.next(|at| row[at]);
        }
    }
    let mut all = vec![[0.0; N]; values.len()];
    let mut sums: Vec<Running<N>> = (0..width).map(|_| Running::new(radius, height)).collect();
    for (y, row) in all.chunks_exact_mut(width).enumerate() {
        if y % REPORT_ROWS == 0 {
            step()?;
        }
        for ((x, to), sum) in row.iter_mut().enumerate().zip(&mut sums) {
            *to = sum.next(|at| rows[at * width + x]);
        }
    }
    Ok(all)
}

/// A running sum along one line; in `f64`, so that what leaves takes away exactly what it brought.
struct Running<const N: usize> {
    sum: [f64; N],
    radius: usize,
    length: usize,
    /// First position not added yet, and the position of the next sum.
    added: usize,
    at: usize,
}

impl<const N: usize> Running<N> {
    fn new(radius: usize, length: usize) -> Self {
        Self { sum: [0.0; N], radius, length, added: 0, at: 0 }
    }

    /// The sum around the next position.
    fn next(&mut self, value: impl Fn(usize) -> [f32; N]) -> [f32; N] {
        while self.added < (self.at + self.radius + 1).min(self.length) {
            self.sum.iter_mut().zip(value(self.added)).for_each(|(s, v)| *s += f64::from(v));
            self.added += 1;
        }
        if self.at > self.radius {
            self.sum.iter_mut().zip(value(self.at - self.radius - 1)).for_each(|(s, v)| *s -= f64::from(v));
        }
        self.at += 1;
        self.sum.map(|s| s as f32)
    }
}

/// Local means of the picture, with the guess in the hole.
fn guide(level: &Level, radius: usize, step: &mut Step<'_>) -> Result<Option<Vec<[f32; 3]>>, Cancelled> {
    let Some(guess) = &level.guess else { return Ok(None) };
    let pairs: Vec<[f32; 4]> = (0..guess.len())
        .map(|at| {
            let [r, g, b] = numbers(if level.unknown[at] { guess[at] } else { level.known[at] });
            [r, g, b, 1.0]
        })
        .collect();
    let sums = box_sums(&pairs, level.width, level.height, radius, step)?;
    Ok(Some(sums.into_iter().map(|[r, g, b, n]| [r / n, g / n, b / n]).collect()))
}
